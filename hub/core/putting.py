"""Something came to lie on one or more neighbouring lanes: what it was, and who put it there."""

import math
from collections.abc import Iterator, Mapping
from itertools import combinations

from hub.core.belief import Values
from hub.core.goods import FOREIGN, Key, Unit, Value, signature_of
from hub.core.part import Part, Step, cart_of, lane_of, log_normal
from hub.core.taking import LOG_ANOTHER, MANY_AT_ONCE
from hub.store import Store

LOG_PUT_HOME, LOG_PUT_ASTRAY = math.log(0.8), math.log(0.2)
LOG_HANDED = math.log(0.003)
"""What somebody puts back was in another's cart: handed over unseen."""
LOG_RESTOCKED = math.log(0.2)
"""An employee lays down new units: this many at once, from 1 to RESTOCKED_AT_MOST, are about alike."""
RESTOCKED_AT_MOST = 12
LOG_FOREIGN = math.log(0.01 / 1500)
"""Something put down that nobody took here: a bag, a phone. Per gram up to 1.5 kg."""


def put_back(part: Part, store: Store, values: Mapping[Key, Value]) -> Iterator[Step]:
    """What came was put there: by whom, and out of whose cart, or from outside."""
    actors = part.actors(values)
    for session, ratio in actors.items():
        log_ratio = math.log(ratio)
        for holder in actors:
            log_holder = log_ratio + (0.0 if holder == session else LOG_HANDED)
            cart = cart_of(values, holder)
            for units in _handfuls(cart.units):
                weight_g = sum(u.weight_g for u in units)
                sigma_g = math.hypot(part.sigma_g, *(u.sigma_g for u in units))
                log_p = log_normal(part.delta_g - weight_g, sigma_g) + part.spread_log(weight_g)
                log_p += part.seen_log(units) + _home_log(part, units)
                left: Values = {("cart", holder): cart.minus(units, part.deed(units[0].gtin, -len(units)))}
                yield log_holder + log_p, {**left, **_lanes_after_put(part, units, values)}
        if cart_of(values, session).restocks:
            for log_p, changed in _restocked(part, store, session, values):
                yield log_ratio + log_p, changed
    foreign = Unit(FOREIGN, part.delta_g, part.sigma_g)
    lanes: Values = {("lane", part.main.id): lane_of(values, part.main).with_left((foreign,))}
    log_p = LOG_FOREIGN + part.spread_log(part.delta_g) + part.seen_log((foreign,))
    yield log_p + math.log(sum(actors.values())), lanes


def _restocked(part: Part, store: Store, session: str, values: Mapping[Key, Value]) -> Iterator[Step]:
    """New units of what belongs there, as many as weigh so much."""
    cart = cart_of(values, session)
    for lane in part.lanes:
        for gtin in lane.products:
            product = store.product[gtin]
            nearest = round(part.delta_g / product.weight_g)
            for count in (n for n in (nearest - 1, nearest, nearest + 1) if 1 <= n <= RESTOCKED_AT_MOST):
                weight_g = count * product.weight_g
                sigma_g = math.hypot(part.sigma_g, math.sqrt(count) * product.spread_g)
                units = (Unit(gtin, product.weight_g, product.spread_g),) * count
                log_p = log_normal(part.delta_g - weight_g, sigma_g) + part.spread_log(weight_g)
                log_p += LOG_RESTOCKED - math.log(len(lane.products)) + part.seen_log(units)
                noted = cart.explained(part.deed(gtin, -count))
                more = lane_of(values, lane).less(gtin, -count)
                yield log_p, {("cart", session): noted, ("lane", lane.id): more}


def _home_log(part: Part, units: tuple[Unit, ...]) -> float:
    home = any(units[0].gtin in lane.products for lane in part.lanes)
    return (LOG_PUT_HOME if home else LOG_PUT_ASTRAY) + (len(units) - 1) * LOG_ANOTHER


def _lanes_after_put(part: Part, units: tuple[Unit, ...], values: Mapping[Key, Value]) -> Values:
    changed: Values = {}
    for unit in units:
        own = part.own_lane(unit.gtin)
        contents = lane_of(values, own, changed)
        home = unit.gtin in own.products
        measured = Unit(unit.gtin, part.delta_g / len(units), part.sigma_g / len(units))
        changed["lane", own.id] = contents.less(unit.gtin, -1) if home else contents.with_left((measured,))
    return changed


def _handfuls(units: tuple[Unit, ...]) -> Iterator[tuple[Unit, ...]]:
    """What one may put back at once: one thing, two, or several of a kind."""
    for size in (1, 2):
        seen: set[object] = set()
        for group in combinations(units, size):
            key = (signature_of(group), round(sum(u.weight_g for u in group)))
            if key not in seen:
                seen.add(key)
                yield group
    for gtin in {u.gtin: None for u in units}:
        alike = tuple(u for u in units if u.gtin == gtin)
        yield from (alike[:size] for size in range(3, min(len(alike), MANY_AT_ONCE) + 1))
