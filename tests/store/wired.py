"""A shopper's visit as the hub hears it: nodes with real sessions, on any bus, in real or in virtual time."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from firmware_py.identity import Identity
from firmware_py.outbox import Outbox
from firmware_py.session import Session
from hub.store import Store
from tests.store.scripted import in_front_of
from wire.bus import Bus
from wire.clock import Clock
from wire.messages import GateCommand, Passage, Tap, Track, Tracks, WeightChange

STEP_S = 0.1
SPEED_MPS = 2.0
DEADLINE_S = 60.0
PATIENCE_S = 20.0
"""Longer than the hub lets anybody wait: then people tap again."""
DAWDLING_FRAMES = 5
ENTRY, EXIT = (-0.9, -2.0), (3.9, -2.0)


async def no_interruption() -> None:
    """Between two steps of a visit, nothing happens."""


class Floor:
    """The nodes of the small store, and people who walk between them."""

    def __init__(self, sessions: dict[str, Session], clock: Clock) -> None:
        self.sessions = sessions
        self.clock = clock
        self._where = ("", ENTRY)
        self.between: Callable[[], Awaitable[None]] = no_interruption
        """Awaited after every step of a visit."""

    async def visit(self, credential: str, *takes: tuple[int, float]) -> None:
        """Tap in, take things, each (lane, grams), and walk out; ends when the exit has let them through."""
        gate, at = self.sessions["gate-in"], ENTRY
        self._where = credential, at
        command = None
        while command is None:
            gate.post(Tap(gate="entry", reader="qr", kind="qr", credential=credential, t_s=self.clock.now()))
            await self.between()
            with suppress(TimeoutError):
                command = await self._command(gate, credential, at, PATIENCE_S)
        self._pass("gate-in", command)
        await self.between()
        for lane, grams in takes:
            at = await self._walk(credential, at, in_front_of(lane))
            await self._stand(credential, at, 0.8)
            now_s = self.clock.now()
            change = WeightChange(lane=f"1-1-{lane}", delta_g=-grams, sigma_g=0.5, t0_s=now_s - 0.6, t1_s=now_s)
            self.sessions["shelf"].post(change)
            await self.between()
            await self._stand(credential, at, 0.3)
        at = await self._walk(credential, at, EXIT)
        command = await self._command(self.sessions["gate-out"], credential, at, DEADLINE_S)
        self._pass("gate-out", command)
        await self.between()

    async def dawdle(self) -> None:
        """Stand where one is, in sight of the camera, for a moment and until the hub has acknowledged every event."""
        for _ in range(DAWDLING_FRAMES):
            await self._see()
            await asyncio.sleep(STEP_S)
        async with asyncio.timeout(DEADLINE_S):
            while any(s.counters["events_acknowledged"] < s.counters["events_posted"] for s in self.sessions.values()):
                await self._see()
                await asyncio.sleep(STEP_S)

    async def _see(self) -> None:
        """One frame of the ceiling's camera."""
        who, (x_m, y_m) = self._where
        frame = Tracks(t_s=self.clock.now(), tracks=(Track(id=who, x_m=x_m, y_m=y_m, sigma_m=0.07),))
        await self.sessions["ceiling"].stream(frame)

    async def _command(self, gate: Session, who: str, at: tuple[float, float], timeout_s: float) -> GateCommand:
        """Wait at a gate, in sight of the camera, until it is told to open."""
        waiting = asyncio.ensure_future(anext(gate.commands()))
        try:
            async with asyncio.timeout(timeout_s):
                while not waiting.done():
                    await self._stand(who, at, STEP_S)
            return waiting.result()
        finally:
            waiting.cancel()

    def _pass(self, node: str, command: GateCommand) -> None:
        passage = Passage(
            gate=command.gate, direction=command.direction, outcome="passed", command=command.id, t_s=self.clock.now()
        )
        self.sessions[node].post(passage)

    async def _stand(self, who: str, at: tuple[float, float], seconds: float) -> None:
        self._where = who, at
        for _ in range(max(1, round(seconds / STEP_S))):
            await self._see()
            await asyncio.sleep(STEP_S)
            await self.between()

    async def _walk(self, who: str, start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
        steps = max(1, math.ceil(math.dist(start, end) / (SPEED_MPS * STEP_S)))
        for i in range(1, steps + 1):
            x, y = (a + (b - a) * i / steps for a, b in zip(start, end, strict=True))
            await self._stand(who, (x, y), STEP_S)
        return end


@asynccontextmanager
async def floor(store: Store, bus_of: Callable[[str], Awaitable[Bus]], clock: Clock) -> AsyncIterator[Floor]:
    """The store's nodes, each with its own session on the bus that `bus_of` gives it, until the context ends."""
    async with AsyncExitStack() as stack:
        sessions = {}
        for node in ("gate-in", "gate-out", "shelf", "ceiling"):
            outbox = Outbox()
            stack.callback(outbox.close)
            sessions[node] = Session(await bus_of(node), Identity.at_start(store.name, node), clock, outbox)
        group = await stack.enter_async_context(asyncio.TaskGroup())
        running = [group.create_task(session.run(), name=name) for name, session in sessions.items()]
        try:
            yield Floor(sessions, clock)
        finally:
            for task in running:
                task.cancel()
