"""What behaviours are made of: deeds, and choices among people, lanes, places and times."""

import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from hub.store import Lane, Store
from hw.sim.plan import Act, Deed, Meet, Move, Plan, Thing
from hw.sim.walking import stand

T = TypeVar("T")
Rng = np.random.Generator

OPENING_S = 8.0
APART_S = 4.0
INSIDE_S = 35.0
"""By then everybody whom a behaviour needs is inside, and has reached the shelves."""
SAME_G = 2.0
"""Products that differ by less than this are of the same weight to a cheap cell."""
ARM_M = 0.33
"""Who gives stands so far from where the hands meet, and who takes on the other side of it."""
ASIDE_M = 0.15
"""Who reaches across a neighbour stands so much further than in front of the lane beside."""
BAG_G, PHONE_G = (1000.0, 4000.0), (150.0, 250.0)


def visit(payer: str, *acts: Act, n: int = 0) -> Plan:
    """Of the n-th who comes."""
    return Plan(payer=payer, deeds=acts, arrives_s=OPENING_S + APART_S * n)


def follow(payer: str, *acts: Act) -> Plan:
    """Of somebody who comes in on the tap of the first who came."""
    return Plan(payer=payer, deeds=acts, arrives_s=OPENING_S, follows=True)


def unit(item: Lane, *on: Lane) -> Move:
    """A unit of what `item` holds, to or from other lanes, or its own."""
    return Move(gtin=item.products[0], lanes=tuple(lane.id for lane in on or (item,)))


def take(lane: Lane, times: int = 1, *, at_s: float | None = None, hold_s: float = 0.0, unseen_s: float = 0.0) -> Deed:
    """Take so many units at once."""
    return Deed(lanes=(lane.id,), takes=(unit(lane),) * times, at_s=at_s, hold_s=hold_s, unseen_s=unseen_s)


def put(item: Lane, *on: Lane, at_s: float | None = None) -> Deed:
    """Put a unit of what `item` holds across these lanes, or back on its own."""
    where = on or (item,)
    return Deed(lanes=tuple(lane.id for lane in where), puts=(unit(item, *where),), at_s=at_s)


def press(lane: Lane, for_s: float, *, at_s: float | None = None) -> Deed:
    """Touch or press for so long, until `at_s`."""
    return Deed(lanes=(lane.id,), hold_s=for_s, at_s=at_s)


def rest(thing: Thing, on: Sequence[Lane], from_s: float, to_s: float) -> tuple[Deed, Deed]:
    """Put something of one's own across lanes, and take it away again."""
    lanes = tuple(lane.id for lane in on)
    what = (Move(gtin=thing.name, lanes=lanes),)
    return Deed(lanes=lanes, puts=what, at_s=from_s), Deed(lanes=lanes, takes=what, at_s=to_s)


def meet(place: tuple[float, float], gives: tuple[str, ...], at_s: float | None, rng: Rng) -> tuple[Meet, Meet]:
    """Two who hold out their hands to each other around a place; the first of them gives."""
    turn = float(rng.uniform(0.0, 2 * math.pi))
    dx, dy = ARM_M * math.cos(turn), ARM_M * math.sin(turn)
    key = int(rng.integers(1 << 62))
    x_m, y_m = place
    return (
        Meet(key=key, place=(x_m + dx, y_m + dy), gives=gives, at_s=at_s),
        Meet(key=key, place=(x_m - dx, y_m - dy), at_s=at_s),
    )


def some(lanes: Sequence[Lane], n: int, rng: Rng) -> list[Lane]:
    return [lanes[i] for i in rng.choice(len(lanes), n, replace=False)]


def one(choices: Sequence[T], rng: Rng) -> T:
    return choices[int(rng.integers(len(choices)))]


def rows(store: Store, n: int) -> list[tuple[Lane, ...]]:
    """Every n lanes that lie side by side on a shelf."""
    place = {(lane.shelf, lane.position): lane for lane in store.lanes}
    wanted = [[(lane.shelf, lane.position + i) for i in range(n)] for lane in store.lanes]
    return [tuple(place[p] for p in row) for row in wanted if place.keys() >= set(row)]


def across(lane: Lane, beside: Lane) -> float:
    """How far along the shelf somebody stands who reaches for a lane across somebody in front of it."""
    _, side_m = lane.offset_m(beside.x_m, beside.y_m)
    return side_m + (ASIDE_M if side_m > 0 else -ASIDE_M)


def strangers(store: Store) -> list[tuple[Lane, Lane]]:
    """Lanes whose products a scale tells apart."""
    return [(a, b) for a in store.lanes for b in store.lanes if differ_g(store, a, b) > SAME_G]


def differ_g(store: Store, a: Lane, b: Lane) -> float:
    return abs(store.product[a.products[0]].weight_g - store.product[b.products[0]].weight_g)


def in_front(lane: Lane, rng: Rng) -> tuple[float, float]:
    """A place a step away from a lane."""
    return stand(lane, float(rng.uniform(0.6, 1.0)), float(rng.normal(0.0, 0.3)))


def away_from_shelves(store: Store, rng: Rng) -> tuple[float, float]:
    """A place on the open floor: of a few, the one furthest from any lane."""
    fronts = np.array([stand(lane, 0.3, 0.0) for lane in store.lanes])
    places = rng.uniform(fronts.min(axis=0), fronts.max(axis=0), (6, 2))
    x_m, y_m = max(places.tolist(), key=lambda p: min(math.dist(p, (lane.x_m, lane.y_m)) for lane in store.lanes))
    return x_m, y_m


def bag(payer: str, rng: Rng) -> Thing:
    """A bag, or as often a phone."""
    name, grams = ("bag", BAG_G) if rng.random() < 0.5 else ("phone", PHONE_G)
    return Thing(name=f"{name} of {payer}", weight_g=float(rng.uniform(*grams)))
