"""Everything at once: a mix of all that shoppers do, by several who get in each other's way."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hub.store import Lane, Store
from hw.sim.behaviours.parts import (
    INSIDE_S,
    Rng,
    across,
    away_from_shelves,
    bag,
    in_front,
    meet,
    one,
    press,
    put,
    rest,
    rows,
    take,
    unit,
    visit,
)
from hw.sim.plan import Act, Deed, Plan, Roll, Stoop, Thing

FEWEST = 32
"""Reaches, hand-overs and the like altogether."""
FOR_S = 78.0


@dataclass
class _Somebody:
    """What one shopper has planned so far, and will then have in the basket: the lanes where the items belong."""

    payer: str
    acts: list[Act] = field(default_factory=list)
    basket: list[Lane] = field(default_factory=list)
    given: list[Lane] = field(default_factory=list)
    """In the basket from the next turn on."""
    brings: tuple[Thing, ...] = ()


def chaos(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Three or four shoppers, more than 30 events in 80 s, everything that shoppers do."""
    people = [_Somebody(payer) for payer in "ABCD"[: int(rng.integers(3, 5))]]
    turns = -(-FEWEST // len(people))
    every_s = FOR_S / turns
    for turn in range(turns):
        for who in people:
            who.basket, who.given = who.basket + who.given, []
        for who in people:
            at_s = INSIDE_S + every_s * (turn + float(rng.uniform(0.0, 0.5)))
            _act(who, one([other for other in people if other is not who], rng), at_s, every_s, store, rng)
    company = "friends" if rng.random() < 0.3 else ""
    return tuple(
        replace(
            visit(who.payer, *sorted(who.acts, key=lambda act: act.at_s or 0.0), n=n),
            together=company if n < 2 else "",
            brings=who.brings,
        )
        for n, who in enumerate(people)
    )


def _act(who: _Somebody, other: _Somebody, at_s: float, every_s: float, store: Store, rng: Rng) -> None:
    """One thing more that somebody does at about this time."""
    lane, chance = one(store.lanes, rng), rng.random()
    if who.basket and chance < 0.40:
        item = who.basket.pop(int(rng.integers(len(who.basket))))
        if chance < 0.15:
            who.acts.append(put(item, at_s=at_s))
        elif chance < 0.24:
            who.acts.append(put(item, lane, at_s=at_s))
        elif chance < 0.28:
            who.acts.append(Stoop(place=away_from_shelves(store, rng), leaves=item.products[0], at_s=at_s))
        else:
            gives, accepts = meet(in_front(item, rng), (item.products[0],), at_s, rng)
            who.acts.append(gives)
            other.acts.append(accepts)
            other.given.append(item)
    elif chance < 0.50:
        who.acts.append(press(lane, float(rng.uniform(0.3, 3.0)), at_s=at_s))
    elif chance < 0.54 and not who.brings:
        thing = bag(who.payer, rng)
        who.brings = (thing,)
        who.acts += rest(thing, (lane,), at_s, at_s + float(rng.uniform(2.0, every_s)))
    else:
        who.acts.append(_taking(who, lane, at_s, store, rng))


def _taking(who: _Somebody, lane: Lane, at_s: float, store: Store, rng: Rng) -> Deed:
    """Some way to take something."""
    a, b = one(rows(store, 2), rng)
    ways: tuple[Callable[[], tuple[Deed, list[Lane]]], ...] = (
        lambda: (take(lane, at_s=at_s), [lane]),
        lambda: (take(lane, at_s=at_s), [lane]),
        lambda: (take(lane, at_s=at_s), [lane]),
        lambda: (take(lane, 2, at_s=at_s), [lane, lane]),
        lambda: (take(lane, at_s=at_s, hold_s=3.0), [lane]),
        lambda: (take(lane, at_s=at_s, unseen_s=5.0), [lane]),
        lambda: (Deed(lanes=(a.id, b.id), takes=(unit(a), unit(b)), at_s=at_s), [a, b]),
        lambda: (replace(take(a, at_s=at_s), aside_m=across(a, b)), [a]),
        lambda: (replace(take(a, at_s=at_s), rolls=(Roll(what=unit(a), to=(b.id,)),)), [a]),
    )
    deed, taken = one(ways, rng)()
    who.basket += taken
    return deed
