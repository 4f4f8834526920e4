"""What a hand that no scale saw may have done: handed something over, left it on the floor, or taken it from a lane
that does not weigh, or that somebody filled, or laid the like on, at that moment."""

import math
from collections.abc import Mapping, Sequence
from functools import partial

from hub.core.belief import Belief, Values
from hub.core.goods import NOBODY, Cart, Deed, Key, Unit, Value
from hub.core.part import Step, cart_of, lane_of, session_of
from hub.store import Lane, Store

SHOWN_S = 2.5
"""What a lane shows of a hand, it shows within this long."""
LATER_S, HAND_GONE_S = 0.3, 1.5
"""A lane comes to rest when the hand has gone, give or take this, and not much later."""
REACHES_S = 0.8
"""Nor was a hand there for longer than this before the lane moved, if it moved only that."""
PUT_BACK = 0.25
"""Of those who move something on a lane, so many put it there."""

What = tuple[str, str, str]
"""("met", body, body), ("floor", body, "") or ("lane", body, lane)."""


def maybe(store: Store, what: What, since_s: float, at_s: float, share: float, filler: str, belief: Belief) -> None:
    """A step of the timeline: such a hand, which was there from `since_s` to `at_s`, moved something as likely as
    `share` says. `filler` is the body of an employee who was filling that lane."""
    kind, body, other = what
    filling = sorted({session for _, session in belief.who(filler)} - {NOBODY}) if filler else []
    bodies = [body, other] if kind == "met" else [body]
    sessions = sorted({session for b in bodies for _, session in belief.who(b)} - {NOBODY})
    keys: list[Key] = [*(("who", b) for b in bodies), *(("cart", session) for session in sessions)]
    match kind:
        case "met":
            belief.update(keys, partial(_handed, body, other, at_s, share))
        case "floor":
            belief.update(keys, partial(_dropped, body, at_s, share))
        case "lane":
            keys += [("lane", other), *(("cart", session) for session in filling)]
            belief.update(keys, partial(_unseen, store, store.lane[other], body, since_s, at_s, share, filling))


def swapped(
    store: Store, lane: str, gtin: str, bodies: Sequence[str], at_s: float, share: float, belief: Belief
) -> None:
    """A step of the timeline: as likely as `share` says, one of these people laid such a thing down there while another
    took one."""
    sessions = sorted({session for b in bodies for _, session in belief.who(b)} - {NOBODY})
    keys: list[Key] = [*(("who", b) for b in bodies), *(("cart", session) for session in sessions)]
    belief.update(keys, partial(_swapped, store, store.lane[lane], gtin, bodies, at_s, share))


def _swapped(
    store: Store, lane: Lane, gtin: str, bodies: Sequence[str], at_s: float, share: float, values: Mapping[Key, Value]
) -> list[Step]:
    """What lies there is as it was: one more, of a shopper's or new from an employee, and one less."""
    there = sorted({session_of(values, body) for body in bodies} - {NOBODY})
    product = store.product[gtin]
    fresh = Unit(gtin, product.weight_g, product.spread_g)
    ways: list[Step] = []
    for giver in there:
        cart = cart_of(values, giver)
        laid = _deed("swapped", gtin, -1, at_s, lane)
        if not cart.restocks and gtin not in dict(cart.signature):
            continue
        less = cart.explained(laid) if cart.restocks else cart.minus_any(gtin, laid)[0]
        for taker in there:
            if taker != giver and not cart_of(values, taker).restocks:
                more = cart_of(values, taker).plus((fresh,), _deed("swapped", gtin, 1, at_s, lane))
                ways.append((0.0, {("cart", giver): less, ("cart", taker): more}))
    return _with_nothing(ways, share)


def _handed(one: str, other: str, at_s: float, share: float, values: Mapping[Key, Value]) -> list[Step]:
    """One thing went from one to the other, or nothing did."""
    sessions = [session_of(values, one), session_of(values, other)]
    if NOBODY in sessions or sessions[0] == sessions[1]:
        return [(0.0, {})]
    ways: list[Step] = []
    for giver, taker in (sessions, sessions[::-1]):
        for gtin, _ in cart_of(values, giver).signature:
            given, unit = cart_of(values, giver).minus_any(gtin, _deed("met", gtin, -1, at_s))
            got = cart_of(values, taker).plus((unit,), _deed("met", gtin, 1, at_s))
            ways.append((0.0, {("cart", giver): given, ("cart", taker): got}))
    return _with_nothing(ways, share)


def _dropped(body: str, at_s: float, share: float, values: Mapping[Key, Value]) -> list[Step]:
    """One thing was left on the floor, or none was."""
    session = session_of(values, body)
    ways: list[Step] = []
    for gtin, _ in cart_of(values, session).signature if session != NOBODY else ():
        less, _ = cart_of(values, session).minus_any(gtin, _deed("floor", gtin, -1, at_s))
        ways.append((0.0, {("cart", session): less}))
    return _with_nothing(ways, share)


def _unseen(
    store: Store,
    lane: Lane,
    body: str,
    since_s: float,
    at_s: float,
    share: float,
    filling: Sequence[str],
    values: Mapping[Key, Value],
) -> list[Step]:
    """One of the lane's products was taken, something was put there, or nothing happened."""
    session = session_of(values, body)
    if session == NOBODY or cart_of(values, session).restocks:
        return [(0.0, {})]
    cart, contents = cart_of(values, session), lane_of(values, lane)
    laid_down = [deed for f in filling for deed in cart_of(values, f).deeds]
    if _weighed(store, lane, cart, since_s, at_s, laid_down, bool(filling)):
        return [(0.0, {})]
    ways: list[Step] = []
    for gtin in lane.products:
        product = store.product[gtin]
        unit = Unit(gtin, product.weight_g, product.spread_g)
        more = cart.plus((unit,), _deed("lane", gtin, 1, at_s, lane))
        after: Values = {("cart", session): more, ("lane", lane.id): contents.less(gtin, 1).passed_over()}
        ways.append((math.log((1 - PUT_BACK) / len(lane.products)), after))
    for gtin, _ in cart.signature:
        less, unit = cart.minus_any(gtin, _deed("lane", gtin, -1, at_s, lane))
        astray = unit._replace(left_s=at_s)
        there = contents.less(gtin, -1) if gtin in lane.products else contents.with_left(astray)
        ways.append((math.log(PUT_BACK / len(cart.signature)), {("cart", session): less, ("lane", lane.id): there}))
    return _with_nothing(ways, share)


def _weighed(
    store: Store, lane: Lane, cart: Cart, since_s: float, at_s: float, laid_down: Sequence[Deed], filled: bool
) -> bool:
    """Whether a scale told of that hand after all: this lane's, of what was moved alone or in one with what an employee
    laid down; or, where a lane that is being filled shows nothing, that of the lane beside."""
    in_one = [deed for deed in laid_down if deed.since_s < at_s + LATER_S and deed.at_s > at_s - LATER_S]
    if any(lane.id in deed.lanes and abs(deed.at_s - at_s) < SHOWN_S for deed in (*cart.deeds, *in_one)):
        return True
    beside = {la.id for la in store.lanes if la.is_beside(lane)}
    then = [
        deed for deed in cart.deeds if -LATER_S < deed.at_s - at_s < HAND_GONE_S and deed.since_s < since_s + REACHES_S
    ]
    return filled and any(not beside.isdisjoint(deed.lanes) for deed in then)


def _with_nothing(ways: list[Step], share: float) -> list[Step]:
    """These ways as likely together as `share` says, and else nothing."""
    if not ways:
        return [(0.0, {})]
    top = max(log_p for log_p, _ in ways)
    total = top + math.log(sum(math.exp(log_p - top) for log_p, _ in ways))
    log_something = math.log(share) - total
    return [(math.log(1 - share), {}), *((log_something + log_p, changed) for log_p, changed in ways)]


def _deed(kind: str, gtin: str, moved: int, at_s: float, *lanes: Lane) -> Deed:
    return Deed(gtin, moved, tuple(lane.id for lane in lanes), 0.0, 0.0, at_s, 1, kind)
