"""What a person may answer who is asked about a cart, and what comes of it: also where it was none of those shown."""

import msgspec
import pytest
from msgspec import structs

from hub.core import decide
from hub.core.events import Answered, AnyInput, Ask, Capture, Effect, Note, Open, Receipt, Void
from hub.core.goods import FOREIGN, Cart, Deed, Unit
from hub.core.habits import FIRST_ANSWERS
from hub.core.view import snapshot
from tests.store.scripted import (
    AT_EXIT,
    AT_GATE,
    CHIPS,
    COLA,
    TONIC,
    WATER,
    Story,
    bought,
    in_front_of,
    shoulder_to_shoulder,
    small_store,
)
from wire.messages import Hand, Tap, WeightChange


def asked_about_water_and_something_unknown() -> tuple[Story, Ask]:
    story = Story()
    story.enter("a", credential="alice")
    story.walk({"a": AT_GATE}, {"a": in_front_of(4)})
    story.change(4, -538.1)
    story.stand({"a": in_front_of(4)}, 2)
    story.walk({"a": in_front_of(4)}, {"a": in_front_of(3)})
    story.change(3, -777.0)
    story.stand({"a": in_front_of(3)}, 2)
    story.walk({"a": in_front_of(3)}, {"a": AT_EXIT})
    return story, asked(story.leave("a"))


def two_who_may_both_have_a_tonic(besides_g: float = 0.0) -> tuple[Story, Ask, Ask]:
    """Shoulder to shoulder at one lane, from which one thing was taken; then they leave, the second perhaps with
    something else. The first is asked about, and the other's question held back, if it can be."""
    story = Story(small_store(ask_below=0.95))
    spots = shoulder_to_shoulder(story)
    story.walk(spots, {"a": AT_EXIT, "b": (1.0, -1.0)})
    of_a = asked(story.leave("a", {"b": (1.0, -1.0)}))
    if besides_g:
        story.walk({"b": (1.0, -1.0)}, {"b": in_front_of(3)})
        story.change(3, -besides_g)
        story.stand({"b": in_front_of(3)}, 2)
    story.walk({"b": in_front_of(3) if besides_g else (1.0, -1.0)}, {"b": AT_EXIT})
    return story, of_a, asked(story.leave("b") or story.held())


def asked_about_a_hand_at_the_floor() -> tuple[Story, Ask]:
    story = Story()
    story.enter("a", credential="alice")
    story.walk({"a": AT_GATE}, {"a": in_front_of(1)})
    story.change(1, -350.4)
    story.stand({"a": in_front_of(1)}, 2)
    story.walk({"a": in_front_of(1)}, {"a": (1.1, -1.9)})
    story.stand({"a": (1.1, -1.9)}, 1.0, {"a": Hand(x_m=1.1, y_m=-1.6, z_m=0.1, sigma_m=0.05)})
    story.stand({"a": (1.1, -1.9)}, 2.0)
    story.walk({"a": (1.1, -1.9)}, {"a": AT_EXIT})
    return story, asked(story.leave("a"))


def asked(effects: list[Effect]) -> Ask:
    return next(effect for effect in effects if isinstance(effect, Ask))


def answer(story: Story, ask: Ask, choice: int | dict[str, int]) -> list[Effect]:
    return story.tell(Answered(at_s=story.now_s, session=ask.receipt.session, choice=choice))


def because(receipt: Receipt) -> dict[str, str]:
    return {line.gtin: line.because for line in receipt.lines}


def test_a_cart_that_nobody_had_thought_of_is_what_is_charged_and_ends_the_visit() -> None:
    story, ask = asked_about_water_and_something_unknown()
    (charged,) = answer(story, ask, {WATER: 1, CHIPS: 12})
    assert isinstance(charged, Capture) and bought([charged]) == {WATER: 1, CHIPS: 12}
    assert (charged.receipt.total_cents, charged.receipt.probability, charged.receipt.asked) == (2490, 1.0, False)
    assert story.state.visits.sessions == {}


def test_lines_that_agree_with_what_was_shown_keep_their_reasons_and_the_others_say_who_said_so() -> None:
    story, ask = asked_about_water_and_something_unknown()
    (charged,) = answer(story, ask, {WATER: 1, CHIPS: 12})
    assert isinstance(charged, Capture)
    reasons = because(charged.receipt)
    assert reasons[WATER].startswith("lane 1-1-4 lost 538 ± 0.5 g")
    assert reasons[CHIPS] == decide.SAID


def test_whoever_took_nothing_after_all_is_let_go() -> None:
    story, ask = asked_about_water_and_something_unknown()
    (let_go,) = answer(story, ask, {})
    assert isinstance(let_go, Void) and let_go.receipt is not None and let_go.receipt.lines == ()


@pytest.mark.parametrize("tonics", [0, 1])
def test_a_cart_that_was_shown_is_that_choice_however_it_is_said(tonics: int) -> None:
    said: list[list[Effect]] = []
    for in_words in (False, True):
        story, of_a, _ = two_who_may_both_have_a_tonic()
        choice = next(i for i, cart in enumerate(of_a.candidates) if dict(cart).get(TONIC, 0) == tonics)
        said.append(answer(story, of_a, dict(of_a.candidates[choice]) if in_words else choice))
    assert said[0] == said[1]
    assert len(said[0]) == 2, "the other's receipt comes with it"


def test_a_cart_that_was_thought_of_but_not_shown_settles_what_hung_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide, "AT_MOST", 1)
    story, of_a, of_b = two_who_may_both_have_a_tonic()
    assert len(of_a.candidates) == len(of_b.candidates) == 1
    hidden = {} if dict(of_a.candidates[0]) else {TONIC: 1}
    of_alice, of_bob = answer(story, of_a, hidden)
    assert (bought([of_alice]), bought([of_bob])) == (hidden, {} if hidden else {TONIC: 1})


def test_after_a_cart_that_nobody_had_thought_of_the_other_question_is_put_as_it_was() -> None:
    story, of_a, of_b = two_who_may_both_have_a_tonic()
    before = story.state.belief.cart(of_b.receipt.session)
    charged, put = answer(story, of_a, {CHIPS: 2})
    assert isinstance(charged, Capture) and charged.receipt.credential == "alice"
    assert isinstance(put, Ask) and put.candidates == of_b.candidates
    after = story.state.belief.cart(of_b.receipt.session)
    assert [(c.signature, pytest.approx(p)) for p, c in before] == [(c.signature, p) for p, c in after]
    assert isinstance(answer(story, of_b, 0)[0], Capture | Void)


def test_while_a_question_is_held_back_nothing_is_due_and_the_page_shows_no_cart_of_it() -> None:
    story, of_a, of_b = two_who_may_both_have_a_tonic()
    assert story.state.wake_at_s is None
    story.wait(3600.0)
    assert story.held()[0] == structs.replace(of_b, receipt=structs.replace(of_b.receipt, at_s=story.now_s))
    assert all(cart.waiting for cart in snapshot(story.state).carts)
    assert len(answer(story, of_a, 0)) == 2


def test_whoever_comes_back_while_their_question_is_held_back_comes_as_somebody_new() -> None:
    story, of_a, of_b = two_who_may_both_have_a_tonic()
    again = story.enter("c", credential="bob")
    assert again not in (of_a.receipt.session, of_b.receipt.session)
    assert len(answer(story, of_a, 0)) == 2
    assert list(story.state.visits.sessions) == [again]


def test_a_question_that_no_answer_to_another_would_settle_is_put_at_once() -> None:
    """Bob has also taken something unknown: whatever Alice had, a person must look."""
    story, of_a, of_b = two_who_may_both_have_a_tonic(besides_g=777.0)
    assert not story.held()
    (charged,) = answer(story, of_a, 0)
    assert isinstance(charged, Capture | Void)
    assert isinstance(answer(story, of_b, 0)[0], Capture | Void)


def test_what_was_heard_late_is_explained_before_a_held_question_is_decided() -> None:
    """That Bob took a water, too, is heard just before Alice's answer."""
    story, of_a, of_b = two_who_may_both_have_a_tonic()
    bob = story.state.visits.sessions[of_b.receipt.session]
    then_s = bob.left_s - 6.0
    late = WeightChange(lane="1-1-3", delta_g=-62.0, sigma_g=0.5, t0_s=then_s - 0.6, t1_s=then_s)
    story.says("shelf", late)
    (of_alice,) = answer(story, of_a, 0)
    assert bob.after is not None and story.state.pending.clusters
    story.wait(5.0)
    later = [e for e in story.effects if isinstance(e, Capture | Ask | Void) and e.receipt and e is not of_alice]
    assert later[-1].receipt is not None and later[-1].receipt.session == bob.id
    assert not any(isinstance(e, Note) for e in story.effects)


def test_nobody_waits_for_the_answer_to_their_own_question() -> None:
    """A friend comes in on Alice's card while she leaves; they take nothing."""
    story = Story(small_store(ask_below=0.95))
    spots = shoulder_to_shoulder(story)
    story.walk(spots, {"a": AT_EXIT, "b": (1.0, -1.0)})
    tap = Tap(gate="entry", reader="qr", kind="qr", credential="alice", t_s=story.now_s)
    command = next(e.command for e in story.says("gate-in", tap) if isinstance(e, Open))
    asked(story.leave("a", {"b": (1.0, -1.0)}))
    story.says("gate-in", story.passage("entry", "in", command.id))
    story.stand({"f": AT_GATE, "b": (1.0, -1.0)}, 0.5)
    story.walk({"f": AT_GATE, "b": (1.0, -1.0)}, {"f": AT_EXIT, "b": (1.0, -1.0)})
    story.leave("f", {"b": (1.0, -1.0)})
    assert all(session.after != session.id for session in story.state.visits.sessions.values())


def test_what_the_store_does_not_sell_does_not_keep_a_cart_from_being_the_one_that_was_shown() -> None:
    """Somebody picked up a bag, as well: no person counts that."""
    story, ask = asked_about_water_and_something_unknown()
    session = story.state.visits.sessions[ask.receipt.session]
    deed = Deed(CHIPS, 1, ("1-1-3",), -62.0, 0.5, story.now_s, 1)
    session.waiting = (Cart((Unit(CHIPS, 62.0, 0.5), Unit(FOREIGN, 900.0, 0.5)), (deed,)),)
    (charged,) = answer(story, ask, {CHIPS: 1})
    assert isinstance(charged, Capture)
    assert bought([charged]) == {CHIPS: 1} and because(charged.receipt)[CHIPS] == decide.sentence(
        deed, story.state.store
    )


def test_what_hands_do_is_learnt_from_a_cart_that_was_thought_of_and_from_no_other() -> None:
    for choice, learnt in (({COLA: 1}, 1), ({}, 1), ({COLA: 1, CHIPS: 1}, 0)):
        story, ask = asked_about_a_hand_at_the_floor()
        answer(story, ask, choice)
        habits = story.state.watch.habits
        assert habits.moved["floor"].weight == FIRST_ANSWERS + learnt
        assert (habits.share("floor") > 1 / 4) == (learnt and not choice)


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (-1, "v1: there is no choice -1, "),
        (99, "v1: there is no choice 99, "),
        ({"404": 1}, "v1: this store sells no product '404'"),
        ({"4\n04" * 99: 1}, "v1: this store sells no product '4\\n04"),
        ({"?": 1}, "v1: this store sells no product '?'"),
        ({WATER: 1, COLA: -1}, "v1: -1 × Cola: only 1 to 99 can be charged"),
        ({COLA: 0}, "v1: 0 × Cola: only 1 to 99 can be charged"),
        ({COLA: 100}, "v1: 100 × Cola: only 1 to 99 can be charged"),
    ],
)
def test_an_answer_that_cannot_be_is_one_line_and_changes_nothing(choice: int | dict[str, int], said: str) -> None:
    story, ask = asked_about_water_and_something_unknown()
    before = snapshot(story.state), story.state.belief.cart("v1")
    (note,) = answer(story, ask, choice)
    assert isinstance(note, Note) and note.text.startswith(said)
    assert "\n" not in note.text and len(note.text) < 100
    assert (snapshot(story.state), story.state.belief.cart("v1")) == before
    assert isinstance(answer(story, ask, 0)[0], Capture | Void), "it is open all the same"


def test_an_answer_to_no_open_question_is_one_line() -> None:
    story, ask = asked_about_water_and_something_unknown()
    answer(story, ask, {COLA: 1})
    (note,) = answer(story, ask, {COLA: 1})
    assert isinstance(note, Note)
    assert note.text == "v1: no such question is open: was it answered already?"


def test_answers_are_read_from_the_journal_as_they_always_stood_there() -> None:
    old = b'{"type":"answered","at_s":4.0,"session":"v1","choice":2}'
    assert msgspec.json.decode(old, type=AnyInput) == Answered(at_s=4.0, session="v1", choice=2)
    told = Answered(at_s=4.0, session="v1", choice={COLA: 3})
    assert msgspec.json.decode(msgspec.json.encode(told), type=AnyInput) == told
