"""`aisle run`: a whole store on this machine, in real time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from msgspec import structs

from firmware_py.calibration import CalibrationStore
from firmware_py.identity import Identity
from firmware_py.outbox import Outbox
from firmware_py.session import Session, Vitals
from hub.core.view import snapshot
from hub.pages.server import listen, serve
from hub.run import open_hub
from hub.service import Hub
from hub.store import Store, load_store
from hw.live.cable import Cable
from hw.live.controls import LiveControls
from hw.live.gate import LiveGate
from hw.live.pace import every
from hw.live.people import People
from hw.live.shelf import LiveShelf, wiring
from hw.sim.ceiling import Ceiling
from hw.sim.goods import Goods
from hw.sim.hands import Hands
from hw.sim.item_camera import ItemCamera
from hw.sim.plan import Move
from hw.sim.walking import STEP_S, Floor
from hw.sim.world import CEILING
from hw.simulate import DEMO_STORE, stock_of
from wire.clock import Clock
from wire.mqtt import Address, MqttBus


@dataclass(frozen=True)
class LiveStore:
    """A store that is open."""

    hub: Hub
    clock: Clock
    broker_url: str
    people: People
    controls: LiveControls


async def run_store(
    store_file: Path | None,
    say: Callable[[str], None],
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    state_dir: Path | None = None,
    broker_url: str | None = None,
    seed: int | None = None,
) -> None:
    """Run the store in a file, or the demo store, with its page, until cancelled. `say` gets lines for the user.

    Without `state_dir` nothing is kept: the next start is a new store. Without `broker_url` the embedded one starts.
    Raises HubError, WireError, DriverError or FirmwareError, alone or in groups: one line each.
    """
    store = load_store(store_file or DEMO_STORE)
    with ExitStack() as stack:
        listener = stack.enter_context(closing(listen(host, port)))
        where = state_dir or Path(stack.enter_context(TemporaryDirectory(prefix="aisle-")))
        say(f"Opening the store {store.name!r}: {len(store.lanes)} lanes and {len(store.gates)} gates, simulated")
        async with open_store(store, where, broker_url, seed) as live, asyncio.TaskGroup() as group:
            group.create_task(serve(listener, live.hub, live.clock, live.controls), name="page")
            group.create_task(live.people.come_and_go(), name="people")
            say(f"Broker   {Address.parse(live.broker_url)}")
            say(f"State    {where}" + ("" if state_dir else ", gone when the store closes"))
            say(f"Page     http://{host}:{listener.getsockname()[1]}")
            say("Ctrl-C closes the store.")


@asynccontextmanager
async def open_store(
    store: Store, state_dir: Path, broker_url: str | None = None, seed: int | None = None
) -> AsyncIterator[LiveStore]:
    """A store with its broker, hub, nodes and cameras; nobody comes yet. Raises as `run_store` does."""
    goods_rng, hands_rng, cells_rng, eyes_rng, people_rng = np.random.default_rng(seed).spawn(5)
    async with AsyncExitStack() as stack:
        hub, broker = await stack.enter_async_context(open_hub(store, state_dir, broker_url))
        clock, floor, goods = Clock(), Floor(store), Goods(store, goods_rng)
        for move in stock_left(store, hub):
            goods.stock(move.gtin, move.lanes)
        hands = Hands(store, goods.plates, hands_rng)
        lines = wiring(store.lanes)
        records = CalibrationStore(state_dir / "calibrations")
        shelves = {name: LiveShelf(lines[name], goods.plates, records, clock, cells_rng) for name in lines}
        ttys = Path(stack.enter_context(TemporaryDirectory(prefix="aisle-tty-")))
        gates = {g.node: stack.enter_context(LiveGate(g, state_dir / g.node, ttys / g.name)) for g in store.gates}
        nodes = (*shelves, *gates, CEILING)
        cables = {node: await stack.enter_async_context(Cable(broker)) for node in nodes}

        async def session(node: str, vitals: Callable[[], Vitals] = Vitals) -> Session:
            bus = await stack.enter_async_context(MqttBus(cables[node].url, node))
            outbox = stack.enter_context(closing(Outbox(state_dir / node / "outbox.sqlite")))
            return Session(bus, Identity.at_start(store.name, node), clock, outbox, vitals)

        eye = await session(CEILING)
        weighing = {name: await session(name, shelf.node.vitals) for name, shelf in shelves.items()}
        by_lane = {cell.lane: weighing[name] for name in lines for line in lines[name] for cell in line.cells}
        camera = stack.enter_context(closing(ItemCamera(store, by_lane, clock, eyes_rng)))
        group = await stack.enter_async_context(asyncio.TaskGroup())
        running: set[asyncio.Task[None]] = set()

        def start(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
            task = group.create_task(work, name=name)
            running.add(task)
            task.add_done_callback(running.discard)
            return task

        start(hub.run(), "hub")
        for name, shelf in shelves.items():
            start(weighing[name].run(), f"{name}: session")
            start(shelf.run(weighing[name]), name)
        for name, gate in gates.items():
            start(gate.run(store.name, cables[name].url), name)
        start(eye.run(), f"{CEILING}: session")
        ceiling = Ceiling(floor, STEP_S, True, eyes_rng, colours=store.clothing_colour)
        start(_watch(floor, ceiling, eye, clock), CEILING)
        people = People(
            store, floor, goods, hands, [gate.way for gate in gates.values()], camera.watch, start, people_rng
        )
        try:
            yield LiveStore(hub, clock, broker, people, LiveControls(people, floor, hands, cables, people_rng))
        finally:
            for task in running:
                task.cancel()


async def _watch(floor: Floor, ceiling: Ceiling, session: Session, clock: Clock) -> None:
    """Let people move, and send a frame of them after every step."""
    async for now_s in every(STEP_S):
        floor.step()
        if floor.bodies:
            await session.stream(ceiling.frame(now_s, clock.from_monotonic(now_s)))


def stock_left(store: Store, hub: Hub) -> tuple[Move, ...]:
    """What lies on the shelves by the hub's journal: all of it, or what earlier shoppers have left."""
    left = {view.lane: view.stock for view in snapshot(hub.state).lanes}
    lanes = (structs.replace(lane, stock=None if (n := left[lane.id]) is None else max(0, n)) for lane in store.lanes)
    return stock_of(structs.replace(store, lanes=tuple(lanes)))
