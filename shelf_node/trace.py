"""What pressed on a lane while it was not at rest, at ten values a second: for the hub to see when something moved."""

from collections import deque

from wire.messages import MOST_G, TRACE_S, TRACE_VALUES

SINCE_REST = 16
"""So many values more are kept: a lane is known to be at rest only a moment after it came to rest."""


class Trace:
    """Means of samples, each over TRACE_S: the last ones since the lane left rest."""

    def __init__(self) -> None:
        self._means: deque[tuple[int, float, int]] = deque(maxlen=TRACE_VALUES + SINCE_REST)  # which, mean, of how many

    def begin(self) -> None:
        """The lane has just left rest."""
        self._means.clear()

    def add(self, t_s: float, grams: float) -> None:
        """One more sample, in the order of time."""
        which = int(t_s / TRACE_S)
        if self._means and self._means[-1][0] == which:
            _, mean, n = self._means.pop()
            grams, n = mean + (grams - mean) / (n + 1), n + 1
        else:
            n = 1
        self._means.append((which, grams, n))

    def until(self, t1_s: float, before_g: float) -> tuple[int, ...]:
        """Whole grams more than before, the last of them at `t1_s`; where samples are missing, as before the gap."""
        end, values, grams = int(t1_s / TRACE_S), list[int](), 0.0
        means = {which: mean - before_g for which, mean, _ in self._means if which <= end}
        for which in range(max(min(means, default=end + 1), end + 1 - TRACE_VALUES), end + 1):
            grams = means.get(which, grams)
            values.append(round(min(max(grams, -MOST_G), MOST_G)))
        return tuple(values)
