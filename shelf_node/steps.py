"""From a lane's grams to steps: what its level at rest was before and after something was taken or put down.

A lane is at rest while its samples stay near its level, which follows creep and drift half a second at a time. Two
samples off in a row leave rest; one alone was a wrong read. The lane is at rest again when half a second is as steady
as the cell itself. A hand's force never is, so that pressing and holding report nothing; what stays different
afterwards is one step.
"""

from bisect import bisect_right
from typing import NamedTuple

from shelf_node.level import Level
from shelf_node.trace import Trace

CONFIRM_S = 0.45
"""How long a new level must be steady: with the HX711's settling (400 ms at 10 SPS, datasheet) under one second."""

MIN_SAMPLES = 6
"""Steadiness cannot be told from fewer."""

LULL_S = 1.2
"""How long it must be steady instead where a hand has just been pressing by about as much: hands pause."""

HOLD_S = 1.5
"""Unsteady for at least this long is a hand that holds or presses."""

LOST_S = 1.0
"""A gap longer than this is no jitter: what changed meanwhile is reported with the fault."""

RELEARN_S = 10.0
"""Unsteady for so long around the old level is the cell's new noise (a compressor that starts), not a hand."""

MIN_CHANGE_G = 8.0
"""Smaller changes of level pass for drift: quiet stretches of public HX711 traces walk by up to 4 g within 2 s."""

GATE_SIGMAS = 6.0
CHANGE_SIGMAS = 4.0
RESTLESS_SIGMAS = 40.0  # a hand that moves by so much within half a window does not look steady by chance


class Step(NamedTuple):
    """A level that changed: after minus before, its standard uncertainty, the rests on both sides, and what pressed in
    between."""

    delta_g: float
    sigma_g: float
    t0_s: float
    t1_s: float
    fault: str | None
    trace: tuple[int, ...]


class StepDetector:
    """One lane's detector. It holds four seconds of samples at most, and half a second at rest."""

    def __init__(self) -> None:
        self.wrong_reads = 0  # single samples that no neighbour confirmed
        self.at_rest = False
        self.level: Level | None = None  # the last one at rest; None before the first
        self._low_g = self._high_g = 0.0  # what counts as at rest
        self._rest_s = 0.0  # when it was last seen at rest
        self._unsteady_since_s = self._relearn_s = 0.0
        self._block_end_s = 0.0
        self._times: list[float] = []  # at rest of the block, else of what is unsteady
        self._grams: list[float] = []
        self._trace = Trace()
        self._suspect: tuple[float, float] | None = None  # a sample off, until the next one tells
        self._fault: str | None = None
        self._lost: str | None = None

    def push(self, t_s: float, grams: float | None, fault: str | None = None) -> Step | None:
        """One sample, in the order of time; `grams` is None when the cell had none to give, and `fault` says why."""
        if grams is None:
            self._fault = fault
            return None
        if self.at_rest:
            if t_s - self._rest_s > LOST_S:
                self._lose(t_s)
            elif self._low_g < grams < self._high_g:
                self._rest_s = t_s
                self._times.append(t_s)
                self._grams.append(grams)
                if self._suspect is not None:
                    self._suspect = None
                    self.wrong_reads += 1
                return self._end_block(t_s) if t_s >= self._block_end_s else None
            elif self._suspect is None:
                self._suspect = t_s, grams
                return None
            else:
                self._leave_rest(*self._suspect)
        elif self._times and t_s - self._times[-1] > LOST_S:
            self._lose(t_s)
        self._append(t_s, grams)
        return self._settle(t_s)

    def unrest_s(self, now_s: float) -> float:
        """For how long by now something has been moving on it; 0 while nothing is known of it."""
        return 0.0 if self.at_rest or self.level is None else max(0.0, now_s - self._unsteady_since_s)

    def _end_block(self, t_s: float) -> Step | None:
        """Let the level learn from half a second at rest, or leave rest when that stands off as a whole."""
        assert self.level is not None
        if not self.level.learn(t_s, self._grams, MIN_CHANGE_G / 2.0):
            self.at_rest = False
            self._unsteady_since_s = self._relearn_s = self._rest_s = self._times[0]
            self._trace.begin()
            for sample_s, sample_g in zip(self._times, self._grams, strict=True):
                self._trace.add(sample_s, sample_g)
            return self._settle(t_s)
        self._rest(t_s)
        return None

    def _rest(self, t_s: float) -> None:
        """Be at rest, with a new block."""
        assert self.level is not None
        reach_g = max(GATE_SIGMAS * self.level.noise_g, MIN_CHANGE_G / 2.0)
        self._low_g, self._high_g = self.level.grams - reach_g, self.level.grams + reach_g
        self._rest_s, self._block_end_s = t_s, t_s + CONFIRM_S
        self._fault = self._lost = None
        self._times.clear()
        self._grams.clear()
        self.at_rest = True

    def _leave_rest(self, t_s: float, grams: float) -> None:
        self.at_rest = False
        self._suspect = None
        self._unsteady_since_s = self._relearn_s = t_s
        self._times[:], self._grams[:] = [t_s], [grams]
        self._trace.begin()
        self._trace.add(t_s, grams)

    def _lose(self, t_s: float) -> None:
        """Samples come again after a gap: nothing from before it helps to judge them."""
        self.at_rest = False
        self._suspect = None
        self._unsteady_since_s = self._relearn_s = t_s
        self._lost, self._fault = self._fault or "no samples", None
        self._trace.begin()
        self._times.clear()
        self._grams.clear()

    def _append(self, t_s: float, grams: float) -> None:
        """Keep an unsteady sample, and drop one before it that stood out alone."""
        times, values = self._times, self._grams
        if len(values) > 1 and self.level is not None:
            near_g = 4.0 * self.level.noise_g
            if abs(grams - values[-2]) < near_g and abs(grams - values[-1]) > 8.0 * near_g:
                times.pop()
                values.pop()
                self.wrong_reads += 1
        times.append(t_s)
        values.append(grams)
        self._trace.add(t_s, grams)
        if times[0] < t_s - HOLD_S - 2.0 * LULL_S:
            old = bisect_right(times, t_s - HOLD_S - LULL_S)
            del times[:old], values[:old]

    def _settle(self, t_s: float) -> Step | None:
        """Whether what is unsteady has become steady, and what came of it."""
        times, values, level = self._times, self._grams, self.level
        begin = min(bisect_right(times, t_s - CONFIRM_S) - 1, len(times) - MIN_SAMPLES)
        if level is None:
            if begin >= 0 and times[0] <= t_s - LULL_S:
                self.level = Level(t_s, values)
                self._rest(t_s)
            return None
        if begin < 0 or not level.steady(values[begin:]):
            if t_s - self._relearn_s > RELEARN_S:
                self._relearn_s = t_s - RELEARN_S + LOST_S  # if not now, perhaps in a second
                if level.relearn(t_s, values, MIN_CHANGE_G / 2.0):
                    self._rest(t_s)
            return None
        n = len(values) - begin - 1  # the first may still be settling
        after_g = sum(values[-n:]) / n
        t0_s, t1_s, lost = self._rest_s, times[begin], self._lost
        delta_g = after_g - level.grams
        sigma_g = level.sigma_g(n, t1_s - t0_s)
        changed = abs(delta_g) >= max(MIN_CHANGE_G, CHANGE_SIGMAS * sigma_g)
        if changed and self._pausing(t_s, begin, after_g, level):
            return None
        trace = self._trace.until(t1_s, level.grams) if changed else ()
        level.move(t_s, after_g, n)
        self._rest(t_s)
        return Step(delta_g, sigma_g, t0_s, t1_s, lost, trace) if changed else None

    def _pausing(self, t_s: float, begin: int, after_g: float, level: Level) -> bool:
        """Whether the steady window lies amid what a hand has been pressing, and may be but a pause of it."""
        times, values = self._times, self._grams
        if times[begin] - self._unsteady_since_s < HOLD_S:
            return False
        held = sorted(values[:begin])
        low_g, high_g = held[begin // 4], held[-1 - begin // 4]
        if not low_g - (high_g - low_g) <= after_g <= high_g + (high_g - low_g):
            return False
        half = (len(values) - begin) // 2
        moves_g = sorted([abs(b - a) for a, b in zip(values, values[half:begin], strict=False)])
        if moves_g[len(moves_g) // 2] > RESTLESS_SIGMAS * level.noise_g:
            return False
        longer = bisect_right(times, t_s - LULL_S) - 1
        return longer < 0 or not level.steady(values[longer:])
