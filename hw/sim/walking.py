"""How people walk and stand about: bodies on an open floor that keep their distance.

The floor in front of the shelves is open ground: no shelf stands between two places that people walk to.
"""

import asyncio
import math
from itertools import combinations

import numpy as np

from hub.store import Gate, Lane, Store
from hw.sim.plate import Floats

Point = tuple[float, float, float]
Lab = tuple[float, float, float]
"""A colour in CIELAB: L*, a* and b*."""
DARK: Lab = (20.0, 0.0, 0.0)

STEP_S = 0.1
SPEED_MPS, SPEED_SPREAD_MPS = 1.16, 0.30
"""Of people while they walk (faster than 0.3 m/s): measured in UCY zara01; 1.40 ± 0.40 in hotel, 1.47 ± 0.35 in eth."""
SLOWEST_MPS, FASTEST_MPS = 0.5, 2.4
PERSONAL_M = 0.75
"""Closer than this people give way. With it, about as many have a neighbour within 0.8 m as in eth, zara01 and
WILDTRACK (23 to 28 % of detections)."""
GIVE_WAY_MPS, ASIDE = 1.8, 0.35
SHOULDER_M = 0.42
"""People who came together give way only when they touch."""
CATCH_UP_S = 0.4
ARRIVED_M = 0.12
SETTLED_M, SETTLED_S = 0.5, 2.0
"""In a crowd one does not get exactly there: near enough, after a while, is there."""
KEEP_CLEAR_M, TRIES = 1.2, 10
"""Who passes the time keeps so far from the gates; in a store too small for that, so many places are tried."""


class Body:
    """One person on the floor. `party` is whom they came with: those come closer.

    `reaching` is where a hand is held out to, in the store's frame: (x, y, z) in metres. `wears` is the colour of their
    clothes.
    """

    def __init__(self, x_m: float, y_m: float, party: str, wears: Lab = DARK) -> None:
        self.x_m, self.y_m = x_m, y_m
        self.wears = wears
        self.target = x_m, y_m
        self.speed_mps = SPEED_MPS
        self.party = party
        self.arrived = asyncio.Event()
        self.walking_s = 0.0
        self.reaching: Point | None = None
        self.unseen_until_s = -math.inf

    def go(self, x_m: float, y_m: float, speed_mps: float) -> None:
        """Set out for a place; `arrived` is set when there."""
        self.target = x_m, y_m
        self.speed_mps = min(max(speed_mps, SLOWEST_MPS), FASTEST_MPS)
        self.walking_s = 0.0
        self.arrived.clear()

    def distance_m(self, x_m: float, y_m: float) -> float:
        return math.hypot(self.x_m - x_m, self.y_m - y_m)

    @property
    def at(self) -> Floats:
        """Where somebody is: x and y in metres."""
        return np.array([self.x_m, self.y_m])


class Floor:
    """Everybody in the store, moved on by `step` every STEP_S."""

    def __init__(self, store: Store) -> None:
        self.bodies: list[Body] = []
        self.occupied = asyncio.Event()
        self._gates = store.gates
        places = np.array([stand(lane, 0.15, 0.0) for lane in store.lanes] + [(g.x_m, g.y_m) for g in store.gates])
        self.low: list[float] = places.min(axis=0).tolist()
        self.high: list[float] = places.max(axis=0).tolist()

    def enter(self, body: Body) -> None:
        self.bodies.append(body)
        self.occupied.set()

    def leave(self, body: Body) -> None:
        self.bodies.remove(body)
        if not self.bodies:
            self.occupied.clear()

    def somewhere(self, rng: np.random.Generator) -> tuple[float, float]:
        """A place on the open floor: nobody stands about in a gate's way, unless there is hardly anywhere else."""
        for _ in range(TRIES):
            x_m, y_m = rng.uniform(self.low, self.high).tolist()
            if all(math.hypot(x_m - gate.x_m, y_m - gate.y_m) > KEEP_CLEAR_M for gate in self._gates):
                break
        return x_m, y_m

    def before(self, gate: Gate, metres: float) -> tuple[float, float]:
        """The place so far from a gate, towards the middle of the floor."""
        dx_m = (self.low[0] + self.high[0]) / 2 - gate.x_m
        dy_m = (self.low[1] + self.high[1]) / 2 - gate.y_m
        share = metres / max(math.hypot(dx_m, dy_m), metres)
        return gate.x_m + share * dx_m, gate.y_m + share * dy_m

    def step(self) -> None:
        """STEP_S later."""
        ways = [(body.target[0] - body.x_m, body.target[1] - body.y_m) for body in self.bodies]
        pushes = self._giving_way()
        (low_x_m, low_y_m), (high_x_m, high_y_m) = self.low, self.high
        for body, (way_x_m, way_y_m), (push_x_mps, push_y_mps) in zip(self.bodies, ways, pushes, strict=True):
            left_m = math.hypot(way_x_m, way_y_m)
            per_s = min(body.speed_mps, left_m / CATCH_UP_S) / max(left_m, 1e-6)
            x_mps, y_mps = way_x_m * per_s + push_x_mps, way_y_m * per_s + push_y_mps
            step_s = STEP_S / max(1.0, math.hypot(x_mps, y_mps) / FASTEST_MPS)
            body.x_m = min(max(body.x_m + step_s * x_mps, low_x_m), high_x_m)
            body.y_m = min(max(body.y_m + step_s * y_mps, low_y_m), high_y_m)
            body.walking_s += STEP_S
            if left_m < ARRIVED_M or (left_m < SETTLED_M and body.walking_s > SETTLED_S):
                body.arrived.set()

    def _giving_way(self) -> list[tuple[float, float]]:
        """Away from whoever is too close, and a little to one's right, so that two who meet pass each other.

        Plain numbers: for the few people of a store, arrays take many times as long.
        """
        pushes = [(0.0, 0.0)] * len(self.bodies)
        for (i, one), (j, other) in combinations(enumerate(self.bodies), 2):
            dx_m, dy_m = one.x_m - other.x_m, one.y_m - other.y_m
            room_m = SHOULDER_M if one.party == other.party else PERSONAL_M
            distance_m = math.hypot(dx_m, dy_m)
            if distance_m < room_m:
                per_s = GIVE_WAY_MPS * (room_m - distance_m) / room_m / max(distance_m, 0.05)
                x_mps, y_mps = per_s * (dx_m + ASIDE * dy_m), per_s * (dy_m - ASIDE * dx_m)
                pushes[i] = pushes[i][0] + x_mps, pushes[i][1] + y_mps
                pushes[j] = pushes[j][0] - x_mps, pushes[j][1] - y_mps
        return pushes


def stand(lane: Lane, front_m: float, side_m: float) -> tuple[float, float]:
    """The point of the floor so far in front of a plate's front edge, and so far along it."""
    a = math.radians(lane.facing_deg)
    out = lane.depth_m / 2 + front_m
    return lane.x_m + out * math.cos(a) - side_m * math.sin(a), lane.y_m + out * math.sin(a) + side_m * math.cos(a)
