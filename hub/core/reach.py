"""Who could have done it: how likely each body's hand was at a lane, given where everybody was.

For each body a likelihood ratio: the density of what the ceiling saw if that body's hand was there, over the density
if it was not. So one actor multiplies by one ratio, two at once by two.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from operator import mul

from hub.core.floor import around
from hub.core.hidden import HiddenHands
from hub.core.moments import GRIP_S, Moments
from hub.core.people import TOP_SPEED_MPS, Body, People, Place
from hub.core.stance import FRONT_M, FRONT_SIGMA_M, SIDE_SIGMA_M, Looks, Stance, along_sigma_m, height_sigma_m
from hub.store import Lane
from wire.messages import Hand

WITHIN_M = 2.0
"""Nobody reaches this far."""
STRETCH_SIGMA_M = 0.55
STRETCH = 0.08
"""How often somebody reaches far to the side, across a neighbour say, rather than straight ahead."""
LEAN, LEAN_SIGMA_M = 0.05, 0.5
"""How often somebody leans in from a second row, and how far."""
AROUND_PER_M2 = 0.15
"""Density of people who are near shelves and touch nothing."""
HAND_SEEN = 0.55
"""In so many frames of the half second in which it moves something, a hand shows; so it does wherever it reaches to."""
MOST_FRAMES = 100
"""However fast a camera is: what more frames without a hand would say, is said by so many."""
LEAST_SHOWN = 0.01
"""No camera is believed to show fewer hands than this of those who move nothing there."""
HAND_FALSE = 0.01
"""In so many frames a hand shows of somebody who does not hold it out to anything."""
HAND_MISTAKEN = 0.05
"""A hand that shows may be anywhere this often."""
HAND_AT_NEXT = 1.0
"""Hands that are held out to something else are over each of the plates beside as often as over a square metre of all
the rest."""
ACTS = 0.005
"""Somebody takes or lays something down at one lane in one certain time of unrest so often, per unit of their ratio."""
IDLE = 0.05 * ACTS
"""However plainly a hand was there: for twenty that move something there is one that does not."""
UNSEEN = 0.002
"""Ratio for somebody the ceiling does not see at all."""
LOST_SPREAD_MPS = 0.7
IMPOSSIBLE = 1e-13
"""Ratio of a place from which nobody reaches the lane."""


def reach(people: People, lane: Lane, moments: Moments) -> dict[str, list[float]]:
    """Likelihood ratios, by body id, of having had a hand at `lane` in each of the grips in which something may have
    been moved. Whoever is as good as unseen is left out."""
    found: dict[str, list[float]] = {}
    # Whoever is now too far away to have been near then need not be looked at twice.
    now_s = max(people.frame_s.values(), default=moments.end_s)
    far_m = WITHIN_M + TOP_SPEED_MPS * max(0.0, now_s - moments.start_s)
    near = around(people.bodies.values(), lane.x_m, lane.y_m, far_m)
    gone = [b for b in reversed(people.left) if b.t_s >= moments.start_s]
    for body in (*near, *people.lost, *gone):
        ratios = _ratios(body, lane, moments, people)
        if ratios and max(ratios) > UNSEEN / 10:
            found[body.id] = ratios
    return found


def at_once(reached: Mapping[str, Sequence[float]], moments: Moments) -> dict[str, float]:
    """The same for whoever moved all of it at once: the mean over the grips in which that may have been."""
    return {body: sum(map(mul, moments.one, ratios)) for body, ratios in reached.items()}


def _ratios(body: Body, lane: Lane, moments: Moments, people: People) -> list[float]:
    """The ratio for each of the grips; none for whoever was too far away."""
    start_s, end_s = moments.start_s, moments.end_s
    far_m = WITHIN_M + TOP_SPEED_MPS * (end_s - start_s)
    places: list[Place] = []
    before: Place | None = None
    for place in reversed(body.places):
        if place.t_s < start_s:
            before = place
            break
        if place.t_s <= end_s:
            if not places and math.hypot(place.x_m - lane.x_m, place.y_m - lane.y_m) > far_m:
                return []
            places.append(place)
    if not places:
        return [_lost_ratio(before, lane, start_s)] * moments.grips if before is not None else []
    places.reverse()
    times_s = [place.t_s for place in places]
    hands: list[float | None] = []
    if people.sees_hands:
        hands = [_hand_log(place.hand, lane, people.stance) if place.hand else None for place in places]
    ratios: list[float] = []
    looked_at, ratio_there = -1, 0.0
    for k in range(moments.grips):
        from_s = start_s + k * GRIP_S / 2
        first, end = bisect_left(times_s, from_s), bisect_left(times_s, from_s + GRIP_S)
        if first < end:
            # What is wrong with its place stays wrong for so short a time: one look tells as much as all of them.
            middle = (first + end - 1) // 2
            if middle != looked_at:
                looked_at, ratio_there = middle, _place_ratio(places[middle], lane, people.stance)
            ratio = ratio_there
            if hands and ratio > IMPOSSIBLE:
                ratio *= math.exp(_hands_log(hands[first:end], people.hidden, people.stance.looks))
                ratio /= 1.0 + IDLE * ratio
            ratios.append(ratio)
        else:
            last = places[first - 1] if first else before
            ratios.append(_lost_ratio(last, lane, from_s + GRIP_S / 2) if last is not None else 0.0)
    return ratios


def _hands_log(hands: Sequence[float | None], known: HiddenHands, looks: Looks) -> float:
    """What the frames of one grip say of the hand: whether it was held out at all, and if so, to this lane."""
    seen = [log_p for log_p in hands if log_p is not None]
    if not seen:
        return math.log(known.hidden.share)
    unseen = min(len(hands) - len(seen), MOST_FRAMES)
    reaches = min(1.0, max(known.shown.share, LEAST_SHOWN) / HAND_SEEN)
    not_at_all = (HAND_FALSE / HAND_SEEN) ** len(seen) * ((1 - HAND_FALSE) / (1 - HAND_SEEN)) ** unseen
    where_log = sum(seen) / len(seen) * looks.independent(len(seen))
    return where_log - math.log(reaches + (1 - reaches) * not_at_all)


def _place_ratio(place: Place, lane: Lane, stance: Stance) -> float:
    front_m, side_m = lane.offset_m(place.x_m, place.y_m)
    if not -0.3 < front_m < WITHIN_M or abs(side_m) > WITHIN_M:
        return IMPOSSIBLE
    side_sigma_m = stance.side.sigmas * math.hypot(SIDE_SIGMA_M, place.sigma_m)
    stretch_sigma_m = math.hypot(STRETCH_SIGMA_M, place.sigma_m)
    side = (1 - STRETCH) * _normal(side_m, side_sigma_m) + STRETCH * _normal(side_m, stretch_sigma_m)
    off_m, sigma_m, lean_sigma_m = (
        front_m - FRONT_M,
        stance.front.sigmas * math.hypot(FRONT_SIGMA_M, place.sigma_m),
        math.hypot(LEAN_SIGMA_M, place.sigma_m),
    )
    front = (1 - LEAN) * _normal(off_m, sigma_m) + LEAN * _normal(off_m, lean_sigma_m)
    return side * front / AROUND_PER_M2


def _hand_log(hand: Hand, lane: Lane, stance: Stance) -> float:
    """Log ratio of densities of a hand that is held out to this lane, against one that is to something else."""
    _, side_m = lane.offset_m(hand.x_m, hand.y_m)
    height_m = hand.z_m - lane.z_m
    side_sigma_m = stance.along.sigmas * along_sigma_m(hand, lane)
    at_height = _normal(height_m, stance.height.sigmas * height_sigma_m(hand))
    here = at_height * _normal(side_m, side_sigma_m)
    beside = _normal(side_m - lane.width_m, side_sigma_m) + _normal(side_m + lane.width_m, side_sigma_m)
    elsewhere = 1.0 + HAND_AT_NEXT * at_height * beside
    return math.log((1 - HAND_MISTAKEN) * here / elsewhere + HAND_MISTAKEN)


def _lost_ratio(last: Place, lane: Lane, at_s: float) -> float:
    """Out of sight since `last`: somewhere around there, less sure with every second."""
    gone_s = at_s - last.t_s
    sigma_m = 0.3 + LOST_SPREAD_MPS * min(gone_s, 10.0)
    front_m, side_m = lane.offset_m(last.x_m, last.y_m)
    return _normal(side_m, sigma_m) * _normal(front_m - FRONT_M, sigma_m) / AROUND_PER_M2


def _normal(x: float, sigma: float) -> float:
    return math.exp(-x * x / (2 * sigma * sigma)) / (sigma * 2.5066282746310002)
