"""How people walk and stand about: bodies on an open floor that keep their distance.

The floor in front of the shelves is open ground: no shelf stands between two places that people walk to.
"""

import asyncio
import math

import numpy as np

from hub.store import Lane, Store
from hw.sim.plate import Floats

Point = tuple[float, float, float]

STEP_S = 0.1
SPEED_MPS, SPEED_SPREAD_MPS = 1.16, 0.30
"""Of people while they walk (faster than 0.3 m/s): measured in UCY zara01; 1.40 ± 0.40 in hotel, 1.47 ± 0.35 in eth."""
SLOWEST_MPS, FASTEST_MPS = 0.5, 2.4
PERSONAL_M = 0.75
"""Closer than this people give way. With it, about as many have a neighbour within 0.8 m as in eth, zara01 and
WILDTRACK (23 to 28 % of detections)."""
GIVE_WAY_MPS = 1.8
SHOULDER_M = 0.42
"""People who came together give way only when they touch."""
CATCH_UP_S = 0.4
ARRIVED_M = 0.12
SETTLED_M, SETTLED_S = 0.5, 2.0
"""In a crowd one does not get exactly there: near enough, after a while, is there."""


class Body:
    """One person on the floor. `party` is whom they came with: those come closer.

    `reaching` is where a hand is held out to, in the store's frame: (x, y, z) in metres.
    """

    def __init__(self, x_m: float, y_m: float, party: str) -> None:
        self.at = np.array([x_m, y_m])
        self.target = self.at.copy()
        self.speed_mps = SPEED_MPS
        self.party = party
        self.arrived = asyncio.Event()
        self.walking_s = 0.0
        self.reaching: Point | None = None
        self.unseen_until_s = -math.inf

    def go(self, x_m: float, y_m: float, speed_mps: float) -> None:
        """Set out for a place; `arrived` is set when there."""
        self.target = np.array([x_m, y_m])
        self.speed_mps = min(max(speed_mps, SLOWEST_MPS), FASTEST_MPS)
        self.walking_s = 0.0
        self.arrived.clear()

    def distance_m(self, x_m: float, y_m: float) -> float:
        return math.hypot(self.at[0] - x_m, self.at[1] - y_m)


class Floor:
    """Everybody in the store, moved on by `step` every STEP_S."""

    def __init__(self, store: Store) -> None:
        self.bodies: list[Body] = []
        self.occupied = asyncio.Event()
        places = np.array([stand(lane, 0.15, 0.0) for lane in store.lanes] + [(g.x_m, g.y_m) for g in store.gates])
        self.low, self.high = places.min(axis=0), places.max(axis=0)

    def enter(self, body: Body) -> None:
        self.bodies.append(body)
        self.occupied.set()

    def leave(self, body: Body) -> None:
        self.bodies.remove(body)
        if not self.bodies:
            self.occupied.clear()

    def somewhere(self, rng: np.random.Generator) -> tuple[float, float]:
        """A place on the open floor."""
        x_m, y_m = rng.uniform(self.low, self.high).tolist()
        return x_m, y_m

    def step(self) -> None:
        """STEP_S later."""
        if not self.bodies:
            return
        at = np.array([b.at for b in self.bodies])
        way = np.array([b.target for b in self.bodies]) - at
        distance = np.hypot(way[:, 0], way[:, 1])
        pace = np.minimum(np.array([b.speed_mps for b in self.bodies]), distance / CATCH_UP_S)
        velocity = way * (pace / np.maximum(distance, 1e-6))[:, None]
        if len(self.bodies) > 1:
            velocity += self._giving_way(at)
        fast = np.maximum(1.0, np.hypot(velocity[:, 0], velocity[:, 1]) / FASTEST_MPS)
        at = np.clip(at + STEP_S * velocity / fast[:, None], self.low, self.high)
        for body, place, left_m in zip(self.bodies, at, distance, strict=True):
            body.at = place
            body.walking_s += STEP_S
            if left_m < ARRIVED_M or (left_m < SETTLED_M and body.walking_s > SETTLED_S):
                body.arrived.set()

    def _giving_way(self, at: Floats) -> Floats:
        """Away from whoever is too close, and a little to one's right, so that two who meet pass each other."""
        apart = at[:, None] - at[None]
        distance = np.hypot(apart[..., 0], apart[..., 1])
        party = np.array([b.party for b in self.bodies])
        room = np.where(party[:, None] == party[None], SHOULDER_M, PERSONAL_M)
        push = GIVE_WAY_MPS * np.clip((room - distance) / room, 0.0, None) / np.maximum(distance, 0.05)
        np.fill_diagonal(push, 0.0)
        aside = np.stack([apart[..., 1], -apart[..., 0]], axis=-1)
        moved: Floats = (push[..., None] * (apart + 0.35 * aside)).sum(axis=1)
        return moved


def stand(lane: Lane, front_m: float, side_m: float) -> tuple[float, float]:
    """The point of the floor so far in front of a plate's front edge, and so far along it."""
    a = math.radians(lane.facing_deg)
    out = lane.depth_m / 2 + front_m
    return lane.x_m + out * math.cos(a) - side_m * math.sin(a), lane.y_m + out * math.sin(a) + side_m * math.cos(a)
