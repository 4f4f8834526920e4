"""What a person who was asked says that a cart was: one they were shown, one of which only the hub had thought, or one
of which nobody had."""

from collections.abc import Mapping, Sequence

from hub.core.belief import Belief
from hub.core.events import Answered
from hub.core.goods import Cart, Unit, sold_of
from hub.core.visits import Session
from hub.errors import HubError
from hub.store import Store

OF_ONE_AT_MOST = 99
"""Nobody carries out more of one product: a larger count is a slip of the finger."""


class AnswerRefused(HubError, ValueError):
    """Nothing can come of an answer; the message is one line for whoever gave it."""


def asked(store: Store, sessions: Mapping[str, Session], answer: Answered) -> tuple[Session, tuple[Cart, ...]]:
    """Whose visit is asked about, and the carts that were shown. Raises AnswerRefused."""
    session = sessions.get(answer.session)
    if session is None or session.waiting is None:
        raise AnswerRefused(f"{answer.session}: no such question is open: was it answered already?")
    shown = session.waiting
    if isinstance(answer.choice, int):
        if not 0 <= answer.choice < len(shown):
            raise AnswerRefused(f"{session.id}: there is no choice {answer.choice}, {len(shown)} carts were shown")
        return session, shown
    for gtin, count in answer.choice.items():
        if gtin not in store.product:
            raise AnswerRefused(f"{session.id}: this store sells no product {gtin!r:.40}")
        if not 1 <= count <= OF_ONE_AT_MOST:
            name = store.product[gtin].name
            raise AnswerRefused(f"{session.id}: {count} × {name}: only 1 to {OF_ONE_AT_MOST} can be charged")
    return session, shown


def meant(
    store: Store, belief: Belief, session: Session, shown: Sequence[Cart], choice: int | Mapping[str, int]
) -> tuple[Cart, bool]:
    """The cart that an answer means, and whether it is a hypothesis: then its deeds say how it came about."""
    if isinstance(choice, int):
        return shown[choice], True
    thought_of = (*shown, *(cart for _, cart in belief.cart(session.id)))
    cart = next((cart for cart in thought_of if sold_of(cart.signature) == choice), None)
    return (_put_together(store, shown, choice), False) if cart is None else (cart, True)


def _put_together(store: Store, shown: Sequence[Cart], counts: Mapping[str, int]) -> Cart:
    """Products of which the nearest cart that was shown has just as many keep their deeds; of the others nothing is
    known but what was said."""
    nearest = max(shown, key=lambda cart: len(counts.items() & sold_of(cart.signature).items()))
    sold = sold_of(nearest.signature)
    products = [store.product[gtin] for gtin, count in counts.items() for _ in range(count)]
    return Cart(
        tuple(Unit(p.gtin, p.weight_g, p.spread_g) for p in products),
        tuple(deed for deed in nearest.deeds if sold.get(deed.gtin, 0) == counts.get(deed.gtin, 0)),
    )
