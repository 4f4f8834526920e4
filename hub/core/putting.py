"""Something came to lie on one or more neighbouring lanes: what it was, and who put it there."""

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, product

from hub.core.belief import Values
from hub.core.goods import FOREIGN, NOBODY, Cart, Key, Unit, Value, signature_of
from hub.core.moments import TINY
from hub.core.part import Part, Step, both_log, cart_of, lane_of, log_normal
from hub.core.restocking import restocked
from hub.core.taking import FAR_SIGMAS, MANY_AT_ONCE
from hub.store import Store

LOG_HANDED = math.log(0.003)
"""What somebody puts back was in another's cart: handed over unseen."""
LOG_FOREIGN = math.log(0.01 / 1500)
"""Something put down that nobody took here: a bag, a phone. Per gram up to 1.5 kg."""


def put_back(part: Part, store: Store, values: Mapping[Key, Value]) -> Iterator[Step]:
    """What came was put there: by whom, and out of whose cart, or from outside."""
    actors = part.actors(values)
    ratios = sum(actors.values())
    for holder in actors:
        cart = cart_of(values, holder)
        for log_p, units in _fitting(cart, part):
            left: Values = {("cart", holder): _without(cart, units, part)}
            # Out of whose cart it was says what changes; who of them all laid it down only how likely that is.
            log_p += math.log(actors[holder] + math.exp(LOG_HANDED) * (ratios - actors[holder]))
            yield log_p, {**left, **_lanes_after_put(part, units, values)}
        if cart.restocks:
            for log_p, changed in restocked(part, store, holder, values):
                yield math.log(actors[holder]) + log_p, changed
    yield from _by_two(part, values, actors)
    foreign = Unit(FOREIGN, part.delta_g, part.sigma_g, part.division, part.at_s)
    lanes: Values = {("lane", part.main.id): lane_of(values, part.main).with_left(foreign)}
    log_p = LOG_FOREIGN + part.spread_log(part.delta_g) + part.seen_log((foreign,))
    yield log_p + math.log(ratios), lanes


def _fitting(cart: Cart, part: Part) -> Iterator[tuple[float, tuple[Unit, ...]]]:
    """What of a cart may weigh so much."""
    for units in _handfuls(cart.units):
        log_p = _fits_log(part, units)
        if log_p is not None:
            yield log_p + _home_log(part, units), units


def _fits_log(part: Part, units: tuple[Unit, ...]) -> float | None:
    """Log likelihood that what came is these; None: they weigh far too much, or too little."""
    off_g = part.delta_g
    variance = part.sigma_g**2
    for unit in units:
        off_g -= unit.weight_g
        variance += unit.sigma_g**2
    if off_g * off_g > FAR_SIGMAS**2 * variance:
        return None
    return log_normal(off_g, math.sqrt(variance)) + part.spread_log(part.delta_g - off_g) + part.seen_log(units)


def _by_two(part: Part, values: Mapping[Key, Value], actors: Iterable[str]) -> Iterator[Step]:
    """Two people put one thing each there before it was at rest, of two parties or of one."""
    sessions = [session for session in actors if session != NOBODY and not cart_of(values, session).restocks]
    for pair in combinations(sessions, 2):  # where an employee is one of them, `restocked` knows
        for units in product(*({_kind(unit): unit for unit in cart_of(values, s).units}.values() for s in pair)):
            yield from _one_each(part, values, pair, units)
    for session in (session for session in sessions if len(part.ratios_of(values, session)) > 1):
        for units in _pairs(cart_of(values, session).units):
            yield from _one_each(part, values, (session, session), units)


def _one_each(
    part: Part, values: Mapping[Key, Value], whose: tuple[str, ...], units: tuple[Unit, ...]
) -> Iterator[Step]:
    """Two of these sessions, or two of one, put down one of these each, if they weigh what came."""
    log_p = _fits_log(part, units)
    if log_p is None:
        return
    (mine, theirs), (one, other) = whose, units
    if mine != theirs:
        how_log = both_log(part, values, mine, (one.weight_g,), theirs, (other.weight_g,))
        carts = {s: _without(cart_of(values, s), (unit,), part) for s, unit in zip(whose, units, strict=True)}
    else:
        # Each of them has what they put down.
        first_g = {_kind(unit): unit.weight_g for unit in units}.values()
        how_log = math.log(sum(part.two_of(values, mine, gram) for gram in first_g) / 2 + TINY)
        carts = {mine: _without(cart_of(values, mine), units, part)}
    left: Values = {("cart", session): cart for session, cart in carts.items()}
    log_p += how_log + sum(_home_log(part, (unit,)) for unit in units)
    yield log_p, {**left, **_lanes_after_put(part, units, values)}


def _home_log(part: Part, units: tuple[Unit, ...]) -> float:
    return part.home_log(units[0].gtin) + part.prior.count_log(len(units))


def _lanes_after_put(part: Part, units: tuple[Unit, ...], values: Mapping[Key, Value]) -> Values:
    changed: Values = {}
    for unit in units:
        own = part.own_lane(unit.gtin)
        contents = lane_of(values, own, changed)
        home = unit.gtin in own.products
        division = part.division if len(units) == 1 else ()
        measured = Unit(unit.gtin, part.delta_g / len(units), part.sigma_g / len(units), division, part.at_s)
        changed["lane", own.id] = contents.less(unit.gtin, -1) if home else contents.with_left(measured)
    return changed


def _handfuls(units: tuple[Unit, ...]) -> Iterator[tuple[Unit, ...]]:
    """What one may put back at once: one thing, two, or several of a kind. What weighs alike is one choice, not two."""
    yield from ((unit,) for unit in {_kind(unit): unit for unit in units}.values())
    yield from _pairs(units)
    for gtin in {u.gtin: None for u in units}:
        alike = tuple(u for u in units if u.gtin == gtin)
        yield from (alike[:size] for size in range(3, min(len(alike), MANY_AT_ONCE) + 1))


def _pairs(units: tuple[Unit, ...]) -> Iterable[tuple[Unit, Unit]]:
    """Any two of them, those that weigh alike once."""
    kinds = [_kind(unit) for unit in units]
    pairs = combinations(range(len(units)), 2)
    return {tuple(sorted((kinds[i], kinds[j]))): (units[i], units[j]) for i, j in pairs}.values()


def _kind(unit: Unit) -> tuple[str, int]:
    return unit.gtin, round(unit.weight_g)


def _without(cart: Cart, units: tuple[Unit, ...], part: Part) -> Cart:
    """The cart less these, with a deed for each kind."""
    for gtin, count in signature_of(units):
        cart = cart.minus(tuple([u for u in units if u.gtin == gtin]), part.deed(gtin, -count))
    return cart
