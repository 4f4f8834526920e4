"""Employees: who fills the shelves through the day and tidies them, and who answers the hub's questions."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress

from hub.core.answers import AnswerRefused
from hub.core.events import Ask
from hub.core.goods import sold_of
from hub.service import Hub
from hub.store import Lane, Store
from hw.sim.behaviours.parts import put
from hw.sim.goods import Goods
from hw.sim.plan import Act, Deed, Move, Plan
from hw.sim.world import World

ROUND_S = 300.0
"""So often somebody walks through the store and looks at the shelves."""
LOW = 8
"""A lane with fewer of its own product than this is filled up again."""
LANES_AT_ONCE = 4
HANDFUL = 3
"""So many units are put down at a time."""
LOOKS_EVERY_S = 30.0
"""So often somebody looks at the hub's questions, and answers what they can tell from the clip."""


async def keep_shelves(world: World, closed: asyncio.Event) -> None:
    """Go round the store until it is closed."""
    while not closed.is_set():
        plan = round_of(world.store, world.goods, asyncio.get_running_loop().time())
        if plan is not None:
            await world.come((plan,))
        try:
            async with asyncio.timeout(ROUND_S):
                await closed.wait()
        except TimeoutError:
            pass


def round_of(store: Store, goods: Goods, now_s: float) -> Plan | None:
    """What an employee does who comes now: fill up the lanes that are lowest, and carry home what does not belong
    there. None when no lane is low, or the store has no employees."""
    left = {lane.id: goods.on(lane.id)[lane.products[0]] for lane in store.lanes if lane.products and lane.stock}
    low = [store.lane[lane] for lane in sorted(left, key=lambda lane: left[lane]) if left[lane] < LOW][:LANES_AT_ONCE]
    if not low or not store.staff:
        return None
    home = {lane.products[0]: lane for lane in reversed(store.lanes) if lane.products}
    brings: list[str] = []
    acts: list[Act] = []
    for lane in low:
        own, missing = lane.products[0], (lane.stock or 0) - left[lane.id]
        brings += [own] * missing
        acts += (_fill(lane, min(HANDFUL, missing - done)) for done in range(0, missing, HANDFUL))
        for gtin in goods.on(lane.id):
            if gtin in home and gtin not in lane.products:
                acts.append(Deed(lanes=(lane.id,), takes=(Move(gtin=gtin, lanes=(lane.id,)),)))
                acts.append(put(home[gtin]))
    return Plan(payer=store.staff[0], deeds=tuple(acts), arrives_s=now_s, brings=tuple(brings))


def _fill(lane: Lane, units: int) -> Deed:
    return Deed(lanes=(lane.id,), puts=(Move(gtin=lane.products[0], lanes=(lane.id,)),) * units)


async def answer_questions(world: World, hub: Hub) -> None:
    """Say what it was, as the clip shows it: one of the candidates, or none of these, until cancelled."""
    while True:
        await asyncio.sleep(LOOKS_EVERY_S)
        for session in list(hub.questions):
            ask = hub.questions.get(session)  # an answer to one may settle or change another
            if ask is not None:
                with suppress(AnswerRefused):
                    await hub.answer(session, _answer(world, ask))


def _answer(world: World, ask: Ask) -> int | dict[str, int]:
    payer = ask.receipt.credential
    taken = Counter(unit.gtin for s in world.shoppers if s.plan.payer == payer for unit in s.basket)
    truth = Counter({gtin: n for gtin, n in taken.items() if gtin in world.store.product})
    return said_of(ask.candidates, truth)


def said_of(candidates: Iterable[tuple[tuple[str, int], ...]], truth: Counter[str]) -> int | dict[str, int]:
    """What a person answers who knows what was taken: which of the carts shown it was, or units by GTIN."""
    carts = [Counter(sold_of(candidate)) for candidate in candidates]
    return carts.index(truth) if truth in carts else dict(truth)
