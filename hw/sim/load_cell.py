"""A load cell and its converter: forces in grams → counts, with the noise, drift and wrong reads of real ones.

The figures come from public traces of an HX711 read by a Raspberry Pi in Python at 10.5 SPS (rocket-buds, 35,692
samples in five files): their quietest stretch (rpi_longrun4, 645–993 s) for noise and wander, all of them for wrong
reads and gaps. Where the traces are at hand, `Recorded` replays stretches of them instead.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Signal = Callable[[Floats], Floats]
"""A value at each of the times given, in seconds."""

FULL_SCALE = 1 << 23
CONVERTER_TAPS = np.array([0.2, 0.6, 0.2])
"""The converter's own filter: neighbouring samples of the traces correlate by 0.5, the next by 0.1, later ones not."""
STALL_RATE = 16 / 35_692
"""Reads that were interrupted for so long that the chip reset itself: 400 ms are missing after each (traces)."""
WRONG_AT_STALL = 4 / 16
"""How many of those handed over a wrong number first (traces: 232 to 197,365 g off)."""
STALL_CONVERSIONS = 4
TRACE_RATE_SPS = 10.54


class Noise(Protocol):
    """What a cell shows with nothing happening."""

    def draw(self, n: int) -> Floats:
        """The next `n` conversions in grams, along the last axis."""


class Modelled:
    """White noise through the converter's filter, and a wander that returns: with its default figures it shows the
    mean squared differences of the quietest trace over 0.1 to 47 s within a third."""

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
    """Stretches of real traces, sample by sample, from anywhere in one of them. Each runs forwards and back again, so
    that the joints fit."""

    def __init__(self, stretches: Sequence[Floats], rng: np.random.Generator) -> None:
        self._stretches, self._rng = stretches, rng
        first = self._there_and_back()
        self._ahead = first[int(rng.integers(first.size)) :]

    def draw(self, n: int) -> Floats:
        while self._ahead.size < n:
            self._ahead = np.concatenate([self._ahead, self._there_and_back()])
        drawn, self._ahead = self._ahead[:n], self._ahead[n:]
        return drawn

    def _there_and_back(self) -> Floats:
        stretch = self._stretches[int(self._rng.integers(len(self._stretches)))]
        from_start_g = stretch - np.median(stretch[:10])
        return np.concatenate([from_start_g, from_start_g[::-1]])


@dataclass(frozen=True)
class Cell:
    """A cell's true figures. Span: 10 kg, 1 mV/V, 5 V, gain 128 (HX711 datasheet: ±20 mV is full scale)."""

    counts_per_gram: float = 209.7
    zero_counts: float = 80_000.0
    creep: float = 2.45e-4
    """What a load adds to itself in time, as a share of it (OIML R 60, class C3: 2.45 g at 10 kg in 30 min)."""
    creep_s: float = 600.0
    zero_g_per_c: float = 0.35
    """OIML R 60 class C3 allows 0.7 verification intervals per 5 K; a cheap bar cell of 10 kg does about this."""
    span_per_c: float = 3e-5
    reference_c: float = 20.0


class LoadCell:
    """One cell on one converter, or a row of them; conversions follow each other from call to call.

    Forces and counts are arrays of n conversions, or of cells × n when the noise has a row for each cell.
    """

    def __init__(
        self,
        cell: Cell,
        noise: Noise,
        rng: np.random.Generator,
        *,
        rate_sps: float,
        stall_rate: float = STALL_RATE,
        wrong_rate: float = 0.0,
    ) -> None:
        """`wrong_rate`: single wrong reads besides those at stalls; users report 1–5 % (bogde/HX711 issues 83, 216)."""
        self._cell, self._noise, self._rng = cell, noise, rng
        self._rate_sps, self._stall_rate, self._wrong_rate = rate_sps, stall_rate, wrong_rate
        self._states: tuple[Floats, Floats] | None = None  # of the converter's filter, and of creep
        self._resetting = np.zeros((), dtype=np.int64)  # conversions that are still missing, per cell

    def convert(self, force_g: Floats, temperature_c: Floats | None = None) -> Counts:
        """Counts of the next conversions, one for each force, as sound reads give them."""
        cell = self._cell
        keep = np.exp(-1 / (self._rate_sps * cell.creep_s))
        if self._states is None:  # what lies there has lain there
            load_g = force_g[..., :1]
            self._states = load_g * np.cumsum(CONVERTER_TAPS[:0:-1])[::-1], load_g * keep * cell.creep
        filtered, crept = self._states
        seen, filtered = lfilter(CONVERTER_TAPS, [1.0], force_g, zi=filtered)
        creep, crept = lfilter([cell.creep * (1 - keep)], [1.0, -keep], force_g, zi=crept)
        self._states = filtered, crept
        grams = seen + creep + self._noise.draw(force_g.shape[-1])
        if temperature_c is not None:
            warmer_c = temperature_c - cell.reference_c
            grams = grams * (1 + cell.span_per_c * warmer_c) + cell.zero_g_per_c * warmer_c
        counts = np.rint(cell.zero_counts + cell.counts_per_gram * grams)
        return np.asarray(np.clip(counts, -FULL_SCALE, FULL_SCALE - 1), dtype=np.int64)

    def at_pin(self, force_g: Callable[[float], float]) -> Callable[[float], int]:
        """For a chip model that asks once per conversion: the counts at a time."""
        return lambda t_s: int(self.convert(np.array([force_g(t_s)]))[0])

    def read(self, force_g: Floats, temperature_c: Floats | None = None) -> tuple[Counts, NDArray[np.bool_]]:
        """The next conversions as a reader in user space gets them, wrong ones included, and which it got at all."""
        counts = self.convert(force_g, temperature_c)
        chance = self._rng.random((2, *counts.shape))
        stalls = chance[0] < self._stall_rate
        wrong = np.where(stalls, chance[1] < WRONG_AT_STALL, chance[1] < self._wrong_rate)
        if wrong.any():  # SCK was high for too long: every later bit reads 1
            counts[wrong] |= (1 << self._rng.integers(12, 24, int(wrong.sum()))) - 1
        return counts, self._got(stalls)

    def _got(self, stalls: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """All but the conversions that a reset costs after each stall."""
        at = np.arange(stalls.shape[-1])
        back = np.where(stalls, at + STALL_CONVERSIONS, 0)
        before = np.broadcast_to(self._resetting, stalls.shape[:-1])[..., None]
        missing_until = np.maximum.accumulate(np.concatenate([before, back], axis=-1), axis=-1)
        self._resetting = missing_until[..., -1] - stalls.shape[-1]
        return np.asarray(at >= missing_until[..., :-1])

    def stream(
        self, force_g: Signal, from_s: float, to_s: float, temperature_c: Signal | None = None
    ) -> tuple[Floats, Counts]:
        """Times and counts of one cell as they reach a program: late by up to 2 ms, with gaps."""
        times_s = np.arange(from_s, to_s, 1 / self._rate_sps)
        counts, got = self.read(force_g(times_s), None if temperature_c is None else temperature_c(times_s))
        return (times_s + self._rng.uniform(0.0, 0.002, times_s.size))[got], counts[got]


def hand_force(
    times_s: Floats, from_s: float, to_s: float, force_g: float, seed: int, unsteadiness: float = 0.03
) -> Floats:
    """A hand that presses from `from_s` until `to_s`: rise, unsteady force, release; a pure function of time and seed.

    No such recording is public: the figures are estimates. Pressed without looking at a display, a force fluctuates by
    some percent of itself below 2 Hz or so (`unsteadiness`), and by half as much with the tremor of 8 to 12 Hz.
    """
    rng = np.random.default_rng(seed)
    rise_s, release_s = rng.uniform(0.15, 0.35), rng.uniform(0.1, 0.25)
    envelope = np.clip(np.minimum((times_s - from_s) / rise_s, (to_s - times_s) / release_s), 0.0, 1.0)
    slow = np.zeros_like(times_s)
    for hz in np.geomspace(0.15, 2.5, 6) * rng.uniform(0.9, 1.1, 6):
        slow += np.sin(2 * np.pi * (hz * times_s + rng.random())) / np.sqrt(3)
    tremor_hz = rng.uniform(8, 12)
    tremor = np.sqrt(2) * np.sin(2 * np.pi * (tremor_hz * times_s + rng.random()))
    return np.asarray(force_g * envelope * (1 + unsteadiness * (slow + 0.5 * tremor)))


def read_trace(path: Path) -> tuple[Floats, Floats]:
    """Seconds from its start and grams of a trace in lines of `unix_s;grams`."""
    table = np.loadtxt(path, delimiter=";", ndmin=2)
    return table[:, 0] - table[0, 0], table[:, 1]


def quiet_stretches(grams: Floats, shortest: int = 200) -> list[tuple[int, int]]:
    """Where a trace shows nothing but its cell, as index ranges: no neighbouring medians of ten samples further apart
    than 2 g, nor right before and after. Wrong reads inside stay in."""
    medians = np.array([np.median(grams[i : i + 10]) for i in range(0, grams.size - 9, 10)])
    ends = [0, *(np.flatnonzero(np.abs(np.diff(medians)) > 2.0) + 1), medians.size]
    return [(10 * a + 10, 10 * b - 10) for a, b in pairwise(ends) if 10 * (b - a) - 20 >= shortest]
