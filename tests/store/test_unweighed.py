"""What no scale sees: hands that meet, a hand at the floor, or a lane that does not weigh."""

import pytest

from hub.core.baselines import mps, nearest
from hub.core.events import Answered, Ask, Capture, Effect, LaneHeard, NodeHeard, Note, Void
from hub.core.explain import joint
from hub.core.state import Method
from hub.store import Store
from tests.store.scripted import AT_EXIT, AT_GATE, COLA, WATER, Story, bought, in_front_of, offered, over, receipt
from wire.messages import Hand, ItemEvidence

HERE, THERE = (1.0, -1.8), (1.6, -1.8)
MIDWAY = Hand(x_m=1.3, y_m=-1.8, z_m=1.1, sigma_m=0.05)
Places = dict[str, tuple[float, float]]


def takes_cola(story: Story, track: str, others: Places | None = None) -> None:
    """Walks to the cola, and takes one."""
    beside = others or {}
    story.walk({track: AT_GATE, **beside}, {track: in_front_of(1), **beside})
    story.stand({track: in_front_of(1), **beside}, 1.0, {track: over(1)})
    story.change(1, -350.4)
    story.stand({track: in_front_of(1), **beside}, 2.0)


def meet(story: Story, hands: dict[str, Hand], start: Places) -> Places:
    """Walk up to each other and hold out these hands for a second; then part."""
    spots = {"a": HERE, "b": THERE}
    story.walk(start, spots)
    story.stand(spots, 1.0, hands)
    story.stand(spots, 2.0)
    apart = {"a": (0.4, -1.2), "b": (2.4, -1.2)}
    story.walk(spots, apart)
    story.stand(apart, 1.0)
    return apart


def both_leave(story: Story, spots: Places) -> tuple[list[Effect], list[Effect]]:
    """First the one, then the other; what the core made of each, though it may ask about the first one first."""
    story.walk(spots, {**spots, "a": AT_EXIT})
    first = story.leave("a", {"b": spots["b"]})
    story.walk({"b": spots["b"]}, {"b": AT_EXIT})
    return first, story.leave("b") or story.held()


def two_apart(credentials: tuple[str, str] = ("alice", "bob")) -> tuple[Story, Places]:
    """Alice has a cola; bob has come in after her, and has nothing."""
    story = Story()
    if credentials[0] == credentials[1]:
        story.enter("a", "b", credential=credentials[0])
        start = {"a": in_front_of(1), "b": (0.4, -1.0)}
        story.walk({"a": AT_GATE, "b": (-0.4, -1.6)}, start)
        story.stand(start, 1.0, {"a": over(1)})
        story.change(1, -350.4)
        story.stand(start, 2.0)
    else:
        story.enter("a", credential=credentials[0])
        takes_cola(story, "a")
        story.stand({"a": in_front_of(1)}, 0.5)
        story.enter("b", credential=credentials[1])
        start = {"a": in_front_of(1), "b": AT_GATE}
    return story, start


def test_when_hands_met_both_are_asked_and_offered_what_one_may_have_handed_over() -> None:
    story, start = two_apart()
    of_a, of_b = both_leave(story, meet(story, {"a": MIDWAY, "b": MIDWAY}, start))
    for effects in (of_a, of_b):
        assert sorted(offered(effects)[:2], key=len) == [{}, {COLA: 1}]


def test_the_answer_of_one_who_met_another_is_the_answer_of_both() -> None:
    story, start = two_apart()
    of_a, _ = both_leave(story, meet(story, {"a": MIDWAY, "b": MIDWAY}, start))
    (ask,) = (effect for effect in of_a if isinstance(effect, Ask))
    gave = [dict(cart) for cart in ask.candidates].index({})
    settled = story.tell(Answered(at_s=story.now_s, session=ask.receipt.session, choice=gave))
    let_go, charged = settled
    assert isinstance(let_go, Void) and isinstance(charged, Capture)
    assert charged.receipt.credential == "bob" and bought([charged]) == {COLA: 1}
    assert "perhaps handed over by somebody" in charged.receipt.lines[0].because


def test_hands_that_meet_are_not_always_seen_at_the_same_moment() -> None:
    story, start = two_apart()
    spots = {"a": HERE, "b": THERE}
    story.walk(start, spots)
    for track in ("a", "b", "a", "b"):
        story.stand(spots, 0.1, {track: MIDWAY})
        story.stand(spots, 0.1)
    of_a, _ = both_leave(story, meet(story, {}, spots))
    assert {} in offered(of_a)


def test_of_hands_that_meet_one_may_be_seen_but_once() -> None:
    story, start = two_apart()
    spots = {"a": HERE, "b": THERE}
    story.walk(start, spots)
    story.stand(spots, 0.6, {"a": MIDWAY})
    story.stand(spots, 0.1, {"b": MIDWAY})
    story.stand(spots, 2.0)
    apart = {"a": (0.4, -1.2), "b": (2.4, -1.2)}
    story.walk(spots, apart)
    of_a, of_b = both_leave(story, apart)
    assert sorted(offered(of_a)[:2], key=len) == sorted(offered(of_b)[:2], key=len) == [{}, {COLA: 1}]


def test_a_hand_held_out_to_somebody_out_of_sight_may_have_given_something() -> None:
    story, start = two_apart()
    spots = {"a": HERE, "b": THERE}
    story.walk(start, spots)
    story.stand({"a": HERE}, 1.0)
    story.stand({"a": HERE}, 1.0, {"a": MIDWAY})
    story.stand(spots, 2.0)
    of_a, of_b = both_leave(story, spots)
    assert {} in offered(of_a) and {COLA: 1} in offered(of_b)


def test_which_of_two_alike_was_handed_over_shows_when_it_is_put_down() -> None:
    """Alice takes two waters, of 533 and 543 g. Bob puts down one of 533 g: so that was handed over, and only that."""
    story = Story()
    story.enter("a", credential="alice")
    story.walk({"a": AT_GATE}, {"a": in_front_of(4)})
    for weight_g in (533.2, 543.1):
        story.stand({"a": in_front_of(4)}, 1.0, {"a": over(4)})
        story.change(4, -weight_g)
        story.stand({"a": in_front_of(4)}, 2.0)
    story.enter("b", credential="bob")
    apart = meet(story, {"a": MIDWAY, "b": MIDWAY}, {"a": in_front_of(4), "b": AT_GATE})
    at_water = {**apart, "b": in_front_of(4)}
    story.walk(apart, at_water)
    story.stand(at_water, 1.0, {"b": over(4)})
    story.change(4, 533.0)
    story.stand(at_water, 2.0)
    of_a, of_b = both_leave(story, at_water)
    assert (bought(of_a), bought(of_b)) == ({WATER: 1}, {})
    assert not receipt(of_a).asked and not receipt(of_b).asked


def test_whoever_only_stood_together_is_not_asked() -> None:
    story, start = two_apart()
    of_a, of_b = both_leave(story, meet(story, {}, start))
    assert bought(of_a) == {COLA: 1} and bought(of_b) == {}
    assert not receipt(of_a).asked and not receipt(of_b).asked


def test_two_of_one_party_whose_hands_touch_are_not_asked() -> None:
    story, start = two_apart(("family", "family"))
    of_a, of_b = both_leave(story, meet(story, {"a": MIDWAY, "b": MIDWAY}, start))
    assert of_a == []
    assert bought(of_b) == {COLA: 1} and not receipt(of_b).asked


def test_hands_that_meet_over_a_shelf_hand_nothing_over() -> None:
    story, start = two_apart()
    story.walk(start, {"a": in_front_of(2), "b": (1.9, -0.35)})
    spots = {"a": in_front_of(2), "b": (1.9, -0.35)}
    story.stand(spots, 1.0, {"a": over(3), "b": over(3)})
    story.stand(spots, 2.0)
    apart = {"a": (0.4, -1.2), "b": (2.8, -1.2)}
    story.walk(spots, apart)
    of_a, _ = both_leave(story, apart)
    assert bought(of_a) == {COLA: 1} and not receipt(of_a).asked


def one_with_a_cola(store: Store | None = None) -> Story:
    story = Story(store)
    story.enter("a", credential="alice")
    takes_cola(story, "a")
    return story


def go(story: Story, start: tuple[float, float]) -> list[Effect]:
    story.stand({"a": start}, 2.0)
    story.walk({"a": start}, {"a": AT_EXIT})
    return story.leave("a")


def test_a_hand_down_at_the_floor_is_asked_whether_it_left_something_there() -> None:
    story = one_with_a_cola()
    story.walk({"a": in_front_of(1)}, {"a": HERE})
    story.stand({"a": HERE}, 1.0, {"a": Hand(x_m=1.1, y_m=-1.6, z_m=0.1, sigma_m=0.05)})
    assert sorted(offered(go(story, HERE))[:2], key=len) == [{}, {COLA: 1}]


def test_where_nobody_who_reached_to_the_floor_ever_left_anything_there_the_next_one_is_not_asked() -> None:
    story = Story()
    asked = []
    for _ in range(12):
        story.enter("a", credential="alice")
        takes_cola(story, "a")
        story.walk({"a": in_front_of(1)}, {"a": HERE})
        story.stand({"a": HERE}, 1.0, {"a": Hand(x_m=1.1, y_m=-1.6, z_m=0.1, sigma_m=0.05)})
        effects = go(story, HERE)
        asks = [effect for effect in effects if isinstance(effect, Ask)]
        for ask in asks:
            kept = [dict(cart) for cart in ask.candidates].index({COLA: 1})
            story.tell(Answered(at_s=story.now_s, session=ask.receipt.session, choice=kept))
        asked.append(bool(asks))
    assert asked[0] and not asked[-1]
    assert asked == sorted(asked, reverse=True)


def test_a_hand_at_the_floor_of_somebody_with_nothing_is_nothing() -> None:
    story = Story()
    story.enter("a", credential="alice")
    story.walk({"a": AT_GATE}, {"a": HERE})
    story.stand({"a": HERE}, 1.0, {"a": Hand(x_m=1.1, y_m=-1.6, z_m=0.1, sigma_m=0.05)})
    effects = go(story, HERE)
    assert bought(effects) == {} and not receipt(effects).asked


def test_a_hand_over_a_dead_lane_is_asked_what_it_took() -> None:
    story = one_with_a_cola()
    (note,) = story.tell(LaneHeard(at_s=story.now_s, lane="1-1-4", fault="no pulses"))
    assert isinstance(note, Note) and "1-1-4" in note.text and "no pulses" in note.text
    story.walk({"a": in_front_of(1)}, {"a": in_front_of(4)})
    story.stand({"a": in_front_of(4)}, 1.0, {"a": over(4)})
    carts = offered(go(story, in_front_of(4)))
    assert {COLA: 1} in carts and {COLA: 1, WATER: 1} in carts and {} in carts, "kept, taken one more, put it there"


def test_whoever_had_a_hand_over_a_lane_just_before_it_was_known_to_be_dead_is_asked() -> None:
    story = one_with_a_cola()
    story.walk({"a": in_front_of(1)}, {"a": in_front_of(4)})
    story.stand({"a": in_front_of(4)}, 1.0, {"a": over(4)})
    story.stand({"a": in_front_of(4)}, 1.5)
    story.tell(LaneHeard(at_s=story.now_s, lane="1-1-4", fault="not_ready"))
    assert {COLA: 1, WATER: 1} in offered(go(story, in_front_of(4)))


def test_a_lane_that_weighs_again_says_so_once_and_asks_nobody() -> None:
    story = one_with_a_cola()
    story.tell(LaneHeard(at_s=story.now_s, lane="1-1-4", fault="no pulses"))
    again = LaneHeard(at_s=story.now_s + 1, lane="1-1-4", fault=None)
    assert story.tell(again) == [Note(again.at_s, "lane 1-1-4 weighs again")]
    assert story.tell(again) == []
    story.walk({"a": in_front_of(1)}, {"a": in_front_of(4)})
    story.stand({"a": in_front_of(4)}, 1.0, {"a": over(4)})
    effects = go(story, in_front_of(4))
    assert bought(effects) == {COLA: 1} and not receipt(effects).asked


def test_what_a_lane_weighed_before_it_died_is_not_asked_again() -> None:
    story = Story()
    story.enter("a", credential="alice")
    story.walk({"a": AT_GATE}, {"a": in_front_of(4)})
    story.tell(LaneHeard(at_s=story.now_s, lane="1-1-4", fault="no pulses"))
    story.stand({"a": in_front_of(4)}, 1.0, {"a": over(4)})
    story.change(4, -538.3)
    story.stand({"a": in_front_of(4)}, 2.5)
    effects = go(story, in_front_of(4))
    assert bought(effects) == {WATER: 1} and not receipt(effects).asked


def test_where_no_hands_are_seen_whoever_stood_at_a_dead_lane_is_asked() -> None:
    story = Story()
    story.enter("a", credential="alice")
    story.tell(LaneHeard(at_s=story.now_s, lane="1-1-4", fault="no pulses"))
    story.walk({"a": AT_GATE}, {"a": in_front_of(4)})
    story.stand({"a": in_front_of(4)}, 2.0)
    story.walk({"a": in_front_of(4)}, {"a": HERE})
    assert {WATER: 1} in offered(go(story, HERE))


def test_whoever_hurries_from_a_dead_lane_to_the_exit_is_asked_all_the_same() -> None:
    story = Story()
    story.enter("a", credential="alice")
    story.tell(LaneHeard(at_s=story.now_s, lane="1-1-4", fault="no pulses"))
    story.walk({"a": AT_GATE}, {"a": in_front_of(4)})
    story.stand({"a": in_front_of(4)}, 1.0, {"a": over(4)})
    story.walk({"a": in_front_of(4)}, {"a": (3.3, -1.6)})
    assert {WATER: 1} in offered(story.leave("a"))


def test_a_hand_that_was_seen_in_one_frame_alone_is_no_deed() -> None:
    story = one_with_a_cola()
    story.walk({"a": in_front_of(1)}, {"a": HERE})
    story.stand({"a": HERE}, 0.1, {"a": Hand(x_m=1.1, y_m=-1.6, z_m=0.1, sigma_m=0.05)})
    effects = go(story, HERE)
    assert bought(effects) == {COLA: 1} and not receipt(effects).asked


def both_at_the_cola(
    hands: str, pictures: int = 1, change_g: float = 0.0, method: Method = joint, silent: bool = False
) -> tuple[list[Effect], list[Effect]]:
    """Alice has a cola and stands with Bob before its lane; that weighs what it weighed, but pictures show one."""
    story, start = two_apart()
    story.state.method = method
    spots = {"a": (1.05, -0.35), "b": (1.4, -0.35)}
    story.walk(start, spots)
    if silent:
        story.tell(NodeHeard(at_s=story.now_s, node="shelf", behind=True, lanes=("1-1-1",)))
    story.stand(spots, 0.8, {track: over(1) for track in hands})
    for i in range(pictures):
        picture = ItemEvidence(lane="1-1-1", t_s=story.now_s - 0.5 + i / 10, likelihoods={COLA: 0.9}, other=0.02)
        story.says("shelf", picture)
    if change_g:
        story.change(1, change_g)
    story.stand(spots, 6.0)
    if silent:
        story.tell(NodeHeard(at_s=story.now_s, node="shelf", behind=False))
    return both_leave(story, spots)


def test_where_one_lays_down_what_another_takes_at_that_moment_pictures_and_two_hands_make_it_a_question() -> None:
    for pictures in (1, 3):
        of_a, of_b = both_at_the_cola("ab", pictures)
        assert sorted(offered(of_a)[:2], key=len) == sorted(offered(of_b)[:2], key=len) == [{}, {COLA: 1}]
        assert 0.4 < receipt(of_a).probability < 0.6


def test_of_two_hands_at_a_lane_one_may_be_out_of_sight() -> None:
    """Bob's is seen; Alice, who stood before the lane, is out of the ceiling's sight for that moment."""
    story, start = two_apart()
    spots = {"a": (1.05, -0.35), "b": (1.4, -0.35)}
    story.walk(start, spots)
    story.stand({"b": spots["b"]}, 1.2, {"b": over(1)})
    pictured(story)
    story.stand(spots, 6.0)
    of_a, of_b = both_leave(story, spots)
    assert sorted(offered(of_a)[:2], key=len) == sorted(offered(of_b)[:2], key=len) == [{}, {COLA: 1}]


def pictured(story: Story) -> None:
    """The camera takes a cola for what moved on its lane half a second ago."""
    picture = ItemEvidence(lane="1-1-1", t_s=story.now_s - 0.5, likelihoods={COLA: 0.9}, other=0.02)
    story.says("shelf", picture)


def test_of_two_hands_at_a_lane_one_may_be_the_other_one_of_whose_hand_is_seen_at_the_next() -> None:
    story, start = two_apart()
    spots = {"a": (1.05, -0.35), "b": (1.4, -0.35)}
    story.walk(start, spots)
    story.stand(spots, 0.8, {"a": over(1), "b": Hand(x_m=1.48, y_m=0.25, z_m=1.0, sigma_m=0.05)})
    pictured(story)
    story.stand(spots, 6.0)
    of_a, of_b = both_leave(story, spots)
    assert sorted(offered(of_a)[:2], key=len) == sorted(offered(of_b)[:2], key=len) == [{}, {COLA: 1}]
    assert 0.4 < receipt(of_a).probability < 0.6


def test_a_picture_of_later_than_a_change_is_not_of_that() -> None:
    """Bob takes a cola; a second later he and Alice have a hand there again, and a picture shows one."""
    story, start = two_apart()
    spots = {"a": (1.05, -0.35), "b": (1.4, -0.35)}
    story.walk(start, spots)
    story.stand(spots, 0.8, {"b": over(1)})
    story.change(1, -350.3)
    story.stand(spots, 1.0)
    story.stand(spots, 1.0, {"a": over(1), "b": over(1)})
    pictured(story)
    story.stand(spots, 6.0)
    of_a, of_b = both_leave(story, spots)
    assert {COLA: 1} in offered(of_a) and {COLA: 1} in offered(of_b)
    assert len(offered(of_a)) > 1 and len(offered(of_b)) > 1


def test_a_picture_and_one_hand_or_two_hands_and_no_picture_are_nobodys_question() -> None:
    for of_a, of_b in (both_at_the_cola("a"), both_at_the_cola("b"), both_at_the_cola("ab", pictures=0)):
        assert bought(of_a) == {COLA: 1} and bought(of_b) == {}
        assert not receipt(of_a).asked and not receipt(of_b).asked


def test_a_picture_of_what_the_lane_lost_speaks_for_that_alone() -> None:
    of_a, of_b = both_at_the_cola("b", change_g=-350.3)
    assert (bought(of_a), bought(of_b)) == ({COLA: 1}, {COLA: 1})
    assert not receipt(of_b).asked


def test_a_lane_of_a_silent_node_does_not_count_as_one_that_weighs_what_it_weighed() -> None:
    of_a, of_b = both_at_the_cola("ab", silent=True)
    assert bought(of_a) == {COLA: 1} and bought(of_b) == {}


@pytest.mark.parametrize("method", [nearest, mps])
def test_the_baselines_make_nothing_of_a_lane_that_did_not_change(method: Method) -> None:
    with_picture, without = (both_at_the_cola("ab", pictures, method=method) for pictures in (1, 0))
    assert [bought(of) for of in with_picture] == [bought(of) for of in without]
    assert not any(receipt(of).asked for of in with_picture)
