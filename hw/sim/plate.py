"""What presses on one weighing plate over time: goods at rest and passing hands, in grams."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Plate:
    """Forces add up. Each is a line through knots (seconds, grams), and stays at its last value for good."""

    def __init__(self, load_g: float = 0.0) -> None:
        self.settled_g = load_g
        """What presses for good: all of it while nothing is `moving`."""
        self._forces: list[tuple[Floats, Floats]] = []

    def add(self, times_s: Sequence[float] | Floats, grams: Sequence[float] | Floats) -> None:
        """A force that is nothing before its first knot, which must not lie before what was sampled already."""
        self._forces.append((np.asarray(times_s, dtype=np.float64), np.asarray(grams, dtype=np.float64)))

    @property
    def moving(self) -> bool:
        """Whether there are forces that were not over when last sampled."""
        return bool(self._forces)

    def force_g(self, times_s: Floats) -> Floats:
        """The force at each of the times, which go forwards from call to call; what is over by then is folded away."""
        total = np.full(times_s.shape, self.settled_g)
        for knots_s, grams in self._forces:
            total += np.interp(times_s, knots_s, grams, left=0.0)
        over = [f for f in self._forces if f[0][-1] <= times_s[-1]]
        if over:
            self.settled_g += sum(float(grams[-1]) for _, grams in over)
            self._forces = [f for f in self._forces if f[0][-1] > times_s[-1]]
        return total
