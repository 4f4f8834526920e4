"""What people do now and then that means nothing, whatever else they came for."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from hub.store import Store
from hw.sim.behaviours.parts import Rng, away_from_shelves, meet
from hw.sim.plan import Act, Plan, Stoop

SELDOM = 1 / 40
"""Share of visits, and of pairs who came together: an estimate."""


def with_habits(plans: Sequence[Plan], store: Store, rng: Rng) -> tuple[Plan, ...]:
    """The same plans; but somebody may reach to the floor for a shoelace, and company touch hands on their way out."""
    acts = [[*plan.deeds] for plan in plans]
    for own in acts:
        if rng.random() < SELDOM:
            own.insert(_moment(own, rng), Stoop())
    for i, j in combinations(range(len(plans)), 2):
        if _company(plans[i], plans[j]) and rng.random() < SELDOM:
            for own, hand in zip((acts[i], acts[j]), meet(away_from_shelves(store, rng), (), None, rng), strict=True):
                own.append(hand)
    return tuple(replace(plan, deeds=tuple(own)) for plan, own in zip(plans, acts, strict=True))


def _moment(acts: Sequence[Act], rng: Rng) -> int:
    """Before something that is in no hurry, or at the end."""
    return int(rng.choice([*(i for i, act in enumerate(acts) if act.at_s is None), len(acts)]))


def _company(a: Plan, b: Plan) -> bool:
    return a.payer == b.payer or (a.together == b.together != "")
