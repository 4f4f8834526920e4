"""Who is where on the floor.

A body is one person, followed through breaks and swaps of the camera's ids. Where it stays open which track carries
on which body, a Shuffle says how likely what is: the belief takes it in, so that whose body it is stays a joint
question. Nobody is recognised: only positions and their continuity count.
"""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise, permutations
from typing import NamedTuple

from wire.messages import Hand, Track, Tracks

CLOSE_M = 0.8
"""Tracks nearer to each other than this may swap their ids, or be one for the other."""
SWAP_PER_FRAME = 0.005
"""Prior probability that two close tracks swap ids between two frames."""
TOP_SPEED_MPS = 2.5
"""Nobody in a shop is faster; a longer jump is another person under the same id."""
WALK_SIGMA_MPS = 0.9
"""How far somebody out of sight gets, one standard deviation, per second."""
MEMORY_S = 90.0
"""How long positions are remembered for changes that arrive late, and a lost body for its return."""
LOST_AFTER_S = 1.5
"""A track missing for longer than a detector's hiccup is lost."""
MOMENT_S = 0.5
"""Whoever passes a gate is seen there this long before or after its contact, frames and clocks being what they are."""
WAITS_S = 2.0
"""Whoever stands at an exit for so long wants out."""
PERMUTED_AT_MOST = 5
"""In a tighter crowd than this the ids are believed."""

CERTAIN = 1e-4
"""Confusions less likely than this are none."""
SHUFFLE_S = 1.0
"""Confusions of the same two people within this long are one."""
NEWCOMER_PER_M2 = 0.002
"""Density of people who appear on the floor without having been lost: low, since everybody comes through a gate."""


Key = tuple[str, str]
"""Camera and track."""


class Place(NamedTuple):
    """Where a body was in one frame."""

    t_s: float
    x_m: float
    y_m: float
    hand: Hand | None


class Shuffle(NamedTuple):
    """It is open who of these bodies is who: outcomes as (probability, whose place each of them really takes)."""

    t_s: float
    bodies: tuple[str, ...]
    outcomes: tuple[tuple[float, tuple[int, ...]], ...]


@dataclass(slots=True, eq=False)
class Body:
    """One person on the floor."""

    id: str
    key: Key
    t_s: float
    x_m: float
    y_m: float
    vx_mps: float = 0.0
    vy_mps: float = 0.0
    bound: bool = False
    """Whether it came in through a gate, on somebody's session."""
    places: deque[Place] = field(default_factory=deque)
    """Where it was, oldest first, up to MEMORY_S back."""

    def predicted_m(self, t_s: float) -> tuple[float, float]:
        """Where it should be; out of sight it is not believed to go on straight for long."""
        dt = min(t_s - self.t_s, 0.5)
        return self.x_m + self.vx_mps * dt, self.y_m + self.vy_mps * dt

    def seen(self, t_s: float, track: Track) -> None:
        """Move to where the track is."""
        dt = t_s - self.t_s
        if dt > 0:
            gain = min(1.0, 2.0 * dt)
            self.vx_mps += gain * ((track.x_m - self.x_m) / max(dt, 0.1) - self.vx_mps)
            self.vy_mps += gain * ((track.y_m - self.y_m) / max(dt, 0.1) - self.vy_mps)
        self.t_s, self.x_m, self.y_m = t_s, track.x_m, track.y_m
        self.places.append(Place(t_s, track.x_m, track.y_m, track.hand))
        while self.places[0].t_s < t_s - MEMORY_S:
            self.places.popleft()


@dataclass(slots=True)
class People:
    """Everybody on the floor."""

    bodies: dict[Key, Body] = field(default_factory=dict)
    lost: list[Body] = field(default_factory=list)
    shuffles: list[Shuffle] = field(default_factory=list)
    """Confusions that the belief has not taken in yet, in order of time."""
    count: int = 0
    frame_s: dict[str, float] = field(default_factory=dict)
    """The time of the newest frame, by camera."""
    stale_frames: int = 0
    sees_hands: bool = False
    """Whether the ceiling has ever reported a reaching hand: only then does a missing one mean anything."""

    def see(self, camera: str, frame: Tracks) -> None:
        """Take in one frame. A frame older than the newest of its camera says nothing new and is counted."""
        if frame.t_s <= self.frame_s.get(camera, -math.inf):
            self.stale_frames += 1
            return
        self.frame_s[camera] = frame.t_s
        self.sees_hands = self.sees_hands or any(t.hand is not None for t in frame.tracks)
        tracks = {(camera, t.id): t for t in frame.tracks}
        self._retire(camera, frame.t_s, tracks)
        for group in self._close_groups(camera, frame.t_s, tracks):
            if len(group) <= PERMUTED_AT_MOST:
                self._untangle(frame.t_s, [(key, tracks.get(key)) for key in group])
        if any(key not in self.bodies for key in tracks):
            self._recognise(frame.t_s, tracks)
        for key, track in tracks.items():
            self.bodies[key].seen(frame.t_s, track)

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
                near = [p for p in body.places if abs(p.t_s - t_s) < MOMENT_S]
                distance_m = min((math.hypot(p.x_m - x_m, p.y_m - y_m) for p in near), default=math.inf)
                if distance_m < best_m:
                    best_m, best = distance_m, body
        return best

    def all(self) -> Iterator[Body]:
        """Bodies in sight and lost ones."""
        yield from self.bodies.values()
        yield from self.lost

    def gone(self, body: Body) -> None:
        """The body went out, or is nobody's concern any more."""
        if self.bodies.get(body.key) is body:
            del self.bodies[body.key]
        if body in self.lost:
            self.lost.remove(body)

    def _retire(self, camera: str, t_s: float, tracks: dict[Key, Track]) -> None:
        """Bodies that this frame does not show for long, or shows impossibly far away, are lost for now."""
        for key, body in list(self.bodies.items()):
            if key[0] == camera:
                track = tracks.get(key)
                missing = t_s - body.t_s > LOST_AFTER_S if track is None else not _could_be(body, track, t_s)
                if missing:
                    self.lost.append(self.bodies.pop(key))
        if self.lost:
            self.lost = [b for b in self.lost if b.bound or t_s - b.t_s < LOST_AFTER_S]

    def _close_groups(self, camera: str, t_s: float, tracks: dict[Key, Track]) -> list[list[Key]]:
        """Known tracks that hang together by steps shorter than CLOSE_M; one that this frame misses is where it should
        be. Those on their own are left out."""
        where: list[tuple[float, float, Key]] = []
        for key, body in self.bodies.items():
            if (track := tracks.get(key)) is not None:
                where.append((track.x_m, track.y_m, key))
            elif key[0] == camera:
                where.append((*body.predicted_m(t_s), key))
        where.sort()
        group_of: dict[Key, list[Key]] = {}
        for i, (x_m, y_m, key) in enumerate(where):
            for other_x_m, other_y_m, other in where[i + 1 :]:
                if other_x_m - x_m > CLOSE_M:
                    break
                if math.hypot(other_x_m - x_m, other_y_m - y_m) <= CLOSE_M:
                    one, two = group_of.setdefault(key, [key]), group_of.setdefault(other, [other])
                    if one is not two:
                        one += two
                        group_of.update(dict.fromkeys(two, one))
        return list({id(group): group for group in group_of.values()}.values())

    def _untangle(self, t_s: float, group: list[tuple[Key, Track | None]]) -> None:
        """Decide which of the close tracks carries on which body; what stays open is a Shuffle."""
        bodies = [self.bodies[key] for key, _ in group]
        unseen = [i for i, (_, track) in enumerate(group) if track is None]
        orders = (o for o in permutations(range(len(group))) if all(o[i] < o[j] for i, j in pairwise(unseen)))
        weights = [(_order_log(t_s, group, bodies, order), order) for order in orders]
        top_log, top = max(weights)
        shares = [(math.exp(log_p - top_log), order) for log_p, order in weights if log_p > top_log + math.log(CERTAIN)]
        for (key, _), i in zip(group, top, strict=True):
            bodies[i].key = key
            self.bodies[key] = bodies[i]
        if len(shares) > 1:
            total = sum(p for p, _ in shares)
            names = tuple(bodies[i].id for i in top)
            place = {body: i for i, body in enumerate(top)}
            outcomes = tuple((p / total, tuple(place[body] for body in order)) for p, order in shares)
            self._confuse(Shuffle(t_s, names, outcomes))

    def _recognise(self, t_s: float, tracks: dict[Key, Track]) -> None:
        """New tracks may be people who were lost a moment ago; else they are new on the floor."""
        new = {key: track for key, track in tracks.items() if key not in self.bodies}
        unseen = [b for key, b in self.bodies.items() if key not in tracks]
        missing = [b for b in (*self.lost, *unseen) if b.bound]
        densities = {(key, b.id): _return_density(b, track, t_s) for key, track in new.items() for b in missing}
        for key, track in new.items():
            weights = [(densities[key, b.id], i, b) for i, b in enumerate(missing) if densities[key, b.id] > 0]
            density, _, body = max(weights, default=(0.0, 0, None))
            if body is None or density < NEWCOMER_PER_M2:
                self.count += 1
                self.bodies[key] = Body(str(self.count), key, t_s, track.x_m, track.y_m)
                continue
            self.gone(body)
            missing.remove(body)
            body.key = key
            self.bodies[key] = body
            for weight, _, rival in weights:
                share = weight / (weight + density)
                if rival is not body and share > CERTAIN:
                    self._confuse(Shuffle(t_s, (body.id, rival.id), ((1 - share, (0, 1)), (share, (1, 0)))))

    def _confuse(self, shuffle: Shuffle) -> None:
        """Keep a confusion; of the same two within a moment, one that says as much as both."""
        last = self.shuffles[-1] if self.shuffles else None
        if (
            last
            and len(shuffle.bodies) == 2
            and set(last.bodies) == set(shuffle.bodies)
            and last.t_s > shuffle.t_s - SHUFFLE_S
        ):
            p, q = (sum(w for w, order in s.outcomes if order == (1, 0)) for s in (last, shuffle))
            swapped = p + q - 2 * p * q
            self.shuffles[-1] = last._replace(outcomes=((1 - swapped, (0, 1)), (swapped, (1, 0))))
        else:
            self.shuffles.append(shuffle)


def _stayed(body: Body, x_m: float, y_m: float, within_m: float) -> bool:
    for place in reversed(body.places):
        if place.t_s <= body.t_s - WAITS_S:
            return True
        if math.hypot(place.x_m - x_m, place.y_m - y_m) > within_m:
            return False
    return False


def _could_be(body: Body, track: Track, t_s: float) -> bool:
    reach_m = TOP_SPEED_MPS * (t_s - body.t_s) + 5 * track.sigma_m + 0.3
    return math.hypot(track.x_m - body.x_m, track.y_m - body.y_m) <= reach_m


def _order_log(t_s: float, group: list[tuple[Key, Track | None]], bodies: list[Body], order: tuple[int, ...]) -> float:
    """Log likelihood that each track of the group carries on the body that `order` gives it."""
    log_p = 0.0
    for i, (_, track) in enumerate(group):
        if track is not None:
            body = bodies[order[i]]
            x_m, y_m = body.predicted_m(t_s)
            variance = 2 * track.sigma_m**2 + (0.03 + 0.3 * (t_s - body.t_s)) ** 2
            log_p -= ((track.x_m - x_m) ** 2 + (track.y_m - y_m) ** 2) / (2 * variance) + math.log(variance)
        if order[i] != i:
            log_p += math.log(SWAP_PER_FRAME) / 2
    return log_p


def _return_density(lost: Body, track: Track, t_s: float) -> float:
    """Density (per square metre) of somebody lost coming back where the new track is; 0 when out of reach."""
    gone_s = t_s - lost.t_s
    distance_m = math.hypot(track.x_m - lost.x_m, track.y_m - lost.y_m)
    if distance_m > TOP_SPEED_MPS * gone_s + 0.8:
        return 0.0
    variance = 0.15**2 + (WALK_SIGMA_MPS * min(gone_s, 10.0)) ** 2
    return math.exp(-(distance_m**2) / (2 * variance)) / (2 * math.pi * variance)
