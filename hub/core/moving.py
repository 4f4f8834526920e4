"""Something rolled, or was pushed, from one or more lanes over to their neighbours: nobody has taken it."""

import math
from collections.abc import Iterator, Mapping

from hub.core.belief import Values
from hub.core.goods import Key, Unit, Value
from hub.core.part import Part, Step, cart_of, lane_of, log_normal
from hub.store import Store

LOG_OVER = math.log(0.05)
"""As often, for each time that something is taken, something moves over whole."""
LOG_ACROSS = math.log(0.01 / 1500)
"""Or comes to lie across more lanes than before, with any part of its weight. Per gram up to 1.5 kg."""


def moved_over(part: Part, store: Store, values: Mapping[Key, Value]) -> Iterator[Step]:
    """What some lanes lost is what the others gained; or something was taken there as well, and weighs the rest."""
    yield from _only(part, store, values)
    if len(part.lanes) == 2:
        yield from _and_taken(part, store, values)


def _and_taken(part: Part, store: Store, values: Mapping[Key, Value]) -> Iterator[Step]:
    """Somebody took what lay where the other thing rolled to."""
    lost, there = part.lanes if part.gains_g[0] < 0 else part.lanes[::-1]
    lost_g = -min(part.gains_g)
    for rolled in (store.product[gtin] for gtin in lost.products):
        fits = log_normal(lost_g - rolled.weight_g, math.hypot(part.sigma_g, rolled.spread_g))
        for taken in (store.product[gtin] for gtin in there.products):
            log_p = log_normal(part.delta_g + taken.weight_g, math.hypot(part.sigma_g, taken.spread_g))
            arrived = Unit(rolled.gtin, lost_g, math.hypot(part.sigma_g, 0.1))
            lanes: Values = {
                ("lane", lost.id): lane_of(values, lost).less(rolled.gtin, 1),
                ("lane", there.id): lane_of(values, there).less(taken.gtin, 1).with_left(arrived),
            }
            unit = Unit(taken.gtin, -part.delta_g, part.sigma_g)
            log_p += LOG_OVER + fits - math.log(len(lost.products) * len(there.products)) + part.seen_log((unit,))
            for session, ratio in part.actors(values).items():
                cart = cart_of(values, session).plus((unit,), part.deed(taken.gtin, 1))
                yield log_p + math.log(ratio), {**lanes, ("cart", session): cart}


def _only(part: Part, store: Store, values: Mapping[Key, Value]) -> Iterator[Step]:
    log_p = log_normal(part.delta_g, part.sigma_g)
    yield log_p + LOG_ACROSS, {}
    from_lanes = [lane for lane, gain_g in zip(part.lanes, part.gains_g, strict=True) if gain_g < 0]
    to_lane = max(zip(part.gains_g, range(len(part.lanes)), strict=True))[1]
    there = part.lanes[to_lane]
    lost_g = -sum(gain_g for gain_g in part.gains_g if gain_g < 0)
    for lane in from_lanes:
        contents = lane_of(values, lane)
        strays = {(unit.gtin, unit.weight_g): unit for unit in contents.left_here}
        for unit in strays.values():
            fits = log_normal(lost_g - unit.weight_g, math.hypot(part.sigma_g, unit.sigma_g))
            gone = contents.without_left((unit,))
            arrived = lane_of(values, there).with_left(unit)
            yield log_p + LOG_OVER + fits, {("lane", lane.id): gone, ("lane", there.id): arrived}
        for gtin in lane.products:
            product = store.product[gtin]
            fits = log_normal(lost_g - product.weight_g, math.hypot(part.sigma_g, product.spread_g))
            gone, arrived = contents.less(gtin, 1), lane_of(values, there)
            if gtin in there.products:
                arrived = arrived.less(gtin, -1)
            else:
                arrived = arrived.with_left(Unit(gtin, lost_g, math.hypot(part.sigma_g, 0.1)))
            yield (
                log_p + LOG_OVER + fits - math.log(len(lane.products)),
                {
                    ("lane", lane.id): gone,
                    ("lane", there.id): arrived,
                },
            )
