"""How people stand before what they reach for, and where their hands are then: how far from where they are expected,
learnt where only one person can have moved something."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter

from hub.core.floor import GAP_S, MOMENT_S, Place
from hub.core.hands import at
from hub.core.learning import Delay
from hub.store import Lane
from wire.messages import Hand

FRONT_M = 0.45
FRONT_SIGMA_M = 0.2
"""People stand about this far from what they reach for,"""
SIDE_SIGMA_M = 0.2
"""and so far to its side."""
HAND_SIGMA_M = 0.07
"""A hand is this close to the middle of what it grips, which is anywhere on the inner half of the plate,"""
HAND_HEIGHT_M = 0.1
"""and this close to its height. All of these are estimates."""
BEFORE_REST_S = 0.8
"""The hand is there so long before a lane is at rest."""
FIRST_SEEN, LAST_SEEN = 50.0, 1000.0
"""What is estimated counts as so many people who were seen to reach; of these, so many are remembered."""
LEAST = 0.2
"""No variance is believed to be a smaller part of the estimate."""
ALIKE = 0.2
"""What a camera gets wrong about a hand in one frame, it gets so much of wrong in the next one: an estimate."""
FIRST_LEAD_S, LEAD_SIGMA_S, FIRST_LED = 0.15, 0.2, 10.0
"""A hand is at a lane until what it takes is off it: the middle of its time there is so long before that is half off
it, give or take so much, as if seen of so many. An estimate."""
LOOK_S = 1.0
"""It is looked for no longer than this before and after."""
OUTLIER = 9.0
"""Whoever is further off than so many times the variance counts as so far: they may not have been the one."""


@dataclass(slots=True)
class Spread:
    """How far people are from where they are expected, beside what is estimated."""

    sigmas: float = 1.0
    """What to multiply the estimated standard deviation with."""
    weight: float = FIRST_SEEN

    def take_in(self, off_sigmas: float) -> None:
        """Somebody was so many estimated standard deviations off."""
        variance = self.sigmas**2
        self.weight = min(self.weight + 1.0, LAST_SEEN)
        variance += (min(off_sigmas**2, OUTLIER * variance) - variance) / self.weight
        self.sigmas = math.sqrt(max(variance, LEAST))


@dataclass(slots=True)
class Looks:
    """How much what a camera gets wrong about a hand in one frame has to do with what it gets wrong in the next."""

    product: float = ALIKE
    square: float = 1.0
    """Means of how far off a hand was times how far in the next frame, and times itself, in what is estimated."""
    weight: float = FIRST_SEEN

    def take_in(self, off_sigmas: float, next_sigmas: float) -> None:
        """A hand was so far off in one frame, and in the next one."""
        self.weight = min(self.weight + 1.0, LAST_SEEN)
        self.product += (off_sigmas * next_sigmas - self.product) / self.weight
        self.square += ((off_sigmas**2 + next_sigmas**2) / 2 - self.square) / self.weight

    def independent(self, looks: int) -> float:
        """So many looks one after the other tell as much as how many independent ones."""
        alike = min(max(self.product / self.square, 0.0), 1.0)
        return max(1.0, looks * (1 - alike) / (1 + alike))


@dataclass(slots=True)
class Stance:
    """The spread of those who reach: before the lane and beside it; of their hands, along the shelf and in height."""

    front: Spread = field(default_factory=Spread)
    side: Spread = field(default_factory=Spread)
    along: Spread = field(default_factory=Spread)
    height: Spread = field(default_factory=Spread)
    looks: Looks = field(default_factory=Looks)
    lead: Delay = field(default_factory=lambda: Delay(FIRST_LEAD_S, LEAD_SIGMA_S**2, FIRST_LED, LAST_SEEN))
    """How long after the middle of a hand's time at a lane what it takes is half off it."""

    def learn_lead(self, places: Sequence[Place], lane: Lane, lifted_s: float) -> None:
        """Somebody took something from this lane that was half off it then: these are their places, from LOOK_S before
        that to as long after it."""
        there_s = [place.t_s for place in places if place.hand is not None and at(place.hand, lane)]
        if there_s:
            self.lead.take_in(lifted_s - sum(there_s) / len(there_s))

    def learn(self, places: Sequence[Place], lane: Lane, rest_s: float) -> None:
        """Somebody moved something on this lane, which was at rest then: these are their places, newest first."""
        then_s = rest_s - BEFORE_REST_S
        place = next((place for place in places if abs(place.t_s - then_s) < GAP_S), None)
        if place is None:
            return
        front_m, side_m = lane.offset_m(place.x_m, place.y_m)
        self.front.take_in((front_m - FRONT_M) / math.hypot(FRONT_SIGMA_M, place.sigma_m))
        self.side.take_in(side_m / math.hypot(SIDE_SIGMA_M, place.sigma_m))
        away_s = [(abs(p.t_s - then_s), p.hand) for p in places]
        seen = [(s, _off_sigmas(hand, lane)) for s, hand in away_s if hand is not None and s < MOMENT_S]
        if seen:
            along, height = min(seen, key=itemgetter(0))[1]
            self.along.take_in(along)
            self.height.take_in(height)
        for (_, one), (_, other) in pairwise(seen):
            for off, beside in zip(one, other, strict=True):
                self.looks.take_in(off, beside)


def _off_sigmas(hand: Hand, lane: Lane) -> tuple[float, float]:
    """How far from the middle of its lane a hand is seen, along the shelf and in height."""
    along_m, height_m = lane.offset_m(hand.x_m, hand.y_m)[1], hand.z_m - lane.z_m
    return along_m / along_sigma_m(hand, lane), height_m / height_sigma_m(hand)


def along_sigma_m(hand: Hand, lane: Lane) -> float:
    """How far along the shelf a hand that moves something is estimated to be seen from the middle of its lane."""
    return math.hypot(HAND_SIGMA_M, lane.width_m / 4, hand.sigma_m)


def height_sigma_m(hand: Hand) -> float:
    """And how far above or below it."""
    return math.hypot(HAND_HEIGHT_M, hand.sigma_m)
