"""How often the ids of two tracks swap from one frame to the next, by how near they are and whether one is missed:
learnt, camera by camera, from how crossings turned out."""

import math
from bisect import bisect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

SWAP_PER_FRAME = 0.005
"""An estimate for two who are close,"""
FIRST_FRAMES, LAST_FRAMES = 500.0, 20_000.0
"""which counts as so many frames of them; so many of the last ones are remembered."""
LEAST, MOST = 1.0 / LAST_FRAMES, 0.05
"""Nobody can know that it is less often, and ids that swapped more often would be of no use."""
BANDS_M = 0.25, 0.5, 0.75
"""Two who are nearer than the first of these are in band 0, and so on; as many bands more are of those of whom the
frame misses one, to whom an id may go over while it is whoever had it that is out of sight."""
BANDS = 2 * (len(BANDS_M) + 1)


def band(apart_m: float, missed: bool = False) -> int:
    """Which band two are in who are so far apart."""
    return bisect(BANDS_M, apart_m) + missed * (len(BANDS_M) + 1)


@dataclass(slots=True)
class Swaps:
    """Shares of frames in which two swap, by band."""

    shares: list[float] = field(default_factory=lambda: [SWAP_PER_FRAME] * BANDS)
    frames: list[float] = field(default_factory=lambda: [FIRST_FRAMES] * BANDS)

    def log(self, near: int) -> float:
        """The log of how likely two in this band swap."""
        return math.log(self.shares[near])

    def close(self, pairs: Iterable[int]) -> None:
        """One more frame of pairs in these bands; if some of them have swapped, that is told apart."""
        for i in pairs:
            self.frames[i] = min(self.frames[i] + 1.0, LAST_FRAMES)
            self.shares[i] = max(self.shares[i] * (1 - 1 / self.frames[i]), LEAST)

    def swapped(self, p: float, often: Mapping[int, float]) -> None:
        """So many swaps, by band, are behind what was seen, this likely; less than nothing takes back what was said."""
        for i, n in often.items():
            self.shares[i] = min(max(self.shares[i] + p * n / self.frames[i], LEAST), MOST)
