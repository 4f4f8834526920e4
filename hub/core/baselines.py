"""Two simpler ways to say who took what, on the very same inputs: what joint inference is measured against.

Both decide at once and for good, one cluster of changes after the other. Both are given our clusters, tracks and
sessions, which is more than they had where they were published.
"""

import math
from collections.abc import Callable
from statistics import NormalDist

from hub.core.belief import Belief, Values
from hub.core.changes import Cluster
from hub.core.goods import NOBODY, Deed, LaneContents, Unit
from hub.core.people import People
from hub.core.planogram import Planogram
from hub.store import Lane, Product
from wire.messages import WeightChange

SHELF_G, PLATE_G = 10.0, 5.0
"""Smaller changes of a shelf and of a plate do not count (multi-person shopping, AutoCheckout 2020)."""
ARRANGEMENT = 0.5
"""C in C·arrangement + (1 − C)·weight."""

Choice = Callable[[Planogram, Belief, tuple[Lane, ...], list[WeightChange]], tuple[str, int]]


def nearest(planogram: Planogram, people: People, belief: Belief, cluster: Cluster) -> None:
    """The nearest track, and the product of closest weight."""
    _decide(planogram, people, belief, cluster.changes, _closest_weight)


def mps(planogram: Planogram, people: People, belief: Belief, cluster: Cluster) -> None:
    """The competition winner's method: arrangement and weight scores, the planogram updated by what is put back."""
    changes = [c for c in cluster.changes if abs(c.delta_g) > PLATE_G]
    if abs(sum(c.delta_g for c in changes)) > SHELF_G:
        _decide(planogram, people, belief, changes, _best_score)


def _decide(planogram: Planogram, people: People, belief: Belief, changes: list[WeightChange], choose: Choice) -> None:
    lanes = tuple(planogram.store.lane[c.lane] for c in changes)
    main, at_s = lanes[0], max(c.t1_s for c in changes)
    session = _nearest_session(people, belief, main, at_s)
    delta_g = sum(c.delta_g for c in changes)
    cart = belief.cart(session)[0][1]
    contents = belief.lane(main.id)[0][1]
    if delta_g > 0:
        if not cart.units:
            return
        back = min(cart.units, key=lambda u: abs(u.weight_g - delta_g))
        deed = _deed(back.gtin, -1, changes, at_s)
        left = contents.with_left(back)
        changed: Values = {("cart", session): cart.minus((back,), deed), ("lane", main.id): left}
    else:
        gtin, count = choose(planogram, belief, lanes, changes)
        unit = Unit(gtin, planogram.store.product[gtin].weight_g, 1.0)
        units = (unit,) * count
        strays = tuple(u for u in contents.left_here if u.gtin == gtin)[:count]
        changed = {
            ("cart", session): cart.plus(units, _deed(gtin, count, changes, at_s)),
            ("lane", main.id): contents.without_left(strays),
        }
    bodies = [("who", body.id) for body in (*people.all(), *people.left) if body.bound]
    belief.update([*changed, *bodies], lambda values: [(0.0, changed)])


def _nearest_session(people: People, belief: Belief, lane: Lane, at_s: float) -> str:
    """The session of the body that was nearest to the lane at that time."""
    best_m, best = math.inf, NOBODY
    for body in (*people.all(), *people.left):
        place = next((p for p in reversed(body.places) if p.t_s <= at_s), None)
        if place is not None and body.bound:
            distance_m = math.hypot(place.x_m - lane.x_m, place.y_m - lane.y_m)
            if distance_m < best_m:
                best_m, best = distance_m, belief.who(body.id)[0][1]
    return best


def _closest_weight(
    planogram: Planogram, belief: Belief, lanes: tuple[Lane, ...], changes: list[WeightChange]
) -> tuple[str, int]:
    gone_g = -sum(c.delta_g for c in changes)
    planned = [planogram.store.product[g] for lane in lanes for g in lane.products]
    best = min(planned or planogram.store.products, key=lambda p: abs(gone_g - _count(gone_g, p) * p.weight_g))
    return best.gtin, _count(gone_g, best)


def _best_score(
    planogram: Planogram, belief: Belief, lanes: tuple[Lane, ...], changes: list[WeightChange]
) -> tuple[str, int]:
    gone_g = -sum(c.delta_g for c in changes)
    sigma_g = math.sqrt(sum(c.sigma_g**2 for c in changes)) + 1.0
    shares = [abs(c.delta_g / gone_g) for c in changes]
    contents = [belief.lane(lane.id)[0][1] for lane in lanes]

    def score(product: Product) -> float:
        arrangement = sum(
            share for share, lane, here in zip(shares, lanes, contents, strict=True) if _lies(product, lane, here)
        )
        count = _count(gone_g, product)
        weight = NormalDist(gone_g, sigma_g).overlap(NormalDist(count * product.weight_g, count * product.spread_g))
        return ARRANGEMENT * arrangement + (1 - ARRANGEMENT) * weight

    best = max(planogram.store.products, key=score)
    return best.gtin, _count(gone_g, best)


def _lies(product: Product, lane: Lane, contents: LaneContents) -> bool:
    return product.gtin in lane.products or any(u.gtin == product.gtin for u in contents.left_here)


def _count(gone_g: float, product: Product) -> int:
    return max(1, round(gone_g / product.weight_g))


def _deed(gtin: str, moved: int, changes: list[WeightChange], at_s: float) -> Deed:
    sigma_g = math.sqrt(sum(c.sigma_g**2 for c in changes))
    return Deed(gtin, moved, tuple(c.lane for c in changes), sum(c.delta_g for c in changes), sigma_g, at_s, 1)
