"""Who could have done it: how likely each body's hand was at a lane, given where everybody was.

For each body a likelihood ratio: the density of what the ceiling saw if that body's hand was there, over the density
if it was not. So one actor multiplies by one ratio, two at once by two.
"""

import math

from hub.core.people import TOP_SPEED_MPS, Body, People, Place
from hub.store import Lane
from wire.messages import Hand

BEFORE_S = 2.0
"""The hand that moved something was there within this long before the lane came to rest."""
SLACK_S = 0.2
"""Times of different nodes agree this well."""
WITHIN_M = 2.0
"""Nobody reaches this far."""
SIDE_SIGMA_M = 0.22
STRETCH_SIGMA_M = 0.55
STRETCH = 0.08
"""How often somebody reaches far to the side, across a neighbour say, rather than straight ahead."""
FRONT_M = 0.45
FRONT_SIGMA_M = 0.22
"""People stand about this far from what they reach for."""
AROUND_PER_M2 = 0.15
"""Density of people who are near shelves and touch nothing."""
HAND_SIGMA_M = 0.15
HAND_SEEN = 0.7
"""A camera that reports hands sees a reaching one this often."""
HAND_ELSEWHERE_PER_M2 = 0.15
"""Density of hands seen that do not move anything."""
UNSEEN = 0.002
"""Ratio for somebody the ceiling does not see at all."""
LOST_SPREAD_MPS = 0.7


def reach(people: People, lane: Lane, t0_s: float, t1_s: float) -> dict[str, float]:
    """Likelihood ratio by body id of having had a hand at `lane` when it changed between `t0_s` and `t1_s`."""
    start_s, end_s = max(t0_s, t1_s - BEFORE_S) - SLACK_S, t1_s + SLACK_S
    ratios: dict[str, float] = {}
    # Whoever is now too far away to have been near then need not be looked at twice.
    now_s = max(people.frame_s.values(), default=t1_s)
    far_m = WITHIN_M + TOP_SPEED_MPS * max(0.0, now_s - start_s)
    near = [
        body
        for body in people.bodies.values()
        if -far_m < body.x_m - lane.x_m < far_m and -far_m < body.y_m - lane.y_m < far_m
    ]
    for body in (*near, *people.lost):
        ratio = _body_reach(body, lane, start_s, end_s, people.sees_hands)
        if ratio > UNSEEN / 10:
            ratios[body.id] = ratio
    return ratios


def _body_reach(body: Body, lane: Lane, start_s: float, end_s: float, sees_hands: bool) -> float:
    """The mean ratio over the places the body was at in that time: a hand stays as long as the plate is unsteady."""
    total, count = 0.0, 0
    last: Place | None = None
    for place in reversed(body.places):
        if place.t_s > end_s:
            continue
        last = last or place
        if place.t_s < start_s:
            break
        total += _place_ratio(place, lane, sees_hands)
        count += 1
    if last is not None and last.t_s < start_s:
        return _lost_ratio(last, lane, start_s)
    return total / count if count else 0.0


def _place_ratio(place: Place, lane: Lane, sees_hands: bool) -> float:
    front_m, side_m = lane.offset_m(place.x_m, place.y_m)
    if not -0.3 < front_m < WITHIN_M or abs(side_m) > WITHIN_M:
        return 0.0
    side = (1 - STRETCH) * _normal(side_m, SIDE_SIGMA_M) + STRETCH * _normal(side_m, STRETCH_SIGMA_M)
    body = side * _normal(front_m - FRONT_M, FRONT_SIGMA_M) / AROUND_PER_M2
    if place.hand is not None:
        return body * _hand_ratio(place.hand, lane)
    return body * (1 - HAND_SEEN) if sees_hands else body


def _hand_ratio(hand: Hand, lane: Lane) -> float:
    """A hand over this plate speaks for it, a hand elsewhere against."""
    side_m = max(0.0, abs(lane.offset_m(hand.x_m, hand.y_m)[1]) - lane.width_m / 2)
    height_m = max(0.0, abs(hand.z_m - lane.z_m) - 0.1)
    sigma_m = math.hypot(HAND_SIGMA_M, hand.sigma_m)
    distance2 = side_m**2 + height_m**2
    return HAND_SEEN * math.exp(-distance2 / (2 * sigma_m**2)) / (2 * math.pi * sigma_m**2) / HAND_ELSEWHERE_PER_M2


def _lost_ratio(last: Place, lane: Lane, at_s: float) -> float:
    """Out of sight since `last`: somewhere around there, less sure with every second."""
    gone_s = at_s - last.t_s
    sigma_m = 0.3 + LOST_SPREAD_MPS * min(gone_s, 10.0)
    front_m, side_m = lane.offset_m(last.x_m, last.y_m)
    return _normal(side_m, sigma_m) * _normal(front_m - FRONT_M, sigma_m) / AROUND_PER_M2


def _normal(x: float, sigma: float) -> float:
    return math.exp(-x * x / (2 * sigma * sigma)) / (sigma * 2.5066282746310002)
