"""How people stand who reach for something: estimated at first, then learnt from those who were alone there."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.floor import Place
from hub.core.stance import FRONT_M, HAND_HEIGHT_M, HAND_SIGMA_M, LEAST, Spread, Stance
from tests.store.scripted import over, small_store
from wire.messages import Hand

LANE = small_store().lanes[1]


def reaches(stance: Stance, spread_m: float, rng: random.Random) -> None:
    """Somebody takes something, at rest at 102 s; they stand and hold their hand so far off, one standard deviation."""
    front_y_m = LANE.y_m - LANE.depth_m / 2 - FRONT_M
    off = [rng.gauss(0.0, spread_m) for _ in range(4)]
    hand = Hand(x_m=LANE.x_m + off[0], y_m=LANE.y_m, z_m=LANE.z_m + off[1], sigma_m=0.01)
    places = [Place(100.0 + i / 10, LANE.x_m + off[2], front_y_m + off[3], hand, 0.01) for i in range(20)]
    stance.learn(places[::-1], LANE, 102.0)


@pytest.mark.parametrize("spread_m", [0.1, 0.2, 0.3])
def test_the_spread_of_a_store_s_people_is_learnt_from_them(spread_m: float) -> None:
    stance, rng = Stance(), random.Random(1)
    for _ in range(2000):
        reaches(stance, spread_m, rng)
    assert stance.front.sigmas == pytest.approx(spread_m / 0.2, rel=0.15)
    assert stance.side.sigmas == pytest.approx(spread_m / 0.2, rel=0.15)
    assert stance.along.sigmas == pytest.approx(spread_m / math.hypot(HAND_SIGMA_M, LANE.width_m / 4), rel=0.15)
    assert stance.height.sigmas == pytest.approx(spread_m / HAND_HEIGHT_M, rel=0.15)


def test_a_camera_that_is_wrong_in_the_same_way_for_a_while_looks_once_however_many_frames_it_sends() -> None:
    steady, drifting, rng = Stance(), Stance(), random.Random(1)
    for _ in range(300):
        off_m = rng.gauss(0.0, 0.1)
        for stance, offs_m in ((steady, [rng.gauss(0.0, 0.1) for _ in range(20)]), (drifting, [off_m] * 20)):
            hands = [Hand(x_m=LANE.x_m + off, y_m=LANE.y_m, z_m=LANE.z_m + off, sigma_m=0.1) for off in offs_m]
            places = [Place(100.0 + i / 10, LANE.x_m, LANE.y_m - 0.7, hand, 0.01) for i, hand in enumerate(hands)]
            stance.learn(places[::-1], LANE, 102.0)
    assert drifting.looks.independent(5) == 1.0
    assert steady.looks.independent(5) > 4.0
    assert steady.looks.independent(1) == 1.0


def test_how_long_before_something_is_off_the_lane_a_hand_is_there_is_learnt() -> None:
    stance, rng = Stance(), random.Random(1)
    for _ in range(500):
        comes_s = 99.4 + rng.gauss(0.0, 0.1)
        places = [
            Place(t_s, LANE.x_m, LANE.y_m - 0.6, over(2) if comes_s < t_s < 100.0 else over(4), 0.08)
            for t_s in (99.05 + i / 10 for i in range(20))
        ]
        stance.learn_lead(places, LANE, 100.0)
        stance.learn_lead(places[:1], LANE, 100.0)  # out of sight then
    assert stance.lead.mean_s == pytest.approx(0.3, abs=0.06)


def test_whoever_was_not_seen_before_it_came_to_rest_teaches_nothing() -> None:
    stance = Stance()
    stance.learn([Place(101.9, LANE.x_m, LANE.y_m, None, 0.08)], LANE, 102.0)
    stance.learn([], LANE, 102.0)
    assert stance == Stance()


@given(st.lists(st.floats(-1e6, 1e6), max_size=300))
def test_no_spread_is_ever_too_small_or_runs_away(offs: list[float]) -> None:
    spread = Spread()
    for off in offs:
        before = spread.sigmas
        spread.take_in(off)
        assert LEAST**0.5 <= spread.sigmas <= before * 1.1
