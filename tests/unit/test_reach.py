"""Whose hand it was: hands that are seen, hidden hands, and people out of sight."""

import pytest

from hub.core.floor import Body, Place, Sight
from hub.core.hidden import FIRST_HIDDEN, FIRST_SHOWN, LAST_GRIPS, HiddenHands, who_was_near
from hub.core.learning import Learnt
from hub.core.moments import Moments
from hub.core.people import People
from hub.core.pictured import Camera
from hub.core.reach import at_once, reach
from tests.store.scripted import in_front_of, small_store
from wire.messages import Hand, WeightChange

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


def saw(hidden: HiddenHands, bodies: list[Body]) -> None:
    """Something moved on the lane between 101 and 103 s."""
    hidden.learn(*who_was_near(bodies, LANE, 101.0, 103.0), 103.0)


def ratios(
    people: People, t0_s: float, t1_s: float, *pictured_s: float, trace: tuple[int, ...] = ()
) -> dict[str, float]:
    change = WeightChange(lane=LANE.id, delta_g=-350.0, sigma_g=1.0, t0_s=t0_s, t1_s=t1_s, trace=trace)
    moments = Moments(change, pictured_s, Camera(0.8, 0.0, 0.25), 0.15)
    return at_once(reach(people, LANE, moments), moments)


def test_the_share_of_hidden_hands_is_learnt_from_those_who_are_alone_at_a_lane() -> None:
    always, never = HiddenHands(), HiddenHands()
    for _ in range(90):
        saw(always, [body("1")])
        saw(never, [body("1", hand_from_s=102.0)])
    assert always.hidden.share > 0.9 and never.hidden.share < 0.03
    assert always.hidden.weight == never.hidden.weight == 100


def test_a_hidden_hand_is_never_held_to_be_impossible() -> None:
    hidden = HiddenHands(Learnt(1e-12, LAST_GRIPS, LAST_GRIPS))
    saw(hidden, [body("1", hand_from_s=102.0)])
    assert hidden.hidden.share == 1 / LAST_GRIPS


@pytest.mark.parametrize(
    "near", [[], [body("1"), body("2", x_m=AT[0] + 0.3)], [body("1", until_s=102.0)]], ids=["nobody", "two", "lost"]
)
def test_nothing_is_learnt_where_it_is_not_plain_who_it_was(near: list[Body]) -> None:
    hidden = HiddenHands()
    saw(hidden, near)
    assert hidden.hidden.share == FIRST_HIDDEN and hidden.hidden.weight == 10


def test_whoever_shows_no_hand_is_ruled_out_once_hands_are_known_to_be_seen() -> None:
    shows, does_not = body("1", hand_from_s=102.0), body("2", x_m=AT[0] + 0.1)
    plain = HiddenHands()
    for _ in range(2000):
        saw(plain, [shows])
    at_first = ratios(watched(shows, does_not), 101.0, 103.0)
    later = ratios(watched(shows, does_not, hidden=plain), 101.0, 103.0)
    assert later["2"] < at_first["2"] / 5
    assert later["1"] == pytest.approx(at_first["1"], rel=0.1)


def test_a_hand_of_somebody_out_of_sight_is_not_held_to_have_been_seen() -> None:
    """The ceiling lost one of two before the lane changed; the other one stood there and showed no hand."""
    plain = HiddenHands()
    for _ in range(900):
        saw(plain, [body("1", hand_from_s=102.0)])
    lost, there = body("1", until_s=101.5), body("2", x_m=AT[0] + 0.1)
    people = watched(there, hidden=plain)
    people.lost.append(lost)
    found = ratios(people, 101.0, 103.0)
    assert found["1"] > 10 * found["2"]


def test_whoever_took_something_before_another_pressed_the_lane_is_still_thought_of() -> None:
    """The lane came to rest only 4 s after it was first touched; a picture of what moved says that it was early."""
    took, presses = body("1", until_s=101.0, hand_from_s=100.0), body("2", hand_from_s=101.5, x_m=AT[0] + 0.1)
    for k in range(30):
        took.seen(Place(101.0 + k / 10, AT[0] + 3.0, AT[1] + 3.0, None, 0.08))
    people = watched(took, presses)
    at_any_time = ratios(people, 100.0, 104.0)
    assert at_any_time["1"] > 0.1 * at_any_time["2"]
    pictured = ratios(people, 100.0, 104.0, 100.5)
    assert pictured["1"] > 3 * pictured["2"]


def test_a_hand_that_was_at_the_lane_just_before_it_lightened_is_the_one_that_took() -> None:
    """It gripped without pressing: the lane was at rest until something was lifted, and the hand was gone then."""
    took, beside = body("1", until_s=101.1, hand_from_s=100.5), body("2", x_m=AT[0] + 0.1)
    for k in range(30):
        took.seen(Place(101.1 + k / 10, AT[0] + 0.5, AT[1] + 0.3, None, 0.08))
    plain = HiddenHands()
    for _ in range(900):
        saw(plain, [body("1", hand_from_s=102.0)])
    found = ratios(watched(took, beside, hidden=plain), 101.3, 101.7, trace=(-200, -350, -350, -350))
    assert found["1"] > found["2"]


def test_a_trace_says_who_was_there_when_it_moved_and_who_only_pressed_afterwards() -> None:
    took, presses = body("1", until_s=101.0, hand_from_s=100.0), body("2", hand_from_s=101.5, x_m=AT[0] + 0.1)
    for k in range(30):
        took.seen(Place(101.0 + k / 10, AT[0] + 3.0, AT[1] + 3.0, None, 0.08))
    moved_early = (0,) * 5 + (-350,) * 10 + (-200,) * 20 + (-350,) * 6
    found = ratios(watched(took, presses), 100.0, 104.0, trace=moved_early)
    assert found["1"] > 10 * found["2"]


def test_hands_elsewhere_are_learnt_from_those_who_are_not_there() -> None:
    hidden = HiddenHands()
    far, waves = body("1", x_m=AT[0] + 5.0), body("2", x_m=AT[0] + 5.0, hand_from_s=100.0)
    for one in (far, waves):
        one.sights["ceiling"] = Sight(one, "ceiling", one.id, 100.0, 104.0, one.x_m, one.y_m)
    saw(hidden, [far])
    assert 0.0 < hidden.shown.share < FIRST_SHOWN
    for _ in range(1000):
        saw(hidden, [waves])
    assert hidden.shown.share > 0.9
