"""What is heard late is put into its true place, and nobody is charged before all has been heard."""

import pytest
from msgspec import structs

from hub.core.checkout import PATIENCE_S
from hub.core.events import Ask, Capture, LaneHeard, LaneUnrest, NodeHeard, Note, Observed
from hub.core.visits import ABSENT_S, LOOK_EVERY_S
from tests.store.scripted import (
    AT_EXIT,
    AT_GATE,
    CHIPS,
    COLA,
    TONIC,
    WATER,
    Story,
    alice_and_bob_come,
    bought,
    in_front_of,
    over,
    receipt,
)
from wire.messages import Hand, ItemEvidence, WeightChange

LANES = tuple(f"1-1-{i}" for i in range(1, 5))


def at_lane(story: Story, lane: int) -> None:
    story.enter("a", credential="alice")
    story.walk({"a": AT_GATE}, {"a": in_front_of(lane)})
    story.stand({"a": in_front_of(lane)}, 1.5)


def lost(story: Story, lane: int, grams: float) -> WeightChange:
    return WeightChange(lane=f"1-1-{lane}", delta_g=-grams, sigma_g=0.5, t0_s=story.now_s - 0.6, t1_s=story.now_s)


def test_a_change_that_is_heard_of_after_its_shopper_has_passed_the_exit_is_on_the_receipt() -> None:
    story = Story()
    at_lane(story, 4)
    late = lost(story, 4, 538.0)
    story.walk({"a": in_front_of(4)}, {"a": AT_EXIT})
    story.stand({"a": AT_EXIT}, 0.3)
    story.says("gate-out", story.passage("exit", "out", None))
    story.now_s += 1.0
    story.says("shelf", late)
    assert bought(story.settle()) == {WATER: 1}


def test_what_is_heard_after_its_shopper_has_paid_is_told_to_the_operator() -> None:
    story = Story()
    at_lane(story, 4)
    late = lost(story, 4, 538.0)
    story.walk({"a": in_front_of(4)}, {"a": AT_EXIT})
    assert bought(story.leave("a")) == {}
    story.says("shelf", late)
    story.wait(10.0)
    (note,) = (effect for effect in story.effects if isinstance(effect, Note))
    assert note.text.startswith("lane 1-1-4: what changed at ")
    assert note.text.endswith(" is heard only now, after v1 had been settled")


def test_what_others_did_before_somebody_paid_is_no_news_for_the_operator() -> None:
    story = Story()
    at_lane(story, 1)
    story.enter("b", credential="bob")
    places = {"a": in_front_of(1), "b": AT_GATE}
    story.walk(places, {"a": AT_EXIT, "b": in_front_of(4)})
    late = lost(story, 4, 538.0)
    story.leave("a", {"b": in_front_of(4)})
    story.says("shelf", late)
    story.wait(10.0)
    assert not any(isinstance(effect, Note) for effect in story.effects)


def test_what_is_heard_late_changes_what_was_made_of_what_came_after_it() -> None:
    """Tonic is taken and put on the cola's lane. The putting is heard first, and looks like a thing from outside."""
    story = Story()
    at_lane(story, 2)
    late = lost(story, 2, 351.2)
    story.walk({"a": in_front_of(2)}, {"a": in_front_of(1)})
    story.stand({"a": in_front_of(1)}, 1.0)
    story.change(1, +351.2)
    story.wait(5.0)
    assert [unit.gtin for unit in story.state.belief.lane("1-1-1")[0][1].left_here] == ["-"]
    story.says("shelf", late)
    story.wait(5.0)
    assert [unit.gtin for unit in story.state.belief.lane("1-1-1")[0][1].left_here] == [TONIC]
    assert story.state.belief.cart("v1")[0][1].units == ()
    assert story.state.timeline.revised > 0


def test_a_picture_that_comes_late_still_speaks() -> None:
    story = Story()
    at_lane(story, 1)
    story.change(1, -350.4)
    taken_s = story.now_s
    story.stand({"a": in_front_of(1)}, 3.0)
    before = story.state.belief.cart("v1")[0]
    likelihoods = {COLA: 0.02, TONIC: 0.95}
    story.says("shelf", ItemEvidence(lane="1-1-1", t_s=taken_s, likelihoods=likelihoods, other=0.01))
    assert before[1].signature == ((COLA, 1),)
    assert story.state.belief.cart("v1")[0][0] < before[0] - 0.1


def test_a_picture_of_what_is_taken_next_is_no_longer_of_what_rolled() -> None:
    """A picture of the second of two things that are taken one after the other comes before the second lane is at rest:
    until then it may be of something that went there while its neighbour rolled into its place."""
    story = Story()
    at_lane(story, 1)
    story.change(1, -350.2)
    story.stand({"a": in_front_of(1)}, 0.3)
    likelihoods = {COLA: 0.02, TONIC: 0.95}
    story.says("shelf", ItemEvidence(lane="1-1-2", t_s=story.now_s, likelihoods=likelihoods, other=0.01))
    story.stand({"a": in_front_of(1)}, 1.4)
    before, first = story.state.belief.cart("v1")[0]
    story.change(2, -351.2, took_s=1.3)
    story.stand({"a": in_front_of(1)}, 2.0)
    after, both = story.state.belief.cart("v1")[0]
    assert first.signature == ((COLA, 1),) and before < 0.9
    assert dict(both.signature) == {COLA: 1, TONIC: 1} and after > 0.98


def test_a_shopper_of_a_silent_shelf_is_charged_when_it_has_told_what_it_saw() -> None:
    story = Story()
    at_lane(story, 4)
    late = lost(story, 4, 538.0)
    story.tell(NodeHeard(at_s=story.now_s, node="shelf", behind=True, lanes=LANES))
    story.walk({"a": in_front_of(4)}, {"a": AT_EXIT})
    story.stand({"a": AT_EXIT}, 0.3)
    story.says("gate-out", story.passage("exit", "out", None))
    story.wait(60.0)
    assert len(story.state.visits.leaving) == 1, "still waiting"
    story.says("shelf", late)
    story.tell(NodeHeard(at_s=story.now_s, node="shelf", behind=False))
    assert bought(story.settle()) == {WATER: 1}


def test_a_shelf_that_stays_silent_is_not_waited_for_for_ever() -> None:
    story = Story()
    at_lane(story, 4)
    story.tell(NodeHeard(at_s=story.now_s, node="shelf", behind=True, lanes=LANES))
    story.walk({"a": in_front_of(4)}, {"a": AT_EXIT})
    asked = story.leave("a")[-1]
    assert isinstance(asked, Ask) and asked.receipt.lines == ()
    story.tell(Observed(at_s=story.now_s, node="shelf", body=lost(story, 4, 538.0)))
    assert story.tell(NodeHeard(at_s=story.now_s + 5, node="shelf", behind=False)) == []
    assert len(story.state.visits.sessions) == 1, "nobody remembers who was there so long ago: the question stays"


def test_a_shopper_of_a_shelf_that_was_off_meanwhile_is_asked_about() -> None:
    story = Story()
    at_lane(story, 4)
    story.tell(NodeHeard(at_s=story.now_s, node="shelf", behind=True, lanes=LANES))
    story.walk({"a": in_front_of(4)}, {"a": AT_EXIT})
    story.tell(NodeHeard(at_s=story.now_s, node="shelf", behind=False, blind=True))
    assert isinstance(story.leave("a")[-1], Ask)


def test_whoever_was_nowhere_near_a_silent_shelf_does_not_wait_for_it() -> None:
    story = Story()
    story.tell(NodeHeard(at_s=story.now_s, node="shelf", behind=True, lanes=LANES))
    story.enter("a", credential="alice")
    story.walk({"a": AT_GATE}, {"a": AT_EXIT})
    left_s = story.now_s
    assert not receipt(story.leave("a")).asked
    assert story.now_s < left_s + 10


def test_whoever_was_at_a_lane_on_which_another_leans_is_not_charged_before_it_is_at_rest() -> None:
    story = Story()
    both = {"a": in_front_of(4), "b": (1.95, -0.45)}
    alice_and_bob_come(story, both)
    since_s = story.now_s
    story.stand(both, 1.0, {"a": over(4), "b": over(4)})
    story.stand(both, 1.0, {"b": over(4)})
    story.tell(LaneUnrest(at_s=story.now_s, lane="1-1-4", since_s=since_s))
    story.walk(both, {"a": AT_EXIT, "b": both["b"]})
    story.stand({"a": AT_EXIT, "b": both["b"]}, 0.3)
    story.says("gate-out", story.passage("exit", "out", None))
    story.wait(20.0)
    assert len(story.state.visits.leaving) == 1, "still waiting"
    story.says("shelf", structs.replace(lost(story, 4, 538.0), t0_s=since_s))
    story.tell(LaneUnrest(at_s=story.now_s, lane="1-1-4", since_s=None))
    assert receipt(story.settle() or story.held()).asked, "it may have been Bob"


def test_whoever_leant_on_a_lane_that_lost_nothing_is_charged_nothing() -> None:
    story = Story()
    at_lane(story, 4)
    story.tell(LaneUnrest(at_s=story.now_s, lane="1-1-4", since_s=story.now_s - 1.5))
    story.walk({"a": in_front_of(4)}, {"a": AT_EXIT})
    story.tell(LaneUnrest(at_s=story.now_s, lane="1-1-4", since_s=None))
    left = receipt(story.leave("a"))
    assert left.lines == () and not left.asked


def test_a_lane_that_never_comes_to_rest_is_not_waited_for_for_ever() -> None:
    story = Story()
    at_lane(story, 4)
    story.tell(LaneUnrest(at_s=story.now_s, lane="1-1-4", since_s=story.now_s - 1.5))
    story.walk({"a": in_front_of(4)}, {"a": AT_EXIT})
    asked = story.leave("a")[-1]
    assert isinstance(asked, Ask) and asked.receipt.lines == ()
    assert story.now_s > 1_000.0 + PATIENCE_S
    assert story.tell(LaneUnrest(at_s=story.now_s, lane="1-1-4", since_s=None)) == []
    assert len(story.state.visits.sessions) == 1, "nobody remembers who was there so long ago: the question stays"


@pytest.mark.parametrize(
    "end",
    [
        LaneHeard(at_s=0.0, lane="1-1-4", fault="no samples"),
        LaneUnrest(at_s=0.0, lane="1-1-4", since_s=None, lost=True),
    ],
    ids=["fails", "node-was-off"],
)
def test_whoever_was_at_a_restless_lane_that_will_never_tell_is_asked_about(end: LaneHeard | LaneUnrest) -> None:
    story = Story()
    at_lane(story, 4)
    story.tell(LaneUnrest(at_s=story.now_s, lane="1-1-4", since_s=story.now_s - 1.5))
    story.tell(structs.replace(end, at_s=story.now_s))
    assert not story.state.watch.restless
    story.walk({"a": in_front_of(4)}, {"a": AT_EXIT})
    assert receipt(story.leave("a")).asked and story.now_s < 1_000.0 + 60.0


def test_changes_in_any_order_of_arrival_give_the_same_receipt() -> None:
    takes = [(1, 350.2), (4, 537.6), (2, 351.4)]
    carts = []
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        story = Story()
        at_lane(story, 1)
        heard = []
        for lane, grams in takes:
            story.walk({"a": in_front_of(1)}, {"a": in_front_of(lane)})
            story.stand({"a": in_front_of(lane)}, 1.5)
            heard.append(lost(story, lane, grams))
        for i in order:
            story.says("shelf", heard[i])
            story.wait(5.0)
        story.stand({"a": in_front_of(2)}, 0.2)
        story.walk({"a": in_front_of(2)}, {"a": AT_EXIT})
        (charged,) = [e for e in story.leave("a") if isinstance(e, Capture)]
        carts.append({line.gtin: line.count for line in charged.receipt.lines})
    assert carts == [{COLA: 1, WATER: 1, TONIC: 1}] * 3


def test_whoever_left_while_the_hub_was_down_is_asked_about_when_they_have_not_been_seen_for_long() -> None:
    """Gates let everybody out then. Two left, and nobody saw which passage was whose."""
    story = Story()
    at_lane(story, 1)
    story.enter("b", credential="bob")
    places = {"a": in_front_of(1), "b": in_front_of(4)}
    story.walk({"a": in_front_of(1), "b": AT_GATE}, places)
    story.stand(places, 1.5)
    story.change(1, -350.4)
    story.change(4, -538.0)
    story.stand(places, 2.0)
    story.now_s += 60.0
    for _ in places:
        story.says("gate-out", story.passage("exit", "out", None))
    for _ in range(round(ABSENT_S / LOOK_EVERY_S) + 5):
        story.now_s += LOOK_EVERY_S
        story.stand({}, 0.1)
    asked = {effect.receipt.credential: bought([effect]) for effect in story.effects if isinstance(effect, Ask)}
    assert asked == {"alice": {COLA: 1}, "bob": {WATER: 1}}


def test_whoever_pays_after_the_hubs_clock_was_set_back_pays_for_what_they_took() -> None:
    """So far that, by its own clock, the hub ends the visit before they took anything."""
    story = Story()
    at_lane(story, 1)
    came = len(story.inputs)
    story.change(1, -350.2)
    story.walk({"a": in_front_of(1)}, {"a": AT_EXIT})
    assert bought(story.leave("a")) == {COLA: 1}
    set_back = Story()
    for event in story.inputs[:came]:
        set_back.tell(event)
    for event in story.inputs[came:]:
        set_back.tell(structs.replace(event, at_s=event.at_s - 10.0))
    assert bought(set_back.effects) == {COLA: 1}


def test_a_lane_that_is_leant_on_for_longer_than_its_neighbour_is_explained_together_with_it() -> None:
    """Alice has one hand at the water, which is seen, and the other one at the chips, where Bob stands, too."""
    story, spots = Story(), {"a": in_front_of(4), "b": in_front_of(2)}
    alice_and_bob_come(story, spots)
    hands = {"a": Hand(x_m=1.85, y_m=0.25, z_m=1.0, sigma_m=0.05)}
    story.stand(spots, 0.6, hands)
    story.change(3, -62.0)
    story.stand(spots, 2.4, hands)
    story.change(4, -538.0, took_s=3.0, trace=(10, 20, 10, -270, *[-530] * 26))
    story.stand(spots, 3.0)
    story.walk(spots, {**spots, "a": AT_EXIT})
    assert bought(story.leave("a", {"b": spots["b"]})) == {CHIPS: 1, WATER: 1}


def test_what_was_explained_stays_where_it_is_in_time_however_long_another_leans_beside_it() -> None:
    """Alice takes the water and lays it down elsewhere, while Bob leans on the lane beside for much longer."""
    story, spots = Story(), {"a": in_front_of(4), "b": in_front_of(2)}
    alice_and_bob_come(story, spots)
    story.stand(spots, 0.6, {"a": over(4), "b": over(3)})
    story.change(4, -538.2)
    story.stand(spots, 2.0, {"b": over(3)})
    there = {**spots, "a": in_front_of(1)}
    story.walk(spots, there)
    story.stand(there, 0.8, {"a": over(1), "b": over(3)})
    story.change(1, 538.2)
    story.stand(there, 3.0, {"b": over(3)})
    story.change(3, -62.0, took_s=8.0, trace=(10, 20, 10, -30, *[-60] * 60))
    story.stand(there, 3.0)
    story.walk(there, {**there, "a": AT_EXIT})
    assert bought(story.leave("a", {"b": there["b"]})) == {}


@pytest.mark.parametrize("first", [3, 4])
def test_a_wide_thing_is_one_whichever_of_its_lanes_is_heard_of_first_after_a_neighbour(first: int) -> None:
    """Bob takes the tonic, and a moment later the water, which lies across two lanes beside it."""
    story, spots = Story(), {"b": in_front_of(3)}
    story.enter("b", credential="bob")
    story.walk({"b": AT_GATE}, spots)
    story.stand(spots, 0.6, {"b": over(2)})
    story.change(2, -351.2)
    story.stand(spots, 2.0, {"b": over(3)})
    for lane in (first, 7 - first):
        story.change(lane, -269.0, took_s=2.3)
    story.stand(spots, 3.0)
    story.walk(spots, {"b": AT_EXIT})
    assert bought(story.leave("b")) == {TONIC: 1, WATER: 1}
