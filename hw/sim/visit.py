"""A scene played in virtual time: shoppers, plates and cameras on one side, nodes and hub on the other."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from firmware_py.calibration import Calibration
from firmware_py.identity import Identity
from firmware_py.outbox import Outbox
from firmware_py.session import Session
from hub.core.events import AnyInput, Ask, Authorised, Capture, Effect, Observed, Open, PreAuthorise, Ticked
from hub.core.fold import State, apply
from hub.store import Gate, Store
from hw.sim import virtual_time
from hw.sim.ceiling import Ceiling
from hw.sim.goods import Goods
from hw.sim.hands import Hands
from hw.sim.shopper import Move, Plan, Shopper
from hw.sim.walking import STEP_S, Floor
from shelf_node.lane import Lane
from wire.bus import Bus, MemoryBroker, MemoryBus
from wire.clock import Clock
from wire.messages import Envelope, Passage, Tap, decode

ANCHOR_UTC_S = 1_750_000_000.0
"""Where virtual time begins, in UTC: the same for every run, so that runs can be compared byte for byte."""
BLOCK_S = 0.5
SETTLE_S = 5.0
"""How long a lane has been at rest before the first shopper comes."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A store as its hub knows it, what really lies where at opening, and who comes to do what."""

    name: str
    store: Store
    stock: tuple[Move, ...]
    plans: tuple[Plan, ...]
    hands_seen: bool
    sample_rate_hz: float = 10.0
    frame_rate_hz: float = 10.0


@dataclass(frozen=True, kw_only=True)
class VisitRecord:
    """What came of a scene: truth and receipts as payer → GTIN → count, and what the core was told."""

    truth: dict[str, Counter[str]]
    receipts: dict[str, Counter[str]]
    asked: tuple[str, ...]
    inputs: tuple[AnyInput, ...]
    missed: tuple[Move, ...]


def run_visit(scene: Scene, seed: int) -> VisitRecord:
    """Play a scene once. The same scene and seed give the same record."""
    return virtual_time.run(_play(scene, seed), seed)


@dataclass
class InterimHub:
    state: State
    clock: Clock
    inputs: list[AnyInput] = field(default_factory=list)
    receipts: dict[str, Counter[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    opened: dict[str, list[str]] = field(default_factory=dict)
    seen: set[tuple[str, str, int]] = field(default_factory=set)

    async def run(self, bus: Bus, store: str) -> None:
        async with bus.subscribe(f"aisle/{store}/+/events", f"aisle/{store}/+/stream") as inbox:
            while True:
                wake = self.state.wake_at_s
                try:
                    async with asyncio.timeout(None if wake is None else max(0.0, wake - self.clock.now())):
                        delivery = await anext(inbox)
                except TimeoutError:
                    self.take(Ticked(at_s=self.clock.now()))
                    continue
                envelope = decode(delivery.payload)
                key = (envelope.node, delivery.topic, envelope.seq)
                if key in self.seen or envelope.body.__class__.__name__ == "Heartbeat":
                    continue
                self.seen.add(key)
                self.take(Observed(at_s=self.clock.now(), node=envelope.node, body=envelope.body))  # type: ignore[arg-type]

    def take(self, event: AnyInput) -> None:
        self.inputs.append(event)
        for effect in apply(self.state, event):
            self.do(effect)

    def do(self, effect: Effect) -> None:
        match effect:
            case PreAuthorise():
                self.take(Authorised(at_s=self.clock.now(), session=effect.session, hold=f"hold-{effect.session}"))
            case Open():
                self.opened.setdefault(effect.command.gate, []).append(effect.command.id)
            case Capture() | Ask():
                r = effect.receipt
                self.receipts[r.credential] = Counter({line.gtin: line.count for line in r.lines})
                if isinstance(effect, Ask):
                    self.asked.append(r.credential)


async def _play(scene: Scene, seed: int) -> VisitRecord:
    def rng(*what: int) -> np.random.Generator:
        return np.random.default_rng([seed, *what])

    clock, broker, store = Clock(ANCHOR_UTC_S), MemoryBroker(), scene.store
    goods, floor = Goods(store, rng(1)), Floor(store)
    for move in scene.stock:
        goods.stock(move.gtin, move.lanes)
    hands = Hands(store, goods.plates, rng(2))
    ceiling = Ceiling(floor, 1 / scene.frame_rate_hz, scene.hands_seen, rng(3))
    shoppers = [Shopper(p, store, floor, goods, hands, rng(4, i)) for i, p in enumerate(scene.plans)]
    hub = InterimHub(State(store), clock)
    async with asyncio.TaskGroup() as nodes:
        tasks = [nodes.create_task(hub.run(MemoryBus(broker), store.name))]

        def session(node: str) -> Session:
            s = Session(MemoryBus(broker), Identity(store.name, node, "1"), clock, Outbox())
            tasks.append(nodes.create_task(s.run()))
            return s

        shelves: dict[str, list[int]] = {}
        for i, lane in enumerate(store.lanes):
            shelves.setdefault(lane.shelf.split("-")[0], []).append(i)
        for shelf, lanes in shelves.items():
            tasks.append(nodes.create_task(_weigh(scene, goods, lanes, session(f"shelf-{shelf}"), clock, seed)))
        tasks.append(nodes.create_task(_watch(scene, floor, ceiling, session("ceiling"), clock)))
        gates = {g.name: session(g.node) for g in store.gates}

        async def go_through(gate: Gate, credential: str | None) -> bool:
            if credential is not None:
                gates[gate.name].post(
                    Tap(gate=gate.name, reader=gate.name, kind="qr", credential=credential, t_s=clock.now())
                )
            await asyncio.sleep(1.0)
            commands = hub.opened.get(gate.name)
            command = commands.pop(0) if commands else None
            gates[gate.name].post(
                Passage(gate=gate.name, direction=gate.direction, outcome="passed", command=command, t_s=clock.now())
            )
            return True

        async with asyncio.TaskGroup() as people:
            for shopper in shoppers:
                people.create_task(shopper.visit(go_through))
        await asyncio.sleep(SETTLE_S)
        for task in tasks:
            task.cancel()
    truth: dict[str, Counter[str]] = {p.payer: Counter() for p in scene.plans}
    for shopper in shoppers:
        truth[shopper.plan.payer].update(u.gtin for u in shopper.basket)
    return VisitRecord(
        truth=truth,
        receipts={p: hub.receipts.get(p, Counter()) for p in truth},
        asked=tuple(hub.asked),
        inputs=tuple(hub.inputs),
        missed=tuple(m for s in shoppers for m in s.missed),
    )


async def _weigh(scene: Scene, goods: Goods, indices: Sequence[int], session: Session, clock: Clock, seed: int) -> None:
    calibration = Calibration(cell="c", utc_s=0.0, zero_counts=50_000.0, counts_per_gram=400.0, sigma_g=0.1)
    cells = []
    for i in indices:
        lane = scene.store.lanes[i]
        cells.append((Lane(lane.id, calibration), goods.plates[lane.id], np.random.default_rng([seed, 5, i])))
    loop = asyncio.get_running_loop()
    utc_s = clock.from_monotonic(0.0)
    sampled = 0
    while True:
        await asyncio.sleep(BLOCK_S)
        until = int(loop.time() * scene.sample_rate_hz)
        times = np.arange(sampled + 1, until + 1) / scene.sample_rate_hz
        sampled = until
        for node_lane, plate, noise in cells:
            counts = (plate.force_g(times) + noise.normal(0.0, 0.3, times.size)) * 400.0 + 50_000.0
            for t, c in zip(times.tolist(), counts.astype(int).tolist(), strict=True):
                change = node_lane.push(utc_s + t, c)
                if change is not None:
                    session.post(change)


async def _watch(scene: Scene, floor: Floor, ceiling: Ceiling, session: Session, clock: Clock) -> None:
    loop = asyncio.get_running_loop()
    every = max(1, round(1 / (scene.frame_rate_hz * STEP_S)))
    step = 0
    while True:
        await asyncio.sleep(STEP_S)
        floor.step()
        step += 1
        if step % every == 0 and floor.bodies:
            await session.stream(ceiling.frame(loop.time(), clock.now()))
