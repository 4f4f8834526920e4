"""Whose cart must be known before somebody's receipt is made."""

from collections.abc import Iterator

from hub.core import decide
from hub.core.events import Receipt
from hub.core.goods import Cart
from hub.core.state import State
from hub.core.visits import Session

TOLD = 0.5
"""A question is held back while there is another whose answer is this likely to settle it, too."""
OVERTURNED = 0.01
"""And a receipt that is sure enough, while a cart is open that is this likely to leave it another one, or unsure."""


def waits_for(state: State, session: Session, receipt: Receipt) -> str | None:
    """Whose cart must be known before this receipt is made: else a person would be asked what, as likely as not, nobody
    need be; or something charged that may soon turn out to be wrong. Nobody waits for those who wait for them."""
    if not all_heard(state, session):
        return None
    visits, first = state.visits, _saves_asking if receipt.asked else _may_overturn
    others = [s for s in visits.sessions.values() if s is not session and session not in visits.ahead(s)]
    return next((other.id for other in others if first(state, session, other, receipt.at_s)), None)


def _saves_asking(state: State, session: Session, other: Session, at_s: float) -> bool:
    """Whether the answer to the other's question, which is open, as likely as not leaves nothing to ask about this."""
    if other.waiting is None:
        return False
    shown = {cart.signature for cart in other.waiting}
    known = _once_known(state, session, other)
    told = [p for p, answer, cart, q in known if answer in shown and decide.clear(state.store, cart, q)]
    return sum(told) >= TOLD


def _may_overturn(state: State, session: Session, other: Session, at_s: float) -> bool:
    """Whether the other's cart may leave this one another, or unsure, once it is known; and will be known in time."""
    asked = other.waiting is not None or state.visits.asked_ahead(other)
    if other.restocks or (session.late(at_s) and not asked):
        return False
    now = state.belief.cart(session.id)[0][1].signature
    known = _once_known(state, session, other)
    otherwise = [p for p, _, cart, q in known if cart.signature != now or not decide.clear(state.store, cart, q)]
    return sum(otherwise) > OVERTURNED


def _once_known(state: State, session: Session, other: Session) -> Iterator[tuple[float, object, Cart, float]]:
    """By what the other's cart may be: how likely that is, what it is, and this one's likeliest cart then. Nothing
    where they do not hang together."""
    sure = 1.0 - state.visits.doubt(session)
    for p, known, then in state.belief.given(("cart", other.id), ("cart", session.id)):
        q, cart = then[0]
        if isinstance(cart, Cart):
            yield p, known.signature, cart, q * sure


def all_heard(state: State, session: Session) -> bool:
    """Whether nothing is missing that somebody may have done."""
    return not session.guessed and session.unheard.isdisjoint(state.watch.unheard)
