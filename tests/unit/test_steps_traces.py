"""The step detector on public HX711 traces. They lie outside the project; without them these tests skip."""

import os
from pathlib import Path

import numpy as np
import pytest

from hw.sim.load_cell import Cell, LoadCell, hand_force
from hw.sim.noise import TRACE_RATE_SPS, Floats, Recorded, quiet_stretches, read_trace
from shelf_node.steps import Step, StepDetector

ROOT = Path(__file__).parents[2]
TRACES = Path(os.environ.get("AISLE_DATA", ROOT.parent / "shared" / "data")) / "hx711"

pytestmark = pytest.mark.skipif(
    not TRACES.is_dir(), reason=f"HX711 traces: none in {TRACES}; set AISLE_DATA to the folder of public data"
)


def steps_in(times_s: Floats, grams: Floats) -> list[Step]:
    detector = StepDetector()
    pushed = (detector.push(t, g) for t, g in zip(times_s.tolist(), grams.tolist(), strict=True))
    return [step for step in pushed if step is not None]


def quiet() -> list[tuple[Floats, Floats]]:
    """Every stretch of the traces in which nothing happens, an hour and a half in all."""
    found = []
    for path in sorted(TRACES.glob("rpi_*.txt")):
        times_s, grams = read_trace(path)
        found += [(times_s[a:b], grams[a:b]) for a, b in quiet_stretches(grams)]
    return found


def test_quiet_runs_that_drift_and_read_wrongly_tell_no_change() -> None:
    stretches = quiet()
    assert sum(grams.size for _, grams in stretches) > 20_000
    assert max(float(np.max(np.abs(grams - np.median(grams)))) for _, grams in stretches) > 50_000
    assert [step for times_s, grams in stretches for step in steps_in(times_s, grams)] == []


def test_single_wrong_reads_of_thousands_of_grams_are_never_told() -> None:
    for name in ("rpi_spike.txt", "rpi_longrun4.txt", "rpi_transients_a.txt"):
        times_s, grams = read_trace(TRACES / name)
        assert np.max(np.abs(grams)) > 10_000
        assert all(abs(step.delta_g) < 300 for step in steps_in(times_s, grams))


@pytest.mark.parametrize(
    ("name", "at_s", "grams"),
    [
        ("rpi_longrun.txt", 661.5, 33.4),
        ("rpi_longrun.txt", 135.7, 164.0),
        ("rpi_longrun4.txt", 364.1, 18.7),
        ("rpi_transients_a.txt", 90.8, -16.5),
        ("rpi_transients_a.txt", 95.4, -17.9),
        ("rpi_transients_a.txt", 120.0, 15.0),
    ],
)
def test_true_load_transients_are_found(name: str, at_s: float, grams: float) -> None:
    """Seen by eye in the traces: levels that differ for a second and more before and after."""
    then = [step for step in steps_in(*read_trace(TRACES / name)) if step.t0_s - 0.3 <= at_s <= step.t1_s + 0.3]
    assert [step.delta_g for step in then] == pytest.approx([grams], abs=3.0)


@pytest.mark.parametrize("hold_s", [0.0, 15.0])
def test_on_real_noise_items_are_found_once_in_time_and_with_an_honest_sigma(hold_s: float) -> None:
    stretches = [grams for _, grams in quiet()]
    true, z, late = Cell(), [], 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        cell = LoadCell(true, Recorded(stretches, rng), rng, rate_sps=TRACE_RATE_SPS, stall_rate=0.0)
        left_s = 30.0 + hold_s

        def force(times_s: Floats, seed: int = seed, left_s: float = left_s) -> Floats:
            hand = hand_force(times_s, 30.0, left_s, 800.0, seed) if hold_s else np.zeros_like(times_s)
            return np.where(times_s >= left_s - 0.1, 970.0, 1000.0) + hand

        detector, told = StepDetector(), []
        for t_s, counts in zip(*(array.tolist() for array in cell.stream(force, 0.0, left_s + 4.0)), strict=True):
            step = detector.push(t_s, (counts - true.zero_counts) / true.counts_per_gram)
            told += [(t_s, step)] if step else []
        assert len(told) == 1, f"seed {seed}: {told}"
        late += told[0][0] > left_s + 1.0
        z.append((told[0][1].delta_g + 30.0) / told[0][1].sigma_g)
    assert late <= 0.05 * len(z)
    assert 0.6 < np.std(z) < 1.3
    assert np.mean(np.abs(z) > 2.5) <= 0.05
