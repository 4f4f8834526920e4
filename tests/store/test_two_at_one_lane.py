"""Two people at one lane before it is at rest again: who took, and who put down, what."""

import pytest

from tests.store.scripted import (
    AT_EXIT,
    AT_GATE,
    COLA,
    TONIC,
    Story,
    alice_and_bob_come,
    bought,
    in_front_of,
    over,
    receipts,
)
from wire.messages import Hand

AT_COLA = Hand(x_m=1.2, y_m=0.2, z_m=1.0, sigma_m=0.08)


def both_have_a_cola() -> tuple[Story, dict[str, tuple[float, float]]]:
    """Alice takes a cola and stands by; then Bob takes one, and both stand before the cola."""
    story, aside, at = Story(), (0.6, -1.2), in_front_of(1)
    story.enter("a", credential="alice")
    story.walk({"a": AT_GATE}, {"a": at})
    story.change(1, -350.1)
    story.stand({"a": at}, 2)
    story.walk({"a": at}, {"a": aside})
    story.enter("b", credential="bob")
    story.walk({"a": aside, "b": AT_GATE}, {"a": aside, "b": at})
    story.change(1, -350.3)
    story.stand({"a": aside, "b": at}, 2)
    spots = {"a": (1.0, -0.35), "b": (1.4, -0.35)}
    story.walk({"a": aside, "b": at}, spots)
    return story, spots


def test_hands_over_one_lane_tell_two_takers_from_one() -> None:
    story = Story()
    spots = {"a": (1.05, -0.35), "b": (1.45, -0.35)}
    alice_and_bob_come(story, spots)
    story.stand(spots, 0.8, {"a": AT_COLA, "b": AT_COLA})
    story.change(1, -700.6)
    story.stand(spots, 2)
    story.walk(spots, {"a": AT_EXIT, "b": (1.5, -1.2)})
    assert bought(story.leave("a", {"b": (1.5, -1.2)})) == {COLA: 1}


@pytest.mark.parametrize(
    ("trace", "of_a"),
    [
        ((0, 20, -330, -360, -700, -690, -680, -700, -690, -650, -670, -700, -690, -700, -700, -700), 2),
        ((0, 20, -60, -330, -360, -350, -330, -340, -370, -350, -360, -640, -690, -700, -700, -700), 1),
        ((0, 20, 30, 10, 0, 0, 0, 20, 50, 10, -20, -300, -640, -690, -700, -700), 0),
    ],
)
def test_a_trace_tells_whose_hand_was_there_when_each_of_two_bottles_left(trace: tuple[int, ...], of_a: int) -> None:
    """Alice has a hand at the cola first, then Bob: it loses two bottles, and nothing but the trace says when."""
    story = Story()
    spots = {"a": (1.05, -0.4), "b": (1.4, -0.4)}
    alice_and_bob_come(story, spots)
    story.stand(spots, 0.7, {"a": AT_COLA})
    story.stand(spots, 0.7, {"b": AT_COLA})
    story.stand(spots, 0.2)
    story.change(1, -700.6, took_s=1.6, trace=trace)
    story.stand(spots, 2)
    story.walk(spots, {"a": AT_EXIT, "b": (1.5, -1.2)})
    of_alice = story.leave("a", {"b": (1.5, -1.2)})
    story.walk({"b": (1.5, -1.2)}, {"b": AT_EXIT})
    found = receipts([*of_alice, *story.leave("b"), *story.held()])
    assert [found[name].get(COLA, 0) for name in ("alice", "bob")] == [of_a, 2 - of_a]


def test_a_thing_put_down_while_another_is_taken_off_the_same_lane_is_told_from_the_difference() -> None:
    """Alice lays her water among the cola at the moment at which Bob takes a cola: the lane gains 188 g."""
    story = Story()
    story.enter("a", credential="alice")
    story.walk({"a": AT_GATE}, {"a": in_front_of(4)})
    story.change(4, -537.6)
    story.stand({"a": in_front_of(4)}, 2)
    spots = {"a": (1.05, -0.35), "b": (1.45, -0.35)}
    story.walk({"a": in_front_of(4)}, {"a": spots["a"]})
    story.enter("b", credential="bob")
    story.walk({"a": spots["a"], "b": AT_GATE}, spots)
    story.stand(spots, 0.8, {"a": AT_COLA, "b": AT_COLA})
    story.change(1, 537.6 - 350.2)
    story.stand(spots, 2)
    story.walk(spots, {"a": AT_EXIT, "b": (1.5, -1.2)})
    assert bought(story.leave("a", {"b": (1.5, -1.2)})) == {}
    story.walk({"b": (1.5, -1.2)}, {"b": AT_EXIT})
    assert bought(story.leave("b")) == {COLA: 1}


def test_two_who_put_one_each_back_before_the_lane_is_at_rest_have_both_put_it_back() -> None:
    """Alice and Bob have a cola each. Both lay it down at one moment: the lane gains two bottles."""
    story, spots = both_have_a_cola()
    story.stand(spots, 0.8, {"a": AT_COLA, "b": AT_COLA})
    story.change(1, 700.4)
    story.stand(spots, 2)
    story.walk(spots, {"a": AT_EXIT, "b": (1.5, -1.2)})
    assert bought(story.leave("a", {"b": (1.5, -1.2)})) == {}
    story.walk({"b": (1.5, -1.2)}, {"b": AT_EXIT})
    assert bought(story.leave("b")) == {}


def test_a_bag_put_down_while_another_takes_something_is_known_when_it_is_taken_up() -> None:
    """Bob takes a cola, and before the lane is at rest Alice lays down her bag of 600 g there: it gains 250 g."""
    story = Story()
    spots = {"a": (1.05, -0.35), "b": (1.45, -0.35)}
    alice_and_bob_come(story, spots)
    story.stand(spots, 0.4, {"b": AT_COLA})
    story.stand(spots, 0.6, {"a": AT_COLA})
    story.change(1, 600.0 - 350.2, took_s=1.0, trace=(10, -200, -348, -351, -340, -100, 310, 280, 252, 250))
    story.walk(spots, {"a": spots["a"], "b": (1.9, -1.2)})
    spots["b"] = (1.9, -1.2)
    story.stand(spots, 2)
    story.stand(spots, 0.8, {"a": AT_COLA})
    story.change(1, -600.0)
    story.stand(spots, 2)
    story.walk(spots, {"a": AT_EXIT, "b": spots["b"]})
    assert bought(story.leave("a", {"b": spots["b"]})) == {}
    story.walk({"b": spots["b"]}, {"b": AT_EXIT})
    assert bought(story.leave("b")) == {COLA: 1}


def alice_whose_friend_may_be_bob(before: int, beside: int) -> tuple[Story, dict[str, tuple[float, float]]]:
    """Alice stands before one lane, her friend before another, Bob far off; whether the friend is Bob nobody knows."""
    story = Story()
    spots: dict[str, tuple[float, float]] = {}
    places = in_front_of(before)[0] - 0.1, in_front_of(beside)[0] + 0.2, in_front_of(before)[0] - 1.8
    for (track, credential), x_m in zip((("a", "alice"), ("f", "alice"), ("b", "bob")), places, strict=True):
        story.enter(track, credential=credential)
        story.walk({**spots, track: AT_GATE}, {**spots, track: (x_m, -0.35)})
        spots[track] = x_m, -0.35
    bob, _, friend = sorted(story.state.people.bodies.values(), key=lambda body: body.x_m)
    story.state.people.confuse(story.now_s, bob, friend, 0.5)
    return story, spots


def share_of_alices_friend(story: Story) -> float:
    """How likely the friend still is Alice's."""
    *_, friend = sorted(story.state.people.bodies.values(), key=lambda body: body.x_m)
    return next(p for p, who in story.state.belief.who(friend.id) if who == "v1")


def test_two_of_a_party_who_take_one_each_do_not_look_like_strangers_to_each_other() -> None:
    """That both take a water tells nothing of whose friend it is."""
    story, spots = alice_whose_friend_may_be_bob(4, 4)
    story.stand(spots, 0.8, {"a": over(4)})
    story.stand(spots, 0.8, {"f": over(4)})
    story.change(4, -1076.0, took_s=1.7, trace=(0, 0, 0, 0, 0, 0, 0, *[-538] * 8, -1076, -1076))
    story.stand(spots, 8.0)
    assert 0.3 < share_of_alices_friend(story) < 0.7


def test_two_of_a_party_who_take_from_two_lanes_at_once_do_not_look_like_strangers_to_each_other() -> None:
    story, spots = alice_whose_friend_may_be_bob(3, 4)
    story.stand(spots, 0.8, {"a": over(3), "f": over(4)})
    story.change(3, -62.0)
    story.change(4, -538.0)
    story.stand(spots, 8.0)
    assert 0.3 < share_of_alices_friend(story) < 0.7


def test_two_of_a_party_who_put_back_one_each_do_not_look_like_strangers_to_each_other() -> None:
    story, spots = alice_whose_friend_may_be_bob(4, 4)
    for track, lane, weight_g in (("a", 4, 538.0), ("f", 3, 62.0)):
        story.stand(spots, 0.8, {track: over(lane)})
        story.change(lane, -weight_g)
        story.stand(spots, 2.0)
    assert share_of_alices_friend(story) == pytest.approx(0.5, abs=0.01)
    story.stand(spots, 0.8, {"a": over(4)})
    story.stand(spots, 0.8, {"f": over(4)})
    story.change(4, 600.0, took_s=1.7, trace=(0, 0, 0, 0, 0, 0, 0, *[538] * 8, 600, 600))
    story.stand(spots, 8.0)
    assert 0.3 < share_of_alices_friend(story) < 0.7


def test_two_of_a_party_of_whom_one_lays_down_as_the_other_takes_do_not_look_like_strangers() -> None:
    story, spots = alice_whose_friend_may_be_bob(4, 4)
    story.stand(spots, 0.8, {"f": over(3)})
    story.change(3, -62.0)
    story.stand(spots, 2.0)
    assert share_of_alices_friend(story) == pytest.approx(0.5, abs=0.01)
    story.stand(spots, 0.8, {"a": over(4)})
    story.stand(spots, 0.8, {"f": over(4)})
    story.change(4, 62.0 - 538.0, took_s=1.7, trace=(0, 0, 0, 0, 0, 0, 0, *[-538] * 8, -476, -476))
    story.stand(spots, 8.0)
    assert 0.3 < share_of_alices_friend(story) < 0.7


def test_two_of_a_party_of_whom_one_lays_across_lanes_as_the_other_takes_do_not_look_like_strangers() -> None:
    story, spots = alice_whose_friend_may_be_bob(2, 3)
    spots["f"] = in_front_of(3)[0] + 0.1, -0.35
    story.stand(spots, 0.8, {"f": over(4)})
    story.change(4, -538.0)
    story.stand(spots, 2.0)
    assert share_of_alices_friend(story) == pytest.approx(0.5, abs=0.01)
    story.stand(spots, 0.9, {"a": over(2), "f": over(3)})
    story.change(3, 300.0, took_s=0.5, trace=(290, 310, 299, 300, 300))
    story.change(2, 238.0 - 351.0, took_s=0.7, trace=(235, 240, -30, -100, -113, -113, -113))
    story.stand(spots, 8.0)
    assert 0.3 < share_of_alices_friend(story) < 0.7


@pytest.mark.parametrize(("lane", "weight_g", "left_g"), [(3, 62.0, 22.0), (4, 538.0, 380.0)])
def test_what_one_lays_down_across_two_lanes_as_another_takes_off_one_of_them_is_his_no_more(
    lane: int, weight_g: float, left_g: float
) -> None:
    """Bob has chips, or water; he lays that across the cola and the tonic as Alice takes a tonic: the lane weighs less
    after that, or more."""
    story = Story()
    spots, beside = {"a": (1.5, -0.35), "b": (1.2, -0.35)}, {"a": (1.5, -0.35), "b": (lane * 0.2 + 1.1, -0.35)}
    alice_and_bob_come(story, {"a": spots["a"], "b": (1.9, -0.35)})
    story.stand(beside, 0.8, {"b": over(lane)})
    story.change(lane, -weight_g)
    story.walk(beside, spots)
    story.stand(spots, 0.9, {"a": over(2), "b": over(1)})
    laid_g = weight_g - left_g
    story.change(1, laid_g, took_s=0.5, trace=tuple(round(laid_g) + wobble for wobble in (-10, 8, -1, 0, 0)))
    trace = tuple(round(left_g) - gone for gone in (2, -3, 272, 342, 351, 351, 351))
    story.change(2, left_g - 351.0, took_s=0.7, trace=trace)
    story.stand(spots, 2)
    story.walk(spots, {"a": spots["a"], "b": AT_EXIT})
    assert bought(story.leave("b", {"a": spots["a"]})) == {}
    story.walk({"a": spots["a"]}, {"a": AT_EXIT})
    assert bought(story.leave("a")) == {TONIC: 1}
