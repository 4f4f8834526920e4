"""A scene played to its end in virtual time, its hub included: who took what, and who was charged for what."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

from hub.core.checkout import held_back
from hub.core.events import AnyInput
from hub.journal import Journal
from hub.payments import TestProvider
from hub.service import Hub
from hw.errors import KeptOut
from hw.sim import virtual_time
from hw.sim.plan import Move
from hw.sim.world import Scene, World
from wire.bus import Bus, MemoryBroker, MemoryBus
from wire.clock import Clock

ANCHOR_UTC_S = 1_750_000_000.0
"""Where virtual time begins, in UTC: the same for every run, so that runs can be compared byte for byte."""
SETTLE_S, SETTLE_AT_MOST_S = 1.0, 600.0
"""How often one looks whether the hub has settled with all who left, and for how long."""


@dataclass(frozen=True, kw_only=True)
class VisitRecord:
    """What came of a scene: truth and receipts as payer → GTIN → count, and what the core was told.

    Employees pay for nothing and are left out, and so is what people bring along.
    """

    truth: dict[str, Counter[str]]
    receipts: dict[str, Counter[str]]
    asked: tuple[str, ...]
    inputs: tuple[AnyInput, ...]
    missed: tuple[Move, ...]
    """What somebody meant to move and could not: no fault of the hub's."""
    kept_out: tuple[str, ...]
    """Whom the entry did not let in: they are in neither truth nor receipts, where they would pass for right."""
    kept_in: tuple[str, ...]
    """Whom the exit did not let out in time."""
    seconds: float


Listener = Callable[[Bus, Clock], Coroutine[Any, Any, None]]


Visitors = Callable[[World, Hub], Coroutine[Any, Any, None]]
"""Lets people come; whoever comes only when it has begun chooses from what lies there then."""


def run_visit(
    scene: Scene, seed: int, listener: Listener | None = None, visitors: Visitors | None = None
) -> VisitRecord:
    """Play a scene once. The same scene and seed give the same record. `listener` runs beside it on the same bus;
    `visitors` let people come besides those of the scene's plans.

    Raises KeptOut when a gate stays shut for somebody of the scene's plans.
    """
    return virtual_time.run(_play(scene, seed, listener, visitors), seed)


async def _play(scene: Scene, seed: int, listener: Listener | None, visitors: Visitors | None) -> VisitRecord:
    clock, broker = Clock(ANCHOR_UTC_S), MemoryBroker()
    journal = Journal(None, scene.store.name)
    hub = Hub(scene.store, MemoryBus(broker), journal, TestProvider(), clock)
    world = World(scene, seed, clock, lambda: MemoryBus(broker))
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(hub.run(), name="hub"), group.create_task(world.run(), name="nodes")]
        if listener is not None:
            running.append(group.create_task(listener(MemoryBus(broker), clock), name="listener"))
        async with asyncio.TaskGroup() as people:
            people.create_task(world.come(scene.plans), name="plans")
            if visitors is not None:
                people.create_task(visitors(world, hub), name="visitors")
        await _settled(hub, clock)
        for task in running:
            task.cancel()
    kept_out = tuple(s.plan.payer for s in world.shoppers if not s.entered)
    if kept_out and visitors is None:
        raise KeptOut(f"scene {scene.name}: the gate did not let {', '.join(kept_out)} in: did the hub see the tap?")
    questions = [*hub.questions.values(), *held_back(hub.state, clock.now())]
    receipts = [*hub.receipts, *(question.receipt for question in questions)]
    return VisitRecord(
        truth=_carts(world, ((s.plan.payer, unit.gtin, 1) for s in world.shoppers for unit in s.basket)),
        receipts=_carts(world, ((r.credential, line.gtin, line.count) for r in receipts for line in r.lines)),
        asked=tuple(sorted({question.receipt.credential for question in questions})),
        inputs=tuple(journal.replay()),
        missed=tuple(move for s in world.shoppers for move in s.missed),
        kept_out=kept_out,
        kept_in=tuple(s.plan.payer for s in world.shoppers if s.entered and not s.left),
        seconds=clock.now() - ANCHOR_UTC_S,
    )


async def _settled(hub: Hub, clock: Clock) -> None:
    """Wait until every visit has its receipt or its question, or nothing more is to be expected."""
    until_s = clock.now() + SETTLE_AT_MOST_S
    open_visits = True
    while open_visits and clock.now() < until_s:
        open_visits = not all(session.over for session in hub.state.visits.sessions.values())
        await asyncio.sleep(SETTLE_S)  # once more when all is decided: receipts are handed out a moment later


def _carts(world: World, units: Iterable[tuple[str, str, int]]) -> dict[str, Counter[str]]:
    store = world.store
    payers = (shopper.plan.payer for shopper in world.shoppers if shopper.entered)
    carts: dict[str, Counter[str]] = {payer: Counter() for payer in payers if payer not in store.staff}
    for payer, gtin, n in units:
        if payer in carts and gtin in store.product:
            carts[payer][gtin] += n
    return carts
