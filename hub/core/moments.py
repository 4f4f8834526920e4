"""When, within the time in which a lane was not at rest, something was moved: what its trace and pictures say.

That time is cut into grips, one every half of GRIP_S from `start_s` on.
"""

import math
from collections.abc import Sequence
from itertools import accumulate

from hub.core.pictured import Camera, Pictured
from wire.messages import TRACE_S, WeightChange

TINY = 1e-300
"""So that what is impossible has a logarithm."""
LONGEST_S = 30.0
"""A lane that was held or pressed for longer than this before it came to rest was not last moved before that."""
SLACK_S = 0.2
"""Times of different nodes agree this well."""
GRIP_S = 0.5
"""A hand that moves something is there for about so long."""
HAND_STAYS_S = 0.15
"""The hand that takes something leaves with it, and the one that lays something down stays: the middle of its grip is
so long after that is half on the lane."""
HAND_G = 20.0
"""By so much a hand presses, or lifts, while it is at a lane,"""
LIFTED = 0.05
"""and by such a share of what it moves there: that is half lifted for a moment, and lands harder than it weighs."""
SAMPLES_ALIKE = 3.0
"""It does so for about so many samples of a trace in the same way."""
MISLED = 0.05
"""A hand may press and lift just so that it looks like a move at another time."""
MISLED_LOG = -22.0
"""So likely, in log, a trace is as it is whatever moved: none speaks more strongly against anything,"""
MOST_LOG = 10.0
"""nor for several moves against one, by more than this."""

LOOKED_AT = 24
"""Of the times about which nothing is known, no more than about so many are looked at."""

Pairs = list[tuple[int, int, float]]


class Moments:
    """When something may have been moved on one lane."""

    def __init__(
        self, change: WeightChange, pictured_s: Sequence[float], camera: Camera, lead_s: float, sees_hands: bool = True
    ) -> None:
        """Pictures of the lane were taken at these times; the middle of a grip is `lead_s` before what it takes is half
        off the lane. Only hands that are seen tell what was before the unrest: people are still on their way then."""
        unrest_s = max(change.t0_s, change.t1_s - LONGEST_S) - SLACK_S
        self.start_s = unrest_s - max(0.0, lead_s) if sees_hands else unrest_s
        self.end_s = change.t1_s + SLACK_S
        self.grips = max(1, round(2 * (self.end_s - self.start_s) / GRIP_S) - 1)
        self._delta_g, self._t1_s, self._trace, self._lead_s = change.delta_g, change.t1_s, change.trace, lead_s
        middles_s = [self.start_s + (k + 1) * GRIP_S / 2 for k in range(self.grips)]
        self._pictured = Pictured(pictured_s, camera, middles_s)
        range_g = max(0.0, change.delta_g, *change.trace) - min(0.0, change.delta_g, *change.trace)
        self._off_g = (HAND_G + LIFTED * range_g) * SAMPLES_ALIKE
        self._two: dict[int, tuple[float, Pairs]] = {}
        self._several: dict[tuple[float, ...], float] = {}
        self.unsure_log = 0.0
        """By how much, at most, the trace and pictures can speak for two moves against one."""
        begin_s = change.t1_s - len(change.trace) * TRACE_S
        self._untold = max(1, round((begin_s - unrest_s) / TRACE_S))
        """So many values the trace would have had before it begins, had it begun with the unrest."""
        if change.trace:
            self.one = self._look()
        else:
            self.one = self._as_pictured([1.0 / self.grips] * self.grips)
        """How likely each grip is the one that moved all of it."""
        if self._pictured.moments > 1:
            self.unsure_log += self._pictured.most_log

    def two(self, first_g: float) -> tuple[float, Pairs]:
        """That first so much was moved, to the gram, and then the rest: the log ratio of what the trace says to it,
        against one move, and how likely which grip did the first and which the second."""
        first = round(first_g) if self._trace else 0
        if first not in self._two:
            self._two[first] = self._in_turn(first) if self._trace else self._two_as_pictured(self._any_two(self.grips))
        return self._two[first]

    @property
    def told(self) -> bool:
        """Whether there is a trace."""
        return bool(self._trace)

    def at_once(self, other: "Moments") -> float:
        """The probability that what was moved here and there was moved in one grip of two hands."""
        return sum(
            p * q
            for i, p in enumerate(self.one)
            for j, q in enumerate(other.one)
            if abs(self.start_s + i * GRIP_S / 2 - other.start_s - j * GRIP_S / 2) <= GRIP_S
        )

    def _as_pictured(self, likely: Sequence[float]) -> list[float]:
        """How likely each grip is, with what pictures say."""
        weighed = [p * self._pictured.one(k) for k, p in enumerate(likely)]
        self._one_pictured = sum(weighed)
        return [p / self._one_pictured for p in weighed]

    def _two_as_pictured(self, pairs: Pairs) -> tuple[float, Pairs]:
        """How likely each two, with what pictures say, and the log ratio of what they say to two against one."""
        weighed = [(i, j, p * self._pictured.two(i, j)) for i, j, p in pairs]
        total = sum([p for _, _, p in weighed])
        ratio = total / sum([p for _, _, p in pairs]) / self._one_pictured
        return math.log(ratio), [(i, j, p / total) for i, j, p in weighed]

    def _any_two(self, grips: int) -> Pairs:
        """Two of the first so many grips, one after the other, all alike; of very many only some."""
        return [(i, j, 1.0) for i in _some(grips) for j in _some(grips) if i <= j]

    def _look(self) -> list[float]:
        """Weigh each time at which all of it may have been moved at once; before the trace begins, all are alike."""
        n = len(self._trace)
        before, after = self._off_log(0.0), self._off_log(self._delta_g)
        one_log = [before[i] + after[-1] - after[i] for i in range(n + 1)]
        top = max(one_log)
        weights = [math.exp(log_p - top) for log_p in one_log]
        weights[0] *= self._untold
        total = sum(weights)
        self._one_log = add_logs(top + math.log(total / (n + self._untold)), MISLED_LOG)
        self.unsure_log = min(-self._one_log, MOST_LOG)
        grip_of = self._grips_of(self._delta_g)
        moved = [0.0] * self.grips
        for k in range(grip_of[0] + 1):
            moved[k] += weights[0] / (grip_of[0] + 1)
        for i in range(1, n + 1):
            moved[grip_of[i]] += weights[i]
        return self._as_pictured([(1 - MISLED) * p / total + MISLED / self.grips for p in moved])

    def _in_turn(self, first_g: float) -> tuple[float, Pairs]:
        n, untold = len(self._trace), self._untold
        before, between, after = self._off_log(0.0), self._off_log(first_g), self._off_log(self._delta_g)
        starts = [before[i] - between[i] for i in range(n + 1)]
        ends = [between[j] + after[-1] - after[j] for j in range(n + 1)]
        top = max([start + end for start, end in zip(accumulate(starts, max), ends, strict=True)])
        first_of, second_of = self._grips_of(first_g), self._grips_of(self._delta_g - first_g)
        found: dict[tuple[int, int], float] = {}

        def add(pairs: Pairs, p: float) -> None:
            for i, j, share in pairs:
                found[i, j] = found.get((i, j), 0.0) + p * share / len(pairs)

        total = 0.0
        for j, end in enumerate(ends):
            for i in range(j + 1):
                if (log_p := starts[i] + end - top) > -MOST_LOG:
                    times = 1 if i else untold if j else untold * (untold + 1) / 2
                    p = times * math.exp(log_p)
                    total += p
                    if i:
                        add([(first_of[i], second_of[j], 1.0)], p)
                    elif j:
                        add([(k, second_of[j], 1.0) for k in _some(first_of[0] + 1)], p)
                    else:
                        add(self._any_two(first_of[0] + 1), p)
        all_times = (n + untold) * (n + untold + 1) / 2
        two_log = add_logs(top + math.log(total / all_times), MISLED_LOG)
        pictured_log, pairs = self._two_as_pictured([(i, j, p) for (i, j), p in found.items()])
        return min(two_log - self._one_log, MOST_LOG) + pictured_log, pairs

    def several_log(self, gains_g: Sequence[float], here: Sequence[Sequence[float]]) -> float:
        """How likely, in log, so much was moved one after the other, against all of it at once, by hands that were each
        there at each grip as likely as `here` says. Without a trace nothing tells."""
        if not self._trace:
            return math.log(TINY)
        key = tuple(gains_g)
        if key not in self._several:
            self._several[key] = self._one_by_one_log(gains_g, [[1.0] * self.grips] * len(gains_g))
        anybody_log = self._several[key]
        times = math.comb(len(self._trace) + self._untold + len(gains_g) - 1, len(gains_g))
        ratio_log = min(anybody_log - math.log(times) - self._one_log, MOST_LOG)
        pictured_log = math.log(self._pictured.several(len(gains_g)) / self._one_pictured)
        return ratio_log + pictured_log + self._one_by_one_log(gains_g, here) - anybody_log

    def _one_by_one_log(self, gains_g: Sequence[float], here: Sequence[Sequence[float]]) -> float:
        """What the trace and these hands say, in log, added up over all times of these moves."""
        n, levels_g = len(self._trace), [0.0, *accumulate(gains_g[:-1]), self._delta_g]
        offs = [self._off_log(level_g) for level_g in levels_g]
        so_far, tops_log = [0.0] * (n + 1), 0.0
        for k, (gain_g, weights) in enumerate(zip(gains_g, here, strict=True)):
            grip_of, top = self._grips_of(gain_g), max(weights)
            untold = self._untold * sum(weights[: grip_of[0] + 1]) / (grip_of[0] + 1)
            moved = [untold, *[weights[grip] for grip in grip_of[1:]]]
            steps = [
                log_p + before - after + math.log(w / top + TINY)
                for log_p, before, after, w in zip(so_far, offs[k], offs[k + 1], moved, strict=True)
            ]
            so_far, tops_log = list(accumulate(steps, add_logs)), tops_log + math.log(top)
        return so_far[-1] + offs[-1][-1] + tops_log

    def _off_log(self, level_g: float) -> list[float]:
        """Sums over the first 0, 1, 2 … samples of how badly they fit a level (Laplace: a hand may press hard)."""
        return [0.0, *accumulate([-abs(gram - level_g) / self._off_g for gram in self._trace])]

    def _grips_of(self, gain_g: float) -> list[int]:
        """For a move of so much just before each sample, or after the last: the grip that did it."""
        begin_s = self._t1_s - (len(self._trace) - 0.5) * TRACE_S - self.start_s
        begin_s += HAND_STAYS_S if gain_g > 0 else -self._lead_s
        middles_s = [begin_s + i * TRACE_S for i in range(len(self._trace) + 1)]
        return [min(max(round(2 * at_s / GRIP_S) - 1, 0), self.grips - 1) for at_s in middles_s]


def lifted_s(change: WeightChange) -> float | None:
    """When something that was taken was half off the lane; None where the trace passes that more than once."""
    below = [gram < change.delta_g / 2 for gram in change.trace]
    if not below or below[0] or not below[-1] or below != sorted(below):
        return None
    return change.t1_s - (sum(below) - 0.5) * TRACE_S


def add_logs(one: float, other: float) -> float:
    """The log of the sum of what these are logs of."""
    top = max(one, other)
    return top + math.log(math.exp(one - top) + math.exp(other - top))


def sum_logs(logs: Sequence[float]) -> float:
    """The same for more than two."""
    top = max(logs)
    return top + math.log(sum(math.exp(log_p - top) for log_p in logs))


def _some(grips: int) -> range:
    return range(0, grips, max(1, grips // LOOKED_AT))
