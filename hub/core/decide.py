"""From what may be true to what is charged, or asked."""

from datetime import UTC, datetime

from hub.core.belief import Belief
from hub.core.events import Line, Receipt
from hub.core.goods import UNKNOWN, Cart, Deed, sold_of
from hub.core.visits import Session
from hub.store import Store

CANDIDATES = 5
"""Carts shown to the person who is asked,"""
COVERED = 0.98
"""and more, until together they are this likely;"""
AT_MOST = 12
"""but nobody chooses from more than these."""
IN_ALL = 0.5
"""A lane that changed by so many units more or less than what somebody moved there saw something else move, too."""
UNTHINKABLE = 0.003
"""Less likely ones are not shown."""
SAID = "said by a person who was asked"
"""The reason for a line of which the store saw nothing."""


def receipt(store: Store, belief: Belief, session: Session, sure: float, at_s: float, all_heard: bool) -> Receipt:
    """The likeliest cart as a receipt; `asked` when it is less sure than the store's threshold, or evidence lacks.

    `sure` is how likely all of the session's people have left.
    """
    carts = belief.cart(session.id)
    probability, cart = carts[0]
    asked = not all_heard or not clear(store, cart, probability * sure)
    return _receipt(store, session, carts, cart, probability * sure, asked, at_s)


def clear(store: Store, cart: Cart, probability: float) -> bool:
    """Whether a cart that is so likely is charged without asking anybody."""
    return probability >= store.thresholds.ask_below and all(gtin != UNKNOWN for gtin, _ in cart.signature)


def candidates(belief: Belief, session: Session) -> list[tuple[float, Cart]]:
    """The carts a person chooses from, likeliest first: a few, and more where it is wide open which."""
    shown: list[tuple[float, Cart]] = []
    covered = 0.0
    for p, cart in belief.cart(session.id)[:AT_MOST]:
        if shown and (p < UNTHINKABLE or (len(shown) >= CANDIDATES and covered >= COVERED)):
            break
        shown.append((p, cart))
        covered += p
    return shown


def settled(store: Store, session: Session, cart: Cart, at_s: float) -> Receipt:
    """The receipt after a person said that it was `cart`."""
    return _receipt(store, session, [(1.0, cart)], cart, 1.0, False, at_s)


def _receipt(
    store: Store,
    session: Session,
    carts: list[tuple[float, Cart]],
    cart: Cart,
    probability: float,
    asked: bool,
    at_s: float,
) -> Receipt:
    lines = tuple(_line(store, carts, cart, gtin, count) for gtin, count in sold_of(cart.signature).items())
    total_cents = sum(line.count * line.price_cents for line in lines)
    return Receipt(session.id, session.credential, lines, total_cents, probability, asked, at_s, session.left_s)


def _line(store: Store, carts: list[tuple[float, Cart]], cart: Cart, gtin: str, count: int) -> Line:
    product = store.product.get(gtin)
    name, price_cents = (product.name, product.price_cents) if product else ("something unknown", 0)
    probability = sum(p for p, c in carts if (gtin, count) in c.signature)
    because = "; ".join(sentence(deed, store) for deed in cart.deeds if deed.gtin == gtin) or SAID
    return Line(gtin, name, count, price_cents, probability, because)


def sentence(deed: Deed, store: Store) -> str:
    """What was seen, in one sentence: "lane 3-2 lost 538 ± 2 g at 14:02:11 while only you were within reach". Where
    something else moved there, too, before the lane was at rest, it says "in all"."""
    at = clock_time(deed.at_s)
    if deed.unweighed:
        return f"perhaps {_unweighed(deed)} at {at}"
    lanes = ("lane " if len(deed.lanes) == 1 else "lanes ") + " and ".join(deed.lanes)
    what = "lost" if deed.delta_g < 0 else "gained"
    sigma_g = f"{deed.sigma_g:.0f}" if deed.sigma_g >= 1 else f"{deed.sigma_g:.1f}"
    product = store.product.get(deed.gtin)
    besides_g = deed.delta_g + deed.moved * product.weight_g if product else 0.0
    in_all = " in all" if product and abs(besides_g) > IN_ALL * product.weight_g else ""
    others = deed.within_reach - 1
    alone = "only you were" if others < 1 else f"you and {others} other{'s' if others > 1 else ''} were"
    return f"{lanes} {what} {abs(deed.delta_g):.0f} ± {sigma_g} g{in_all} at {at} while {alone} within reach"


def clock_time(at_s: float) -> str:
    """The time of day in UTC, as people read it."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%H:%M:%S")


def _unweighed(deed: Deed) -> str:
    match deed.unweighed:
        case "floor":
            return "left on the floor"
        case "met":
            return "handed over by somebody" if deed.moved > 0 else "handed to somebody"
        case "swapped":
            did, other = ("taken from", "put one there") if deed.moved > 0 else ("put on", "took one")
            return f"{did} lane {deed.lanes[0]} just as another {other}"
        case _:
            return f"{'taken from' if deed.moved > 0 else 'put on'} lane {deed.lanes[0]}, which could not tell"
