"""From a lane's grams to steps: the level at rest before and after something was taken or put down.

A lane is at rest while its samples stay near their level; blocks of half a second let the level follow creep and
drift, and teach the detector how noisy this cell is. A sample outside leaves rest. The lane is at rest again when
half a second is as steady as the cell itself: a hand's force never is, so pressing and holding report nothing, and
what stays different afterwards is one step.
"""

from bisect import bisect_right
from math import sqrt
from typing import NamedTuple

CONFIRM_S = 0.45
"""How long a new level must be steady: with the HX711's settling (400 ms at 10 SPS, datasheet) under one second."""

LULL_S = 1.2
"""How long instead, when the new level lies amid what a hand has just been pressing: a hand may pause."""

HOLD_S = 1.5
"""Unsteady for at least this long is a hand that holds or presses."""

LOST_S = 1.0
"""A gap longer than this is no jitter: what changed meanwhile is reported with the fault."""

RELEARN_S = 10.0
"""Unsteady for so long around the old level is the cell's new noise (a compressor that starts), not a hand."""

MIN_SAMPLES = 6
"""Steadiness cannot be told from fewer."""

NOISE_FLOOR_G = 0.1
"""No cell is quieter: HX711 at gain 128 and 10 SPS with a 10 kg, 1 mV/V cell at 5 V (datasheet, 50 nV rms)."""

CREEP_G2_PER_S = 2.45**2 / 1800.0
"""Creep that a good cell may show: 2.45 g in 30 min (OIML R 60, class C3, 10 kg), as a random walk."""

WANDER_G2_PER_S = 0.33
"""How fast a cheap cell's level walks, until this one's is known: mean squared differences over 2 to 20 s of quiet
stretches of public HX711 traces (rocket-buds)."""

MARK_S = 5.0
"""Levels so far apart tell how fast this one walks."""

GATE_SIGMAS = 6.0
CHANGE_SIGMAS = 4.0
RESTLESS_SIGMAS = 40.0  # a hand that moves by so much within half a window does not look steady by chance
LEVEL_WALK = 0.16
"""How far a level at rest may walk from block to block, as variance in units of a block mean's. With it the filter's
gain is a third: the level follows drift within three blocks or so, and averages about five."""
LEARN_GAIN = 1.0 / 32.0


class Step(NamedTuple):
    """A level that changed: after minus before, its standard uncertainty, and the rests on both sides."""

    delta_g: float
    sigma_g: float
    t0_s: float
    t1_s: float
    fault: str | None


class StepDetector:
    """One lane's detector. It holds at most two seconds of samples, and only while the lane is unsteady."""

    def __init__(self, min_change_g: float = 8.0) -> None:
        """`min_change_g`: smaller changes of level count as drift."""
        self.min_change_g = min_change_g
        self.wrong_reads = 0  # single samples that no neighbour confirmed
        self.level_g: float | None = None  # the level at rest, or the last one; None before the first rest
        self._level_weight = 1.0  # variance of the level, in units of one sample's
        self._noise_var = 0.0  # of one sample about its block's mean, g²
        self._mean_var = 0.0  # the same as seen in the scatter of block means: larger where noise is coloured, g²
        self._marks = 0
        self._wander = WANDER_G2_PER_S  # how fast the level walks at rest, g²/s
        self._gate_g = 0.0
        self._block: list[float] = []
        self._block_end_s = 0.0
        self._blocks = 0
        self._mark_g = 0.0
        self._mark_s = 0.0
        self._rest_s = 0.0
        self._last_s: float | None = None
        self._moving_since_s = 0.0
        self._times: list[float] = []  # of the unsteady samples; empty at rest
        self._grams: list[float] = []
        self._fault: str | None = None
        self._lost: str | None = None

    @property
    def noise_g(self) -> float | None:
        """Standard deviation of one sample as learned so far; None before the first rest."""
        return None if self.level_g is None else sqrt(self._noise_var)

    @property
    def at_rest(self) -> bool:
        """Whether the lane is steady now: False before the first rest, and while a hand is on it."""
        return self.level_g is not None and not self._times

    def push(self, t_s: float, grams: float | None, fault: str | None = None) -> Step | None:
        """One sample, in the order of time; `grams` is None when the cell had none to give, and `fault` says why."""
        if grams is None:
            self._fault = fault
            return None
        level_g = self.level_g
        last_s, self._last_s = self._last_s, t_s
        if level_g is None:
            return self._settle(t_s, grams)
        if last_s is not None and t_s - last_s > LOST_S:
            self._lost = self._fault or "no samples"
            self._fault = None
            self._times.clear()
            self._grams.clear()
            self._moving_since_s = t_s
            return self._settle(t_s, grams)
        if self._times:
            if len(self._times) > 1 or self._lost or not -self._gate_g < grams - level_g < self._gate_g:
                return self._settle(t_s, grams)
            self._times.clear()  # it came back at once: what left was a wrong read
            self._grams.clear()
            self.wrong_reads += 1
        elif not -self._gate_g < grams - level_g < self._gate_g:
            self._moving_since_s = t_s
            return self._settle(t_s, grams)
        self._rest_s = t_s
        self._block.append(grams)
        if t_s >= self._block_end_s:
            self._end_block(t_s)
        return None

    def _end_block(self, t_s: float) -> None:
        """Let the level and the noise learn from a block at rest, or leave rest when its mean stands off."""
        assert self.level_g is not None
        n = len(self._block)
        self._block_end_s = t_s + CONFIRM_S
        if n < 3:
            return
        mean_g = sum(self._block) / n
        offset_g = mean_g - self.level_g
        expected = self._level_weight + 1.0 / n
        if abs(offset_g) > max(self.min_change_g / 2.0, CHANGE_SIGMAS * sqrt(self._mean_var * expected)):
            self._block.clear()
            self._moving_since_s = self._rest_s = t_s - CONFIRM_S
            self._times.append(t_s)
            self._grams.append(mean_g)
            return
        variance = sum([(x - mean_g) ** 2 for x in self._block]) / (n - 1)
        self._block.clear()
        self._blocks += 1
        learn = max(LEARN_GAIN, 1.0 / (self._blocks + 1))
        self._noise_var += learn * (min(variance, 5.0 * self._noise_var) - self._noise_var)
        self._noise_var = max(self._noise_var, NOISE_FLOOR_G**2)
        self._mean_var += learn * (min(offset_g**2 / expected, 9.0 * self._mean_var) - self._mean_var)
        self._mean_var = max(self._mean_var, self._noise_var / 2.0)
        gain = self._level_weight / expected
        self.level_g += gain * offset_g
        self._level_weight = (gain + LEVEL_WALK) / n
        self._gate_g = max(GATE_SIGMAS * sqrt(self._noise_var), self.min_change_g / 2.0)
        if t_s - self._mark_s > MARK_S:
            walked = (self.level_g - self._mark_g) ** 2 / (t_s - self._mark_s)
            self._marks += 1
            learn = max(LEARN_GAIN, 1.0 / (self._marks + 1))
            self._wander += learn * (min(walked, 9.0 * self._wander) - self._wander)
            self._mark_g, self._mark_s = self.level_g, t_s

    def _settle(self, t_s: float, grams: float) -> Step | None:
        """One sample of an unsteady lane: is it steady again, and where?"""
        times, values = self._times, self._grams
        tolerance_g = 4.0 * sqrt(self._noise_var)
        if (
            len(values) > 1
            and self.level_g is not None
            and abs(grams - values[-2]) < tolerance_g
            and abs(grams - values[-1]) > 8.0 * tolerance_g
        ):
            times.pop()
            values.pop()
            self.wrong_reads += 1
        times.append(t_s)
        values.append(grams)
        if times[0] < t_s - 2.0 * (HOLD_S + CONFIRM_S):
            old = bisect_right(times, t_s - HOLD_S - LULL_S)
            del times[:old], values[:old]
        confirm_s = LULL_S if self.level_g is None else CONFIRM_S
        begin = min(bisect_right(times, t_s - confirm_s) - 1, len(times) - MIN_SAMPLES)
        if begin < 0 or not self._steady(values[begin:]):
            if self.level_g is not None and t_s - self._moving_since_s > RELEARN_S:
                self._relearn(t_s, self.level_g)
            return None
        return self._arrive(t_s, begin)

    def _steady(self, window: list[float]) -> bool:
        """Whether a window scatters no more than this cell at rest: 999 in 1000 resting ones pass."""
        if self.level_g is None:
            return True
        n = len(window)
        mean_g = sum(window) / n
        variance = sum([(x - mean_g) ** 2 for x in window]) / (n - 1)
        d = 2.0 / (9.0 * (n - 1))
        return variance <= self._noise_var * (1.0 - d + 3.09 * sqrt(d)) ** 3  # chi-square, Wilson and Hilferty

    def _arrive(self, t_s: float, begin: int) -> Step | None:
        """A steady window: at rest here from now on; a step unless it is the old level or a pause of the hand."""
        times, values = self._times, self._grams
        core = values[begin + 1 :]  # the first sample may still be settling
        n = len(core)
        after_g = sum(core) / n
        t1_s = times[begin]
        if self.level_g is None:  # nothing is known of this cell yet: median and quartiles, in case of wrong reads
            core.sort()
            spread_g = (core[-1 - n // 4] - core[n // 4]) / 1.35
            self._noise_var = self._mean_var = max(NOISE_FLOOR_G, spread_g) ** 2
            self._rest_at(t_s, core[n // 2], n)
            return None
        span_s = t1_s - self._rest_s
        delta_g = after_g - self.level_g
        sigma_g = sqrt(
            self._mean_var * (self._level_weight + 1.0 / n) + (self._wander + CREEP_G2_PER_S) * span_s
        )
        step = None
        if abs(delta_g) >= max(self.min_change_g, CHANGE_SIGMAS * sigma_g):
            if self._pausing(t_s, begin, after_g):
                return None
            step = Step(delta_g, sigma_g, self._rest_s, t1_s, self._lost)
        self._rest_at(t_s, after_g, n)
        return step

    def _pausing(self, t_s: float, begin: int, after_g: float) -> bool:
        """Whether the steady window lies amid what a hand has been pressing, and may be but a pause of it."""
        times, values = self._times, self._grams
        if times[begin] - self._moving_since_s < HOLD_S:
            return False
        held = sorted(values[:begin])
        low_g, high_g = held[begin // 4], held[-1 - begin // 4]
        if not low_g - (high_g - low_g) <= after_g <= high_g + (high_g - low_g):
            return False
        half = (len(values) - begin) // 2
        moves_g = sorted([abs(b - a) for a, b in zip(values, values[half:begin], strict=False)])
        if moves_g[len(moves_g) // 2] > RESTLESS_SIGMAS * sqrt(self._noise_var):
            return False
        longer = bisect_right(times, t_s - LULL_S) - 1
        return longer < 0 or not self._steady(values[longer:])

    def _rest_at(self, t_s: float, level_g: float, n: int) -> None:
        """Be at rest at a level that is the mean of `n` samples."""
        self.level_g, self._level_weight = level_g, (1.0 + LEVEL_WALK) / n
        self._gate_g = max(GATE_SIGMAS * sqrt(self._noise_var), self.min_change_g / 2.0)
        self._rest_s, self._block_end_s = t_s, t_s + CONFIRM_S
        self._mark_g, self._mark_s = level_g, t_s
        self._lost = self._fault = None
        self._block.clear()
        self._times.clear()
        self._grams.clear()

    def _relearn(self, t_s: float, level_g: float) -> None:
        """Take unsteadiness around the old level as what the cell's noise has become."""
        n = len(self._grams)
        mean_g = sum(self._grams) / n
        variance = sum([(x - mean_g) ** 2 for x in self._grams]) / (n - 1)
        if abs(mean_g - level_g) < self.min_change_g / 2.0 + 2.0 * sqrt(variance / n):
            self._noise_var = self._mean_var = variance
            self._rest_at(t_s, mean_g, n)
