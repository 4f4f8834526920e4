"""Something rolled, or was pushed, from one or more lanes over to their neighbours: nobody has taken it."""

import math
from collections.abc import Iterator, Mapping

from hub.core.goods import Key, Unit, Value
from hub.core.part import Part, Step, lane_of, log_normal
from hub.store import Store

LOG_OVER = math.log(0.05)
"""As often, for each time that something is taken, something moves over whole."""
LOG_ACROSS = math.log(0.01 / 1500)
"""Or comes to lie across more lanes than before, with any part of its weight. Per gram up to 1.5 kg."""


def moved_over(part: Part, store: Store, values: Mapping[Key, Value]) -> Iterator[Step]:
    """What some lanes lost is what the others gained."""
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
            arrived = lane_of(values, there).with_left((unit,))
            yield log_p + LOG_OVER + fits, {("lane", lane.id): gone, ("lane", there.id): arrived}
        for gtin in lane.products:
            product = store.product[gtin]
            fits = log_normal(lost_g - product.weight_g, math.hypot(part.sigma_g, product.spread_g))
            gone, arrived = contents.less(gtin, 1), lane_of(values, there)
            if gtin in there.products:
                arrived = arrived.less(gtin, -1)
            else:
                arrived = arrived.with_left((Unit(gtin, lost_g, math.hypot(part.sigma_g, 0.1)),))
            yield (
                log_p + LOG_OVER + fits - math.log(len(lane.products)),
                {
                    ("lane", lane.id): gone,
                    ("lane", there.id): arrived,
                },
            )
