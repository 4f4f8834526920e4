"""A receipt that is sure enough waits while another's cart is open that may still overturn it."""

import pytest

from hub.core.events import Answered, Ask
from hub.core.view import snapshot
from hub.core.visits import MISTAKEN_S
from tests.store.scripted import WATER, Story, alice_and_bob_come, in_front_of, receipts

AT_EXIT, ASIDE = (3.9, -2.0), (2.0, -1.0)


def alice_leaves_first() -> Story:
    """A water was taken, most likely by Bob; Alice stood there, too, and leaves."""
    story = Story()
    spots = {"a": in_front_of(1), "b": (in_front_of(4)[0] + 0.3, -0.35)}
    alice_and_bob_come(story, spots)
    story.change(4, -538.2)
    story.stand(spots, 2)
    story.walk(spots, {"a": AT_EXIT, "b": ASIDE})
    story.leave("a", {"b": ASIDE})
    return story


def test_it_comes_as_it_was_when_the_other_has_left_and_nothing_was_heard_against_it() -> None:
    story = alice_leaves_first()
    assert receipts(story.effects) == {} and receipts(story.held()) == {"alice": {}}
    alice = next(cart for cart in snapshot(story.state).carts if cart.session == "v1")
    assert alice.waiting
    story.walk({"b": ASIDE}, {"b": AT_EXIT})
    story.leave("b")
    assert receipts(story.effects) == {"alice": {}, "bob": {WATER: 1}} and not story.state.visits.sessions


def test_it_comes_within_half_an_hour_however_long_the_other_stays() -> None:
    story = alice_leaves_first()
    left_s = story.state.visits.finished[0].left_s
    assert story.state.wake_at_s == pytest.approx(left_s + MISTAKEN_S)
    story.now_s = left_s + MISTAKEN_S - 1.0
    story.stand({"b": ASIDE})
    assert receipts(story.effects) == {}
    story.wait(2.0)
    assert receipts(story.effects) == {"alice": {}}


@pytest.mark.parametrize("bobs_waters", [0, 1])
def test_what_a_person_says_of_the_other_may_overturn_it(bobs_waters: int) -> None:
    """Bob also has something that no scale can tell, and is asked about."""
    story = alice_leaves_first()
    story.walk({"b": ASIDE}, {"b": in_front_of(3)})
    story.change(3, -777.0)
    story.stand({"b": in_front_of(3)}, 2)
    story.walk({"b": in_front_of(3)}, {"b": AT_EXIT})
    ask = next(effect for effect in story.leave("b") if isinstance(effect, Ask))
    assert set(receipts(story.effects)) == {"bob"}, "a question; and Alice's receipt waits for its answer"
    said = next(i for i, cart in enumerate(ask.candidates) if dict(cart).get(WATER, 0) == bobs_waters)
    effects = story.tell(Answered(at_s=story.now_s, session="v2", choice=said))
    assert receipts(effects)["alice"] == ({} if bobs_waters else {WATER: 1})
    assert not any(isinstance(effect, Ask) for effect in effects)
