"""A receipt that is sure enough waits while another's cart is open that may still overturn it."""

import pytest

from hub.core.events import Answered, Ask, Open
from hub.core.view import snapshot
from hub.core.visits import MISTAKEN_S
from tests.store.scripted import (
    AT_EXIT,
    AT_GATE,
    COLA,
    TONIC,
    WATER,
    Story,
    alice_and_bob_come,
    in_front_of,
    receipts,
    shoulder_to_shoulder,
    small_store,
)
from wire.messages import Tap, WeightChange

ASIDE = (2.0, -1.0)


def a_water_is_taken() -> tuple[Story, dict[str, tuple[float, float]]]:
    """Most likely by Bob, though Alice stands there, too: where they stand."""
    story = Story()
    spots = {"a": in_front_of(1), "b": (in_front_of(4)[0] + 0.3, -0.35)}
    alice_and_bob_come(story, spots)
    story.change(4, -538.2)
    story.stand(spots, 2)
    return story, spots


def alice_leaves_first() -> Story:
    story, spots = a_water_is_taken()
    story.walk(spots, {"a": AT_EXIT, "b": ASIDE})
    story.leave("a", {"b": ASIDE})
    return story


def test_it_comes_as_it_was_when_the_other_has_left_and_nothing_was_heard_against_it() -> None:
    story = alice_leaves_first()
    assert receipts(story.effects) == receipts(story.held()) == {}
    alice = next(cart for cart in snapshot(story.state).carts if cart.session == "v1")
    assert alice.after == "v2" and not alice.waiting
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
    assert receipts(story.effects) == {"alice": {}} and story.state.wake_at_s is None


def test_what_is_heard_late_in_that_half_hour_wakes_nobody_again_and_again() -> None:
    story = alice_leaves_first()
    left_s = story.state.visits.finished[0].left_s
    story.now_s = left_s + MISTAKEN_S - 0.5
    late = WeightChange(lane="1-1-3", delta_g=-62.0, sigma_g=0.5, t0_s=left_s - 20.6, t1_s=left_s - 20.0)
    story.says("shelf", late)
    woken_s: list[float] = []
    while (wake_s := story.state.wake_at_s) is not None:
        woken_s.append(wake_s)
        story.wait(wake_s - story.now_s)
    assert woken_s == sorted(set(woken_s)) and receipts(story.effects) == {"alice": {}}


def test_whoever_it_waits_for_may_wait_too_and_it_comes_within_half_an_hour_all_the_same() -> None:
    """Bob stands by Carol as a tonic is taken, leaves, and his receipt waits for hers."""
    story = alice_leaves_first()
    left_s = story.state.visits.finished[0].left_s
    spots = {"b": in_front_of(2), "c": (in_front_of(2)[0] - 0.65, -0.35)}
    story.enter("c", credential="carol")
    story.walk({"b": ASIDE, "c": AT_GATE}, spots)
    story.stand(spots, 1.0)
    story.change(2, -351.0)
    story.stand(spots, 2)
    story.walk(spots, {**spots, "b": AT_EXIT})
    story.leave("b", {"c": spots["c"]})
    alice, bob = (cart for cart in snapshot(story.state).carts if not cart.inside)
    assert (alice.after, bob.after) == ("v2", "v3") and receipts(story.effects) == {}
    assert story.state.wake_at_s == pytest.approx(left_s + MISTAKEN_S)
    story.wait(left_s + MISTAKEN_S - story.now_s)
    assert receipts(story.effects) == {"alice": {}}


def test_it_waits_for_whoever_waits_for_an_answer() -> None:
    """Carol is asked whether she or Bob has a tonic; Bob waits for that; and Alice for Bob."""
    story, spots = a_water_is_taken()
    apart = {"a": (0.2, -0.9), "b": ASIDE}
    story.walk(spots, apart)
    story.enter("c", credential="carol")
    close = {"a": apart["a"], "b": (1.6, -0.35), "c": (1.2, -0.35)}
    story.walk({**apart, "c": AT_GATE}, close)
    story.change(2, -350.9)
    story.stand(close, 2)
    for leaves, stay in (("c", "ab"), ("b", "a"), ("a", "")):
        there = {track: close[track] for track in stay}
        story.walk({**there, leaves: close[leaves]}, {**there, leaves: AT_EXIT})
        story.leave(leaves, there)
    assert set(receipts(story.effects)) == {"carol"} and story.state.wake_at_s is None
    assert set(receipts(story.held())) == {"alice", "bob"}
    story.wait(2 * MISTAKEN_S)
    assert set(receipts(story.effects)) == {"carol"}, "a question is waited for however long it takes"
    settled = story.tell(Answered(at_s=story.now_s, session="v3", choice={}))
    assert receipts(settled) == {"carol": {}, "bob": {WATER: 1, TONIC: 1}, "alice": {}}


def test_whoever_waits_for_an_answer_waits_on_though_a_friend_has_come_in_on_the_others_card() -> None:
    story = Story(small_store(ask_below=0.95))
    spots = shoulder_to_shoulder(story)
    story.walk(spots, {"a": AT_EXIT, "b": ASIDE})
    tap = Tap(gate="entry", reader="qr", kind="qr", credential="alice", t_s=story.now_s)
    command = next(e.command for e in story.says("gate-in", tap) if isinstance(e, Open))
    ask = next(effect for effect in story.leave("a", {"b": ASIDE}) if isinstance(effect, Ask))
    story.says("gate-in", story.passage("entry", "in", command.id))
    story.stand({"f": AT_GATE, "b": ASIDE}, 0.5)
    story.walk({"f": AT_GATE, "b": ASIDE}, {"f": in_front_of(1), "b": AT_EXIT})
    story.leave("b", {"f": in_front_of(1)})
    assert set(receipts(story.held())) == {"bob"} and story.state.wake_at_s is None
    story.now_s += MISTAKEN_S
    story.stand({"f": in_front_of(1)})
    assert set(receipts(story.held())) == {"bob"}
    settled = story.tell(Answered(at_s=story.now_s, session=ask.receipt.session, choice=0))
    assert set(receipts(settled)) == {"alice", "bob"}


def test_of_two_who_are_both_in_doubt_the_one_is_asked_about_whose_cart_tells_the_others() -> None:
    """Either of them took the tonic; Bob also has something that no scale can tell, and that says nothing of Alice."""
    story = Story(small_store(ask_below=0.95))
    spots = shoulder_to_shoulder(story)
    story.walk(spots, {"a": ASIDE, "b": in_front_of(3)})
    story.change(3, -777.0)
    story.stand({"a": ASIDE, "b": in_front_of(3)}, 2)
    story.walk({"a": ASIDE, "b": in_front_of(3)}, {"a": AT_EXIT, "b": in_front_of(3)})
    assert receipts(story.leave("a", {"b": in_front_of(3)})) == {}, "she need not be asked about"
    story.walk({"b": in_front_of(3)}, {"b": AT_EXIT})
    ask = next(effect for effect in story.leave("b") if isinstance(effect, Ask))
    assert ask.receipt.credential == "bob" and receipts(story.effects).keys() == {"bob"}
    said = next(i for i, cart in enumerate(ask.candidates) if TONIC in dict(cart))
    effects = story.tell(Answered(at_s=story.now_s, session="v2", choice=said))
    assert receipts(effects)["alice"] == {} and not any(isinstance(effect, Ask) for effect in effects)


def test_whoever_waited_in_vain_for_the_question_about_another_is_asked_about_and_the_other_waits() -> None:
    """The water may be Alice's, likelier it is Bob's; he puts back what no scale can tell, and is sure enough then."""
    story = Story(small_store(ask_below=0.92))
    spots = {"a": in_front_of(1), "b": (in_front_of(4)[0] + 0.25, -0.35)}
    alice_and_bob_come(story, spots)
    story.stand(spots, 1)
    for lane, delta_g in ((4, -538.2), (1, -353.0)):
        story.change(lane, delta_g)
        story.stand(spots, 2)
    aside = {"a": (0.2, -1.2), "b": in_front_of(3)}
    story.walk(spots, aside)
    story.change(3, -777.0)
    story.stand(aside, 2)
    story.walk(aside, {"a": AT_EXIT, "b": aside["b"]})
    assert receipts(story.leave("a", {"b": aside["b"]})) == {}
    story.change(3, 777.0)
    story.stand({"b": aside["b"]}, 2)
    story.walk({"b": aside["b"]}, {"b": AT_EXIT})
    ask = next(effect for effect in story.leave("b") if isinstance(effect, Ask))
    assert receipts(story.effects).keys() == {"alice"} and receipts(story.held()).keys() == {"bob"}
    both = next(i for i, cart in enumerate(ask.candidates) if dict(cart).keys() == {COLA, WATER})
    settled = story.tell(Answered(at_s=story.now_s, session="v1", choice=both))
    assert receipts(settled) == {"alice": {COLA: 1, WATER: 1}, "bob": {}}


def test_what_is_heard_late_as_an_answer_comes_wakes_nobody_in_the_past() -> None:
    """Bob waits for what is said of Alice, for longer than one waits for anything else."""
    story = Story(small_store(ask_below=0.95))
    spots = shoulder_to_shoulder(story)
    story.walk(spots, {"a": AT_EXIT, "b": ASIDE})
    story.leave("a", {"b": ASIDE})
    story.walk({"b": ASIDE}, {"b": AT_EXIT})
    story.leave("b")
    left_s = story.state.visits.sessions["v2"].left_s
    story.now_s = left_s + MISTAKEN_S + 60.0
    late = WeightChange(lane="1-1-3", delta_g=-62.0, sigma_g=0.5, t0_s=left_s - 20.6, t1_s=left_s - 20.0)
    story.says("shelf", late)
    story.tell(Answered(at_s=story.now_s, session="v1", choice=0))
    assert story.state.wake_at_s is not None and story.state.wake_at_s > story.now_s
    story.wait(story.state.wake_at_s - story.now_s)
    assert receipts(story.effects).keys() >= {"alice", "bob"}


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
