"""People on the floor as data: a body, and what each camera holds of it."""

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec import Struct

from wire.messages import Hand, Track

TOP_SPEED_MPS = 2.5
"""Nobody in a shop is faster; a longer jump is another person under the same id."""
MEMORY_S = 180.0
"""How long positions are remembered for changes that arrive late: a node may be off the network for a minute or two."""
STRAIGHT_ON_S = 0.5
"""Nobody out of sight is believed to go straight on for longer."""

Key = tuple[str, str]
"""Camera and track."""


class Place(Struct, frozen=True, gc=False):
    """Where a body was in one frame. There are hundreds of thousands of them: nothing for a garbage collector."""

    t_s: float
    x_m: float
    y_m: float
    hand: Hand | None
    sigma_m: float


class Shuffle(NamedTuple):
    """It is open who of these bodies is who: outcomes as (probability, whose place each of them really takes)."""

    t_s: float
    bodies: tuple[str, ...]
    outcomes: tuple[tuple[float, tuple[int, ...]], ...]


@dataclass(slots=True, eq=False)
class Body:
    """One person on the floor."""

    id: str
    t_s: float
    x_m: float
    y_m: float
    bound: bool = False
    """Whether it came in through a gate, on somebody's session."""
    restocks: bool = False
    """Whether that was an employee's."""
    sights: dict[str, "Sight"] = field(default_factory=dict)
    """By camera."""
    places: deque[Place] = field(default_factory=deque)
    """Where it was, oldest first, up to MEMORY_S back, as every camera says."""

    @property
    def keys(self) -> set[Key]:
        """The tracks that follow it now."""
        return {(camera, sight.track) for camera, sight in self.sights.items()}

    def seen(self, place: Place) -> None:
        """Take in a place; the newest says where it is now."""
        t_s, x_m, y_m = place.t_s, place.x_m, place.y_m
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
    sigma_m: float = 0.0
    vx_mps: float = 0.0
    vy_mps: float = 0.0
    gap_m: tuple[float, float] = (0.0, 0.0)
    """From where another camera sees the body to where this one does, smoothed."""

    def predicted_m(self, t_s: float) -> tuple[float, float]:
        """Where it should be."""
        dt = min(t_s - self.t_s, STRAIGHT_ON_S)
        return self.x_m + self.vx_mps * dt, self.y_m + self.vy_mps * dt

    def seen(self, t_s: float, track: Track) -> None:
        """Move to where the track is, and the body with it."""
        x_m, y_m = track.x_m, track.y_m
        dt = t_s - self.t_s
        if dt > 0:
            gain = min(1.0, 2.0 * dt)
            step_s = max(dt, 0.1)
            self.vx_mps += gain * ((x_m - self.x_m) / step_s - self.vx_mps)
            self.vy_mps += gain * ((y_m - self.y_m) / step_s - self.vy_mps)
        self.t_s, self.x_m, self.y_m, self.sigma_m = t_s, x_m, y_m, track.sigma_m
        self.body.seen(Place(t_s, x_m, y_m, track.hand, track.sigma_m))
