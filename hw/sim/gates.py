"""A gate node on simulated pins: its turnstile, its reader, and the people who go through."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Literal

from drivers.credential import Credential
from drivers.turnstile import Pins, RelayTurnstile
from firmware_py.session import Session
from gate_node.config import GateConfig
from gate_node.node import GateNode
from hub.store import Gate
from hw.sim.gpio import SimulatedGpio
from hw.sim.plan import Plan
from hw.sim.turnstile_model import TurnstileModel
from wire.clock import Clock
from wire.messages import Direction

PINS = Pins(unlock_in=5, unlock_out=6, pass_in=13, pass_out=19, alarm=26, fire=16)
PUSH_EVERY_S = 0.25
PATIENCE_S = 12.0
"""Somebody whom a gate does not let through gives up after this long."""


class HandedCodes:
    """A reader to which codes are handed instead of shown."""

    kind: Literal["qr"] = "qr"
    fault: str | None = None
    junk = 0
    dropped = 0

    def __init__(self, name: str) -> None:
        self.name = name
        self._codes: asyncio.Queue[Credential] = asyncio.Queue()

    def show(self, text: str) -> None:
        self._codes.put_nowait(Credential(text, asyncio.get_running_loop().time(), self.name))

    async def __aiter__(self) -> AsyncIterator[Credential]:
        while True:
            yield await self._codes.get()


class Way:
    """One way through as people meet it: they queue, and it is one person's turn at a time."""

    def __init__(self, gate: Gate, turnstile: TurnstileModel, show: Callable[[str], None]) -> None:
        self.gate = gate
        self._turnstile = turnstile
        self._show = show
        self._turn = asyncio.Lock()

    async def enter(self, credential: str, people: int) -> bool:
        """Tap and go in, so many together. False when the gate stayed shut."""
        async with self._turn:
            self._show(credential)
            return await self._push(partial(self._turnstile.tailgate, people=people))

    async def leave(self, step_up: Callable[[], Awaitable[None]]) -> bool:
        """Wait for one's turn, step up and go out. False when the gate stayed shut."""
        async with self._turn:
            await step_up()
            return await self._push(self._turnstile.walk_through)

    async def _push(self, go: Callable[[Direction], Awaitable[bool]]) -> bool:
        for _ in range(round(PATIENCE_S / PUSH_EVERY_S)):
            if await go(self.gate.direction):
                return True
            await asyncio.sleep(PUSH_EVERY_S)
        return False


class SimulatedGate:
    """One gate node of the store, on simulated pins."""

    def __init__(self, gate: Gate, clock: Clock) -> None:
        self.gate = gate
        gpio = SimulatedGpio()
        self._reader = HandedCodes(f"{gate.name}-reader")
        self.way = Way(gate, TurnstileModel(gpio, PINS), self._reader.show)
        self._turnstile = RelayTurnstile(gate.name, gpio, PINS)
        self.node = GateNode(
            GateConfig(gate=gate.name, direction=gate.direction, pins=PINS), self._turnstile, [self._reader], clock
        )

    async def run(self, session: Session) -> None:
        """Work until cancelled."""
        async with self._turnstile:
            await self.node.run(session)


class Doors:
    """The ways in and out, for people who come alone or right behind the one who pays."""

    def __init__(self, ways: Sequence[Way], plans: Sequence[Plan]) -> None:
        self.way_in = next(w for w in ways if w.gate.direction == "in")
        self.way_out = next(w for w in ways if w.gate.direction == "out")
        self._followers = Counter(plan.payer for plan in plans if plan.follows)
        self._let_in: dict[str, asyncio.Future[bool]] = {
            payer: asyncio.get_running_loop().create_future() for payer in self._followers
        }

    async def enter(self, plan: Plan) -> bool:
        """False when the gate stayed shut."""
        if plan.follows:
            return await self._let_in[plan.payer]
        through = await self.way_in.enter(plan.payer, 1 + self._followers[plan.payer])
        if plan.payer in self._followers:
            self._let_in[plan.payer].set_result(through)
        return through

    async def leave(self, step_up: Callable[[], Awaitable[None]]) -> bool:
        """Once it is one's turn; `step_up` takes one to the gate. False when the gate stayed shut."""
        return await self.way_out.leave(step_up)
