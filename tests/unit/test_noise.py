"""Noise of simulated load cells: the recording itself where traces are at hand, and otherwise very like it."""

import os
from pathlib import Path

import numpy as np
import pytest

from hw.errors import BadTrace
from hw.sim.noise import TRACE_RATE_SPS, Floats, Modelled, Recorded, noise_at_hand, quiet_stretches, read_trace

TRACES = Path(os.environ.get("AISLE_DATA", Path(__file__).parents[2].parent / "shared" / "data")) / "hx711"


def write_trace(folder: Path, name: str, grams: Floats) -> None:
    path = folder / "hx711" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{1.5e9 + i / TRACE_RATE_SPS};{g}\n" for i, g in enumerate(grams)))


def draw_here(monkeypatch: pytest.MonkeyPatch, data: Path, *, rate_sps: float = 10.0) -> list[float]:
    monkeypatch.setenv("AISLE_DATA", str(data))
    return [float(g) for g in noise_at_hand(np.random.default_rng(1), rate_sps).draw(50)]


def test_noise_is_replayed_from_the_traces_at_hand_but_for_bumps_and_wrong_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rising = 500.0 + np.arange(400) / 100
    bumped = rising + np.where(np.arange(400) == 200, 40.0, 0.0)
    write_trace(tmp_path, "rpi_b.txt", bumped)
    assert draw_here(monkeypatch, tmp_path) == [float(g) for g in Modelled(np.random.default_rng(1), 10.0).draw(50)]
    write_trace(other := tmp_path / "both", "rpi_a.txt", rising)
    write_trace(other, "rpi_b.txt", bumped)
    drawn = draw_here(monkeypatch, other)
    assert np.abs(np.diff(drawn)) == pytest.approx(0.01)
    assert draw_here(monkeypatch, other) == drawn
    assert np.std(np.diff(draw_here(monkeypatch, other, rate_sps=80.0))) > 0.1


def test_a_trace_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_trace(tmp_path, "rpi_a.txt", np.zeros(3))
    (tmp_path / "hx711" / "rpi_a.txt").write_text("seconds;grams\n")
    with pytest.raises(BadTrace, match=r"rpi_a\.txt: no trace in lines of `unix_s;grams`"):
        draw_here(monkeypatch, tmp_path)


def mean_squared_differences(stretches: list[Floats], lags: list[int]) -> list[float]:
    """By lag; differences over 30 g are wrong reads and left out."""
    squares = [np.concatenate([(g[k:] - g[:-k]) ** 2 for g in stretches]) for k in lags]
    return [float(np.mean(square[square < 900.0])) for square in squares]


@pytest.mark.skipif(not TRACES.is_dir(), reason=f"HX711 traces: none in {TRACES}; set AISLE_DATA to public data")
def test_modelled_noise_differs_from_sample_to_sample_and_over_seconds_as_the_trace_does() -> None:
    times_s, grams = read_trace(TRACES / "rpi_longrun4.txt")
    trace = grams[(times_s > 645.0) & (times_s < 993.0)]
    model = Modelled(np.random.default_rng(7), TRACE_RATE_SPS).draw(100_000)
    lags = [1, 2, 5, 10, 20, 50, 100]
    ratios = np.array(mean_squared_differences([model], lags)) / mean_squared_differences([trace], lags)
    assert np.all((ratios > 0.67) & (ratios < 1.33)), dict(zip(lags, ratios, strict=True))


@pytest.mark.skipif(not TRACES.is_dir(), reason=f"HX711 traces: none in {TRACES}; set AISLE_DATA to public data")
def test_recorded_noise_is_the_recording_and_has_no_jumps_at_its_joints() -> None:
    _, grams = read_trace(TRACES / "rpi_longrun.txt")
    stretches = [grams[a:b] for a, b in quiet_stretches(grams)]
    drawn = Recorded(stretches, np.random.default_rng(8)).draw(30_000)
    lags = [1, 2, 5, 10]
    assert mean_squared_differences([drawn], lags) == pytest.approx(mean_squared_differences(stretches, lags), rel=0.15)
    medians = np.median(drawn.reshape(-1, 10), axis=1)
    assert np.max(np.abs(np.diff(medians))) < 4.0
