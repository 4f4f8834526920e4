"""What a ceiling camera makes of the people on the floor: places with noise, and ids that break, swap and get lost."""

import math
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from hw.sim.clothes import Looks
from hw.sim.walking import Body, Floor
from wire.messages import Hand, Track, Tracks

NOISE_M = 0.05
"""Standard deviation frame by frame; as much again wanders slowly, as a detector's box does with the pose. A good 3D
sensor is better: people who sit still stay within 0.5 to 1.2 cm (EBC Annex 79, Xovis, ids 27974, 27979 and 27981)."""
WANDER_S = 1.5
SIGMA_M = 0.08
"""What the camera says of its own noise."""
MISSED = 0.02
"""Share of frames in which somebody is not found."""
CLOSE_M = 0.5
"""People who come closer than this are mixed up: then, per second, so often ids swap, or one of them is lost."""
SWAPS_HZ, BREAKS_HZ = 0.08, 0.05
BREAKS_ALONE_HZ = 1 / 240
"""Somebody with nobody near is lost, and comes back under another id, so often: of the one who walks about in the EBC
Annex 79 recording, once, for 0.8 s, in 239 s. The one who sits was lost four times, once for over two minutes."""
LOST_S = (0.5, 2.0)
HAND_FOUND = 0.7
"""Share of frames in which a reaching hand is found, by a camera that looks for hands."""
HAND_NOISE_M = 0.1
OVERLAP_M = 1.0
"""Each of several cameras looks so far into its neighbour's part of the floor."""
APART_M = 0.03
"""Standard deviation by which a camera's frame of reference is off, along each axis: an estimate, not measured."""


@dataclass(frozen=True, kw_only=True)
class View:
    """The part of the floor that a camera looks at, along one axis (0: x, 1: y), and by how far it is off."""

    axis: int = 0
    from_m: float = -math.inf
    to_m: float = math.inf
    off_m: tuple[float, float] = (0.0, 0.0)

    def holds(self, body: Body) -> bool:
        """Whether somebody is in it."""
        return self.from_m <= (body.y_m if self.axis else body.x_m) <= self.to_m


def views(floor: Floor, cameras: int, rng: np.random.Generator) -> list[View]:
    """The floor shared out along its longer side. A camera alone sees everything, and defines where things are."""
    if cameras == 1:
        return [View()]
    axis = int(floor.high[1] - floor.low[1] > floor.high[0] - floor.low[0])
    ends = np.linspace(floor.low[axis], floor.high[axis], cameras + 1)
    ends[0], ends[-1] = -math.inf, math.inf
    off_m = rng.normal(0.0, APART_M, (cameras, 2)).tolist()
    return [
        View(axis=axis, from_m=float(a) - OVERLAP_M, to_m=float(b) + OVERLAP_M, off_m=(off_m[i][0], off_m[i][1]))
        for i, (a, b) in enumerate(pairwise(ends))
    ]


class _Seen:
    """What the camera holds of one body."""

    def __init__(self, track: str) -> None:
        self.track = track
        self.x_m = self.y_m = 0.0
        self.lost_until_s = -math.inf


class Ceiling:
    """Frames of everybody on the floor. With `hands`, those that are held out are found too, mostly; with `colours`,
    what people wear."""

    def __init__(
        self,
        floor: Floor,
        period_s: float,
        hands: bool,
        rng: np.random.Generator,
        *,
        colours: bool = False,
        view: View | None = None,
        noise_m: float = NOISE_M,
        sigma_m: float = SIGMA_M,
    ) -> None:
        """Without a `view` it sees everything; `sigma_m` is what it says of its own noise."""
        self._floor = floor
        self._view = view or views(floor, 1, rng)[0]
        self._noise_m, self._sigma_m = noise_m, sigma_m
        self._period_s = period_s
        self._hands = hands
        self._rng = rng
        self._looks = Looks(period_s, rng.spawn(1)[0]) if colours else None
        self._seen: dict[Body, _Seen] = {}
        self._tracks = 0

    def frame(self, now_s: float, t_s: float) -> Tracks:
        """The frame exposed at `now_s` of the loop, which is `t_s` in UTC."""
        in_view = filter(self._view.holds, self._floor.bodies)
        self._seen = {body: self._seen.get(body) or _Seen(self._next()) for body in in_view}
        self._mix_up(now_s)
        n, (off_x_m, off_y_m) = len(self._seen), self._view.off_m
        keep = math.exp(-self._period_s / WANDER_S)
        fresh = math.sqrt(1 - keep * keep)
        noise = self._rng.normal(0.0, self._noise_m, (n, 4)).tolist()
        missed = (self._rng.random(n) < MISSED).tolist()
        colours = self._looks.frame(list(self._seen)) if self._looks is not None else [None] * n
        tracks = []
        for i, (body, seen) in enumerate(self._seen.items()):
            wander_x_m, wander_y_m, x_m, y_m = noise[i]
            seen.x_m = keep * seen.x_m + fresh * wander_x_m
            seen.y_m = keep * seen.y_m + fresh * wander_y_m
            if body.unseen_until_s > now_s or seen.lost_until_s > now_s:
                seen.track = ""
                continue
            seen.track = seen.track or self._next()
            if not missed[i]:
                x_m, y_m = body.x_m + seen.x_m + off_x_m + x_m, body.y_m + seen.y_m + off_y_m + y_m
                hand = self._hand(body)
                tracks.append(
                    Track(id=seen.track, x_m=x_m, y_m=y_m, sigma_m=self._sigma_m, hand=hand, colour=colours[i])
                )
        return Tracks(t_s=t_s, tracks=tuple(tracks))

    def _next(self) -> str:
        self._tracks += 1
        return str(self._tracks)

    def _mix_up(self, now_s: float) -> None:
        for seen in self._seen.values():
            if self._rng.random() < BREAKS_ALONE_HZ * self._period_s:
                self._lose(seen, now_s)
        for (body, seen), (near, other) in combinations(self._seen.items(), 2):
            if math.hypot(body.x_m - near.x_m, body.y_m - near.y_m) < CLOSE_M:
                chance = self._rng.random()
                if chance < SWAPS_HZ * self._period_s:
                    seen.track, other.track = other.track, seen.track
                elif chance < (SWAPS_HZ + BREAKS_HZ) * self._period_s:
                    self._lose(seen, now_s)

    def _lose(self, seen: _Seen, now_s: float) -> None:
        seen.lost_until_s = now_s + float(self._rng.uniform(*LOST_S))

    def _hand(self, body: Body) -> Hand | None:
        if not self._hands or body.reaching is None or self._rng.random() > HAND_FOUND:
            return None
        x_m, y_m, z_m = body.reaching + self._rng.normal(0.0, HAND_NOISE_M, 3)
        return Hand(x_m=float(x_m), y_m=float(y_m), z_m=float(z_m), sigma_m=HAND_NOISE_M)
