"""A lane from counts on: changes in UTC, live readings, and honesty about what it cannot know."""

import msgspec
import numpy as np
import pytest

from firmware_py.calibration import Calibration, Temperature
from hw.sim.load_cell import Cell, LoadCell, hand_force
from hw.sim.noise import Floats, Modelled
from shelf_node.lane import Lane
from wire.messages import Reading, WeightChange

TRUE = Cell()
KNOWN = Calibration(
    cell="LC-1", utc_s=0.0, zero_counts=TRUE.zero_counts, counts_per_gram=TRUE.counts_per_gram, sigma_g=0.4
)
UTC_S = 1_800_000_000.0


def cell(seed: int = 1, rate_sps: float = 10.0) -> LoadCell:
    rng = np.random.default_rng(seed)
    return LoadCell(TRUE, Modelled(rng, rate_sps), rng, rate_sps=rate_sps)


def push_all(lane: Lane, times_s: Floats, counts: np.ndarray) -> list[WeightChange]:
    pushed = (lane.push(t_s, n) for t_s, n in zip(times_s.tolist(), counts.tolist(), strict=True))
    return [change for change in pushed if change is not None]


def test_counts_become_a_change_of_weight_at_the_times_they_came_with() -> None:
    lane = Lane("A1", KNOWN)
    times_s, counts = cell().stream(lambda t: np.where(t < UTC_S + 20, 3000.0, 2462.0), UTC_S, UTC_S + 30)
    [change] = push_all(lane, times_s, counts)
    assert change.lane == "A1"
    assert change.delta_g == pytest.approx(-538.0, abs=4.0)
    assert UTC_S + 19 < change.t0_s < change.t1_s < UTC_S + 21
    assert change.fault is None
    assert change.sigma_g > KNOWN.sigma_g
    assert lane.reading(UTC_S + 30) == Reading(value=pytest.approx(2462.0, abs=8.0))
    assert lane.counters["changes"] == 1
    assert lane.counters["samples"] == len(counts)


def test_a_full_lane_that_creeps_and_drifts_with_temperature_for_a_day_tells_nothing() -> None:
    """864,000 samples at 10 SPS: 8 kg put on at midnight, 12 K over the day and 2 K whenever the door opens."""

    def temperature_c(t: Floats) -> Floats:
        return 20 + 6 * np.sin(2 * np.pi * t / 86_400) + 1 * np.sin(2 * np.pi * t / 1_200)

    lane = Lane("A1", KNOWN)
    times_s, counts = cell().stream(lambda t: np.where(t < 60, 0.0, 8_000.0), 0.0, 86_400.0, temperature_c)
    grams = (counts - TRUE.zero_counts) / TRUE.counts_per_gram
    assert np.ptp(np.median(grams[6_000:846_000].reshape(140, -1), axis=1)) > 5.0, "it does drift"
    [put_on] = push_all(lane, times_s, counts)
    assert put_on.delta_g == pytest.approx(8_000.0, abs=10.0)
    assert put_on.t1_s < 62.0


def test_an_uncalibrated_lane_says_so_and_never_zero() -> None:
    lane = Lane("A1", None)
    times_s, counts = cell().stream(lambda t: np.where(t < 20, 3000.0, 2462.0), 0.0, 30.0)
    assert push_all(lane, times_s, counts) == []
    assert lane.reading(30.0) == Reading(value=None, fault="uncalibrated")


def test_before_its_first_sample_a_lane_has_no_reading() -> None:
    assert Lane("A1", KNOWN).reading(0.0) == Reading(value=None, fault="no samples yet")


def test_goods_that_lie_there_at_start_are_weighed_and_not_tared() -> None:
    lane = Lane("A1", KNOWN)
    assert push_all(lane, *cell().stream(lambda t: np.full(t.size, 3000.0), 0.0, 10.0)) == []
    assert lane.reading(10.0) == Reading(value=pytest.approx(3000.0, abs=8.0))


def test_a_cell_that_dies_says_why_and_what_changed_meanwhile_once_it_is_back() -> None:
    lane = Lane("A1", KNOWN)
    times_s, counts = cell().stream(lambda t: np.where(t < 25, 3000.0, 2462.0), 0.0, 60.0)
    changes: list[WeightChange] = []
    for t_s, n in zip(times_s.tolist(), counts.tolist(), strict=True):
        dead = 20.0 < t_s < 50.0
        change = lane.push(t_s, None, "not_ready") if dead else lane.push(t_s, n)
        changes += [change] if change else []
        if 20.5 < t_s < 20.9:
            assert lane.reading(t_s).value is not None, "a few missing samples are no fault yet"
        if 21.5 < t_s < 50.0:
            assert lane.reading(t_s) == Reading(value=None, fault="not_ready")
        assert lane.reading(t_s).unrest_s < 1.0, "what it did while it was dead nobody knows"
    [change] = changes
    assert change.fault == "not_ready"
    assert abs(change.delta_g + 538.0) < 3.0 * change.sigma_g
    assert change.sigma_g > 1.0
    assert lane.fault is None
    assert lane.counters["faults"] == pytest.approx(300, abs=5)


def test_a_lane_that_is_leant_on_says_for_how_long_it_has_not_been_at_rest() -> None:
    lane = Lane("A1", KNOWN)
    times_s, counts = cell().stream(lambda t: 3000.0 + hand_force(t, 20.0, 30.0, 800.0, 1), 0.0, 40.0)
    told: dict[int, float] = {}
    for t_s, n in zip(times_s.tolist(), counts.tolist(), strict=True):
        assert lane.push(t_s, n) is None
        told[round(t_s)] = lane.reading(t_s).unrest_s
    assert told[1] == told[19] == told[35] == 0.0
    assert told[22] == pytest.approx(2.0, abs=0.6)
    assert told[29] == pytest.approx(9.0, abs=0.6)
    assert lane.reading(100.0).unrest_s == 0.0, "it has been at rest ever since, as far as is known"


def test_a_single_wrong_read_is_counted_and_does_not_show_in_the_reading() -> None:
    lane = Lane("A1", KNOWN)
    times_s, counts = cell().stream(lambda t: np.full(t.size, 3000.0), 0.0, 10.0)
    push_all(lane, times_s, counts)
    before = lane.counters["wrong_reads"]
    lane.push(10.0, 2**23 - 1)
    assert lane.reading(10.0) == Reading(value=pytest.approx(3000.0, abs=8.0))
    lane.push(10.1, int(counts[-1]))
    assert lane.counters["wrong_reads"] == before + 1


def test_the_temperature_of_the_cell_is_taken_out_where_its_effect_is_known() -> None:
    rng = np.random.default_rng(3)
    warm = LoadCell(Cell(zero_g_per_c=2.0), Modelled(rng, 10.0), rng, rate_sps=10.0)
    effect = Temperature(reference_c=TRUE.reference_c, zero_counts_per_c=2.0 * TRUE.counts_per_gram)
    lane = Lane("A1", msgspec.structs.replace(KNOWN, temperature=effect))
    times_s, counts = warm.stream(lambda t: np.full(t.size, 500.0), 0.0, 10.0, lambda t: np.full(t.size, 35.0))
    for t_s, n in zip(times_s.tolist(), counts.tolist(), strict=True):
        lane.push(t_s, n, temperature_c=35.0)
    assert lane.reading(10.0) == Reading(value=pytest.approx(500.0, abs=8.0))
