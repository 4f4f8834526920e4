"""The simulated load cell: what it makes of forces, and that reads stall as often as in real traces."""

import os
from pathlib import Path

import numpy as np
import pytest

from hw.sim.load_cell import FULL_SCALE, STALL_RATE, WRONG_AT_STALL, Cell, LoadCell, hand_force
from hw.sim.noise import Floats, Modelled, read_trace

TRACES = Path(os.environ.get("AISLE_DATA", Path(__file__).parents[2].parent / "shared" / "data")) / "hx711"


class Silent:
    """No noise at all."""

    def draw(self, n: int) -> Floats:
        return np.zeros(n)


def silent(cell: Cell, rate_sps: float = 10.0, *, wrong_rate: float = 0.0, stall_rate: float = 0.0) -> LoadCell:
    rng = np.random.default_rng(1)
    return LoadCell(cell, Silent(), rng, rate_sps=rate_sps, wrong_rate=wrong_rate, stall_rate=stall_rate)


def test_a_load_settles_within_the_converter_filter_and_then_creeps() -> None:
    cell = Cell(counts_per_gram=100.0, zero_counts=0.0, creep=1e-3, creep_s=60.0)
    counts = silent(cell).convert(np.concatenate([np.zeros(10), np.full(6000, 1000.0)]))
    assert counts[9] == 0
    assert counts[10:13].tolist() == pytest.approx([20_000, 80_000, 100_000], abs=20)
    assert counts[-1] == pytest.approx(100_100, abs=2)


def test_a_signal_in_pieces_is_the_signal_in_one() -> None:
    forces = np.random.default_rng(2).uniform(0.0, 5000.0, 400)
    whole, pieces = silent(Cell()), silent(Cell())
    assert whole.convert(forces).tolist() == [n for f in np.split(forces, 80) for n in pieces.convert(f).tolist()]
    one_by_one = silent(Cell()).at_pin(lambda t_s: float(forces[round(t_s)]))
    assert [one_by_one(float(i)) for i in range(50)] == silent(Cell()).convert(forces[:50]).tolist()


def test_counts_saturate_as_24_bits_do() -> None:
    counts = silent(Cell()).convert(np.array([1e6, 1e6, 1e6, -1e6, -1e6, -1e6]))
    assert counts.max() == FULL_SCALE - 1
    assert counts.min() == -FULL_SCALE


def test_temperature_moves_zero_and_span() -> None:
    cell = Cell(counts_per_gram=100.0, zero_counts=0.0, creep=0.0, zero_g_per_c=0.5, span_per_c=1e-4)
    counts = silent(cell).convert(np.full(5, 1000.0), np.full(5, cell.reference_c + 10.0))
    assert counts[-1] == pytest.approx(100 * (1000.0 * 1.001 + 5.0), abs=1)


def test_wrong_reads_end_in_ones_and_are_as_frequent_as_told() -> None:
    sound = silent(Cell()).convert(np.full(20_000, 2000.0))
    counts, got = silent(Cell(), wrong_rate=0.02).read(np.full(20_000, 2000.0))
    wrong = counts[counts != sound]
    assert got.all()
    assert len(wrong) == pytest.approx(400, rel=0.2)
    assert all(n & 0xFFF == 0xFFF for n in wrong.tolist())


def test_a_stall_costs_the_conversions_after_it_also_across_calls() -> None:
    cell = silent(Cell(), stall_rate=0.01)
    got = np.concatenate([cell.read(np.full(7, 100.0))[1] for _ in range(1000)])
    missing = np.diff(np.flatnonzero(np.diff(np.concatenate([[True], got, [True]]).astype(int))))[::2]
    assert np.median(missing) == 3
    assert len(missing) == pytest.approx(70, rel=0.4)


def test_a_row_of_cells_converts_as_each_would_alone() -> None:
    forces = np.random.default_rng(3).uniform(0.0, 5000.0, (3, 50))

    class SilentRow:
        def draw(self, n: int) -> Floats:
            return np.zeros((3, n))

    row = LoadCell(Cell(), SilentRow(), np.random.default_rng(1), rate_sps=10.0)
    together = np.concatenate([row.convert(part) for part in np.split(forces, 5, axis=1)], axis=1)
    assert together.tolist() == [silent(Cell()).convert(f).tolist() for f in forces]
    counts, got = row.read(forces)
    assert counts.shape == got.shape == forces.shape


def test_the_same_seed_is_the_same_stream() -> None:
    def stream(seed: int) -> list[int]:
        rng = np.random.default_rng(seed)
        cell = LoadCell(Cell(), Modelled(rng, 80.0), rng, rate_sps=80.0, wrong_rate=0.01)
        return list(cell.stream(lambda t: 100.0 * t, 0.0, 10.0)[1])

    assert stream(4) == stream(4) != stream(5)


def test_a_hand_rises_trembles_and_leaves_nothing_behind() -> None:
    times_s = np.arange(0.0, 30.0, 0.0125)
    force_g = hand_force(times_s, 5.0, 25.0, 800.0, seed=6)
    assert np.all(force_g[(times_s <= 5.0) | (times_s >= 25.0)] == 0.0)
    pressed = force_g[(times_s > 6.0) & (times_s < 24.0)]
    assert np.mean(pressed) == pytest.approx(800.0, rel=0.05)
    assert 0.015 < np.std(pressed) / 800.0 < 0.06
    assert np.array_equal(force_g, hand_force(times_s, 5.0, 25.0, 800.0, seed=6))


@pytest.mark.skipif(not TRACES.is_dir(), reason=f"HX711 traces: none in {TRACES}; set AISLE_DATA to public data")
def test_reads_stall_and_are_wrong_as_often_as_in_the_traces() -> None:
    samples, alone_g = 0, []
    for path in TRACES.glob("rpi_*.txt"):
        times_s, grams = read_trace(path)
        samples += grams.size
        stalled = np.flatnonzero(np.diff(times_s) > 0.4)
        alone_g += [min(abs(grams[i] - grams[i - 1]), abs(grams[i] - grams[i + 1])) for i in stalled]
    assert len(alone_g) / samples == STALL_RATE
    assert np.mean(np.array(alone_g) > 200.0) == WRONG_AT_STALL
