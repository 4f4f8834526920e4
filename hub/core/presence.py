"""Who is on the floor, who was lost from sight, and who has left: what the rest of the core asks about people."""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from hub.core.floor import MOMENT_S, TOP_SPEED_MPS, WALK_SIGMA_MPS, Body, Sight
from wire.messages import Track

WAITS_S = 2.0
"""Whoever stands at an exit for so long wants out."""
LOST_AT_MOST_S = 3.0
"""Whoever goes through a gate unseen was lost on the way no longer than this before."""
LEAST_PER_M2 = 0.02
"""Anybody may be there unseen, this densely."""
AT_GATE = 1.5
"""Whoever goes through a gate is within so many of its radii."""
BESIDE_M = 1.0
"""A track that began so close to somebody who was lost later may have become theirs."""


@dataclass(slots=True)
class Presence:
    """Everybody on the floor, as the cameras hold them."""

    bodies: dict[str, Body] = field(default_factory=dict)
    """In sight of some camera, by id."""
    lost: list[Body] = field(default_factory=list)
    left: deque[Body] = field(default_factory=deque)
    """Who went out, with their places, until MEMORY_S after they were last seen: evidence may come late."""
    dropped: list[str] = field(default_factory=list)
    """Strangers who are out of sight for good: nothing will be asked about them. For the belief to forget."""
    _views: dict[str, dict[str, Sight]] = field(default_factory=dict)
    """What each camera holds: by camera and track."""
    _departed: dict[tuple[str, str], float] = field(default_factory=dict)
    """Tracks, by camera, of people who passed a way out, and when: they are seen on their way for a moment more."""

    def nearest(self, x_m: float, y_m: float, within_m: float) -> Body | None:
        """The body in sight nearest to a point, among those that came in through a gate."""
        near = [(math.hypot(b.x_m - x_m, b.y_m - y_m), i, b) for i, b in enumerate(self.bodies.values()) if b.bound]
        best = min(near, default=None)
        return best[2] if best is not None and best[0] <= within_m else None

    def waits(self, x_m: float, y_m: float, within_m: float) -> bool:
        """Whether somebody has been standing at a point for a while and does not move on."""
        return any(
            _stayed(body, x_m, y_m, within_m)
            for body in self.bodies.values()
            if math.hypot(body.x_m - x_m, body.y_m - y_m) <= within_m
        )

    def passing(self, x_m: float, y_m: float, within_m: float, t_s: float, bound: bool) -> Body | None:
        """Who was nearest to a point at that time, give or take a moment: of those who are in, or of the others."""
        best_m, best = within_m, None
        for body in self.all():
            if body.bound == bound:
                distance_m = body.distance_m(x_m, y_m, t_s)
                if distance_m < best_m:
                    best_m, best = distance_m, body
        return best

    def went_through(self, x_m: float, y_m: float, radius_m: float, t_s: float) -> Body | None:
        """Who of those who are in most probably went through a gate at that time, give or take a moment: somebody who
        was there, or who was lost from sight on the way there. None if it may as well be somebody unseen."""
        best_p, best = LEAST_PER_M2, None
        for body in self.all():
            seen = [p for p in body.places if t_s - LOST_AT_MOST_S < p.t_s < t_s + MOMENT_S] if body.bound else []
            if not seen:
                continue
            last_s = seen[-1].t_s
            unseen_s = max(0.0, t_s - last_s)
            near_m = min(math.hypot(p.x_m - x_m, p.y_m - y_m) for p in seen if p.t_s > last_s - MOMENT_S)
            variance = (radius_m / 2) ** 2 + (WALK_SIGMA_MPS * unseen_s) ** 2
            p = math.exp(-(near_m**2) / (2 * variance)) / (2 * math.pi * variance)
            if p > best_p and near_m < AT_GATE * radius_m + TOP_SPEED_MPS * unseen_s:
                best_p, best = p, body
        return best

    def stranger(self, x_m: float, y_m: float, since_s: float) -> Body | None:
        """Somebody who never came in, came into sight after that time, and can have come from there: the nearest."""
        best_m, best = math.inf, None
        for body in self.bodies.values():
            first = body.places[0]
            distance_m = math.hypot(first.x_m - x_m, first.y_m - y_m)
            after_s = first.t_s - since_s
            if not body.bound and after_s >= 0 and distance_m < min(best_m, TOP_SPEED_MPS * after_s + BESIDE_M):
                best_m, best = distance_m, body
        return best

    def all(self) -> Iterator[Body]:
        """Bodies in sight and lost ones."""
        yield from self.bodies.values()
        yield from self.lost

    def gone(self, body: Body) -> None:
        """The body went out. What it wore is forgotten."""
        body.worn.clear()
        self._departed |= dict.fromkeys(body.keys, body.t_s)
        for sight in list(body.sights.values()):
            self._drop(sight)
        if body in self.lost:
            self.lost.remove(body)
            if body.bound:
                self.left.append(body)

    def _hold(self, camera: str, t_s: float, track: Track, body: Body) -> None:
        """From now on this track follows this body."""
        view = self._views[camera]
        sight = body.sights.get(camera)
        if sight is None:
            sight = Sight(body, camera, track.id, t_s, body.t_s, body.x_m, body.y_m, 0.0, body.vx_mps, body.vy_mps)
            body.sights[camera] = sight
        else:
            del view[sight.track]
            sight.track = track.id
        view[track.id] = sight
        if body.id not in self.bodies:
            self.bodies[body.id] = body
            if body in self.lost:
                self.lost.remove(body)

    def _drop(self, sight: Sight) -> None:
        """A camera does not hold a body any more."""
        body = sight.body
        del self._views[sight.camera][sight.track]
        del body.sights[sight.camera]
        if not body.sights:
            self.lost.append(self.bodies.pop(body.id))


def _stayed(body: Body, x_m: float, y_m: float, within_m: float) -> bool:
    for place in reversed(body.places):
        if place.t_s <= body.t_s - WAITS_S:
            return True
        if math.hypot(place.x_m - x_m, place.y_m - y_m) > within_m:
            return False
    return False
