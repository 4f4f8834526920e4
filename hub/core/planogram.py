"""Where products should lie, and how far to believe it: planograms are sometimes wrong."""

import math
from functools import cached_property

from hub.store import Lane, Store

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

    @cached_property
    def _near(self) -> dict[tuple[str, int], list[str]]:
        """Products planned one or two positions from each place of each shelf."""
        near: dict[tuple[str, int], list[str]] = {}
        for lane in self.store.lanes:
            for step in (-2, -1, 1, 2):
                near.setdefault((lane.shelf, lane.position + step), []).extend(lane.products)
        return near

    def home(self, lanes: tuple[Lane, ...], shares: tuple[float, ...]) -> list[tuple[float, str]]:
        """Products planned for these lanes, with the log of how likely each is what leaves them."""
        priors: dict[str, float] = {}
        for lane, share in zip(lanes, shares, strict=True):
            for gtin in lane.products:
                priors[gtin] = priors.get(gtin, 0.0) + share / len(lane.products)
        return [(math.log(p), gtin) for gtin, p in priors.items()]

    def at(self, lanes: tuple[Lane, ...], shares: tuple[float, ...]) -> list[tuple[str, float]]:
        """Every product of the store with the log of how likely it is what leaves these lanes."""
        count = len(self.store.products)
        priors: dict[str, float] = {}
        anywhere = 0.0
        for lane, share in zip(lanes, shares, strict=True):
            anywhere += share * (ASTRAY if lane.products else UNPLANNED) / count
            for gtin in lane.products:
                priors[gtin] = priors.get(gtin, 0.0) + share / len(lane.products)
            near = self._near.get((lane.shelf, lane.position), ())
            for gtin in near:
                priors[gtin] = priors.get(gtin, 0.0) + share * NEXT_DOOR / len(near)
        return [(p.gtin, math.log(priors.get(p.gtin, 0.0) + anywhere)) for p in self.store.products]
