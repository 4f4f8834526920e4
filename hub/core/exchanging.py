"""Something was taken from a lane and something else came to lie there, or across it and the next, before it was at
rest again: it lost or gained only the difference."""

import math
from collections.abc import Iterator, Mapping

from hub.core.belief import Values
from hub.core.goods import FOREIGN, NOBODY, Cart, Key, Unit, Value
from hub.core.moments import add_logs
from hub.core.part import Part, Step, both_log, cart_of, lane_of, log_normal
from hub.core.putting import LOG_FOREIGN
from hub.core.reach import ACTS, UNSEEN
from hub.core.restocking import moved_meanwhile
from hub.core.taking import FAR_SIGMAS
from hub.store import Lane, Store

LOG_EXCHANGED = math.log(0.001)
"""Somebody puts back one thing and takes another off the same lane, in one go."""
LOG_FAR_FETCHED = math.log(0.001)
"""Where something simpler fits so much better than the best of exchanges could, none is thought of."""


def may_be(part: Part, best_log: float) -> bool:
    """Whether an exchange may be likely enough, beside the best explanation so far."""
    if len(part.lanes) > 1 or not part.ratios:
        return False
    one = max(part.ratios.values())
    other = sorted([*(max(grips) for grips in part.grips.values()), UNSEEN], reverse=True)[1]
    how = max(LOG_EXCHANGED, math.log(ACTS * other)) + part.moments.unsure_log
    return log_normal(0.0, part.sigma_g) + math.log(one) + how > best_log + LOG_FAR_FETCHED


def exchanged(part: Part, store: Store, values: Mapping[Key, Value]) -> Iterator[Step]:
    """One thing out of somebody's cart, or a bag or a phone, for one that lay there, by one person or by two before it
    was at rest again; or for what an employee filled up meanwhile."""
    (lane,) = part.lanes
    actors = [session for session in part.actors(values) if session != NOBODY]
    there = list(_lying_there(part, store, values))
    for holder in actors:
        cart = cart_of(values, holder)
        if cart.restocks:
            yield from moved_meanwhile(part, store, holder, actors, values)
        for log_place, gone, left in there:
            for log_p, unit in _laid_down(part, cart, gone):
                lanes = _lanes_after(part, lane, gone, left, unit, values)
                for taker in actors:
                    how = _how_log(part, holder, unit, taker, gone, values)
                    if how > -math.inf:
                        carts = _carts_after(part, holder, unit, taker, gone, values)
                        yield log_p + log_place + how, {**lanes, **carts}


def laid_across(part: Part, store: Store, values: Mapping[Key, Value]) -> Iterator[Step]:
    """One thing out of somebody's cart, or a bag or a phone, came to lie across two lanes, as somebody else took
    something off one of them."""
    taken_off, beside = sorted(part.each, key=lambda one: one.delta_g)
    holders, takers = (sorted(one.actors(values).keys() - {NOBODY}) for one in (beside, taken_off))
    for log_place, gone, left in _lying_there(taken_off, store, values):
        share_g = taken_off.delta_g + gone.weight_g
        if share_g <= 0:
            continue
        for holder in holders:
            there = beside.ratios_of(values, holder)
            for log_p, unit in _laid_down(part, cart_of(values, holder), gone):
                division = (taken_off.main.id, share_g), (beside.main.id, beside.delta_g)
                across = Unit(unit.gtin, unit.weight_g, unit.sigma_g, division)
                lanes = _lanes_after(part, taken_off.main, gone, left, across, values)
                log_p += log_place + part.spread_log(unit.weight_g)
                for taker in takers:
                    how = ACTS * sum(
                        ratio * taken_off.beside_another(values, taker, -gone.weight_g, body)
                        for body, ratio in there.items()
                    )
                    if how > 0:
                        carts = _carts_after(part, holder, unit, taker, gone, values)
                        yield log_p + math.log(how), {**lanes, **carts}


def _how_log(part: Part, holder: str, unit: Unit, taker: str, gone: Unit, values: Mapping[Key, Value]) -> float:
    """How likely, in log, the one laid that down and the other took this; of one session, two of them did, or one in
    one go, who does not take anything from under a bag of their own."""
    put_g, gone_g = unit.weight_g, -gone.weight_g
    if taker != holder:
        return both_log(part, values, holder, (put_g,), taker, (gone_g,))
    two = (part.two_of(values, holder, put_g) + part.two_of(values, holder, gone_g)) / 2
    two_log = math.log(two) if two > 0 else -math.inf
    if unit.gtin == FOREIGN:
        return two_log
    return add_logs(LOG_EXCHANGED + both_log(part, values, holder, (put_g,), taker, (gone_g,)), two_log)


def _lanes_after(part: Part, lane: Lane, gone: Unit, left: bool, unit: Unit, values: Mapping[Key, Value]) -> Values:
    """The lane without what has gone, and with what came where that belongs, or lies astray."""
    contents = lane_of(values, lane)
    less = contents.without_left((gone,)) if left else contents.less(gone.gtin, 1).passed_over()
    changed: Values = {("lane", lane.id): less}
    own = part.own_lane(unit.gtin)
    contents, home = lane_of(values, own, changed), unit.gtin in own.products
    astray = unit._replace(left_s=part.at_s)
    changed["lane", own.id] = contents.less(unit.gtin, -1) if home else contents.with_left(astray)
    return changed


def _carts_after(part: Part, holder: str, unit: Unit, taker: str, gone: Unit, values: Mapping[Key, Value]) -> Values:
    """The one's cart without what was laid down, and the other's with what was taken."""
    cart = cart_of(values, holder)
    put = cart if unit.gtin == FOREIGN else cart.minus((unit,), part.deed(unit.gtin, -1))
    theirs = put if taker == holder else cart_of(values, taker)
    if gone.gtin != FOREIGN:
        theirs = theirs.plus((gone,), part.deed(gone.gtin, 1))
    return {("cart", holder): put, ("cart", taker): theirs}


def _laid_down(part: Part, cart: Cart, gone: Unit) -> Iterator[tuple[float, Unit]]:
    """What may have come in the place of what has gone, such that the lane weighs what it does."""
    for unit in {(u.gtin, u.weight_g): u for u in cart.units if u.gtin != gone.gtin}.values():
        off_g = part.delta_g - unit.weight_g + gone.weight_g
        sigma_g = math.hypot(part.sigma_g, unit.sigma_g, gone.sigma_g)
        if abs(off_g) <= FAR_SIGMAS * sigma_g:
            yield log_normal(off_g, sigma_g) + part.home_log(unit.gtin) + part.seen_log((unit, gone)), unit
    foreign_g = part.delta_g + gone.weight_g
    if gone.gtin != FOREIGN and foreign_g > FAR_SIGMAS * part.sigma_g:
        yield LOG_FOREIGN + part.seen_log((gone,)), Unit(FOREIGN, foreign_g, math.hypot(part.sigma_g, gone.sigma_g))


def _lying_there(part: Part, store: Store, values: Mapping[Key, Value]) -> Iterator[tuple[float, Unit, bool]]:
    """What may be taken off the lane, with its log prior, and whether somebody left it there."""
    (lane,) = part.lanes
    planned = [store.product[gtin] for gtin in lane.products]
    left = {(u.gtin, u.weight_g): u for u in lane_of(values, lane).left_here}
    yield from ((-math.log(len(planned)), Unit(p.gtin, p.weight_g, p.spread_g), False) for p in planned)
    yield from ((part.prior.left_log(unit, part.at_s), unit, True) for unit in left.values())
