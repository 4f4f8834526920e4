"""Where products should lie, and how far to believe it: planograms are sometimes wrong."""

from bisect import bisect_left, bisect_right
from functools import cached_property

from hub.store import Lane, Product, Store

NEXT_DOOR = 0.02
"""A product lies one or two positions beside its lane this often."""
ASTRAY = 0.003
"""It lies anywhere else in the store this often, all places together."""
UNPLANNED = 0.5
"""A lane for which nothing is planned holds some product this often."""


class Planogram:
    """The store's plan as a prior: which product leaves which lane."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._of_one_lane: dict[str, dict[str, float]] = {}

    @cached_property
    def _near(self) -> dict[tuple[str, int], list[str]]:
        """Products planned one or two positions from each place of each shelf."""
        near: dict[tuple[str, int], list[str]] = {}
        for lane in self.store.lanes:
            for step in (-2, -1, 1, 2):
                near.setdefault((lane.shelf, lane.position + step), []).extend(lane.products)
        return near

    def planned(self, lanes: tuple[Lane, ...], shares: tuple[float, ...]) -> dict[str, float]:
        """Products planned for these lanes or beside them, with the probability of each to leave them."""
        if len(lanes) == 1 and lanes[0].id in self._of_one_lane:
            return self._of_one_lane[lanes[0].id]
        priors: dict[str, float] = {}
        for lane, share in zip(lanes, shares, strict=True):
            for gtin in lane.products:
                priors[gtin] = priors.get(gtin, 0.0) + share / len(lane.products)
            near = self._near.get((lane.shelf, lane.position), ())
            for gtin in near:
                priors[gtin] = priors.get(gtin, 0.0) + share * NEXT_DOOR / len(near)
        if len(lanes) == 1:
            self._of_one_lane[lanes[0].id] = priors
        return priors

    def astray(self, lanes: tuple[Lane, ...], shares: tuple[float, ...]) -> float:
        """The probability that one certain product, planned elsewhere, leaves these lanes."""
        strange = sum([s * (ASTRAY if lane.products else UNPLANNED) for lane, s in zip(lanes, shares, strict=True)])
        return strange / len(self.store.products)

    def weighing(self, low_g: float, high_g: float) -> list[Product]:
        """Products whose weight lies in between."""
        weights, products = self._by_weight
        return products[bisect_left(weights, low_g) : bisect_right(weights, high_g)]

    @cached_property
    def _by_weight(self) -> tuple[list[float], list[Product]]:
        products = sorted(self.store.products, key=lambda p: p.weight_g)
        return [p.weight_g for p in products], products
