"""A hub and its page at work in a thread of their own, so that a test can drive a browser and tell the hub a story."""

import asyncio
import threading
import time
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

from msgspec import structs

from hub.journal import Journal
from hub.pages.controls import ControlRefused
from hub.pages.server import listen, serve
from hub.payments import TestProvider
from hub.service import Hub
from tests.store.scripted import WATER, in_front_of, small_store
from wire import topics
from wire.bus import MemoryBroker, MemoryBus
from wire.clock import Clock
from wire.messages import Envelope, Event, GateCommand, Heartbeat, Passage, Reading, Tap, Track, Tracks, WeightChange
from wire.messages import decode as decode_envelope
from wire.messages import encode as encode_envelope

DEADLINE_S = 10.0
BEAT_S = 1.0
MARKUP = "<script>window.broken = true</script> Water"
"""A product name that must stay text."""
AT_ENTRY, AT_EXIT = (-0.9, -2.0), (3.9, -2.0)

T = TypeVar("T")
Spot = tuple[float, float]


class ScriptedControls:
    """Remembers what was clicked; a plate stays pressed until `let_go` is set."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, object]] = []
        self.let_go = asyncio.Event()
        self.plugged = {"shelf": True}

    def behaviours(self) -> Mapping[str, str]:
        return {"simple": "take items one by one", "take_back": "take, look, put back"}

    async def send_shopper(self, behaviour: str) -> None:
        self.asked.append(("send", behaviour))

    async def press(self, lane: str) -> None:
        self.asked.append(("press", lane))
        await self.let_go.wait()

    async def break_track(self) -> None:
        raise ControlRefused("Nobody is on the floor: send in a shopper first")

    def nodes(self) -> Mapping[str, bool]:
        return self.plugged

    async def plug(self, node: str, plugged: bool) -> None:
        self.plugged[node] = plugged


class Shop:
    """The store of `tests.store.scripted`, open until `close`. Times in its messages run ahead of the clock."""

    def __init__(self) -> None:
        products = small_store().products
        named = tuple(structs.replace(p, name=MARKUP) if p.gtin == WATER else p for p in products)
        self.store = structs.replace(small_store(), products=named)
        self._listener = listen("127.0.0.1", 0)
        self.port = self._listener.getsockname()[1]
        self._now_s = self._frame_s = 0.0
        self._said: dict[tuple[str, bool], int] = {}
        readings = {lane.id: Reading(value=8_400.0) for lane in self.store.lanes}
        self._vitals: dict[str, tuple[dict[str, int], dict[str, Reading]]] = {"shelf": ({}, readings)}
        self._open: Future[asyncio.AbstractEventLoop] = Future()
        self._ended: Future[None] = Future()
        self._thread = threading.Thread(target=self._live, name="shop")
        self._thread.start()
        self._loop = self._open.result(DEADLINE_S)

    def close(self) -> None:
        """Cancel the hub and the page as Ctrl-C does; raises what they did not end cleanly with."""
        self.call(self._shut.set)
        self._ended.result(DEADLINE_S)
        self._thread.join(DEADLINE_S)

    def do(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run something in the shop's loop, and wait for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(DEADLINE_S)

    def call(self, what: Any, *args: Any) -> None:
        """Call something in the shop's loop."""
        self._loop.call_soon_threadsafe(what, *args)

    # A story

    def says(self, node: str, body: Event | Tracks) -> None:
        if not isinstance(body, Tracks):
            self._wait_for_frames()
        self.do(self._publish(node, body))

    def enter(self, track: str, credential: str) -> str:
        """Tap, be let in, be seen. Returns the session."""
        self._now_s = max(self._now_s, self.do(self._time()))
        self.says("gate-in", Tap(gate="entry", reader="qr", kind="qr", credential=credential, t_s=self._now_s))
        command = self.do(self._commands.get())
        self._pass("gate-in", command)
        self.stand({track: AT_ENTRY})
        return self.hub.state.visits.grants.by_command[command.id].session

    def walk(self, track: str, start: Spot, end: Spot, others: Mapping[str, Spot] | None = None) -> None:
        steps = max(1, round(((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5 / 0.15))
        for i in range(1, steps + 1):
            f = i / steps
            here = (start[0] + f * (end[0] - start[0]), start[1] + f * (end[1] - start[1]))
            self.stand({track: here, **(others or {})})

    def stand(self, where: dict[str, Spot]) -> None:
        """One frame of the ceiling."""
        self._now_s = self._frame_s = self._now_s + 0.1
        tracks = tuple(Track(id=t, x_m=x, y_m=y, sigma_m=0.07) for t, (x, y) in where.items())
        self.says("ceiling", Tracks(t_s=self._now_s, tracks=tracks))

    def take(self, track: str, lane: int, weight_g: float) -> None:
        """Stand in front of a lane while it loses that much."""
        for _ in range(10):
            self.stand({track: in_front_of(lane)})
        self.says("shelf", self.lost(lane, weight_g))

    def lost(self, lane: int, weight_g: float) -> WeightChange:
        """That a lane has just lost so much."""
        t0_s, t1_s = self._now_s - 0.6, self._now_s - 0.1
        return WeightChange(lane=f"1-1-{lane}", delta_g=-weight_g, sigma_g=0.5, t0_s=t0_s, t1_s=t1_s)

    def leave(self, track: str, start: Spot, others: Mapping[str, Spot] | None = None) -> None:
        self.walk(track, start, AT_EXIT, others)
        self._pass("gate-out", self.do(self._commands.get()))
        self.stand(dict(others or {}))

    def beat(self, node: str, readings: dict[str, Reading], counters: dict[str, int] | None = None) -> None:
        """From now on this node says so every second: a silent one is waited for."""
        self._vitals[node] = counters or {}, readings
        self.do(self._beat(node))

    def _pass(self, node: str, command: GateCommand) -> None:
        self.says(
            node,
            Passage(
                gate=command.gate,
                direction=command.direction,
                outcome="passed",
                command=command.id,
                t_s=self._now_s,
            ),
        )

    def _wait_for_frames(self) -> None:
        """Events and frames take two ways through the hub: what was seen before an event is known before it is told."""
        deadline_s = time.monotonic() + DEADLINE_S
        while self.hub.state.people.frame_s.get("ceiling", 0.0) < self._frame_s:
            assert time.monotonic() < deadline_s, "the hub takes no frames"
            time.sleep(0.002)

    # The thread

    def _live(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as e:
            self._ended.set_exception(e)
        else:
            self._ended.set_result(None)

    async def _run(self) -> None:
        self._shut = asyncio.Event()
        self._clock = Clock()
        self._commands: asyncio.Queue[GateCommand] = asyncio.Queue()
        self.controls = ScriptedControls()
        broker = MemoryBroker()
        self._bus = MemoryBus(broker)
        payments, journal = TestProvider(None), Journal(None, self.store.name)
        self.hub = Hub(self.store, MemoryBus(broker), journal, payments, self._clock)
        async with asyncio.TaskGroup() as group:
            open_now = [
                group.create_task(self.hub.run(), name="hub"),
                group.create_task(serve(self._listener, self.hub, self._clock, self.controls), name="page"),
                group.create_task(self._collect(), name="gates"),
                group.create_task(self._beats(), name="heartbeats"),
            ]
            await self._shut.wait()
            for task in open_now:
                task.cancel()

    async def _collect(self) -> None:
        async with self._bus.subscribe(topics.commands(self.store.name, "+")) as inbox:
            self._open.set_result(asyncio.get_running_loop())
            async for delivery in inbox:
                body = decode_envelope(delivery.payload).body
                if isinstance(body, GateCommand):
                    self._commands.put_nowait(body)

    async def _beats(self) -> None:
        while True:
            for node in list(self._vitals):
                await self._beat(node)
            await asyncio.sleep(BEAT_S)

    async def _beat(self, node: str) -> None:
        counters, readings = self._vitals[node]
        beat = Heartbeat(t_s=self._clock.now(), uptime_s=60.0, counters=counters, readings=readings)
        await self._publish(node, beat)

    async def _publish(self, node: str, body: Event | Tracks | Heartbeat) -> None:
        stream = isinstance(body, Tracks | Heartbeat)
        self._said[node, stream] = seq = self._said.get((node, stream), 0) + 1
        topic = (topics.stream if stream else topics.events)(self.store.name, node)
        envelope = Envelope(node=node, boot="1", seq=seq, body=body)
        await self._bus.publish(topic, encode_envelope(envelope), qos=0 if stream else 1)

    async def _time(self) -> float:
        return self._clock.now()
