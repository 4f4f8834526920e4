"""The step detector against simulated cells: what is a change, what is none, how soon, and how sure."""

import pickle

import numpy as np
import pytest

from hw.sim.load_cell import Cell, LoadCell, Signal, hand_force
from hw.sim.noise import Floats, Modelled
from shelf_node.steps import Step, StepDetector

TRUE = Cell()
RATES = (10.0, 60.0, 80.0)
LOAD_G = 3000.0


def samples(
    force_g: Signal, until_s: float, rate_sps: float, seed: int, *, white_g: float = 0.77, wrong_rate: float = 0.0
) -> list[tuple[float, float]]:
    """Times and grams of a cell under a force, with the noise, wander, gaps and wrong reads of real ones."""
    rng = np.random.default_rng(seed)
    noise = Modelled(rng, rate_sps, white_g=white_g)
    cell = LoadCell(TRUE, noise, rng, rate_sps=rate_sps, wrong_rate=wrong_rate)
    times_s, counts = cell.stream(force_g, 0.0, until_s)
    grams = (counts - TRUE.zero_counts) / TRUE.counts_per_gram
    return list(zip(times_s.tolist(), grams.tolist(), strict=True))


def found(stream: list[tuple[float, float]], detector: StepDetector | None = None) -> list[tuple[float, Step]]:
    """The steps in a stream, and when each was told."""
    detector = detector or StepDetector()
    return [(t_s, step) for t_s, grams in stream if (step := detector.push(t_s, grams)) is not None]


def after(*changes: tuple[float, float]) -> Signal:
    """A lane that bears LOAD_G, and from each of the times on so much more or less."""
    return lambda times_s: sum((grams * (times_s >= at_s) for at_s, grams in changes), np.full(times_s.size, LOAD_G))


@pytest.mark.parametrize("rate_sps", RATES)
@pytest.mark.parametrize("grams", [10.0, -30.0, -538.0, 1500.0])
def test_an_item_taken_or_put_back_is_one_change_within_a_second(rate_sps: float, grams: float) -> None:
    late = 0
    for seed in range(30):
        [(told_s, step)] = found(samples(after((20.0, grams)), 24.0, rate_sps, seed, white_g=0.5))
        assert abs(step.delta_g - grams) < 4.0 * step.sigma_g
        assert step.fault is None
        assert 20.0 - 6 / rate_sps < step.t0_s < 20.0 + 1 / rate_sps
        assert 20.0 <= step.t1_s < told_s
        late += told_s > 21.0
    assert late <= 1


@pytest.mark.parametrize("rate_sps", RATES)
@pytest.mark.parametrize("for_s", [0.4, 3.0, 20.0, 180.0])
def test_a_press_is_no_change_however_long(rate_sps: float, for_s: float) -> None:
    for seed in range(3):

        def force(times_s: Floats, seed: int = seed) -> Floats:
            return LOAD_G + hand_force(times_s, 20.0, 20.0 + for_s, 800.0, seed)

        assert found(samples(force, 25.0 + for_s, rate_sps, seed)) == []


@pytest.mark.parametrize("rate_sps", RATES)
def test_what_remains_after_a_hold_is_one_change(rate_sps: float) -> None:
    late = 0
    for seed in range(30):

        def force(times_s: Floats, seed: int = seed) -> Floats:
            return after((39.9, -538.0))(times_s) + hand_force(times_s, 20.0, 40.0, 800.0, seed)

        [(told_s, step)] = found(samples(force, 44.0, rate_sps, seed))
        assert abs(step.delta_g + 538.0) < 4.0 * step.sigma_g
        assert step.t0_s < 20.2 and step.t1_s >= 39.9
        late += told_s > 41.0
    assert late <= 1


@pytest.mark.parametrize("rate_sps", RATES)
def test_a_bag_that_rests_on_the_lane_and_leaves_again_is_two_changes(rate_sps: float) -> None:
    (_, put), (_, taken) = found(samples(after((20.0, 2100.0), (30.0, -2100.0)), 34.0, rate_sps, 1))
    assert put.delta_g == pytest.approx(2100.0, abs=4.0)
    assert taken.delta_g == pytest.approx(-2100.0, abs=4.0)


@pytest.mark.parametrize("rate_sps", RATES)
def test_items_taken_one_and_a_half_seconds_apart_are_two_changes(rate_sps: float) -> None:
    apart = [
        [step.delta_g for _, step in found(samples(after((20.0, -350.0), (21.5, -120.0)), 25.0, rate_sps, seed))]
        for seed in range(20)
    ]
    two = [steps for steps in apart if len(steps) == 2]
    assert len(two) >= 18
    assert all(steps == pytest.approx([-350.0, -120.0], abs=5.0) for steps in two)
    assert all(sum(steps) == pytest.approx(-470.0, abs=5.0) for steps in apart)


@pytest.mark.parametrize("rate_sps", RATES)
def test_items_taken_in_one_sweep_are_one_change_of_their_sum(rate_sps: float) -> None:
    [(_, step)] = found(samples(after((20.0, -350.0), (20.3, -120.0)), 25.0, rate_sps, 3))
    assert step.delta_g == pytest.approx(-470.0, abs=4.0)


@pytest.mark.parametrize("rate_sps", [10.0, 80.0])
@pytest.mark.parametrize("hold_s", [0.0, 15.0])
def test_sigma_is_what_the_changes_really_scatter_by(rate_sps: float, hold_s: float) -> None:
    z = []
    for seed in range(200):

        def force(times_s: Floats, seed: int = seed) -> Floats:
            hand = hand_force(times_s, 25.0, 25.0 + hold_s, 800.0, seed) if hold_s else 0.0
            return after((25.0 + 0.95 * hold_s, -250.0))(times_s) + hand

        [(_, step)] = found(samples(force, 29.0 + hold_s, rate_sps, seed))
        z.append((step.delta_g + 250.0) / step.sigma_g)
    assert 0.6 < np.std(z) < 1.2
    assert np.mean(np.abs(z) > 2.5) <= 0.05


def test_an_item_is_found_by_a_noisy_cell_that_cannot_tell_it_from_one_sample() -> None:
    weights = []
    for seed in range(20):
        [(_, step)] = found(samples(after((30.0, -30.0)), 36.0, 60.0, seed, white_g=6.0))
        weights.append(step.delta_g)
    assert np.mean(weights) == pytest.approx(-30.0, abs=2.0)


@pytest.mark.parametrize("rate_sps", RATES)
def test_single_wrong_reads_are_no_changes_and_hide_none(rate_sps: float) -> None:
    detector = StepDetector()
    stream = samples(after((300.0, -120.0)), 330.0, rate_sps, 5, wrong_rate=0.03)
    [(_, step)] = found(stream, detector)
    assert step.delta_g == pytest.approx(-120.0, abs=4.0)
    assert detector.wrong_reads > 0.7 * 0.03 * len(stream)


def test_a_lane_that_begins_with_wrong_reads_finds_its_level() -> None:
    stream = samples(after((20.0, -120.0)), 24.0, 10.0, 1)
    spoilt = [(t_s, grams + (50_000.0 if i in (0, 3, 7) else 0.0)) for i, (t_s, grams) in enumerate(stream)]
    [(_, step)] = found(spoilt)
    assert step.delta_g == pytest.approx(-120.0, abs=4.0)


def test_gaps_and_faulted_samples_delay_a_change_but_do_not_hide_or_make_one() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        detector, steps = StepDetector(), []
        for i, (t_s, grams) in enumerate(samples(after((20.0, -120.0)), 26.0, 10.0, seed)):
            if i % 50 < 4:
                continue  # a gap of 0.4 s every 5 s, one of them right at the change
            step = detector.push(t_s, None, "preempted") if rng.random() < 0.1 else detector.push(t_s, grams)
            steps += [step] if step else []
        [step] = steps
        assert step.delta_g == pytest.approx(-120.0, abs=4.0)
        assert step.fault is None


@pytest.mark.parametrize("rate_sps", RATES)
def test_creep_after_a_load_is_no_change(rate_sps: float) -> None:
    def force(times_s: Floats) -> Floats:
        since_s = np.clip(times_s - 20.0, 0.0, None)
        return after((20.0, 4000.0))(times_s) + 25.0 * (1 - np.exp(-since_s / 60.0))

    [(_, step)] = found(samples(force, 600.0, rate_sps, 4))
    assert step.delta_g == pytest.approx(4000.0, abs=4.0)


def test_noise_that_rises_for_good_is_learned_and_items_are_found_in_it() -> None:
    rng = np.random.default_rng(6)

    def force(times_s: Floats) -> Floats:
        vibration = np.where(times_s > 30.0, rng.normal(0.0, 8.0, times_s.size), 0.0)
        return after((90.0, -400.0))(times_s) + vibration

    [(_, step)] = found(samples(force, 120.0, 10.0, 6))
    assert step.delta_g == pytest.approx(-400.0, abs=4.0 * step.sigma_g)
    assert step.sigma_g > 1.5


@pytest.mark.parametrize("silent_s", [5.0, 600.0])
@pytest.mark.parametrize("fault", ["not_ready", None])
def test_what_changed_while_a_cell_was_dead_is_told_with_the_fault(silent_s: float, fault: str | None) -> None:
    detector, steps = StepDetector(), []
    for t_s, grams in samples(after((22.0, -300.0)), 30.0 + silent_s, 10.0, 7):
        if not 20.0 < t_s < 20.0 + silent_s:
            steps.append(detector.push(t_s, grams))
        elif fault is not None:
            steps.append(detector.push(t_s, None, fault))
    [step] = [step for step in steps if step]
    assert step.fault == (fault or "no samples")
    assert abs(step.delta_g + 300.0) < 3.0 * step.sigma_g
    assert step.sigma_g > (0.5 if silent_s < 60.0 else 2.0)
    assert step.t0_s <= 20.0 and step.t1_s >= 20.0 + silent_s


def test_a_cell_that_was_dead_while_nothing_changed_tells_nothing() -> None:
    stream = [s for s in samples(after(), 700.0, 10.0, 8) if not 20.0 < s[0] < 620.0]
    assert found(stream) == []


def test_a_detector_stays_small_however_long_a_hand_is_on_its_lane() -> None:
    detector = StepDetector()
    stream = samples(lambda t: LOAD_G + hand_force(t, 10.0, 300.0, 800.0, 9), 300.0, 80.0, 9)
    assert found(stream, detector) == []
    assert len(pickle.dumps(detector)) < 20_000
