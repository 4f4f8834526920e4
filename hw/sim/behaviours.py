"""What shoppers do: named behaviours that a store must survive, each a function from a store to plans.

The first line of each says what it is. Times are seconds of the run.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from hub.store import Lane, Store
from hw.sim.plan import Deed, Move, Plan

T = TypeVar("T")
Rng = np.random.Generator
Behaviour = Callable[[Store, Rng], tuple[Plan, ...]]

OPENING_S = 8.0
APART_S = 4.0
INSIDE_S = 35.0
"""By then everybody whom a behaviour needs is inside, and has reached the shelves."""
SAME_G = 2.0
"""Products that differ by less than this are of the same weight to a cheap cell."""


def simple(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Take items one by one from several shelves."""
    return (_plan("A", *(_take(lane) for lane in _some(store.lanes, int(rng.integers(2, 5)), rng))),)


def take_back(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Take, look, put back where it was."""
    looked, kept = _some(store.lanes, 2, rng)
    return (_plan("A", _take(looked), _put(looked, looked), _take(kept)),)


def take_n(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Take several of one item at once; also different items with both hands."""
    many, other = _some(store.lanes, 2, rng)
    left, right = _one(_neighbours(store), rng)
    both = Deed(lanes=(left.id, right.id), takes=(_move(left, left), _move(right, right)))
    return (_plan("A", _take(many, int(rng.integers(2, 5))), both, _take(other)),)


def quick_series(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Take three neighbouring items within 3 s, put one back."""
    rows = [
        (a, b, c)
        for a, b in _neighbours(store)
        for c in store.lanes
        if (c.shelf, c.position) == (b.shelf, b.position + 1)
    ]
    row = _one(rows, rng)
    series = [_take(lane, at_s=INSIDE_S + 1.2 * i) for i, lane in enumerate(row)]
    regretted = row[int(rng.integers(3))]
    return (_plan("A", *series, _put(regretted, regretted)),)


def close_weights(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Take one of two neighbours that weigh within 2 g."""
    pair = _one([p for p in _neighbours(store) if _differ_g(store, *p) <= SAME_G], rng)
    return (_plan("A", _take(pair[int(rng.integers(2))]), _take(_one(store.lanes, rng))),)


def misplace(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Put an item back on another product's lane."""
    taken, there = _one(_strangers(store), rng)
    return (_plan("A", _take(taken), _put(taken, there), _take(_one(store.lanes, rng))),)


def misplace_same_weight(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Put it on a product of the same weight; someone else takes it later."""
    pairs = [(a, b) for a in store.lanes for b in store.lanes if a is not b and _differ_g(store, a, b) <= SAME_G]
    return _handed_on(*_one(pairs, rng))


def buy_misplaced(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Take an item that another shopper misplaced."""
    return _handed_on(*_one(_strangers(store), rng))


def hold_long(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Hold the item on the shelf, or press the plate, for many seconds, then take it."""
    held, other = _some(store.lanes, 2, rng)
    return (_plan("A", _take(held, hold_s=float(rng.uniform(4.0, 15.0))), _take(other)),)


def touch_only(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Touch and press without taking."""
    return (
        _plan("A", *(Deed(lanes=(n.id,), hold_s=float(rng.uniform(0.3, 4.0))) for n in _some(store.lanes, 3, rng))),
    )


def same_moment(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Two shoppers take the same item, or two items of one shelf, within 1 s."""
    first = _one(store.lanes, rng)
    second = _one([lane for lane in store.lanes if lane.shelf == first.shelf], rng)
    later_s = INSIDE_S + float(rng.uniform(0.0, 1.0))
    return _plan("A", _take(first, at_s=INSIDE_S)), _plan("B", _take(second, at_s=later_s), n=1)


def very_close(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Two shoppers shoulder to shoulder; their tracks swap or merge."""
    deeds: tuple[list[Deed], list[Deed]] = ([], [])
    for i in range(3):
        pair = _one(_neighbours(store), rng)
        for who, lane in enumerate(pair):
            at_s = INSIDE_S + 8.0 * i + float(rng.uniform(0.0, 3.0))
            deeds[who].append(_take(lane, at_s=at_s) if rng.random() < 0.7 else Deed(lanes=(lane.id,), hold_s=0.5))
    return tuple(
        Plan(payer=payer, deeds=tuple(deeds[n]), arrives_s=OPENING_S + APART_S * n, together="friends")
        for n, payer in enumerate(("A", "B"))
    )


def group(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Two enter on one tap: everything goes to that payer."""
    mine, theirs = _some(store.lanes, 2, rng), _some(store.lanes, 2, rng)
    return (
        _plan("A", *(_take(lane) for lane in mine)),
        Plan(payer="A", deeds=tuple(_take(lane) for lane in theirs), arrives_s=OPENING_S, follows=True),
    )


def track_lost(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """The ceiling track breaks for 5 s in a blind spot and comes back as another id."""
    lanes = _some(store.lanes, 3, rng)
    blind = int(rng.integers(3))
    return (_plan("A", *(_take(lane, unseen_s=5.0 if i == blind else 0.0) for i, lane in enumerate(lanes))),)


BEHAVIOURS: dict[str, Behaviour] = {
    b.__name__: b
    for b in (
        simple,
        take_back,
        take_n,
        quick_series,
        close_weights,
        misplace,
        misplace_same_weight,
        buy_misplaced,
        hold_long,
        touch_only,
        same_moment,
        very_close,
        group,
        track_lost,
    )
}


def sentence(name: str) -> str:
    """What the behaviour is, in one line."""
    return (BEHAVIOURS[name].__doc__ or "").splitlines()[0]


def _plan(payer: str, *deeds: Deed, n: int = 0) -> Plan:
    return Plan(payer=payer, deeds=deeds, arrives_s=OPENING_S + APART_S * n)


def _move(item: Lane, lane: Lane) -> Move:
    """A unit of what `item` holds, to or from `lane`."""
    return Move(gtin=item.products[0], lanes=(lane.id,))


def _take(lane: Lane, times: int = 1, *, at_s: float | None = None, hold_s: float = 0.0, unseen_s: float = 0.0) -> Deed:
    return Deed(lanes=(lane.id,), takes=(_move(lane, lane),) * times, at_s=at_s, hold_s=hold_s, unseen_s=unseen_s)


def _put(item: Lane, lane: Lane) -> Deed:
    return Deed(lanes=(lane.id,), puts=(_move(item, lane),))


def _handed_on(item: Lane, lane: Lane) -> tuple[Plan, ...]:
    """One shopper leaves an item on a lane, another one buys it there."""
    bought = Deed(lanes=(lane.id,), takes=(_move(item, lane),), at_s=INSIDE_S + 25.0)
    return _plan("A", _take(item), _put(item, lane)), _plan("B", bought, n=1)


def _some(lanes: Sequence[Lane], n: int, rng: Rng) -> list[Lane]:
    return [lanes[i] for i in rng.choice(len(lanes), n, replace=False)]


def _one(choices: Sequence[T], rng: Rng) -> T:
    return choices[int(rng.integers(len(choices)))]


def _neighbours(store: Store) -> list[tuple[Lane, Lane]]:
    return [(a, b) for a in store.lanes for b in store.lanes if (a.shelf, a.position + 1) == (b.shelf, b.position)]


def _strangers(store: Store) -> list[tuple[Lane, Lane]]:
    return [(a, b) for a in store.lanes for b in store.lanes if _differ_g(store, a, b) > SAME_G]


def _differ_g(store: Store, a: Lane, b: Lane) -> float:
    return abs(store.product[a.products[0]].weight_g - store.product[b.products[0]].weight_g)
