"""When something moved, as the trace of a lane tells it."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.moments import GRIP_S, MOST_LOG, Moments, lifted_s
from hub.core.pictured import OF_NOTHING_HZ, Camera
from wire.messages import TRACE_S, TRACE_VALUES, WeightChange

T1_S = 1000.0
SHOWN = Camera(shown=0.8, after_s=0.0, sigma_s=0.25)
NEVER = Camera(shown=0.0, after_s=0.0, sigma_s=0.25)
LEAD_S = 0.15
MOST_PICTURED_LOG = -math.log(OF_NOTHING_HZ)


def moments(*levels: tuple[float, float], delta_g: float, noise_g: float = 0.0, lead_s: float = LEAD_S) -> Moments:
    """A lane that pressed by so many grams more than before for so many seconds each, and then by `delta_g`."""
    rng = random.Random(1)
    trace = [round(g + rng.gauss(0.0, noise_g)) for seconds, g in levels for _ in range(round(seconds / TRACE_S))]
    t0_s = T1_S - len(trace) * TRACE_S
    trace = trace[-TRACE_VALUES:]
    return Moments(
        WeightChange(lane="1", delta_g=delta_g, sigma_g=1.0, t0_s=t0_s, t1_s=T1_S, trace=tuple(trace)),
        [],
        NEVER,
        lead_s,
    )


def likeliest_s(found: Moments, weights: list[float]) -> float:
    """Before T1_S: the middle of the grip that has most of the weight."""
    k = weights.index(max(weights))
    return T1_S - (found.start_s + (k + 1) * GRIP_S / 2)


def test_a_move_was_when_the_trace_passes_from_one_level_to_the_other() -> None:
    found = moments((2.0, 0.0), (1.0, -350.0), delta_g=-350.0)
    assert likeliest_s(found, found.one) == pytest.approx(1.0, abs=GRIP_S / 2)
    assert sum(found.one) == pytest.approx(1.0)


def test_a_hand_that_presses_before_or_afterwards_does_not_hide_when_it_was() -> None:
    found = moments((0.5, 0.0), (1.0, 180.0), (0.5, 20.0), (1.5, -350.0), (0.7, -200.0), (0.3, -350.0), delta_g=-350.0)
    assert likeliest_s(found, found.one) == pytest.approx(2.5, abs=GRIP_S / 2)


def test_without_a_trace_pictures_say_when_it_was_and_without_both_any_time_is_alike() -> None:
    blank = WeightChange(lane="1", delta_g=-350.0, sigma_g=1.0, t0_s=T1_S - 4.0, t1_s=T1_S)
    assert len(set(Moments(blank, [], SHOWN, LEAD_S).one)) == 1
    pictured = Moments(blank, [T1_S - 3.0], SHOWN, LEAD_S)
    assert likeliest_s(pictured, pictured.one) == pytest.approx(3.0, abs=GRIP_S)


def test_a_picture_taken_before_the_grip_as_most_are_is_not_of_one_that_was_there_before() -> None:
    """The camera takes its pictures half a second before the middle of a grip, give or take 0.15 s."""
    blank = WeightChange(lane="1", delta_g=-350.0, sigma_g=1.0, t0_s=T1_S - 4.0, t1_s=T1_S)
    found = Moments(blank, [T1_S - 2.5], Camera(shown=0.8, after_s=-0.5, sigma_s=0.15), LEAD_S)
    assert likeliest_s(found, found.one) == pytest.approx(2.0, abs=GRIP_S / 2)
    before = [p for k, p in enumerate(found.one) if (k + 1) * GRIP_S / 2 + found.start_s < T1_S - 2.4]
    assert sum(before) < 0.1


def test_a_hand_leaves_with_what_it_takes_and_was_there_before_that_was_off_the_lane() -> None:
    levels = (2.0, 0.0), (1.0, -350.0)
    for lead_s in (0.0, 0.5):
        found = moments(*levels, delta_g=-350.0, lead_s=lead_s)
        assert likeliest_s(found, found.one) == pytest.approx(1.0 + lead_s, abs=GRIP_S / 2)


def test_when_something_was_lifted_is_plain_where_the_trace_passes_half_of_it_once() -> None:
    def lifted(*trace: int) -> float | None:
        return lifted_s(WeightChange(lane="1", delta_g=-300.0, sigma_g=1.0, t0_s=0.0, t1_s=T1_S, trace=trace))

    assert lifted(20, 40, 0, -100, -200, -300, -300) == pytest.approx(T1_S - 0.25)
    for trace in ((), (-200, -300), (0, -200, -100, -300), (0, 50, -100)):
        assert lifted(*trace) is None


def test_two_who_take_one_each_within_a_second_are_told_from_one_who_takes_both() -> None:
    apart = moments((0.4, 0.0), (0.7, -215.0), (0.5, -430.0), delta_g=-430.0, noise_g=15.0)
    log_ratio, pairs = apart.two(-215.0)
    assert log_ratio > 5.0
    first, second = max(pairs, key=lambda pair: pair[2])[:2]
    assert 1 <= second - first <= 4
    at_once = moments((0.8, 0.0), (0.8, -430.0), delta_g=-430.0, noise_g=15.0)
    assert at_once.two(-215.0)[0] < 0.0


def test_what_was_moved_before_a_trace_begins_may_have_been_moved_at_any_time_until_then() -> None:
    """Somebody leaned on the lane for 20 s; a trace has but the last of them."""
    found = moments((1.0, 0.0), (19.0, -700.0), delta_g=-700.0)
    told_from = found.grips - round(2 * TRACE_VALUES * TRACE_S / GRIP_S)
    assert sum(found.one[:told_from]) > 0.8
    log_ratio, pairs = found.two(-350.0)
    assert abs(log_ratio) < 1.0
    assert sum(p for i, j, p in pairs if j < told_from) > 0.8


def test_what_is_laid_down_and_then_taken_is_told_from_the_reverse() -> None:
    """An employee lays down three, and a shopper takes one of them half a second later."""
    found = moments((0.3, 0.0), (0.6, 600.0), (0.6, 400.0), delta_g=400.0, noise_g=15.0)
    assert found.two(600.0)[0] > 5.0 > found.two(-200.0)[0]


BLANK = WeightChange(lane="1", delta_g=-430.0, sigma_g=1.0, t0_s=T1_S - 3.0, t1_s=T1_S)


def test_pictures_of_two_moments_are_of_two_moves() -> None:
    one, two = (Moments(BLANK, pictured_s, SHOWN, LEAD_S) for pictured_s in ([T1_S - 2.0], [T1_S - 2.0, T1_S - 0.8]))
    assert two.two(-215.0)[0] > 1.0 > 0.0 > one.two(-215.0)[0]
    pairs = two.two(-215.0)[1]
    assert sum(p for i, j, p in pairs if abs((i + 1) * GRIP_S / 2 - 1.2) < 0.6 and j > i + 2) > 0.7


def test_pictures_of_one_moment_are_one_move_though_there_are_several_of_it() -> None:
    one, three = (Moments(BLANK, [T1_S - 2.0 + 0.1 * i for i in range(n)], SHOWN, LEAD_S) for n in (1, 3))
    assert three.two(-215.0)[0] == pytest.approx(one.two(-215.0)[0], abs=0.3)


def test_where_no_move_is_pictured_that_there_are_none_tells_nothing() -> None:
    assert Moments(BLANK, [], NEVER, LEAD_S).two(-215.0)[0] == pytest.approx(0.0)
    assert Moments(BLANK, [], SHOWN, LEAD_S).two(-215.0)[0] == pytest.approx(math.log(1 - SHOWN.shown))


def test_three_moves_in_one_unrest_are_told_from_two() -> None:
    """An employee lays down three bars; a shopper takes one, and then there are two more."""
    found = moments((0.3, 0.0), (0.8, 180.0), (0.8, 120.0), (0.8, 240.0), delta_g=240.0, noise_g=5.0)
    there = [1.0] * found.grips
    three = found.several_log((180.0, -60.0, 120.0), (there, there, there))
    assert three > found.two(300.0)[0] + 3.0
    assert three > found.several_log((120.0, -60.0, 180.0), (there, there, there)) + 1.0


def test_who_was_not_there_at_that_moment_made_none_of_the_moves() -> None:
    found = moments((0.3, 0.0), (0.8, 180.0), (0.8, 120.0), (0.8, 240.0), delta_g=240.0, noise_g=5.0)
    there, gone = [1.0] * found.grips, [1e-6] * (found.grips // 2) + [1.0] * (found.grips - found.grips // 2)
    moves = (180.0, -60.0, 120.0)
    assert found.several_log(moves, (there, gone, there)) < found.several_log(moves, (there, there, there)) - 1.0


def test_what_is_pressed_down_hard_is_not_several_moves() -> None:
    """Four packets of 155 g are laid down, and one is taken two seconds later."""
    trace = (163, 163, 638, 731, 711, 681, 681, 653, 635, 630, 642, 642, 634, 623, 621, 620, 620, 621, 625, 639)
    trace += (667, 667, 678, 655, 604, 521, 521, 472, 468)
    found = Moments(WeightChange("1", 467.2, 0.5, t0_s=T1_S - 2.9, t1_s=T1_S, trace=trace), [], SHOWN, LEAD_S)
    there = [1.0] * found.grips
    four_less_one = found.two(622.0)[0]
    assert four_less_one > found.two(777.0)[0] + 3.0
    assert four_less_one > found.several_log((622.0, -311.0, 155.0), (there, there, there)) + 1.0


def test_what_two_lanes_lost_was_in_one_grip_only_when_it_was_at_one_time() -> None:
    one = moments((1.0, 0.0), (1.0, -350.0), delta_g=-350.0)
    same, earlier = moments((1.0, 0.0), (1.0, -60.0), delta_g=-60.0), moments((0.2, 0.0), (1.8, -350.0), delta_g=-350.0)
    assert one.at_once(same) > 0.5 > 0.3 > one.at_once(earlier)


@given(
    st.lists(st.integers(-1_000_000, 1_000_000), max_size=TRACE_VALUES),
    st.floats(-20_000, 20_000),
    st.floats(-20_000, 20_000),
    st.floats(0.0, 100.0),
    st.lists(st.floats(-10.0, 10.0), max_size=3),
)
def test_whatever_a_trace_says_is_a_probability(
    trace: list[int], delta_g: float, first_g: float, seconds: float, pictured_s: list[float]
) -> None:
    change = WeightChange(lane="1", delta_g=delta_g, sigma_g=1.0, t0_s=T1_S - seconds, t1_s=T1_S, trace=tuple(trace))
    found = Moments(change, [T1_S + moment_s for moment_s in pictured_s], SHOWN, LEAD_S)
    assert math.isclose(sum(found.one), 1.0) and min(found.one) >= 0.0
    log_ratio, pairs = found.two(first_g)
    assert abs(log_ratio) <= MOST_LOG + len(pictured_s) * MOST_PICTURED_LOG + 2.0
    there = [0.5] * found.grips
    assert found.several_log((first_g, 1.0, delta_g - first_g - 1.0), (there, there, there)) <= 2 * MOST_LOG + 10.0
    assert math.isclose(sum(p for _, _, p in pairs), 1.0)
    assert all(0 <= i < found.grips and 0 <= j < found.grips for i, j, _ in pairs)


def test_only_where_hands_are_seen_it_matters_who_was_there_just_before_the_unrest() -> None:
    blank = WeightChange(lane="1", delta_g=-350.0, sigma_g=1.0, t0_s=T1_S - 1.0, t1_s=T1_S)
    seen, unseen = (Moments(blank, [], SHOWN, 0.5, sees_hands) for sees_hands in (True, False))
    assert seen.start_s == pytest.approx(unseen.start_s - 0.5) and unseen.start_s < blank.t0_s
