"""The moments of one unrest of a lane of which there are pictures, and how well moves at certain times explain them."""

from collections.abc import Sequence

APART_S = 0.25
"""Pictures of one lane that are further apart than this are of two moments."""
NEAR_S = 0.5
"""What moved was in somebody's hand when a camera took a picture of it: no longer than this before or after the middle
of their grip."""
OF_NOTHING = 0.05
"""A picture is of a moment at which nothing moved this often."""
AT_MOST = 4
"""More moments than so many say no more."""


class Pictured:
    """Likelihoods of the pictures, if something was moved in these grips and in no others."""

    def __init__(self, pictured_s: Sequence[float], shown: float, middles_s: Sequence[float]) -> None:
        """Pictures were taken at these times; of so many moves there are some; in grips with these middles something
        may have been moved."""
        self._middles_s, self._shown = middles_s, shown
        moments_s: list[float] = []
        for moment_s in sorted(pictured_s):
            during = middles_s[0] - 2 * NEAR_S < moment_s < middles_s[-1] + NEAR_S
            if during and len(moments_s) < AT_MOST and (not moments_s or moment_s > moments_s[-1] + APART_S):
                moments_s.append(moment_s)
        self.moments = len(moments_s)
        self._near = [
            frozenset(n for n, moment_s in enumerate(moments_s) if abs(middle_s - moment_s) <= NEAR_S)
            for middle_s in middles_s
        ]
        """By grip: of which moments it may be the one."""

    def one(self, k: int) -> float:
        """All was moved in this grip."""
        if self._near[k]:
            return self._shown * OF_NOTHING ** (self.moments - 1)
        return (1 - self._shown) * OF_NOTHING**self.moments

    def two(self, i: int, j: int) -> float:
        """Something was moved in each of these, the later one last."""
        first, second, shown = self._near[i], self._near[j], self._shown
        told = min(len(first | second), bool(first) + bool(second))
        if told == 0:
            p = (1 - shown) ** 2
        elif told == 2:
            p = shown**2
        else:
            p = shown * (1 - shown) * (2 if first and second else 1)
            if self._middles_s[j] - self._middles_s[i] <= APART_S:
                p += shown**2
        return p * OF_NOTHING ** (self.moments - told)

    def several(self, moves: int) -> float:
        """So many were made, at whatever times: of each there may be one picture."""
        told = min(self.moments, moves)
        return self._shown**told * (1 - self._shown) ** (moves - told) * OF_NOTHING ** (self.moments - told)
