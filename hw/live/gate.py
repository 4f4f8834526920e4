"""Gate nodes at their pins and ttys: the real node's code, and before it a turnstile, a scanner and people."""

from pathlib import Path
from types import TracebackType
from typing import Self

from firmware_py.config import BusConfig, NodeConfig
from gate_node import node
from gate_node.config import GateConfig, GateNodeConfig, Scanner
from hub.store import Gate
from hw.sim.gates import PINS, Way
from hw.sim.gpio import SimulatedGpio
from hw.sim.scanner_tty import ScannerTty
from hw.sim.turnstile_model import TurnstileModel


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
