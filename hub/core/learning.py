"""What a series of observations says: how often something is so, what a product weighs, and whether a lane sells
something else than planned."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

ENOUGH = 8
"""Fewer observations say nothing about a weight."""
SURE_SIGMAS = 4.0
"""A difference smaller than so many standard errors may be chance."""
CLUSTER_SIGMAS = 3.0
"""Units of one product weigh the same to within this, either way."""
AT_FIRST, CHANGES = 0.01, 0.01
"""How often a lane is filled wrongly: when the store opens, and between two sales."""
SELLS, STRAYS = 0.7, 0.05
"""How often a visit takes a product, where it is what lies there, and where something else does."""


@dataclass(slots=True)
class Learnt:
    """A share, from one observation after the other: what is believed at first counts as so many of them, and only so
    many of the last ones are remembered. So nobody can know that it is less than one in so many, or all but that."""

    share: float
    weight: float
    at_most: float

    def take_in(self, seen: bool) -> None:
        """One more observation."""
        self.weight = min(self.weight + 1.0, self.at_most)
        self.share += (seen - self.share) / self.weight
        self.share = min(max(self.share, 1.0 / self.at_most), 1.0 - 1.0 / self.at_most)


@dataclass(slots=True)
class Delay:
    """How long one thing comes after another, in seconds: mean and variance, learnt like a share."""

    mean_s: float
    variance: float
    weight: float
    at_most: float

    def take_in(self, after_s: float) -> None:
        """One more that came so long after."""
        self.weight = min(self.weight + 1.0, self.at_most)
        off_s = after_s - self.mean_s
        self.mean_s += off_s / self.weight
        self.variance += (off_s**2 - self.variance) / self.weight


class Weighed(NamedTuple):
    """What one unit seemed to weigh when it was taken."""

    weight_g: float
    sigma_g: float
    at_s: float


class Estimate(NamedTuple):
    """A product's weight, its standard error, and how many takes since when say so."""

    weight_g: float
    error_g: float
    takes: int
    since_s: float

    def differs(self, weight_g: float, spread_g: float) -> bool:
        """Whether units weigh something else than `weight_g`: surely, and by more than they differ among themselves."""
        return abs(self.weight_g - weight_g) > max(SURE_SIGMAS * self.error_g, spread_g)


def weight(seen: Sequence[Weighed], spread_g: float) -> Estimate | None:
    """The weight around which most of what was seen lies: None when that is too little, or lies around several.

    Takes of two units at once, of something strayed, or by two people lie elsewhere, however many they are below half.
    A median within the cluster, as what is left there is not always of one kind either; its error is 1.25 times that
    of a mean (asymptotically, for normal errors).
    """
    if len(seen) < ENOUGH:
        return None
    sigma_g = math.hypot(spread_g, median(w.sigma_g for w in seen))
    near_g = CLUSTER_SIGMAS * sigma_g
    weights = sorted(w.weight_g for w in seen)
    centre_g = median(_densest(weights, 2 * near_g))
    cluster = [w for w in seen if abs(w.weight_g - centre_g) <= near_g]
    if len(cluster) < max(ENOUGH, len(seen) / 2):
        return None
    weight_g = median(w.weight_g for w in cluster)
    scatter_g = 1.4826 * median(abs(w.weight_g - weight_g) for w in cluster)
    error_g = 1.2533 * max(scatter_g, sigma_g) / math.sqrt(len(cluster))
    return Estimate(weight_g, error_g, len(cluster), min(w.at_s for w in cluster))


def alike(one_g: float, other_g: float, spread_g: float) -> bool:
    """Whether two products weigh so nearly the same that one is easily taken for the other."""
    return abs(one_g - other_g) <= CLUSTER_SIGMAS * spread_g


def _densest(weights: list[float], width_g: float) -> list[float]:
    """The stretch of sorted weights, no wider than this, that holds most of them."""
    best, start = slice(0), 0
    for end, weight_g in enumerate(weights, start=1):
        while weight_g - weights[start] > width_g:
            start += 1
        if end - start > best.stop - (best.start or 0):
            best = slice(start, end)
    return weights[best]


def sells(taken: Sequence[bool]) -> float:
    """The probability that by now a lane sells something that is planned elsewhere, given for each visit that took
    from it, oldest first, whether it took that. A wrong filling begins, and is put right, at any time."""
    p = AT_FIRST
    for it in taken:
        p += CHANGES * (1 - 2 * p)
        wrong, right = (SELLS, STRAYS) if it else (1 - SELLS, 1 - STRAYS)
        p = p * wrong / (p * wrong + (1 - p) * right)
    return p
