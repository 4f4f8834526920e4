"""A scene played in virtual time: shoppers, plates and cameras on one side, nodes and hub on the other."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from firmware_py.identity import Identity
from firmware_py.outbox import Outbox
from firmware_py.session import Session, Vitals
from hub.core.events import AnyInput
from hub.journal import Journal
from hub.payments import TestProvider
from hub.service import Hub
from hub.store import Store
from hw.sim import virtual_time
from hw.sim.ceiling import Ceiling
from hw.sim.gates import Doors, SimulatedGate
from hw.sim.goods import Goods
from hw.sim.hands import Hands
from hw.sim.plan import Move, Plan
from hw.sim.shelf import SimulatedShelf
from hw.sim.shopper import Shopper
from hw.sim.walking import STEP_S, Floor
from wire.bus import MemoryBroker, MemoryBus
from wire.clock import Clock

ANCHOR_UTC_S = 1_750_000_000.0
"""Where virtual time begins, in UTC: the same for every run, so that runs can be compared byte for byte."""
SETTLE_S = 5.0
"""How long the hub is left to settle with the last one who left."""


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
    """What somebody meant to move and could not: no fault of the hub's."""
    shut_in: tuple[str, ...]
    """Whom a gate did not let in, or out in time."""
    seconds: float


def run_visit(scene: Scene, seed: int) -> VisitRecord:
    """Play a scene once. The same scene and seed give the same record."""
    return virtual_time.run(_play(scene, seed), seed)


async def _play(scene: Scene, seed: int) -> VisitRecord:
    def rng(*what: int) -> np.random.Generator:
        return np.random.default_rng([seed, *what])

    clock, store = Clock(ANCHOR_UTC_S), scene.store
    goods, floor = Goods(store, rng(1)), Floor(store)
    for move in scene.stock:
        goods.stock(move.gtin, move.lanes)
    hands = Hands(store, goods.plates, rng(2))
    shoppers = [Shopper(p, store, floor, goods, hands, rng(3, i)) for i, p in enumerate(scene.plans)]
    ceiling = Ceiling(floor, 1 / scene.frame_rate_hz, scene.hands_seen, rng(4))
    shelves = {
        f"shelf-{name}": SimulatedShelf(
            {lane: goods.plates[lane] for lane in lanes}, scene.sample_rate_hz, [seed, 5, i]
        )
        for i, (name, lanes) in enumerate(_shelves(store).items())
    }
    gates = [SimulatedGate(gate, clock) for gate in store.gates]
    journal = Journal(None, store.name)
    broker, boots = MemoryBroker(), random.Random(seed)
    hub = Hub(store, MemoryBus(broker), journal, TestProvider(), clock)
    async with asyncio.TaskGroup() as group:

        def start(work: Coroutine[Any, Any, None], name: str) -> None:
            running.append(group.create_task(work, name=name))

        def session(node: str, vitals: Callable[[], Vitals] = Vitals) -> Session:
            identity = Identity.at_start(store.name, node, boots)
            session = Session(MemoryBus(broker), identity, clock, Outbox(), vitals)
            start(session.run(), f"{node}: session")
            return session

        running: list[asyncio.Task[None]] = []
        start(hub.run(), "hub")
        for name, shelf in shelves.items():
            start(shelf.run(session(name), clock), name)
        for gate in gates:
            start(gate.run(session(gate.gate.node, gate.node.vitals)), gate.gate.node)
        start(_watch(scene, floor, ceiling, session("ceiling"), clock), "ceiling")
        doors = Doors(gates, scene.plans)
        async with asyncio.TaskGroup() as people:
            for shopper in shoppers:
                people.create_task(shopper.visit(doors), name=shopper.plan.payer)
        await asyncio.sleep(SETTLE_S)
        for task in running:
            task.cancel()
    receipts = [s.receipt for s in hub.settlements.values() if s.receipt] + [q.receipt for q in hub.questions.values()]
    return VisitRecord(
        truth=_carts(scene, ((s.plan.payer, u.gtin, 1) for s in shoppers for u in s.basket)),
        receipts=_carts(scene, ((r.credential, line.gtin, line.count) for r in receipts for line in r.lines)),
        asked=tuple(sorted({q.receipt.credential for q in hub.questions.values()})),
        inputs=tuple(journal.replay()),
        missed=tuple(move for s in shoppers for move in s.missed),
        shut_in=tuple(s.plan.payer for s in shoppers if not s.left),
        seconds=clock.now() - ANCHOR_UTC_S,
    )


def _carts(scene: Scene, units: Iterable[tuple[str, str, int]]) -> dict[str, Counter[str]]:
    carts: dict[str, Counter[str]] = {plan.payer: Counter() for plan in scene.plans}
    for payer, gtin, n in units:
        carts[payer][gtin] += n
    return carts


def _shelves(store: Store) -> dict[str, list[str]]:
    """Lane ids by shelf node: one node for all the shelves of a gondola."""
    nodes: dict[str, list[str]] = {}
    for lane in store.lanes:
        nodes.setdefault(lane.shelf.split("-")[0], []).append(lane.id)
    return nodes


async def _watch(scene: Scene, floor: Floor, ceiling: Ceiling, session: Session, clock: Clock) -> None:
    every = max(1, round(1 / (scene.frame_rate_hz * STEP_S)))
    for step in count(1):
        await asyncio.sleep(STEP_S)
        floor.step()
        if step % every == 0 and floor.bodies:
            await session.stream(ceiling.frame(asyncio.get_running_loop().time(), clock.now()))
