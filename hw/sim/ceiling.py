"""What a ceiling camera makes of the people on the floor: places with noise, and ids that break, swap and get lost."""

import math
from dataclasses import dataclass

import numpy as np

from hw.sim.plate import Floats
from hw.sim.walking import Body, Floor
from wire.messages import Hand, Track, Tracks

NOISE_M = 0.05
"""Standard deviation frame by frame; as much again wanders slowly, as a detector's box does with the pose."""
WANDER_S = 1.5
SIGMA_M = 0.08
"""What the camera says of its own noise."""
MISSED = 0.02
"""Share of frames in which somebody is not found."""
CLOSE_M = 0.5
"""People who come closer than this are mixed up: then, per second, so often ids swap, or one of them is lost."""
SWAPS_HZ, BREAKS_HZ = 0.08, 0.05
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
    """The part of the floor that a camera looks at, from corner to corner, and by how far it is off."""

    low: Floats
    high: Floats
    offset_m: Floats

    def holds(self, body: Body) -> bool:
        """Whether somebody is in it."""
        return bool((self.low <= body.at).all() and (body.at <= self.high).all())


def views(floor: Floor, cameras: int, rng: np.random.Generator) -> list[View]:
    """The floor shared out along its longer side. A camera alone sees everything, and defines where things are."""
    low, high = np.full((cameras, 2), -math.inf), np.full((cameras, 2), math.inf)
    offset = rng.normal(0.0, APART_M, (cameras, 2)) if cameras > 1 else np.zeros((1, 2))
    along = int(np.argmax(floor.high - floor.low))
    ends = np.linspace(floor.low[along], floor.high[along], cameras + 1)[1:-1]
    low[1:, along], high[:-1, along] = ends - OVERLAP_M, ends + OVERLAP_M
    return [View(low=low[i], high=high[i], offset_m=offset[i]) for i in range(cameras)]


class _Seen:
    """What the camera holds of one body."""

    def __init__(self, track: str) -> None:
        self.track = track
        self.offset = np.zeros(2)
        self.lost_until_s = -math.inf


class Ceiling:
    """Frames of everybody on the floor. With `hands`, those that are held out are found too, mostly."""

    def __init__(
        self,
        floor: Floor,
        period_s: float,
        hands: bool,
        rng: np.random.Generator,
        *,
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
        self._seen: dict[Body, _Seen] = {}
        self._tracks = 0

    def frame(self, now_s: float, t_s: float) -> Tracks:
        """The frame exposed at `now_s` of the loop, which is `t_s` in UTC."""
        in_view = filter(self._view.holds, self._floor.bodies)
        self._seen = {body: self._seen.get(body) or _Seen(self._next()) for body in in_view}
        self._mix_up(now_s)
        n = len(self._seen)
        decay = math.exp(-self._period_s / WANDER_S)
        wander = self._rng.normal(0.0, self._noise_m * math.sqrt(1 - decay * decay), (n, 2))
        noise = self._rng.normal(0.0, self._noise_m, (n, 2)) + self._view.offset_m
        missed = self._rng.random(n) < MISSED
        tracks = []
        for i, (body, seen) in enumerate(self._seen.items()):
            seen.offset = decay * seen.offset + wander[i]
            if body.unseen_until_s > now_s or seen.lost_until_s > now_s:
                seen.track = ""
                continue
            seen.track = seen.track or self._next()
            if not missed[i]:
                x_m, y_m = (body.at + seen.offset + noise[i]).tolist()
                hand = self._hand(body)
                tracks.append(Track(id=seen.track, x_m=x_m, y_m=y_m, sigma_m=self._sigma_m, hand=hand))
        return Tracks(t_s=t_s, tracks=tuple(tracks))

    def _next(self) -> str:
        self._tracks += 1
        return str(self._tracks)

    def _mix_up(self, now_s: float) -> None:
        seen = list(self._seen.values())
        if len(seen) < 2:
            return
        at = np.array([body.at for body in self._seen])
        apart = at[:, None] - at[None]
        close = np.triu(np.hypot(apart[..., 0], apart[..., 1]) < CLOSE_M, 1)
        for i, j in np.argwhere(close):
            chance = self._rng.random()
            if chance < SWAPS_HZ * self._period_s:
                seen[i].track, seen[j].track = seen[j].track, seen[i].track
            elif chance < (SWAPS_HZ + BREAKS_HZ) * self._period_s:
                seen[i].lost_until_s = now_s + float(self._rng.uniform(*LOST_S))

    def _hand(self, body: Body) -> Hand | None:
        if not self._hands or body.reaching is None or self._rng.random() > HAND_FOUND:
            return None
        x_m, y_m, z_m = body.reaching + self._rng.normal(0.0, HAND_NOISE_M, 3)
        return Hand(x_m=float(x_m), y_m=float(y_m), z_m=float(z_m), sigma_m=HAND_NOISE_M)
