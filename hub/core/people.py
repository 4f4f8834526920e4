"""Who is where on the floor, and how sure we are of it.

A body is one camera track followed through breaks and swaps of its id; `who` says which sessions it may belong to,
as probabilities. Nobody is recognised: only positions and their continuity count.
"""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import permutations
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
FORGET_S = 600.0
"""A body without a session that was not seen for this long has gone."""
PERMUTED_AT_MOST = 5
"""In a tighter crowd than this the ids are believed."""

Who = dict[str, float]
"""Probability by session; what is missing to 1 belongs to nobody who entered."""


class Place(NamedTuple):
    t_s: float
    x_m: float
    y_m: float
    hand: Hand | None
    who: Who


@dataclass(slots=True, eq=False)
class Body:
    """One person on the floor."""

    key: tuple[str, str]
    t_s: float
    x_m: float
    y_m: float
    vx_mps: float = 0.0
    vy_mps: float = 0.0
    who: Who = field(default_factory=dict)
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
        self.places.append(Place(t_s, track.x_m, track.y_m, track.hand, self.who))
        while self.places[0].t_s < t_s - MEMORY_S:
            self.places.popleft()

    @property
    def session(self) -> str | None:
        """Whose body it most probably is."""
        return max(self.who, key=lambda s: self.who[s]) if self.who else None


@dataclass(slots=True)
class People:
    """Everybody on the floor."""

    bodies: dict[tuple[str, str], Body] = field(default_factory=dict)
    lost: list[Body] = field(default_factory=list)
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
        for group in close_groups(list(tracks.items())):
            known = [(key, track) for key, track in group if key in self.bodies]
            if 1 < len(known) <= PERMUTED_AT_MOST:
                self._untangle(frame.t_s, known)
        new: list[Body] = []
        for key, track in tracks.items():
            body = self.bodies.get(key)
            if body is None:
                body = self.bodies[key] = Body(key, frame.t_s, track.x_m, track.y_m)
                new.append(body)
            else:
                body.seen(frame.t_s, track)
        if new:
            self._recognise(frame.t_s, new)
            for body in new:
                body.seen(frame.t_s, tracks[body.key])

    def nearest(self, x_m: float, y_m: float, within_m: float, bound: bool) -> Body | None:
        """The body nearest to a point, among those that belong to a session or among those that do not."""
        near = [
            (math.hypot(b.x_m - x_m, b.y_m - y_m), i, b)
            for i, b in enumerate(self.bodies.values())
            if (sum(b.who.values()) > 0.5) == bound
        ]
        best = min(near, default=None)
        return best[2] if best is not None and best[0] <= within_m else None

    def all(self) -> Iterator[Body]:
        """Bodies in sight and lost ones."""
        yield from self.bodies.values()
        yield from self.lost

    def leave(self, body: Body) -> None:
        """The body went out through a gate."""
        body.who = {}
        self.bodies.pop(body.key, None)

    def forget(self, session: str) -> None:
        """A session is over: no body is its any more."""
        for body in self.all():
            if session in body.who:
                body.who = {s: p for s, p in body.who.items() if s != session}
        self.lost = [b for b in self.lost if b.who]

    def _retire(self, camera: str, t_s: float, tracks: dict[tuple[str, str], Track]) -> None:
        """Bodies that this frame does not show, or shows impossibly far away, are lost for now."""
        for key, body in list(self.bodies.items()):
            if key[0] != camera:
                continue
            track = tracks.get(key)
            if track is None:
                if t_s - body.t_s > LOST_AFTER_S:
                    self.lost.append(self.bodies.pop(key))
            elif not self._could_be(body, track, t_s):
                self.lost.append(self.bodies.pop(key))
        self.lost = [b for b in self.lost if b.who or t_s - b.t_s < FORGET_S]

    @staticmethod
    def _could_be(body: Body, track: Track, t_s: float) -> bool:
        reach_m = TOP_SPEED_MPS * (t_s - body.t_s) + 5 * track.sigma_m + 0.3
        return math.hypot(track.x_m - body.x_m, track.y_m - body.y_m) <= reach_m

    def _untangle(self, t_s: float, group: list[tuple[tuple[str, str], Track]]) -> None:
        """Decide which of the close tracks carries on which body; what stays open is shared out in `who`."""
        bodies = [self.bodies[key] for key, _ in group]
        predicted = [b.predicted_m(t_s) for b in bodies]
        weights: list[tuple[float, tuple[int, ...]]] = []
        for order in permutations(range(len(group))):
            log_p = 0.0
            for i, (_, track) in enumerate(group):
                px, py = predicted[order[i]]
                dt = t_s - bodies[order[i]].t_s
                variance = 2 * track.sigma_m**2 + (0.03 + 0.3 * dt) ** 2
                log_p -= ((track.x_m - px) ** 2 + (track.y_m - py) ** 2) / (2 * variance)
                if order[i] != i:
                    log_p += math.log(SWAP_PER_FRAME) / 2
            weights.append((log_p, order))
        top = max(weights)
        shares = [(math.exp(log_p - top[0]), order) for log_p, order in weights if log_p > top[0] - 12]
        total = sum(p for p, _ in shares)
        before = [b.who for b in bodies]
        if len(shares) > 1:
            whos = [_mixed([(p / total, before[order[i]]) for p, order in shares]) for i in range(len(group))]
        else:
            whos = [before[top[1][i]] for i in range(len(group))]
        for i, (key, _) in enumerate(group):
            body = bodies[top[1][i]]
            body.key, body.who = key, whos[i]
            self.bodies[key] = body

    def _recognise(self, t_s: float, new: list[Body]) -> None:
        """New tracks may be people who were lost a moment ago: share out whose they are."""
        missing = self.lost + [b for b in self.bodies.values() if b.t_s < t_s and b not in new]
        missing = [b for b in missing if b.who and t_s - b.t_s <= FORGET_S]
        pairs = sorted(
            ((_return_density(lost, body, t_s), i, j) for i, body in enumerate(new) for j, lost in enumerate(missing)),
            reverse=True,
        )
        taken: set[int] = set()
        given: set[int] = set()
        for density, i, j in pairs:
            if i in given or j in taken or density < NEWCOMER_PER_M2:
                continue
            given.add(i)
            taken.add(j)
            rivals = [k for k in range(len(missing)) if k not in taken and _return_density(missing[k], new[i], t_s)]
            weights = {k: _return_density(missing[k], new[i], t_s) for k in (j, *rivals)}
            total = sum(weights.values()) + NEWCOMER_PER_M2
            whole = _mixed([(1.0, missing[j].who)])
            new[i].who = _mixed([(w / total, missing[k].who) for k, w in weights.items()])
            for k in rivals:
                # What the returned body may be of somebody else, that one may be of the returned.
                share = weights[k] / total
                missing[k].who = _mixed([(1 - share, missing[k].who), (share, whole)])
            new[i].places = missing[j].places
            self._drop(missing[j])

    def _drop(self, body: Body) -> None:
        if body in self.lost:
            self.lost.remove(body)
        elif self.bodies.get(body.key) is body:
            del self.bodies[body.key]


NEWCOMER_PER_M2 = 0.002
"""Density of people who appear on the floor without having been lost: low, since everybody comes through a gate."""


def _return_density(lost: Body, body: Body, t_s: float) -> float:
    """Density (per square metre) of somebody lost coming back where the new body is; 0 when out of reach."""
    gone_s = t_s - lost.t_s
    distance_m = math.hypot(body.x_m - lost.x_m, body.y_m - lost.y_m)
    if distance_m > TOP_SPEED_MPS * gone_s + 0.8:
        return 0.0
    variance = 0.15**2 + (WALK_SIGMA_MPS * min(gone_s, 10.0)) ** 2
    return math.exp(-(distance_m**2) / (2 * variance)) / (2 * math.pi * variance)


def _mixed(parts: list[tuple[float, Who]]) -> Who:
    mixed: Who = {}
    for p, who in parts:
        for session, q in who.items():
            mixed[session] = mixed.get(session, 0.0) + p * q
    return {s: p for s, p in mixed.items() if p > 1e-4}


def close_groups(tracks: list[tuple[tuple[str, str], Track]]) -> list[list[tuple[tuple[str, str], Track]]]:
    """Tracks in groups that hang together by steps shorter than CLOSE_M; those on their own are left out."""
    by_x = sorted(tracks, key=lambda kt: kt[1].x_m)
    group_of: dict[int, list[int]] = {}
    for i, (_, a) in enumerate(by_x):
        for j in range(i + 1, len(by_x)):
            b = by_x[j][1]
            if b.x_m - a.x_m > CLOSE_M:
                break
            if math.hypot(a.x_m - b.x_m, a.y_m - b.y_m) <= CLOSE_M:
                one, other = group_of.setdefault(i, [i]), group_of.setdefault(j, [j])
                if one is not other:
                    one += other
                    for k in other:
                        group_of[k] = one
    unique = {id(g): g for g in group_of.values()}
    return [[by_x[i] for i in sorted(g)] for g in unique.values()]
