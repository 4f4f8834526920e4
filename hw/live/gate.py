"""Gate nodes at their pins and ttys: the real node's code, and before it a turnstile, a scanner and people."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from firmware_py.config import BusConfig, NodeConfig
from gate_node import node
from gate_node.config import GateConfig, GateNodeConfig, Scanner
from hub.store import Gate
from hw.sim.gates import PATIENCE_S, PINS, PUSH_EVERY_S
from hw.sim.gpio import SimulatedGpio
from hw.sim.scanner_tty import ScannerTty
from hw.sim.turnstile_model import TurnstileModel
from wire.messages import Direction


class Way:
    """One way through as people meet it: they queue, and it is one person's turn at a time."""

    def __init__(self, gate: Gate, turnstile: TurnstileModel, show: Callable[[str], None]) -> None:
        self.gate = gate
        self._turnstile = turnstile
        self._show = show
        self._turn = asyncio.Lock()

    async def enter(self, credential: str, followed: bool) -> bool:
        """Tap and go in, with somebody at one's heels or not. False when the gate stayed shut."""
        async with self._turn:
            self._show(credential)
            return await self._push(self._turnstile.tailgate if followed else self._turnstile.walk_through)

    async def leave(self) -> bool:
        """Walk up and go out. False when the gate stayed shut."""
        async with self._turn:
            return await self._push(self._turnstile.walk_through)

    async def _push(self, go: Callable[[Direction], Awaitable[bool]]) -> bool:
        for _ in range(round(PATIENCE_S / PUSH_EVERY_S)):
            if await go(self.gate.direction):
                return True
            await asyncio.sleep(PUSH_EVERY_S)
        return False


class LiveGate:
    """One gate node, its turnstile, and the scanner on its tty. `with` it, `run` it, and go through its `way`."""

    def __init__(self, gate: Gate, state_dir: Path, tty: Path) -> None:
        self._gate = gate
        self._state_dir = state_dir
        self._tty = tty
        self.gpio = SimulatedGpio()
        self._turnstile = TurnstileModel(self.gpio, PINS)

    @property
    def node(self) -> str:
        """Its name on the wire."""
        return self._gate.node

    def __enter__(self) -> Self:
        self._scanner = ScannerTty(self._tty)
        self.way = Way(self._gate, self._turnstile, self._scanner.present)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._scanner.unplug()

    async def run(self, store: str, broker_url: str) -> None:
        """Work until cancelled."""
        gate = self._gate
        scanner = Scanner(name=f"{gate.name}-reader", path=str(self._tty))
        config = GateNodeConfig(
            node=NodeConfig(name=gate.node, store=store, role="gate", state_dir=str(self._state_dir)),
            gate=GateConfig(gate=gate.name, direction=gate.direction, pins=PINS, scanners=(scanner,)),
            bus=BusConfig(url=broker_url),
        )
        await node.run(config, self.gpio)
