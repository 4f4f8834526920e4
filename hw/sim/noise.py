"""What a load cell shows while nothing happens: stretches of real traces where those are at hand, else a model of them.

The traces are public: an HX711 read by a Raspberry Pi in Python at 10.5 SPS (rocket-buds, 35,692 samples in five
files). They lie outside the project, below `hx711/` in the folder of public data.
"""

import os
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from hw.errors import BadTrace

Floats = NDArray[np.float64]

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
"""Where public data lies beside a checkout; the environment variable AISLE_DATA names another place."""
TRACE_RATE_SPS = 10.54
CONVERTER_TAPS = np.array([0.2, 0.6, 0.2])
"""The converter's own filter: neighbouring samples of the traces correlate by 0.5, the next by 0.1, later ones not."""
BUMP_G = 10.0
"""Noise of these cells (σ 0.5 g) jumps by 2 to 4 g from one sample to the next: by more, somebody touched the table, or
the read was wrong. In the traces, 21,250 of the 24,270 samples of quiet stretches lie in stretches without bumps."""


class Noise(Protocol):
    """What a cell shows with nothing happening."""

    def draw(self, n: int) -> Floats:
        """The next `n` conversions in grams, along the last axis."""


class Modelled:
    """White noise through the converter's filter, and a wander that returns: with its default figures it shows the
    mean squared differences of the quietest trace (rpi_longrun4, 645–993 s) over 0.1 to 47 s within a third."""

    def __init__(
        self,
        rng: np.random.Generator,
        rate_sps: float,
        *,
        white_g: float = 0.7,
        wander_g: float = 3.15,
        wander_s: float = 60.0,
    ) -> None:
        """`white_g` is the standard deviation after the filter, at 10 SPS as at 80; `wander_g` that of the wander."""
        self._rng = rng
        self._white_g = white_g / np.sqrt(np.sum(CONVERTER_TAPS**2))
        self._keep = np.exp(-1 / (rate_sps * wander_s))
        self._step_g = wander_g * np.sqrt(1 - self._keep**2)
        self._white_state = np.zeros(CONVERTER_TAPS.size - 1)
        self._wander_state = np.zeros(1)

    def draw(self, n: int) -> Floats:
        white = self._rng.normal(0.0, self._white_g, n)
        white, self._white_state = lfilter(CONVERTER_TAPS, [1.0], white, zi=self._white_state)
        steps = self._rng.normal(0.0, self._step_g, n)
        wander, self._wander_state = lfilter([1.0], [1.0, -self._keep], steps, zi=self._wander_state)
        return np.asarray(white + wander)


class Recorded:
    """Stretches of real traces, sample by sample, each as often as it is long. Each runs forwards and back again, so
    that the joints fit; the first begins anywhere."""

    def __init__(self, stretches: Sequence[Floats], rng: np.random.Generator) -> None:
        self._stretches, self._rng = stretches, rng
        self._ends = np.cumsum([stretch.size for stretch in stretches])
        first = self._there_and_back()
        self._ahead = first[int(rng.integers(first.size)) :]

    def draw(self, n: int) -> Floats:
        while self._ahead.size < n:
            self._ahead = np.concatenate([self._ahead, self._there_and_back()])
        drawn, self._ahead = self._ahead[:n], self._ahead[n:]
        return drawn

    def _there_and_back(self) -> Floats:
        anywhere = self._rng.integers(self._ends[-1])
        stretch = self._stretches[int(np.searchsorted(self._ends, anywhere, side="right"))]
        from_start_g = stretch - np.median(stretch[:10])
        return np.concatenate([from_start_g, from_start_g[::-1]])


def noise_at_hand(rng: np.random.Generator, rate_sps: float) -> Noise:
    """Recorded noise where the traces are at hand and were taken at this rate, else modelled. Raises BadTrace.

    Wrong reads and gaps are not in it, for they are the reader's: `LoadCell.read` gives them as often as the traces do.
    """
    stretches = _noise_only(Path(os.environ.get("AISLE_DATA", DATA)) / "hx711")
    at_this_rate = abs(rate_sps - TRACE_RATE_SPS) < 1.0
    return Recorded(stretches, rng) if stretches and at_this_rate else Modelled(rng, rate_sps)


@lru_cache
def _noise_only(folder: Path) -> tuple[Floats, ...]:
    """The quiet stretches of all traces in a folder that hold neither a bump nor a wrong read."""
    traces = [read_trace(path)[1] for path in sorted(folder.glob("rpi_*.txt"))]
    stretches = [grams[a:b] for grams in traces for a, b in quiet_stretches(grams)]
    return tuple(stretch for stretch in stretches if np.max(np.abs(np.diff(stretch))) < BUMP_G)


def read_trace(path: Path) -> tuple[Floats, Floats]:
    """Seconds from its start and grams of a trace in lines of `unix_s;grams`. Raises BadTrace."""
    try:
        seconds, grams = np.loadtxt(path, delimiter=";", ndmin=2, unpack=True)
    except (OSError, ValueError) as e:
        raise BadTrace(f"{path}: no trace in lines of `unix_s;grams`: {e}") from None
    return seconds - seconds[0], grams


def quiet_stretches(grams: Floats, shortest: int = 200) -> list[tuple[int, int]]:
    """Where a trace shows nothing but its cell, as index ranges: no neighbouring medians of ten samples further apart
    than 2 g, nor right before and after. Wrong reads inside stay in."""
    medians = np.array([np.median(grams[i : i + 10]) for i in range(0, grams.size - 9, 10)])
    ends = [0, *(np.flatnonzero(np.abs(np.diff(medians)) > 2.0) + 1), medians.size]
    return [(10 * a + 10, 10 * b - 10) for a, b in pairwise(ends) if 10 * (b - a) - 20 >= shortest]
