"""A day in the store: who comes when, to do what.

What people do is decided when they come, from what lies on the shelves then.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from msgspec import structs

from hub.service import Hub
from hub.store import Lane, Store
from hw.sim.behaviours import BEHAVIOURS, OPENING_S, Rng
from hw.sim.behaviours.habits import with_habits
from hw.sim.behaviours.parts import some, take, visit
from hw.sim.faults import Fault, Offline, WrongReads
from hw.sim.goods import Goods
from hw.sim.mix import ERRAND, ITEMS_END, MOST_ITEMS, Share
from hw.sim.plan import Deed, Plan
from hw.sim.shelf import shelf_node
from hw.sim.staff import LOOKS_EVERY_S, answer_questions, keep_shelves
from hw.sim.world import World

OPEN_H = 14
HOURLY = (2, 4, 5, 6, 9, 11, 11, 8, 10, 11, 9, 7, 4, 3)
"""Percent of a day's visits that begin in each hour from 7 to 21. Two peaks, where shoppers of 2014–17 said they were
on weekdays (American Time Use Survey, USDA ERS report of November 2019: 11 to 13 and 15 to 16 o'clock, a sixth of all
of them in each of these hours); how it rises and falls between them is an estimate."""
VISITS_PER_DAY = 1000
"""Fewer visits make a shorter day with as many people in the store at a time, not an emptier one."""
AT_ONCE = 12
LENGTH_S, LENGTH_SPREAD = 130.0, 0.8
"""Median and log-deviation of how long people stay. Of convenience store customers, 45 % are in and out within three
minutes, of which they wait and pay for 63 s (NACS and PSB, 2018): here, 45 % stay for less than 117 s."""
SHORTEST_S, LONGEST_S = 15.0, 900.0
UNTIL_IN_S = 8.0
"""By so long after they came, people stand before the shelves."""
ENOUGH = 5
"""People choose among lanes that hold so many of their own product at least: a behaviour takes four at most."""
OFFLINE_S = 60.0
"""Every shelf node is off the network for so long once a day: an estimate."""
POOR_LANES, POOR_SHARE = 2, 0.02
"""So many lanes read wrong so often: users see 1 to 5 % (bogde/HX711 issues 83 and 216)."""


@dataclass(frozen=True, kw_only=True)
class Day:
    """So many visits (payers) in one store."""

    store: Store
    visits: int
    mix: Mapping[str, Share]
    seed: int
    at_once: int = AT_ONCE
    """Whoever comes when so many are in waits outside."""

    def arrivals_s(self, rng: Rng) -> list[float]:
        """When each visit begins, in seconds of the run: a Poisson process of hourly rates, given how many come."""
        hours = rng.choice(OPEN_H, self.visits, p=np.array(HOURLY) / sum(HOURLY)) + rng.random(self.visits)
        begins_s: list[float] = np.sort(OPENING_S + hours * 3600.0 * self.visits / VISITS_PER_DAY).tolist()
        return begins_s

    def faults(self) -> tuple[Fault, ...]:
        """What goes wrong with nodes and cells on any day."""
        rng = np.random.default_rng([self.seed, 2])
        open_s = OPEN_H * 3600.0 * self.visits / VISITS_PER_DAY
        faults: list[Fault] = []
        for node in sorted({shelf_node(lane) for lane in self.store.lanes}):
            from_s = OPENING_S + float(rng.uniform(0.0, open_s))
            faults.append(Offline(node=node, from_s=from_s, to_s=from_s + OFFLINE_S))
        poor = some(self.store.lanes, POOR_LANES, rng)
        return (*faults, *(WrongReads(lane=lane.id, share=POOR_SHARE) for lane in poor))

    async def come_and_go(self, world: World, hub: Hub) -> None:
        """Let everybody come, until the last of them has left."""
        rng = np.random.default_rng([self.seed, 1])
        arrivals_s = self.arrivals_s(rng)
        closed, somebody_left, inside = asyncio.Event(), asyncio.Event(), 0

        async def shop(plans: Sequence[Plan]) -> None:
            nonlocal inside
            await world.come(plans)
            inside -= len(plans)
            somebody_left.set()

        async with asyncio.TaskGroup() as employees:
            employees.create_task(keep_shelves(world, closed), name="restocks")
            answering = employees.create_task(answer_questions(world, hub), name="answers")
            async with asyncio.TaskGroup() as parties:
                came = 0
                while came < self.visits:
                    await asyncio.sleep(max(0.0, arrivals_s[came] - _now()))
                    plans = self._party(world.goods, rng, self.visits - came)
                    while inside and inside + len(plans) > self.at_once:
                        somebody_left.clear()
                        await somebody_left.wait()
                    inside += len(plans)
                    parties.create_task(shop(from_now(plans, self.store, str(came + 1))), name=f"party {came + 1}")
                    came += self._visits(plans)
            closed.set()
            await asyncio.sleep(2 * LOOKS_EVERY_S)  # so that whatever is asked about the last ones is answered too
            answering.cancel()

    def _party(self, goods: Goods, rng: Rng, visits_left: int) -> tuple[Plan, ...]:
        """What those who come next mean to do; more than so many visits do not begin any more."""
        shares = [share.percent / 100 for share in self.mix.values()]
        name = str(rng.choice([*self.mix, ERRAND], p=[*shares, 1.0 - sum(shares)]))
        place = structs.replace(self.store, lanes=stocked(self.store, goods, ENOUGH))
        plans: tuple[Plan, ...] = ()
        with suppress(ValueError):  # too little is left of what it takes
            plans = BEHAVIOURS.get(name, _errand)(place, rng)
        if not 0 < self._visits(plans) <= visits_left:
            plans = _errand(place, rng)
        length_s = float(np.clip(rng.lognormal(np.log(LENGTH_S), LENGTH_SPREAD), SHORTEST_S, LONGEST_S))
        return tuple(_at_leisure(plan, length_s, rng) for plan in with_habits(plans, place, rng))

    def _visits(self, plans: Sequence[Plan]) -> int:
        """Payers; employees are none."""
        return len({plan.payer for plan in plans}.difference(self.store.staff))


def stocked(store: Store, goods: Goods, enough: int) -> tuple[Lane, ...]:
    """The lanes on which so many of the lane's own product lie."""
    return tuple(la for la in store.lanes if la.products and goods.on(la.id)[la.products[0]] >= enough)


def from_now(plans: Sequence[Plan], store: Store, token: str) -> list[Plan]:
    """Plans whose times are those of a run that opens now; payers and company are told from others' by the token.
    Employees stay who they are."""
    later_s = _now() - OPENING_S
    return [
        replace(
            plan,
            payer=plan.payer if plan.payer in store.staff else f"{plan.payer}{token}",
            together=plan.together and f"{plan.together} {token}",
            arrives_s=plan.arrives_s + later_s,
            deeds=tuple(deed if deed.at_s is None else replace(deed, at_s=deed.at_s + later_s) for deed in plan.deeds),
        )
        for plan in plans
    ]


def _errand(store: Store, rng: Rng) -> tuple[Plan, ...]:
    items = min(int(rng.geometric(ITEMS_END)), MOST_ITEMS)
    return (visit("A", *(take(store.lanes[int(i)]) for i in rng.integers(len(store.lanes), size=items))),)


def _at_leisure(plan: Plan, length_s: float, rng: Rng) -> Plan:
    """Spread over a visit of this length, in the same order, what the plan leaves to whenever there is time for it."""
    if any(act.at_s is not None for act in plan.deeds):
        return plan
    begins_s = rng.uniform(UNTIL_IN_S, max(UNTIL_IN_S, length_s - UNTIL_IN_S), len(plan.deeds))
    at_s = (plan.arrives_s + np.sort(begins_s)).tolist()
    acts = (replace(a, at_s=s) if isinstance(a, Deed) else a for a, s in zip(plan.deeds, at_s, strict=True))
    return replace(plan, deeds=tuple(acts))


def _now() -> float:
    return asyncio.get_running_loop().time()
