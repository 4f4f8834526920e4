"""How far pictures of what moved are to be believed: learnt where weight alone tells what it was."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.core.learning import Delay, Learnt
from hub.core.pictured import APART_S, AROUND_S, Camera
from hub.store import Lane, Store
from wire.messages import ItemEvidence, WeightChange

POWERS = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0)
"""To one of these powers a camera's likelihoods are taken: above one for one that is right more often than it says."""
FIRST_SEEN = 20.0
"""That it is as right as it says counts, at first, as if seen in so many pictures."""
REMEMBERED = 1000.0
"""And of all pictures about so many are remembered."""
LEAST = 1e-3
"""Nothing is taken to be likelier or less likely than this by one picture."""
SEVERAL, FITS_SIGMAS = 3, 4.0
"""A product is told by its weight if no other weighs that much to within this, alone or so many of it."""

FIRST_SHOWN, FIRST_SIGMA_S, FIRST_MOVES = 0.5, 0.25, 10.0
"""Of every second move there are pictures, and taken at the middle of the grip, give or take so much, as if seen in so
many."""
LEAST_SIGMA_S, MOST_SIGMA_S = 0.1, AROUND_S / 2
"""No better is it known when that was, and no worse."""


@dataclass(slots=True)
class Pictures:
    """The store's cameras."""

    scores: list[float] = field(default_factory=lambda: [-FIRST_SEEN * math.log(power) ** 2 for power in POWERS])
    """By power: log likelihood of what the scales told, by what pictures said."""

    shown: Learnt = field(default_factory=lambda: Learnt(FIRST_SHOWN, FIRST_MOVES, REMEMBERED))
    """Of so many moves there are pictures."""
    delay: Delay = field(default_factory=lambda: Delay(0.0, FIRST_SIGMA_S**2, FIRST_MOVES, REMEMBERED))
    """By how much pictures are taken after the middle of the grip."""

    @property
    def camera(self) -> Camera:
        """How often, and when, pictures are taken."""
        sigma_s = min(max(math.sqrt(self.delay.variance), LEAST_SIGMA_S), MOST_SIGMA_S)
        return Camera(self.shown.share, self.delay.mean_s, sigma_s)

    @property
    def power(self) -> float:
        """The one that has served best."""
        return POWERS[self.scores.index(max(self.scores))]

    def learn(self, store: Store, change: WeightChange, pictures: Sequence[ItemEvidence]) -> None:
        """Something was lifted, of which there are these pictures."""
        for picture in pictures:
            self._learn_power(store, change, picture)

    def learn_when(self, gripped_s: float, pictures: Sequence[ItemEvidence]) -> None:
        """Something was lifted by a grip with its middle at this time: of it are the pictures around then, if they are
        of one moment."""
        after_s = [p.t_s - gripped_s for p in pictures if abs(p.t_s - gripped_s - self.delay.mean_s) < AROUND_S]
        self.shown.take_in(bool(after_s))
        if after_s and max(after_s) - min(after_s) < APART_S:
            self.delay.take_in(min(after_s))

    def _learn_power(self, store: Store, change: WeightChange, picture: ItemEvidence) -> None:
        gtin = _told_by_weight(store, store.lane[change.lane], change, picture.likelihoods)
        if gtin is None:
            return
        keep = 1 - 1 / REMEMBERED
        self.scores = [
            keep * score + math.log(believed(picture, power)[0][gtin])
            for score, power in zip(self.scores, POWERS, strict=True)
        ]


def believed(picture: ItemEvidence, power: float) -> tuple[dict[str, float], float]:
    """Its likelihoods, by product and for anything else, taken to this power."""
    raised = {gtin: max(p, LEAST) ** power for gtin, p in picture.likelihoods.items()}
    other = max(picture.other, LEAST) ** power
    total = other + sum(raised.values())
    return {gtin: p / total for gtin, p in raised.items()}, other / total


def _told_by_weight(store: Store, lane: Lane, change: WeightChange, likelihoods: Mapping[str, float]) -> str | None:
    """What it was: planned there, and nothing else in the picture weighs so much."""
    fitting = [gtin for gtin in likelihoods if gtin in store.product and _may_be(store, gtin, change)]
    return fitting[0] if len(fitting) == 1 and fitting[0] in lane.products else None


def _may_be(store: Store, gtin: str, change: WeightChange) -> bool:
    product = store.product[gtin]
    return any(
        abs(-change.delta_g - n * product.weight_g)
        < FITS_SIGMAS * math.hypot(change.sigma_g, math.sqrt(n) * product.spread_g)
        for n in range(1, SEVERAL + 1)
    )
