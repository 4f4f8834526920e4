"""How often a hand that moves something is hidden from the ceiling: learnt where only one person can have moved it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from hub.core.floor import Body, Place
from hub.store import Lane

BEFORE_S = 2.0
"""The hand that moved something was mostly there within this long before the lane came to rest."""
NEAR_FRONT_M, NEAR_SIDE_M = 1.2, 1.0
"""Nobody reaches a lane from outside of this."""
GAP_S = 0.3
"""Somebody was in sight all the time if there is no longer gap between their places."""
FIRST_GRIPS, FIRST_SHARE = 10.0, 0.2
"""What is believed before any grip was seen counts as so many: a back or another arm hides one in five."""
LAST_GRIPS = 1000.0
"""So many grips are remembered: cameras are moved, and shelves. So nobody can know that fewer than one in so many are
hidden."""


@dataclass(slots=True)
class HiddenHands:
    """The share of grips during which the hand was not seen once."""

    grips: float = FIRST_GRIPS
    share: float = FIRST_SHARE
    log_share: float = math.log(FIRST_SHARE)

    def learn(self, bodies: Iterable[Body], lane: Lane, start_s: float, end_s: float) -> None:
        """Something moved on this lane between these times: if just one person was near, did they show a hand?"""
        near = [places for body in bodies if (places := _near(body, lane, start_s, end_s))]
        if len(near) != 1 or not _watched(near[0], end_s):
            return
        hidden = all(place.hand is None for place in near[0])
        self.grips = min(self.grips + 1.0, LAST_GRIPS)
        self.share = max(self.share + (hidden - self.share) / self.grips, 1.0 / LAST_GRIPS)
        self.log_share = math.log(self.share)


def _near(body: Body, lane: Lane, start_s: float, end_s: float) -> list[Place]:
    """Its places near the lane at that time, newest first; the last one known, if it was lost shortly before."""
    places: list[Place] = []
    for place in reversed(body.places):
        if place.t_s < start_s and (places or body.sights):
            break
        front_m, side_m = lane.offset_m(place.x_m, place.y_m)
        if place.t_s <= end_s and front_m < NEAR_FRONT_M and abs(side_m) < NEAR_SIDE_M:
            places.append(place)
        if place.t_s < start_s:
            break
    return places


def _watched(places: list[Place], end_s: float) -> bool:
    times = [end_s, *(place.t_s for place in places)]
    return all(later - earlier <= GAP_S for later, earlier in pairwise(times))
