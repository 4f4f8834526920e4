"""What one shopper does alone."""

from dataclasses import replace

from hub.store import Store
from hw.sim.behaviours.parts import (
    BAG_G,
    INSIDE_S,
    SAME_G,
    Rng,
    away_from_shelves,
    bag,
    differ_g,
    one,
    press,
    put,
    rest,
    rows,
    some,
    strangers,
    take,
    unit,
    visit,
)
from hw.sim.plan import Deed, Plan, Stoop

SERIES_S = 2.6
"""From the first to the last of a quick series."""
ACROSS = 0.25
"""Share of misplaced items that come to lie across two lanes."""


def simple(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Take items one by one from several shelves."""
    return (visit("A", *(take(lane) for lane in some(store.lanes, int(rng.integers(2, 5)), rng))),)


def take_back(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Take, look, put back where it was."""
    looked, kept = some(store.lanes, 2, rng)
    return (visit("A", take(looked), put(looked), take(kept)),)


def take_n(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Take several of one item at once; also several different items with both hands."""
    many, other = some(store.lanes, 2, rng)
    hands = one(rows(store, 2), rng)
    grasped = tuple(unit(lane) for lane in hands for _ in range(int(rng.integers(1, 3))))
    both = Deed(lanes=tuple(lane.id for lane in hands), takes=grasped)
    return (visit("A", take(many, int(rng.integers(2, 5))), both, take(other)),)


def quick_series(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Take three or four neighbouring items within 3 s, put one back."""
    n = int(rng.integers(3, 5))
    row = one(rows(store, n), rng)
    series = [take(lane, at_s=INSIDE_S + i * SERIES_S / (n - 1)) for i, lane in enumerate(row)]
    return (visit("A", *series, put(one(row, rng))),)


def close_weights(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Take one of two neighbours that weigh within 2 g."""
    a, b = one([(a, b) for a, b in rows(store, 2) if differ_g(store, a, b) <= SAME_G], rng)
    return (visit("A", take(one((a, b), rng)), take(one(store.lanes, rng))),)


def misplace(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Put an item back on another product's lane, or across two of them."""
    taken, there = one(strangers(store), rng)
    beside = [row for row in rows(store, 2) if there in row and taken not in row]
    where = one(beside, rng) if beside and rng.random() < ACROSS else (there,)
    return (visit("A", take(taken), put(taken, *where), take(one(store.lanes, rng))),)


def hold_long(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Hold the item on the shelf, or press the plate, for many seconds, then take it."""
    held, other = some(store.lanes, 2, rng)
    for_s = float(rng.uniform(4.0, 15.0))
    if rng.random() < 0.5:
        return (visit("A", take(held, hold_s=for_s), take(other)),)
    pressed_s = INSIDE_S + for_s
    return (visit("A", press(held, for_s, at_s=pressed_s), take(held, at_s=pressed_s + 1.0), take(other)),)


def touch_only(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Touch and press without taking."""
    return (visit("A", *(press(lane, float(rng.uniform(0.3, 4.0))) for lane in some(store.lanes, 3, rng))),)


def bag_rest(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Put a bag or a phone on a lane, or across two or three, and take it away after 2 to 30 s."""
    thing = bag("A", rng)
    wide = thing.weight_g >= BAG_G[0]
    row = one(rows(store, int(rng.integers(1, 4)) if wide else 1), rng)
    near = one([lane for lane in store.lanes if lane.shelf == row[0].shelf], rng)
    rests_s = float(rng.uniform(2.0, 30.0))
    down, up = rest(thing, row, INSIDE_S, INSIDE_S + rests_s)
    match one(("same hand", "before", "meanwhile", "after", "after"), rng):
        case "same hand":
            acts = [down, replace(up, takes=(*up.takes, unit(one(row, rng))))]
        case "before":
            acts = [take(near, at_s=INSIDE_S - 4.0), down, up]
        case "meanwhile":
            acts = [down, take(near, at_s=INSIDE_S + rests_s / 2), up]
        case _:
            acts = [down, up, take(near, at_s=INSIDE_S + rests_s + 4.0)]
    return (replace(visit("A", *acts, take(one(store.lanes, rng))), brings=(thing,)),)


def leave_on_floor(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Take and leave the item on the floor or elsewhere."""
    left, kept = some(store.lanes, 2, rng)
    if rng.random() < 0.5:
        leave: Deed | Stoop = Stoop(place=away_from_shelves(store, rng), leaves=left.products[0])
    else:
        leave = put(left, one([lane for lane in store.lanes if lane.shelf != left.shelf], rng))
    acts = [take(left), take(kept)]
    acts.insert(int(rng.integers(1, 3)), leave)  # type: ignore[arg-type]
    return (visit("A", *acts),)


def track_lost(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """The ceiling track breaks for 5 s in a blind spot and comes back as another id."""
    lanes = some(store.lanes, 3, rng)
    blind = int(rng.integers(3))
    return (visit("A", *(take(lane, unseen_s=5.0 if i == blind else 0.0) for i, lane in enumerate(lanes))),)
