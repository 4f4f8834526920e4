"""The moments of one unrest of a lane of which there are pictures, and how well moves at certain times explain them."""

import math
from collections.abc import Sequence
from typing import NamedTuple

APART_S = 0.25
"""Pictures of one lane that are further apart than this are of two moments."""
AROUND_S, ANY_TIME = 1.0, 0.1
"""No picture of a move is taken longer than this before or after the time at which most are; so many at any time in
between."""
OF_NOTHING_HZ = 0.05
"""So many a second are of moments at which nothing moved."""
AT_MOST = 4
"""More moments than so many say no more."""


class Camera(NamedTuple):
    """How often, and when, a store's cameras take pictures of what moves."""

    shown: float
    """Of so many moves there are some,"""
    after_s: float
    """taken so long after the middle of the grip,"""
    sigma_s: float
    """give or take so much, one standard deviation."""


class Pictured:
    """Likelihoods of the pictures, if something was moved in these grips and in no others."""

    def __init__(self, pictured_s: Sequence[float], camera: Camera, middles_s: Sequence[float]) -> None:
        """Pictures were taken at these times; in grips with these middles something may have been moved."""
        self._middles_s, self._shown, self._sigma_s = middles_s, camera.shown, camera.sigma_s
        moments_s: list[float] = []
        for picture_s in sorted(pictured_s):
            moment_s = picture_s - camera.after_s
            during = middles_s[0] - AROUND_S < moment_s < middles_s[-1] + AROUND_S / 2
            if during and len(moments_s) < AT_MOST and (not moments_s or moment_s > moments_s[-1] + APART_S):
                moments_s.append(moment_s)
        self.moments = len(moments_s)
        self._fits = [[_fit(moment_s - middle_s, camera.sigma_s) for moment_s in moments_s] for middle_s in middles_s]
        """By grip and moment: how much likelier a picture then is if that is what it shows, than one of nothing."""
        self._any = [sum(fits) for fits in self._fits]

    @property
    def most_log(self) -> float:
        """By how much, at most, one more picture speaks for one more move."""
        return math.log(self._shown * _fit(0.0, self._sigma_s))

    def one(self, k: int) -> float:
        """All was moved in this grip."""
        return 1 - self._shown + self._shown * self._any[k]

    def two(self, i: int, j: int) -> float:
        """Something was moved in each of these, the later one last."""
        first, second, shown = self._any[i], self._any[j], self._shown
        both = first * second - sum([a * b for a, b in zip(self._fits[i], self._fits[j], strict=True)])
        if self._middles_s[j] - self._middles_s[i] <= APART_S:
            both += (first + second) / 2  # one picture may show both
        return (1 - shown) ** 2 + shown * (1 - shown) * (first + second) + shown**2 * both

    def several(self, moves: int) -> float:
        """So many were made, at whatever times: of each there may be one picture, that fits as well as most do."""
        told = min(self.moments, moves)
        fits = _fit(self._sigma_s, self._sigma_s)
        return (self._shown * fits) ** told * (1 - self._shown) ** (moves - told)


def _fit(off_s: float, sigma_s: float) -> float:
    if abs(off_s) > AROUND_S:
        return 0.0
    usual = math.exp(-(off_s**2) / (2 * sigma_s**2)) / (sigma_s * math.sqrt(2 * math.pi))
    return ((1 - ANY_TIME) * usual + ANY_TIME / (2 * AROUND_S)) / OF_NOTHING_HZ
