"""Whose cart must be known before somebody's receipt is made."""

from collections.abc import Iterator

from hub.core import decide
from hub.core.events import Receipt
from hub.core.goods import Cart
from hub.core.state import State
from hub.core.visits import Session

TOLD = 0.5
"""A question is held back while there is, or may come, another whose answer is this likely to settle it, too."""
OVERTURNED = 0.01
"""And a receipt that is sure enough, while a cart is open that is this likely to leave it another one, or unsure."""


def waits_for(state: State, session: Session, receipt: Receipt) -> str | None:
    """Whose cart must be known before this receipt is made: else a person would be asked what, as likely as not, nobody
    need be; or something charged that may soon turn out to be wrong. Nobody waits for those who wait for them, nor too
    long for those whom nobody asks about."""
    if not all_heard(state, session):
        return None
    visits, late = state.visits, session.late(receipt.at_s)
    hangs = _saves_asking if receipt.asked else _may_overturn
    for other in visits.sessions.values():
        in_time = not late or visits.asked(other)
        waits_too = other is session or session in visits.ahead(other)
        if in_time and not waits_too and not other.restocks and hangs(state, session, other):
            return other.id
    return None


def _saves_asking(state: State, session: Session, other: Session) -> bool:
    """Whether it is better to ask about the other: as likely as not its cart leaves nothing to ask about this one. As
    long as nobody has been asked about it, only if that is not so the other way round as well."""
    if _told(state, session, other) < TOLD:
        return False
    return other.waiting is not None or _told(state, other, session) < TOLD


def _told(state: State, session: Session, other: Session) -> float:
    """How likely it is that once a person has said what the other's cart is, there is nothing to ask about this one."""
    shown = None if other.waiting is None else {cart.signature for cart in other.waiting}
    known = _once_known(state, session, other)
    return sum([p for p, said, cart, q in known if (not shown or said in shown) and decide.clear(state.store, cart, q)])


def _may_overturn(state: State, session: Session, other: Session) -> bool:
    """Whether the other's cart may leave this one another, or unsure, once it is known."""
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
    return not session.guessed and session.unheard.isdisjoint(state.watch.to_tell)
