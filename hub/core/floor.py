"""People on the floor as data: a body, and what each camera holds of it."""

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from msgspec import Struct

from hub.core.swaps import Swaps
from wire.messages import Hand, Track

TOP_SPEED_MPS = 2.5
"""Nobody in a shop is faster; a longer jump is another person under the same id."""
WALK_SIGMA_MPS = 0.9
"""How far somebody out of sight gets, one standard deviation, per second, wherever they go."""
MEMORY_S = 180.0
"""How long positions are remembered for changes that arrive late: a node may be off the network for a minute or two."""
MOMENT_S = 0.5
"""What is seen so long before or after something is seen at that moment, frames and clocks being what they are."""
GAP_S = 0.3
"""Somebody was in sight all the time if there is no longer gap between their places."""
STRAIGHT_ON_S = 0.5
"""Nobody out of sight is believed to go straight on for longer."""

FOLLOWS_S, TURNS_S = 0.1, 1.0
"""How long it takes until a new place, and the change of pace it seems to show, is believed (an alpha-beta filter)."""
UNSEEN_MPS = 0.3
"""How much less sure it becomes, per second without a frame, where somebody in sight is."""
FIRST_WEIGHT, LAST_WEIGHT = 50.0, 2000.0
"""What a camera says of its own noise counts as so many of its tracks' steps; of these, so many are remembered."""
LEAST_M2 = 0.01**2
"""No camera is believed to be steadier: some give places in whole centimetres, and nobody who stands moves by one."""
OUTLIER = 9.0
"""A step of more than so many times the usual variance is taken as one of so many: an id may have jumped."""

Key = tuple[str, str]
"""Camera and track."""
Lab = tuple[float, float, float]
"""A colour in CIELAB: L*, a* and b*."""


class Place(Struct, frozen=True, gc=False):
    """Where a body was in one frame. There are hundreds of thousands of them: nothing for a garbage collector."""

    t_s: float
    x_m: float
    y_m: float
    hand: Hand | None
    sigma_m: float


NOWHERE = Place(math.inf, math.inf, math.inf, None, 0.0)


class Worn(NamedTuple):
    """What somebody's clothes look like to one camera: the mean of so many looks."""

    mean: Lab
    looks: float


class Shuffle(NamedTuple):
    """It is open who of these bodies is who: outcomes as (probability, whose place each of them really takes)."""

    t_s: float
    bodies: tuple[str, ...]
    outcomes: tuple[tuple[float, tuple[int, ...]], ...]

    @classmethod
    def of_two(cls, t_s: float, one: "Body", other: "Body", p: float) -> "Shuffle":
        """Each of the two may be the other, this likely."""
        return cls(t_s, (one.id, other.id), ((1 - p, (0, 1)), (p, (1, 0))))


@dataclass(slots=True)
class Steps:
    """How far, from one frame of a camera to the next, its tracks come to lie from where they were expected: learnt
    from people with nobody near. What it says of its own noise is only where that begins."""

    step_s: float = 0.0
    """Between its last two frames."""
    variance: float = 0.0
    """Along each axis, in square metres; 0 before the first track."""
    weight: float = FIRST_WEIGHT
    swaps: Swaps = field(default_factory=Swaps)

    def learn(self, t_s: float, sight: "Sight", track: Track) -> None:
        """Take in how far a track is from where its sight was expected."""
        if self.variance == 0.0:
            self.variance = max(2 * track.sigma_m**2, LEAST_M2)
        x_m, y_m = sight.predicted_m(t_s)
        squared_m2 = ((track.x_m - x_m) ** 2 + (track.y_m - y_m) ** 2) / 2
        self.weight = min(self.weight + 1.0, LAST_WEIGHT)
        squared_m2 = min(max(squared_m2, LEAST_M2), OUTLIER * self.variance)
        self.variance += (squared_m2 - self.variance) / self.weight

    def after(self, gone_s: float, track: Track | Place) -> float:
        """The variance of a place so long after the sight's last one."""
        known = self.variance or max(2 * track.sigma_m**2, LEAST_M2)
        return known + (UNSEEN_MPS * max(0.0, gone_s - self.step_s)) ** 2


@dataclass(slots=True, eq=False)
class Body:
    """One person on the floor."""

    id: str
    t_s: float
    x_m: float
    y_m: float
    vx_mps: float = 0.0
    vy_mps: float = 0.0
    bound: bool = False
    """Whether it came in through a gate, on somebody's session."""
    restocks: bool = False
    """Whether that was an employee's."""
    sights: dict[str, "Sight"] = field(default_factory=dict)
    """By camera."""
    places: deque[Place] = field(default_factory=deque)
    """Where it was, oldest first, up to MEMORY_S back, as every camera says."""
    first: Place = NOWHERE
    """Where it appeared."""
    worn: dict[str, Worn] = field(default_factory=dict)
    """By camera; empty unless the store wants clothing colours."""

    @property
    def keys(self) -> set[Key]:
        """The tracks that follow it now."""
        return {(camera, sight.track) for camera, sight in self.sights.items()}

    def seen(self, place: Place) -> None:
        """Take in a place; the newest says where it is now."""
        t_s, x_m, y_m = place.t_s, place.x_m, place.y_m
        if not self.places:
            self.first = place
        if t_s >= self.t_s:
            self.t_s, self.x_m, self.y_m = t_s, x_m, y_m
            self.places.append(place)
        else:
            self._insert(place)
        if self.places[0].t_s < t_s - MEMORY_S:
            self.forget_before(self.t_s - MEMORY_S)

    def forget_before(self, t_s: float) -> None:
        """Drop the places that are older; the last is kept."""
        places = self.places
        while places[0].t_s < t_s and len(places) > 1:
            places.popleft()

    def came_back(self, from_s: float, until_s: float) -> bool:
        """Whether it was seen before, and came back into sight between these times."""
        seen_s = [place.t_s for place in self.places if place.t_s < until_s]
        return any(later - earlier > GAP_S for earlier, later in pairwise(seen_s) if later >= from_s)

    def distance_m(self, x_m: float, y_m: float, t_s: float) -> float:
        """How near it was to a point around that time; infinitely far, if it was not seen then."""
        near_m = math.inf
        for place in reversed(self.places):
            if place.t_s <= t_s - MOMENT_S:
                break
            if place.t_s < t_s + MOMENT_S:
                near_m = min(near_m, math.hypot(place.x_m - x_m, place.y_m - y_m))
        return near_m

    def _insert(self, place: Place) -> None:
        """Where it belongs, which is near the end: cameras differ by moments."""
        i = len(self.places)
        while i > 0 and self.places[i - 1].t_s > place.t_s:
            i -= 1
        self.places.insert(i, place)

    def fresh(self, t_s: float, but: str = "") -> "Sight | None":
        """The newest that a camera, other than `but`, has seen of it around this time."""
        best: Sight | None = None
        for camera, sight in self.sights.items():
            if camera != but and abs(t_s - sight.t_s) < STRAIGHT_ON_S and (best is None or sight.t_s > best.t_s):
                best = sight
        return best


@dataclass(slots=True, eq=False)
class Sight:
    """What one camera holds of a body. Its own positions are compared with each other: its offset cancels out."""

    body: Body
    camera: str
    track: str
    since_s: float
    t_s: float
    x_m: float
    y_m: float
    """Smoothed; the body's places are as they were seen."""
    sigma_m: float = 0.0
    vx_mps: float = 0.0
    vy_mps: float = 0.0
    gap_m: tuple[float, float] = (0.0, 0.0)
    """From where another camera sees the body to where this one does, smoothed."""
    colour: Lab | None = None
    """What it looked like a moment ago; None unless the store wants clothing colours."""

    def predicted_m(self, t_s: float) -> tuple[float, float]:
        """Where it should be."""
        dt = min(t_s - self.t_s, STRAIGHT_ON_S)
        return self.x_m + self.vx_mps * dt, self.y_m + self.vy_mps * dt

    def seen(self, t_s: float, track: Track) -> None:
        """Move to where the track is, and the body with it."""
        dt = t_s - self.t_s
        if self.sigma_m == 0.0 or dt > STRAIGHT_ON_S:
            self.x_m, self.y_m = track.x_m, track.y_m
        else:
            x_m, y_m = self.predicted_m(t_s)
            off_x_m, off_y_m = track.x_m - x_m, track.y_m - y_m
            follows = 1.0 - math.exp(-dt / FOLLOWS_S)
            self.x_m, self.y_m = x_m + follows * off_x_m, y_m + follows * off_y_m
            self.vx_mps += off_x_m / TURNS_S
            self.vy_mps += off_y_m / TURNS_S
        self.t_s, self.sigma_m = t_s, track.sigma_m
        self.body.vx_mps, self.body.vy_mps = self.vx_mps, self.vy_mps
        self.body.seen(Place(t_s, track.x_m, track.y_m, track.hand, track.sigma_m))


class LastSeen(NamedTuple):
    """How a camera last saw somebody, before it was open who had come back."""

    t_s: float
    x_m: float
    y_m: float
    vx_mps: float
    vy_mps: float
    track: str
    """The id that it held them by until then; empty if it had given that up."""

    @classmethod
    def of(cls, camera: str, body: Body) -> "LastSeen":
        """How this camera, or whichever did, last saw a body."""
        sight = body.sights.get(camera)
        return cls(body.t_s, body.x_m, body.y_m, body.vx_mps, body.vy_mps, sight.track if sight is not None else "")


def around(bodies: Iterable[Body], x_m: float, y_m: float, far_m: float) -> list[Body]:
    """Those that are no further from a point than this, along either axis."""
    left_m, right_m, low_m, high_m = x_m - far_m, x_m + far_m, y_m - far_m, y_m + far_m
    return [body for body in bodies if left_m < body.x_m < right_m and low_m < body.y_m < high_m]
