"""Who came in, who left, and whose visit that begins and ends."""

import pytest

from hub.core.events import Authorised, Open, PreAuthorise, Void
from tests.store.scripted import AT_EXIT, AT_GATE, COLA, WATER, Story, alice_and_bob_come, bought, in_front_of, over
from wire.messages import Tap


def test_an_entry_that_is_heard_of_late_belongs_to_whoever_was_at_the_gate_then() -> None:
    """The gate node was cut off: the shopper has walked on to the shelf, and somebody else stands at the gate."""
    story = Story()
    effects = story.says("gate-in", Tap(gate="entry", reader="qr", kind="qr", credential="alice", t_s=story.now_s))
    session = next(e.session for e in effects if isinstance(e, PreAuthorise))
    (opened,) = story.tell(Authorised(at_s=story.now_s, session=session, hold="hold"))
    assert isinstance(opened, Open)
    story.stand({"a": AT_GATE}, 0.5)
    passage = story.passage("entry", "in", opened.command.id)
    story.walk({"a": AT_GATE}, {"a": in_front_of(1)})
    story.stand({"a": in_front_of(1), "queue": AT_GATE}, 1.0)
    story.says("gate-in", passage)
    story.change(1, -350.4)
    story.stand({"a": in_front_of(1), "queue": AT_GATE}, 2.0)
    story.walk({"a": in_front_of(1)}, {"a": AT_EXIT})
    assert bought(story.leave("a")) == {COLA: 1}


def test_a_party_on_one_credential_pays_once_when_the_last_has_left() -> None:
    story = Story()
    story.enter("a", "b", credential="family")
    story.walk({"a": AT_GATE, "b": (-0.4, -1.6)}, {"a": in_front_of(1), "b": in_front_of(4)})
    story.change(1, -350.0)
    story.change(4, -538.0)
    story.stand({"a": in_front_of(1), "b": in_front_of(4)}, 2)
    story.walk({"a": in_front_of(1), "b": in_front_of(4)}, {"a": AT_EXIT, "b": (3.0, -1.0)})
    assert story.leave("a", {"b": (3.0, -1.0)}) == []
    story.walk({"b": (3.0, -1.0)}, {"b": AT_EXIT})
    assert bought(story.leave("b")) == {COLA: 1, WATER: 1}


def test_an_exit_that_is_heard_of_late_is_put_down_to_whoever_went_then() -> None:
    story = Story()
    story.enter("a", credential="alice")
    story.walk({"a": AT_GATE}, {"a": AT_EXIT})
    passage = story.passage("exit", "out", None)
    story.stand({}, 3.0)
    story.enter("b", credential="bob")
    story.walk({"b": AT_GATE}, {"b": AT_EXIT})
    story.says("gate-out", passage)
    story.settle()
    (left,) = story.state.visits.sessions.values()
    assert left.credential == "bob"


def test_whoever_was_lost_on_the_way_out_left_and_not_who_stands_a_step_further_off() -> None:
    story = Story()
    alice_and_bob_come(story, {"a": in_front_of(1), "b": (2.9, -1.8)})
    story.walk({"a": in_front_of(1), "b": (2.9, -1.8)}, {"a": (3.5, -1.95), "b": (2.95, -1.8)})
    story.stand({"b": (2.95, -1.8)}, 0.7)
    story.says("gate-out", story.passage("exit", "out", None))
    story.stand({"b": (2.95, -1.8)}, 1.0)
    story.settle()
    (inside,) = story.state.visits.sessions.values()
    assert inside.credential == "bob"


def test_whoever_the_exit_was_opened_for_left_though_unseen_and_not_who_was_hidden_in_the_aisle() -> None:
    story = Story()
    alice_and_bob_come(story, {"a": in_front_of(2), "b": in_front_of(4)})
    story.walk({"a": in_front_of(2), "b": in_front_of(4)}, {"a": in_front_of(4), "b": AT_EXIT})
    story.stand({"a": in_front_of(4), "b": AT_EXIT}, 0.5)
    command = next(e.command for e in reversed(story.effects) if isinstance(e, Open) and e.command.gate == "exit")
    story.stand({"a": in_front_of(4)}, 2.2)
    story.stand({}, 1.2)
    story.says("gate-out", story.passage("exit", "out", command.id))
    story.stand({}, 0.3)
    story.stand({"a": in_front_of(4)}, 1.0)
    story.settle()
    (inside,) = story.state.visits.sessions.values()
    assert inside.credential == "alice"


@pytest.mark.parametrize("lost", [True, False])
def test_who_comes_into_sight_further_in_may_be_who_was_lost_as_another_came_to_the_gate(lost: bool) -> None:
    """Alice is lost at the gate, where Bob comes in; then a track begins further in. If she never was, it is him."""
    story = Story()
    alice = story.enter("a", credential="alice")
    story.stand({"a": (-0.9, -2.0)}, 1.0)
    story.stand({} if lost else {"a": (-0.9, -2.0)}, 1.6)
    bob = story.enter("b" if lost else "a", credential="bob")
    gate = "b" if lost else "a"
    story.walk({gate: (-0.9, -2.0)}, {gate: (-0.6, -2.0)})
    story.stand({gate: (-0.6, -2.0)}, 1.5)
    story.stand({gate: (-0.6, -2.0), "new": (0.4, -1.4)}, 1.0)
    story.wait(5.0)
    bodies = sorted(story.state.people.bodies.values(), key=lambda body: body.x_m)
    at_gate, further_in = (story.state.belief.who(body.id)[0][1] for body in bodies)
    assert (at_gate, further_in) == ((bob, alice) if lost else (alice, bob))


def test_of_two_who_appear_at_the_gate_after_one_was_lost_there_and_one_came_in_either_may_be_either() -> None:
    """Alice is lost where people come in, and Bob passes; a moment later a track begins where she was, and another a
    moment after that."""
    story, here, beside = Story(), (-0.6, -1.7), (-0.5, -1.9)
    alice = story.enter("a", credential="alice")
    story.walk({"a": AT_GATE}, {"a": here})
    story.stand({"a": here}, 2.0)
    story.stand({}, 0.3)
    bob, command = story.tap("bob")
    story.says("gate-in", story.passage("entry", "in", command))
    story.stand({}, 0.6)
    story.stand({"x": here}, 0.7)
    story.stand({"x": here, "y": beside}, 3.0)
    story.wait(5.0)
    shares = [
        {who: p for p, who in story.state.belief.who(body.id)}
        for body in sorted(story.state.people.bodies.values(), key=lambda body: body.y_m)
    ]
    assert all(share.keys() == {alice, bob} for share in shares)
    assert 0.05 < shares[1][bob] < 0.5 and shares[0][alice] == pytest.approx(shares[1][bob])


@pytest.mark.parametrize(("heard_late", "for_s"), [(False, 3.1), (True, 2.0)])
def test_who_was_lost_at_the_gate_may_be_seen_further_in_after_long_or_after_a_passage_that_was_heard_late(
    heard_late: bool, for_s: float
) -> None:
    """Alice is lost at the gate and Bob comes in: a track begins where she was, and then one further in."""
    story, here = Story(), (-0.9, -2.0)
    alice = story.enter("a", credential="alice")
    story.walk({"a": AT_GATE}, {"a": here})
    story.stand({"a": here}, 2.0)
    story.stand({}, 0.6)
    bob, command = story.tap("bob")
    passage = story.passage("entry", "in", command)
    if heard_late:
        story.stand({"x": here}, 0.2)
    story.says("gate-in", passage)
    story.stand({"x": here} if heard_late else {}, 0.6)
    story.stand({"x": here}, for_s)
    story.stand({"x": here, "y": (0.4, -1.4)}, 1.0)
    story.wait(5.0)
    bodies = sorted(story.state.people.bodies.values(), key=lambda body: body.x_m)
    shares = [{who: p for p, who in story.state.belief.who(body.id)} for body in bodies]
    assert all(share.keys() == {alice, bob} for share in shares) and shares[0][bob] > 0.05


def test_what_a_stranger_took_is_theirs_of_whom_it_is_found_later_that_they_were_the_stranger() -> None:
    """Alice is lost, runs, and is seen again further off than anybody is looked for; only seconds later it is plain
    that nobody else can have come in."""
    story = Story()
    story.enter("a", credential="alice")
    story.walk({"a": AT_GATE}, {"a": (-0.4, -1.7)})
    story.stand({"a": (-0.4, -1.7)}, 2.0)
    story.stand({}, 0.7)
    story.stand({"new": in_front_of(4)}, 1.0, {"new": over(4)})
    story.change(4, -538.0)
    story.stand({"new": in_front_of(4)}, 6.0)
    story.walk({"new": in_front_of(4)}, {"new": AT_EXIT})
    assert bought(story.leave("new")) == {WATER: 1}


def test_whoever_is_missed_for_a_frame_as_another_comes_in_beside_them_stays_who_they_are() -> None:
    """Alice stands where people come in; as Bob, who has passed, is first seen, the camera misses her."""
    story, here, beside = Story(), (-0.6, -1.7), (-0.6, -1.85)
    alice = story.enter("a", credential="alice")
    story.walk({"a": AT_GATE}, {"a": here})
    story.stand({"a": here}, 2.0)
    bob, command = story.tap("bob")
    story.says("gate-in", story.passage("entry", "in", command))
    story.stand({}, 0.1)
    story.stand({"b": beside}, 0.1)
    story.stand({"a": here, "b": beside}, 0.5)
    story.walk({"a": here, "b": beside}, {"a": in_front_of(1), "b": in_front_of(4)})
    story.stand({"a": in_front_of(1), "b": in_front_of(4)}, 5.0)
    bodies = sorted(story.state.people.bodies.values(), key=lambda body: body.x_m)
    shares = [story.state.belief.who(body.id)[0] for body in bodies]
    assert [who for _, who in shares] == [alice, bob] and min(p for p, _ in shares) > 0.9


def test_who_has_just_come_in_was_not_lost_before_though_the_next_one_is_seen_only_further_in() -> None:
    story = Story()
    alice = story.enter("a", credential="alice")
    story.walk({"a": (-0.9, -2.0)}, {"a": (-0.4, -1.8)})
    bob, command = story.tap("bob")
    story.says("gate-in", story.passage("entry", "in", command))
    story.walk({"a": (-0.4, -1.8)}, {"a": (1.6, -1.0)})
    story.stand({"a": (1.6, -1.0)}, 0.5)
    story.stand({"a": (1.6, -1.0), "new": (0.6, -0.4)}, 1.0)
    story.wait(5.0)
    bodies = sorted(story.state.people.bodies.values(), key=lambda body: -body.x_m)
    shares = [story.state.belief.who(body.id)[0] for body in bodies]
    assert [who for _, who in shares] == [alice, bob] and min(p for p, _ in shares) > 0.8


def test_who_comes_into_sight_a_step_further_in_may_be_who_was_lost_or_who_comes_in() -> None:
    """Alice waits at the gate for her friend, who follows, and is lost; Bob comes through it; then one track begins a
    step further in, and one at the gate: she went on and he is here, or she stayed and he is the one further in."""
    story = Story()
    alice = story.enter("a", credential="alice")
    friend = {"f": (-1.0, -2.1)}
    story.enter("f", credential="alice")
    story.stand({"a": (-0.9, -1.7), **friend}, 1.0)
    bob, command = story.tap("bob")
    story.stand(friend, 0.4)
    story.says("gate-in", story.passage("entry", "in", command))
    story.stand(friend, 0.3)
    story.stand({"x": (-0.15, -1.8), **friend}, 0.3)
    story.stand({"x": (-0.15, -1.8), "y": (-1.0, -1.55), **friend}, 3.0)
    story.wait(5.0)
    at_gate = next(body for body in story.state.people.bodies.values() if body.y_m == -1.55)
    shares = {who: p for p, who in story.state.belief.who(at_gate.id)}
    assert shares.keys() == {alice, bob} and 0.05 < shares[bob] < 0.5


def test_a_code_held_up_to_the_scanner_opens_once() -> None:
    story = Story()
    session = story.enter("a", credential="alice")
    tap = Tap(gate="entry", reader="qr", kind="qr", credential="alice", t_s=story.now_s)
    opened = [e for _ in range(5) for e in story.says("gate-in", tap) if isinstance(e, Open)]
    assert len(opened) == 1  # one more of the party, however often it is read
    assert opened[0].command.id.startswith(session)


def test_whoever_is_let_in_and_never_comes_has_no_visit() -> None:
    story = Story()
    tap = Tap(gate="entry", reader="qr", kind="qr", credential="alice", t_s=story.now_s)
    (asked,) = story.says("gate-in", tap)
    assert isinstance(asked, PreAuthorise)
    story.tell(Authorised(at_s=story.now_s, session=asked.session, hold="hold"))
    assert story.state.wake_at_s is not None
    story.wait(story.state.wake_at_s - story.now_s)
    assert isinstance(story.effects[-1], Void) and story.state.visits.sessions == {}


def test_whoever_stands_at_the_exit_gets_out_with_or_without_a_visit() -> None:
    story = Story()
    effects = story.stand({"stranger": AT_EXIT}, 3.0)
    assert [e.command.gate for e in effects if isinstance(e, Open)] == ["exit"]
