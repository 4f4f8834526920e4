"""Whose hand it was: hands that are seen, hidden hands, and people out of sight."""

import math

import pytest

from hub.core.floor import Body, Place
from hub.core.hidden import FIRST_SHARE, LAST_GRIPS, HiddenHands
from hub.core.people import People
from hub.core.reach import reach
from tests.store.scripted import in_front_of, small_store
from wire.messages import Hand

LANE = small_store().lanes[1]
AT = in_front_of(2)
HAND = Hand(x_m=LANE.x_m, y_m=LANE.y_m, z_m=LANE.z_m, sigma_m=0.1)


def body(name: str, until_s: float = 104.0, hand_from_s: float = 200.0, x_m: float = AT[0]) -> Body:
    """Stands in front of the lane from 100 s on, ten frames a second; its hand shows from `hand_from_s` on."""
    one = Body(name, 100.0, x_m, AT[1], bound=True)
    for k in range(round((until_s - 100.0) * 10)):
        t_s = 100.0 + k / 10
        one.seen(Place(t_s, x_m, AT[1], HAND if t_s >= hand_from_s else None, 0.08))
    return one


def watched(*bodies: Body, hidden: HiddenHands | None = None) -> People:
    people = People(bodies={b.id: b for b in bodies}, sees_hands=True, frame_s={"ceiling": 104.0})
    people.hidden = hidden or HiddenHands()
    return people


def test_the_share_of_hidden_hands_is_learnt_from_those_who_are_alone_at_a_lane() -> None:
    always, never = HiddenHands(), HiddenHands()
    for _ in range(90):
        always.learn([body("1")], LANE, 101.0, 103.0)
        never.learn([body("1", hand_from_s=102.0)], LANE, 101.0, 103.0)
    assert always.share > 0.9 and never.share < 0.03
    assert always.grips == never.grips == 100


def test_a_hidden_hand_is_never_held_to_be_impossible() -> None:
    hidden = HiddenHands(grips=LAST_GRIPS, share=1e-12)
    hidden.learn([body("1", hand_from_s=102.0)], LANE, 101.0, 103.0)
    assert hidden.share == 1 / LAST_GRIPS and math.isfinite(hidden.log_share)


@pytest.mark.parametrize(
    "near", [[], [body("1"), body("2", x_m=AT[0] + 0.3)], [body("1", until_s=102.0)]], ids=["nobody", "two", "lost"]
)
def test_nothing_is_learnt_where_it_is_not_plain_who_it_was(near: list[Body]) -> None:
    hidden = HiddenHands()
    hidden.learn(near, LANE, 101.0, 103.0)
    assert hidden.share == FIRST_SHARE and hidden.grips == 10


def test_whoever_shows_no_hand_is_ruled_out_once_hands_are_known_to_be_seen() -> None:
    shows, does_not = body("1", hand_from_s=102.0), body("2", x_m=AT[0] + 0.1)
    plain = HiddenHands()
    for _ in range(2000):
        plain.learn([shows], LANE, 101.0, 103.0)
    at_first = reach(watched(shows, does_not), LANE, 101.0, 103.0)
    later = reach(watched(shows, does_not, hidden=plain), LANE, 101.0, 103.0)
    assert later["2"] < at_first["2"] / 5
    assert later["1"] == pytest.approx(at_first["1"], rel=0.1)


def test_a_hand_of_somebody_out_of_sight_is_not_held_to_have_been_seen() -> None:
    """The ceiling lost one of two before the lane changed; the other one stood there and showed no hand."""
    plain = HiddenHands()
    for _ in range(900):
        plain.learn([body("1", hand_from_s=102.0)], LANE, 101.0, 103.0)
    lost, there = body("1", until_s=101.5), body("2", x_m=AT[0] + 0.1)
    people = watched(there, hidden=plain)
    people.lost.append(lost)
    ratios = reach(people, LANE, 101.0, 103.0)
    assert ratios["1"] > 10 * ratios["2"]


def test_whoever_took_something_before_another_pressed_the_lane_is_still_thought_of() -> None:
    """The lane came to rest only 4 s after it was first touched; a picture of what moved says that it was early."""
    took, presses = body("1", until_s=101.0, hand_from_s=100.0), body("2", hand_from_s=101.5, x_m=AT[0] + 0.1)
    for k in range(30):
        took.seen(Place(101.0 + k / 10, AT[0] + 3.0, AT[1] + 3.0, None, 0.08))
    people = watched(took, presses)
    ratios = reach(people, LANE, 100.0, 104.0)
    assert ratios["1"] > 0.1 * ratios["2"]
    pictured = reach(people, LANE, 100.0, 104.0, [100.5])
    assert pictured["1"] > 3 * pictured["2"]
