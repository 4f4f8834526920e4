"""Where a hand is: at a plate, clear of all of them, or by another hand."""

import math

from hub.core.floor import TOP_SPEED_MPS, Body, Place
from hub.store import Lane, Store
from wire.messages import Hand

MET_M = 0.2
"""Hands that give and take are this close, besides what the camera is wrong by."""
CLEAR_M = 0.25
"""A hand this far from every plate is at none."""
ARM_M = 0.9
"""Nobody reaches further from where they stand."""
AT_LANE_M = 0.12
STANDS_M = 0.8
"""Where no hands are seen: whoever stands so close in front of a lane may reach into it."""


def met(one: Hand, other: Hand) -> bool:
    """Whether two hands are so close that one may give the other something."""
    near_m = MET_M + 2 * math.hypot(one.sigma_m, other.sigma_m)
    return math.dist((one.x_m, one.y_m, one.z_m), (other.x_m, other.y_m, other.z_m)) < near_m


def clear(hand: Hand, store: Store) -> bool:
    """Whether a hand is at no plate of the store."""
    return all(
        abs(lane.x_m - hand.x_m) > 1.0 or abs(lane.y_m - hand.y_m) > 1.0 or distance_m(hand, lane) > CLEAR_M
        for lane in store.lanes
    )


def at(hand: Hand, lane: Lane) -> bool:
    """Whether a hand is over a plate, or at its edge."""
    return distance_m(hand, lane) < AT_LANE_M


def distance_m(hand: Hand, lane: Lane) -> float:
    """How far a hand is from the space right over a plate."""
    front_m, side_m = lane.offset_m(hand.x_m, hand.y_m)
    beside_m = max(0.0, abs(side_m) - lane.width_m / 2)
    before_m = max(0.0, front_m, -front_m - lane.depth_m)
    return math.hypot(beside_m, before_m, max(0.0, abs(hand.z_m - lane.z_m) - 0.15))


def nearest(hand: Hand, store: Store) -> Lane | None:
    """The lane that a hand is at: of two beside each other the nearer one."""
    there = [lane for lane in store.lanes if at(hand, lane)]
    return min(
        there, key=lambda lane: math.dist((hand.x_m, hand.y_m, hand.z_m), (lane.x_m, lane.y_m, lane.z_m)), default=None
    )


def was_at(place: Place, lane: Lane, sees_hands: bool) -> bool:
    """Whether somebody had a hand at a lane; where hands are not seen, whether they stood before it."""
    if sees_hands:
        return place.hand is not None and at(place.hand, lane)
    return stands_at(place.x_m, place.y_m, lane)


def stands_at(x_m: float, y_m: float, lane: Lane) -> bool:
    """Whether somebody at this point stands before a lane, near enough to reach into it."""
    front_m, side_m = lane.offset_m(x_m, y_m)
    return 0 < front_m < STANDS_M and abs(side_m) < lane.width_m / 2 + 0.2


def may_touch(body: Body, hand: Hand, t_s: float) -> bool:
    """Whether somebody who was seen last some time ago may be near enough to touch this hand."""
    return math.hypot(body.x_m - hand.x_m, body.y_m - hand.y_m) < ARM_M + TOP_SPEED_MPS * (t_s - body.t_s)
