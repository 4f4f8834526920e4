"""Where products should lie, and how far to believe it: planograms are sometimes wrong."""

from bisect import bisect_left, bisect_right
from functools import cached_property
from typing import NamedTuple

from hub.store import Lane, Product, Store

NEXT_DOOR = 0.02
"""A product lies one or two positions beside its lane this often."""
ASTRAY = 0.003
"""It lies anywhere else in the store this often, all places together."""
UNPLANNED = 0.5
"""A lane for which nothing is planned holds some product this often."""


class Prior(NamedTuple):
    """What may leave some lanes, whatever they weigh."""

    planned: dict[str, float]
    """Products planned for them or beside them, with the probability of each."""
    astray: float
    """The probability of one certain product that is planned elsewhere."""


class Planogram:
    """The store's plan as a prior: which product leaves which lane."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._of_one_lane: dict[str, Prior] = {}

    @cached_property
    def _near(self) -> dict[tuple[str, int], list[str]]:
        """Products planned one or two positions from each place of each shelf."""
        near: dict[tuple[str, int], list[str]] = {}
        for lane in self.store.lanes:
            for step in (-2, -1, 1, 2):
                near.setdefault((lane.shelf, lane.position + step), []).extend(lane.products)
        return near

    def prior(self, lanes: tuple[Lane, ...], shares: tuple[float, ...]) -> Prior:
        """What may leave these lanes, of which each moved its share. Of one lane it is worked out once."""
        prior = self._of_one_lane.get(lanes[0].id) if len(lanes) == 1 else None
        if prior is None:
            prior = Prior(self._planned(lanes, shares), self._astray(lanes, shares))
            if len(lanes) == 1:
                self._of_one_lane[lanes[0].id] = prior
        return prior

    def _planned(self, lanes: tuple[Lane, ...], shares: tuple[float, ...]) -> dict[str, float]:
        priors: dict[str, float] = {}
        for lane, share in zip(lanes, shares, strict=True):
            for gtin in lane.products:
                priors[gtin] = priors.get(gtin, 0.0) + share / len(lane.products)
            near = self._near.get((lane.shelf, lane.position), ())
            for gtin in near:
                priors[gtin] = priors.get(gtin, 0.0) + share * NEXT_DOOR / len(near)
        return priors

    def _astray(self, lanes: tuple[Lane, ...], shares: tuple[float, ...]) -> float:
        strange = sum(s * (ASTRAY if lane.products else UNPLANNED) for lane, s in zip(lanes, shares, strict=True))
        return strange / len(self.store.products)

    def weighing(self, low_g: float, high_g: float) -> list[Product]:
        """Products whose weight lies in between."""
        weights, products = self._by_weight
        return products[bisect_left(weights, low_g) : bisect_right(weights, high_g)]

    @cached_property
    def _by_weight(self) -> tuple[list[float], list[Product]]:
        products = sorted(self.store.products, key=lambda p: p.weight_g)
        return [p.weight_g for p in products], products
