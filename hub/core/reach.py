"""Who could have done it: how likely each body's hand was at a lane, given where everybody was.

For each body a likelihood ratio: the density of what the ceiling saw if that body's hand was there, over the density
if it was not. So one actor multiplies by one ratio, two at once by two.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence

from hub.core.people import TOP_SPEED_MPS, Body, People, Place
from hub.store import Lane
from wire.messages import Hand

LONGEST_S = 30.0
"""A lane that was held or pressed for longer than this before it came to rest was not last moved before that."""
SLACK_S = 0.2
"""Times of different nodes agree this well."""
GRIP_S = 0.5
"""And it was there for about so long."""
WITHIN_M = 2.0
"""Nobody reaches this far."""
PICTURED = 0.9
"""What moved was in somebody's hand when a camera took a picture of it, this surely."""
SIDE_SIGMA_M = 0.2
STRETCH_SIGMA_M = 0.55
STRETCH = 0.08
"""How often somebody reaches far to the side, across a neighbour say, rather than straight ahead."""
FRONT_M = 0.45
FRONT_SIGMA_M = 0.2
"""People stand about this far from what they reach for."""
AROUND_PER_M2 = 0.15
"""Density of people who are near shelves and touch nothing."""
HAND_SIGMA_M = 0.07
"""A hand is this close to the middle of what it grips, which is anywhere on the inner half of the plate."""
HAND_HEIGHT_M = 0.1
HAND_SEEN = 0.7
"""A camera that reports hands sees a reaching one this often."""
HAND_MISTAKEN = 0.05
"""A hand that it reports may be anywhere this often."""
HAND_ELSEWHERE_PER_M2 = 0.15
"""Density of hands seen that do not move anything."""
HAND_LOOKS = 3.0
"""So many looks at a hand in the time of a grip are independent: a camera is wrong in the same way for a while."""
LOG_UNSEEN_HAND = math.log((1 - HAND_SEEN) / (1 - HAND_ELSEWHERE_PER_M2))
UNSEEN = 0.002
"""Ratio for somebody the ceiling does not see at all."""
LOST_SPREAD_MPS = 0.7
IMPOSSIBLE = 1e-13
"""Ratio of a place from which nobody reaches the lane."""


def reach(people: People, lane: Lane, t0_s: float, t1_s: float, pictured_s: Sequence[float] = ()) -> dict[str, float]:
    """Likelihood ratio by body id of having had a hand at `lane` when it changed between `t0_s` and `t1_s`, with
    pictures of what moved taken at `pictured_s`. Whoever came, and pressed or held what lies there, may have come after
    the one who moved something: so all of that time counts alike, but for the pictures."""
    start_s, end_s = max(t0_s, t1_s - LONGEST_S) - SLACK_S, t1_s + SLACK_S
    grips = max(1, round(2 * (end_s - start_s) / GRIP_S) - 1)
    weights = _weights(grips, [moment_s - start_s for moment_s in pictured_s])
    # Whoever is now too far away to have been near then need not be looked at twice.
    now_s = max(people.frame_s.values(), default=t1_s)
    far_m = WITHIN_M + TOP_SPEED_MPS * max(0.0, now_s - start_s)
    left_m, right_m, low_m, high_m = lane.x_m - far_m, lane.x_m + far_m, lane.y_m - far_m, lane.y_m + far_m
    near = [b for b in people.bodies.values() if left_m < b.x_m < right_m and low_m < b.y_m < high_m]
    gone = [b for b in reversed(people.left) if b.t_s >= start_s]
    ratios = {b.id: _ratio(b, lane, start_s, end_s, weights, people) for b in (*near, *people.lost, *gone)}
    return {body: ratio for body, ratio in ratios.items() if ratio > UNSEEN / 10}


def _weights(grips: int, pictured_s: Sequence[float]) -> list[float]:
    """How likely each of these grips, one every half grip, was the one; pictures in seconds from the first one on."""
    if not pictured_s:
        return [1 / grips] * grips
    near = [k for k in range(grips) if any(abs((k / 2 + 0.5) * GRIP_S - moment_s) <= GRIP_S for moment_s in pictured_s)]
    weights = [((1 - PICTURED) if near else 1.0) / grips] * grips
    for k in near:
        weights[k] += PICTURED / len(near)
    return weights


def _ratio(body: Body, lane: Lane, start_s: float, end_s: float, weights: Sequence[float], people: People) -> float:
    """The mean over the times at which it may have gripped."""
    far_m = WITHIN_M + TOP_SPEED_MPS * (end_s - start_s)
    places: list[Place] = []
    before: Place | None = None
    for place in reversed(body.places):
        if place.t_s < start_s:
            before = place
            break
        if place.t_s <= end_s:
            if not places and math.hypot(place.x_m - lane.x_m, place.y_m - lane.y_m) > far_m:
                return 0.0
            places.append(place)
    if not places:
        return _lost_ratio(before, lane, start_s) if before is not None else 0.0
    places.reverse()
    times_s = [place.t_s for place in places]
    hands = [_hand_log(place.hand, lane) if place.hand else None for place in places] if people.sees_hands else []
    total, looked_at, ratio_there = 0.0, -1, 0.0
    for k, weight in enumerate(weights):
        from_s = start_s + k * GRIP_S / 2
        first, end = bisect_left(times_s, from_s), bisect_left(times_s, from_s + GRIP_S)
        if first < end:
            # What is wrong with its place stays wrong for so short a time: one look tells as much as all of them.
            middle = (first + end - 1) // 2
            if middle != looked_at:
                looked_at, ratio_there = middle, _place_ratio(places[middle], lane)
            ratio = ratio_there
            if hands and ratio > IMPOSSIBLE:
                ratio *= math.exp(_hands_log(hands[first:end], people.hidden.log_share))
            total += weight * ratio
        elif (last := places[first - 1] if first else before) is not None:
            total += weight * _lost_ratio(last, lane, from_s + GRIP_S / 2)
    return total


def _hands_log(hands: Sequence[float | None], log_hidden: float) -> float:
    """What the frames of one grip say of the hand, those that show none included."""
    seen = [log_p for log_p in hands if log_p is not None]
    unseen = len(hands) - len(seen)
    return HAND_LOOKS * (sum(seen) + unseen * LOG_UNSEEN_HAND) / len(hands) if seen else log_hidden


def _place_ratio(place: Place, lane: Lane) -> float:
    front_m, side_m = lane.offset_m(place.x_m, place.y_m)
    if not -0.3 < front_m < WITHIN_M or abs(side_m) > WITHIN_M:
        return IMPOSSIBLE
    side_sigma_m, stretch_sigma_m = math.hypot(SIDE_SIGMA_M, place.sigma_m), math.hypot(STRETCH_SIGMA_M, place.sigma_m)
    side = (1 - STRETCH) * _normal(side_m, side_sigma_m) + STRETCH * _normal(side_m, stretch_sigma_m)
    return side * _normal(front_m - FRONT_M, math.hypot(FRONT_SIGMA_M, place.sigma_m)) / AROUND_PER_M2


def _hand_log(hand: Hand, lane: Lane) -> float:
    """A hand over this plate speaks for it, a hand elsewhere against."""
    _, side_m = lane.offset_m(hand.x_m, hand.y_m)
    height_m = hand.z_m - lane.z_m
    side_sigma_m = math.hypot(HAND_SIGMA_M, lane.width_m / 4, hand.sigma_m)
    height_sigma_m = math.hypot(HAND_HEIGHT_M, hand.sigma_m)
    density = _normal(side_m, side_sigma_m) * _normal(height_m, height_sigma_m)
    seen = (1 - HAND_MISTAKEN) * density + HAND_MISTAKEN * HAND_ELSEWHERE_PER_M2
    return math.log(HAND_SEEN * seen / HAND_ELSEWHERE_PER_M2)


def _lost_ratio(last: Place, lane: Lane, at_s: float) -> float:
    """Out of sight since `last`: somewhere around there, less sure with every second."""
    gone_s = at_s - last.t_s
    sigma_m = 0.3 + LOST_SPREAD_MPS * min(gone_s, 10.0)
    front_m, side_m = lane.offset_m(last.x_m, last.y_m)
    return _normal(side_m, sigma_m) * _normal(front_m - FRONT_M, sigma_m) / AROUND_PER_M2


def _normal(x: float, sigma: float) -> float:
    return math.exp(-x * x / (2 * sigma * sigma)) / (sigma * 2.5066282746310002)
