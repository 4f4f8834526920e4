"""How hands look from the ceiling: how often one that moves something is hidden, learnt where only one person can have
moved it, and how often one shows that moves nothing there, learnt from everybody else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from hub.core.floor import GAP_S, Body, Place, around
from hub.core.learning import Learnt
from hub.store import Lane

BEFORE_S = 2.0
"""The hand that moved something was mostly there within this long before the lane came to rest."""
NEAR_FRONT_M, NEAR_SIDE_M = 1.2, 1.0
"""Nobody reaches a lane from outside of this."""
FAR_M = 8.0
"""Whoever is further off now was not near a moment ago."""
FIRST_GRIPS, FIRST_HIDDEN = 10.0, 0.2
"""What is believed before any grip was seen counts as so many: a back or another arm hides one in five."""
LAST_GRIPS = 1000.0
"""So many grips are remembered: cameras are moved, and shelves."""
FIRST_LOOKS, FIRST_SHOWN = 100.0, 0.05
"""What is believed before anybody was looked at who moves nothing counts as so many looks, in which they show a hand so
often."""
LAST_LOOKS = 5000.0


@dataclass(slots=True)
class HiddenHands:
    """What a camera that looks for hands makes of them."""

    hidden: Learnt = field(default_factory=lambda: Learnt(FIRST_HIDDEN, FIRST_GRIPS, LAST_GRIPS))
    """The share of grips during which the hand was not seen once."""
    shown: Learnt = field(default_factory=lambda: Learnt(FIRST_SHOWN, FIRST_LOOKS, LAST_LOOKS))
    """The share of frames in which somebody shows a hand who is not at the lane where something moves."""

    def learn(self, near: Sequence[Sequence[Place]], others: Iterable[Place], end_s: float) -> None:
        """Something moved up to this time: if just one person was near, did they show a hand? And did the others?"""
        for place in others:
            self.shown.take_in(place.hand is not None)
        if len(near) == 1 and _watched(near[0], end_s):
            self.hidden.take_in(all(place.hand is None for place in near[0]))


def who_was_near(
    bodies: Iterable[Body], lane: Lane, start_s: float, end_s: float
) -> tuple[list[list[Place]], list[Place]]:
    """Between these times, a moment ago: the places of each who was near this lane, newest first, and where the others
    were last. Whoever is far off now is left out, so that it costs the same however large the store is."""
    near: list[list[Place]] = []
    others: list[Place] = []
    for body in around(bodies, lane.x_m, lane.y_m, FAR_M):
        if places := _near(body, lane, start_s, end_s):
            near.append(places)
        elif body.sights and (then := next((p for p in reversed(body.places) if p.t_s <= end_s), None)) is not None:
            others.append(then)
    return near, others


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


def _watched(places: Sequence[Place], end_s: float) -> bool:
    times = [end_s, *(place.t_s for place in places)]
    return all(later - earlier <= GAP_S for later, earlier in pairwise(times))
