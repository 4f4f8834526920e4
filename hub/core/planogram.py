"""Where products should lie, and how far to believe it: planograms are sometimes wrong. How often, and how many of a
product go at once, settled visits teach."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from hub.core.goods import FOREIGN, Unit
from hub.core.learning import Learnt
from hub.core.pictures import Pictures
from hub.store import Lane, Product, Store

NEXT_DOOR = 0.02
"""A product lies one or two positions beside its lane this often, until the store has shown how often."""
ASTRAY = 0.003
"""It lies anywhere else in the store this often, all places together."""
UNPLANNED = 0.5
"""A lane for which nothing is planned holds some product this often."""
ANOTHER, MORE = 0.15, 0.3
"""A second unit in the same grip, and each one after that, until the store has shown how often."""
PUT_ASTRAY = 0.2
"""What is put back comes to lie elsewhere this often, until the store has shown how often."""
LEFT_BEHIND = 1 / 4
"""Whoever takes something from a lane where something else was left takes that this often, until the store has shown
how often, of what was just left and of what was not. So it is with a bag or a phone: whose it is comes for it, whatever
the store shows of goods."""
JUST_S = 120.0
"""What is meant for somebody, or lies in front, is taken by the next who comes, and soon: an estimate."""
FIRST_TAKES, FIRST_MORE, FIRST_LEFT, LAST_TAKES = 50.0, 20.0, 4.0, 2000.0
"""What is believed of a store at first counts as so many takes, or as so many of what is rarer, or rarest; and so many
of the last ones are remembered."""
LANE_FIRST, LANE_LAST = 5.0, 50.0
"""And of one lane, what its store shows counts as so many."""
LOG_COMES_FOR = math.log(LEFT_BEHIND / (1 - LEFT_BEHIND))
FORGOTTEN = 0.05
"""What a lane sold so long ago that it counts as less than this is forgotten."""


class Prior(NamedTuple):
    """What may leave some lanes."""

    planned: dict[str, float]
    """Products planned for them or beside them, or sold there before, with the probability of each."""
    astray: float
    """The probability of one certain product that is planned elsewhere."""
    log_another: float
    log_more: float
    """Log probability of a second unit in the same grip, and of each one after that."""
    log_home: float
    log_astray: float
    """Log probability that what is put back is put where it belongs, and that it is not."""
    log_just_left: float
    log_left: float
    """Log odds that goods that somebody just left there are taken, against the lane's own; and what has lain there for
    longer, or was passed over."""

    def left_log(self, unit: Unit, at_s: float) -> float:
        """The same for a certain thing that somebody left there."""
        if unit.gtin == FOREIGN:
            return LOG_COMES_FOR
        return self.log_just_left if unit.left_s > at_s - JUST_S else self.log_left

    def count_log(self, count: int) -> float:
        """Log probability of so many units in one grip, against one."""
        return 0.0 if count < 2 else self.log_another + (count - 2) * self.log_more


def mixed(priors: Sequence[Prior], shares: Sequence[float]) -> Prior:
    """What may leave several lanes, of which each moved its share."""
    planned: dict[str, float] = {}
    for prior, share in zip(priors, shares, strict=True):
        for gtin, p in prior.planned.items():
            planned[gtin] = planned.get(gtin, 0.0) + share * p
    astray = sum(share * prior.astray for prior, share in zip(priors, shares, strict=True))
    return priors[0]._replace(planned=planned, astray=astray)


class Planogram:
    """The store's plan as a prior: which product leaves which lane."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._another = Learnt(ANOTHER, FIRST_TAKES, LAST_TAKES)
        self._more = Learnt(MORE, FIRST_MORE, LAST_TAKES)
        self._astray = Learnt(PUT_ASTRAY, FIRST_MORE, LAST_TAKES)
        self._just_left = Learnt(LEFT_BEHIND, FIRST_LEFT, LAST_TAKES)
        self._left = Learnt(LEFT_BEHIND, FIRST_LEFT, LAST_TAKES)
        self._next_door = Learnt(NEXT_DOOR, FIRST_TAKES, LAST_TAKES)
        self.pictures = Pictures()
        """How far they are to be believed."""
        self._sold: dict[str, dict[str, float]] = {}
        self._of_one_lane: dict[str, Prior] = {}

    @cached_property
    def _near(self) -> dict[tuple[str, int], list[str]]:
        """Products planned one or two positions from each place of each shelf."""
        near: dict[tuple[str, int], list[str]] = {}
        for lane in self.store.lanes:
            for step in (-2, -1, 1, 2):
                near.setdefault((lane.shelf, lane.position + step), []).extend(lane.products)
        return near

    def sold(self, lane: Lane, gtin: str, units: int) -> None:
        """A settled visit took so many of this from a lane at once, and nobody was known to have left them there."""
        self._another.take_in(units > 1)
        for count in range(2, units + 1):
            self._more.take_in(units > count)
        own = gtin in lane.products
        if lane.products and (own or gtin in self._near.get((lane.shelf, lane.position), ())):
            self._next_door.take_in(not own)
        sold = self._sold.setdefault(lane.id, {})
        keep = 1.0 - 1.0 / LANE_LAST
        for product in list(sold):
            sold[product] *= keep
            if sold[product] < FORGOTTEN:
                del sold[product]
        sold[gtin] = sold.get(gtin, 0.0) + 1.0
        self._of_one_lane.clear()

    def put(self, home: bool) -> None:
        """A settled visit put something back where it belongs, or elsewhere."""
        self._astray.take_in(not home)
        self._of_one_lane.clear()

    def chose(self, left: bool, just: bool) -> None:
        """A settled visit took something from a lane where an earlier one had (just) left something else: that, or
        not."""
        (self._just_left if just else self._left).take_in(left)
        self._of_one_lane.clear()

    def prior(self, lane: Lane) -> Prior:
        """What may leave a lane: worked out once after each visit that was settled."""
        prior = self._of_one_lane.get(lane.id)
        if prior is None:
            planned = dict.fromkeys(lane.products, 1 / max(1, len(lane.products)))
            near = self._near.get((lane.shelf, lane.position), ())
            for gtin in near:
                planned[gtin] = planned.get(gtin, 0.0) + self._next_door.share / len(near)
            if sold := self._sold.get(lane.id):
                total = sum(sold.values()) + LANE_FIRST
                planned = {
                    g: (sold.get(g, 0.0) + LANE_FIRST * planned.get(g, 0.0)) / total for g in {**planned, **sold}
                }
            prior = self._of_one_lane[lane.id] = Prior(
                planned,
                astray=(ASTRAY if lane.products else UNPLANNED) / len(self.store.products),
                log_another=math.log(self._another.share),
                log_more=math.log(self._more.share),
                log_home=math.log1p(-self._astray.share),
                log_astray=math.log(self._astray.share),
                log_just_left=math.log(self._just_left.share / (1 - self._just_left.share)),
                log_left=math.log(self._left.share / (1 - self._left.share)),
            )
        return prior

    def weighing(self, low_g: float, high_g: float) -> list[Product]:
        """Products whose weight lies in between."""
        weights, products = self._by_weight
        return products[bisect_left(weights, low_g) : bisect_right(weights, high_g)]

    @cached_property
    def _by_weight(self) -> tuple[list[float], list[Product]]:
        products = sorted(self.store.products, key=lambda p: p.weight_g)
        return [p.weight_g for p in products], products
