"""A load cell and its converter: forces in grams → counts, with the creep, drift, gaps and wrong reads of real ones.

How often reads stall and are wrong comes from the same traces as the noise (`hw.sim.noise`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter, lfilter_zi

from hw.sim.noise import CONVERTER_TAPS, Floats, Noise

Counts = NDArray[np.int64]
Signal = Callable[[Floats], Floats]
"""A value at each of the times given, in seconds."""

FULL_SCALE = 1 << 23
STALL_RATE = 16 / 35_692
"""Reads that were interrupted for so long that the chip reset itself: 400 ms are missing after each (traces)."""
WRONG_AT_STALL = 4 / 16
"""How many of those handed over a wrong number first (traces: 232 to 197,365 g off)."""
STALL_CONVERSIONS = 4


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
        wrong_rate: float | Floats = 0.0,
    ) -> None:
        """`wrong_rate`: single wrong reads besides those at stalls, of all cells or one figure for each; users report
        1–5 % (bogde/HX711 issues 83, 216)."""
        self._cell, self._noise, self._rng = cell, noise, rng
        self._rate_sps, self._stall_rate = rate_sps, stall_rate
        self._wrong_rate = np.asarray(wrong_rate)[..., None]
        self._before: Floats | None = None  # the last forces, which the converter's filter still sees
        self._crept = np.zeros(1)
        keep = np.exp(-1 / (rate_sps * cell.creep_s))
        self._creep_filter = np.array([cell.creep * (1 - keep)]), np.array([1.0, -keep])
        self._resetting = np.zeros((), dtype=np.int64)  # conversions that are still missing, per cell

    def convert(self, force_g: Floats, temperature_c: Floats | None = None) -> Counts:
        """Counts of the next conversions, one for each force, as sound reads give them."""
        cell = self._cell
        if self._before is None:  # what lies there has lain there
            load_g = force_g[..., :1]
            self._before = np.repeat(load_g, CONVERTER_TAPS.size - 1, axis=-1)
            self._crept = lfilter_zi(*self._creep_filter) * load_g
        lately = np.concatenate([self._before, force_g], axis=-1)
        self._before = lately[..., -2:]
        newest, middle, oldest = CONVERTER_TAPS
        seen = newest * lately[..., 2:] + middle * lately[..., 1:-1] + oldest * lately[..., :-2]
        creep, self._crept = lfilter(*self._creep_filter, force_g, zi=self._crept)
        grams = seen + creep + self._noise.draw(force_g.shape[-1])
        if temperature_c is not None:
            warmer_c = temperature_c - cell.reference_c
            grams = grams * (1 + cell.span_per_c * warmer_c) + cell.zero_g_per_c * warmer_c
        counts = np.rint(cell.zero_counts + cell.counts_per_gram * grams)
        return np.asarray(np.minimum(np.maximum(counts, -FULL_SCALE), FULL_SCALE - 1), dtype=np.int64)

    def at_pin(self, force_g: Callable[[float], float]) -> Callable[[float], int]:
        """For a chip model that asks once per conversion: the counts at a time."""
        return lambda t_s: int(self.convert(np.array([force_g(t_s)]))[0])

    def read(self, force_g: Floats, temperature_c: Floats | None = None) -> tuple[Counts, NDArray[np.bool_]]:
        """The next conversions as a reader in user space gets them, wrong ones included, and which it got at all."""
        counts = self.convert(force_g, temperature_c)
        chance = self._rng.random(counts.shape)
        stalls = chance < self._stall_rate
        wrong = (chance < self._stall_rate * WRONG_AT_STALL) | (chance >= 1.0 - self._wrong_rate)
        if wrong.any():  # SCK was high for too long: every later bit reads 1
            counts[wrong] |= (1 << self._rng.integers(12, 24, int(wrong.sum()))) - 1
        return counts, self._got(stalls)

    def _got(self, stalls: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """All but the conversions that a reset costs after each stall."""
        if not (stalls.any() or self._resetting.any()):
            return np.ones_like(stalls)
        at = np.arange(stalls.shape[-1])
        back = np.where(stalls, at + STALL_CONVERSIONS, 0)
        before = np.broadcast_to(self._resetting, stalls.shape[:-1])[..., None]
        missing_until = np.maximum.accumulate(np.concatenate([before, back], axis=-1), axis=-1)
        self._resetting = np.maximum(missing_until[..., -1] - stalls.shape[-1], 0)
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
