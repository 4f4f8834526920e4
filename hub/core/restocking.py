"""An employee lays down new units of what belongs on a lane, alone or while somebody else takes of it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, permutations

from hub.core.belief import Values
from hub.core.goods import Cart, Key, Unit, Value
from hub.core.moments import sum_logs
from hub.core.part import THERE, Part, Step, both_log, cart_of, lane_of, log_normal, session_of
from hub.core.taking import FAR_SIGMAS
from hub.store import Lane, Product, Store

LOG_RESTOCKED = math.log(0.2)
"""An employee lays down new units: this many at once, from 1 to RESTOCKED_AT_MOST, are about alike."""
RESTOCKED_AT_MOST = 12
MEANWHILE_AT_MOST = 4
"""Units that somebody takes from a lane before it is at rest from being filled."""


def restocked(part: Part, store: Store, session: str, values: Mapping[Key, Value]) -> Iterator[Step]:
    """New units of what belongs there, as many as weigh so much."""
    for lane, product, nearest in _planned(part, store):
        for count in (n for n in (nearest - 1, nearest, nearest + 1) if 1 <= n <= RESTOCKED_AT_MOST):
            log_p = _weighs_log(part, lane, product, count, count)
            if log_p is not None:
                yield log_p, _filled(part, lane, product, session, count, count, values)


def moved_meanwhile(
    part: Part, store: Store, session: str, others: Sequence[str], values: Mapping[Key, Value]
) -> Iterator[Step]:
    """More units than it weighs more, of which one of the others took some, or two of them one each, before it was at
    rest again; or one fewer, as somebody put one of theirs back."""
    there = {session_of(values, body) for body in part.at_hand}
    others = [o for o in others if o != session and (o in there or part.there(values, o) > THERE)]
    for lane, product, net in _planned(part, store):
        for count in (-1, *range(1, MEANWHILE_AT_MOST + 1)):
            laid_down = net + count
            if not 1 <= laid_down <= RESTOCKED_AT_MOST:
                continue
            log_p = _weighs_log(part, lane, product, net, laid_down + abs(count))
            if log_p is None:
                continue
            filled = _filled(part, lane, product, session, net, laid_down, values)
            for other in others:
                moved = _moved(part, product, count, other, values)
                if moved is not None:
                    theirs_g = (math.copysign(product.weight_g, -count),) * abs(count)
                    how = both_log(part, values, session, (product.weight_g,) * laid_down, other, theirs_g)
                    yield log_p + moved[0] + how, {**filled, ("cart", other): moved[1]}
            for one, another in combinations(others, 2) if count == 2 else ():
                both = _moved(part, product, 1, one, values), _moved(part, product, 1, another, values)
                how = _by_three_log(part, values, product, session, laid_down, (one, another))
                carts: Values = {("cart", s): m[1] for s, m in zip((one, another), both, strict=True) if m is not None}
                yield log_p + how, {**filled, **carts}


def _by_three_log(
    part: Part, values: Mapping[Key, Value], product: Product, session: str, laid_down: int, others: tuple[str, str]
) -> float:
    """How likely an employee laid down so many while two others took one each, in whatever order."""
    each_g = product.weight_g
    moves = ((session, laid_down * each_g), *[(other, -each_g) for other in others])
    ways = [part.one_by_one_log(values, order) for order in permutations(moves)]
    return sum_logs(ways) - math.log(len(ways))


def _moved(
    part: Part, product: Product, count: int, session: str, values: Mapping[Key, Value]
) -> tuple[float, Cart] | None:
    """What somebody's cart is after so many were taken, or one put back, and how likely one does that."""
    cart = cart_of(values, session)
    if count < 0:
        if product.gtin not in dict(cart.signature):
            return None
        return part.prior.log_home, cart.minus_any(product.gtin, part.deed(product.gtin, -1))[0]
    units = (Unit(product.gtin, product.weight_g, product.spread_g),) * count
    return part.prior.count_log(count), cart.plus(units, part.deed(product.gtin, count))


def _planned(part: Part, store: Store) -> Iterator[tuple[Lane, Product, int]]:
    """What belongs on each lane, and how many of it weigh nearest to what came."""
    for lane in part.lanes:
        for product in (store.product[gtin] for gtin in lane.products):
            yield lane, product, round(part.delta_g / product.weight_g)


def _weighs_log(part: Part, lane: Lane, product: Product, net: int, moved: int) -> float | None:
    """Log likelihood that so many more of a product lie there, after so many in all were moved; None: it is far off."""
    weight_g = net * product.weight_g
    sigma_g = math.hypot(part.sigma_g, math.sqrt(moved) * product.spread_g)
    if abs(part.delta_g - weight_g) > FAR_SIGMAS * sigma_g:
        return None
    log_p = LOG_RESTOCKED - math.log(len(lane.products)) + log_normal(part.delta_g - weight_g, sigma_g)
    return log_p + part.spread_log(abs(weight_g)) + part.seen_log((Unit(product.gtin, 0.0, 0.0),))


def _filled(
    part: Part, lane: Lane, product: Product, session: str, net: int, count: int, values: Mapping[Key, Value]
) -> Values:
    """The lane with so many more, of which the employee laid down `count`."""
    noted = cart_of(values, session).explained(part.deed(product.gtin, -count))
    contents = lane_of(values, lane).less(product.gtin, -net)
    return {("cart", session): noted, ("lane", lane.id): contents.passed_over() if net < count else contents}
