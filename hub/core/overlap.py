"""Several cameras over one floor: what one of them mixes up, another settles.

Where two cameras see the same people, swapped ids in one of them confuse nobody for long: it is a doubt about that
camera. It is kept until the people stand far enough apart for the cameras to agree or to disagree.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from hub.core.floor import Body, Shuffle, Sight
from hub.core.swaps import SWAP_PER_FRAME
from hub.core.tracking import CERTAIN, OFFSET_M

PLAIN_LOG = 5.0
"""Cameras plainly agree, or disagree, when all else is less likely by this much (natural logarithm)."""
GAP_S = 0.5
"""Over this time the gap between what two cameras say of one body is smoothed."""
JOINED, JOINED_S = 0.6, 1.0
"""Bodies of different cameras that come within this part of the gate, and stay inside it so long, are one person."""
WITHIN_M = 1.0
"""Bodies further apart than this are not compared."""
WEIGHED_AT_MOST = 5
"""So many cameras over the same two people are weighed against each other."""

Pair = tuple[Body, Body]
Views = Mapping[str, Mapping[str, Sight]]
"""What each camera holds: by camera and track."""


@dataclass(slots=True)
class Doubt:
    """Some cameras may have exchanged two people: how likely, by camera, and when that was last so."""

    t_s: float
    exchanged: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Overlap:
    """What is open between cameras."""

    doubts: dict[Pair, Doubt] = field(default_factory=dict)
    near_since_s: dict[Pair, float] = field(default_factory=dict)
    """Bodies of different cameras that may be one person."""

    def doubt(self, t_s: float, one: Body, two: Body, camera: str, p: float) -> None:
        """One more chance that this camera has exchanged the two; exchanged twice, they are as before."""
        doubt = self.doubts.setdefault(_pair(one, two), Doubt(t_s))
        doubt.t_s = t_s
        doubt.exchanged[camera] = _either((doubt.exchanged.get(camera, 0.0), p))

    def compare(self, t_s: float, step_s: float, camera: str, views: Views) -> list[Sight]:
        """Watch how far this camera is from the others about each body. Where they part, it has exchanged two people,
        which is a doubt, or has followed another one along: the sight that came last, which is returned, has to go."""
        leaving = []
        gain = min(1.0, step_s / GAP_S)
        for sight in views[camera].values():
            body = sight.body
            if len(body.sights) < 2 or sight.t_s != t_s or (other := body.fresh(t_s, camera)) is None:
                continue
            x_m, y_m = other.predicted_m(t_s)
            gap_x_m, gap_y_m = sight.gap_m
            sight.gap_m = gap_x_m + gain * (sight.x_m - x_m - gap_x_m), gap_y_m + gain * (sight.y_m - y_m - gap_y_m)
            gate_m = _gate_m(sight, other)
            if math.hypot(*sight.gap_m) > gate_m:
                rivals = _rivals(t_s, sight, other, gate_m / 2, views)
                if not rivals:
                    leaving.append(max(sight, other, key=lambda s: s.since_s))
                for rival in rivals:
                    self.doubts.setdefault(_pair(body, rival), Doubt(t_s))
        return leaving

    def settle(self, t_s: float) -> list[Shuffle]:
        """Where the cameras plainly say who is who, set right the one that was wrong; what stays open is confused."""
        shuffles = []
        for pair, doubt in list(self.doubts.items()):
            if min(len(b.sights) for b in pair) == 0 or max(len(b.sights) for b in pair) < 2:
                wrong = _either(doubt.exchanged.get(c, 0.0) for c in dict.fromkeys(c for b in pair for c in b.sights))
            elif (weighed := _weigh(t_s, pair, doubt.exchanged)) is not None:
                wrong, cameras = weighed
                for camera in cameras:
                    _exchange(*pair, camera)
            else:
                continue
            del self.doubts[pair]
            if wrong > CERTAIN:
                outcomes = ((1 - wrong, (0, 1)), (wrong, (1, 0)))
                shuffles.append(Shuffle(doubt.t_s, (pair[0].id, pair[1].id), outcomes))
        return shuffles

    def same(self, t_s: float, bodies: Iterable[Body]) -> Iterator[Pair]:
        """Bodies that turn out to be one person, whom different cameras see: (who stays, who goes into them)."""
        self.near_since_s = {p: t for p, t in self.near_since_s.items() if p[0].sights and p[1].sights}
        where = sorted(bodies, key=lambda b: b.x_m)
        for i, one in enumerate(where):
            for j in range(i + 1, len(where)):
                two = where[j]
                if two.x_m - one.x_m > WITHIN_M:
                    break
                if abs(two.y_m - one.y_m) < WITHIN_M and self._together(t_s, one, two):
                    elder, younger = _pair(one, two)
                    yield (younger, elder) if younger.bound and not elder.bound else (elder, younger)

    def _together(self, t_s: float, one: Body, two: Body) -> bool:
        """Whether the two have been in one place for a while, and no camera sees both."""
        here, there = one.fresh(t_s), two.fresh(t_s)
        if here is None or there is None or not one.sights.keys().isdisjoint(two.sights):
            return False
        pair, gate_m = _pair(one, two), _gate_m(here, there)
        gap_m = math.dist(here.predicted_m(t_s), there.predicted_m(t_s))
        if gap_m < JOINED * gate_m:
            self.near_since_s.setdefault(pair, t_s)
        if gap_m > gate_m:
            self.near_since_s.pop(pair, None)
        return t_s - self.near_since_s.get(pair, t_s) > JOINED_S

    def forget(self, body: Body) -> None:
        """The body is somebody else."""
        self.doubts = {pair: doubt for pair, doubt in self.doubts.items() if body not in pair}


def _pair(one: Body, two: Body) -> Pair:
    """The elder first."""
    return (one, two) if int(one.id) < int(two.id) else (two, one)


def _either(chances: Iterable[float]) -> float:
    """How likely it is that an odd number of these happened."""
    total = 0.0
    for p in chances:
        total += p - 2 * total * p
    return total


def _gate_m(one: Sight, two: Sight) -> float:
    """Two cameras that go on differing by more see different people.

    The closest keep 0.42 m between their centres; with 8 cm of noise in each camera this is 0.39 m.
    """
    return 1.5 * OFFSET_M + 1.5 * (one.sigma_m + two.sigma_m)


def _rivals(t_s: float, sight: Sight, other: Sight, within_m: float, views: Views) -> list[Body]:
    """Whom one of the two cameras has where the other one sees this body."""
    rivals: list[Body] = []
    for here, there in ((other, sight), (sight, other)):
        at = here.predicted_m(t_s)
        near = (r.body for r in views[there.camera].values() if math.dist(r.predicted_m(t_s), at) < within_m)
        rivals += [body for body in near if body is not sight.body and body not in rivals]
    return rivals


def _exchange(one: Body, two: Body, camera: str) -> None:
    """From now on this camera's sights of the two belong to the other one of them."""
    sights = one.sights.pop(camera, None), two.sights.pop(camera, None)
    for body, sight in zip((two, one), sights, strict=True):
        if sight is not None:
            sight.body, body.sights[camera] = body, sight
    for sight in (*one.sights.values(), *two.sights.values()):
        sight.gap_m = 0.0, 0.0


def _weigh(t_s: float, pair: Pair, exchanged: Mapping[str, float]) -> tuple[float, list[str]] | None:
    """Which cameras have exchanged the two, and how likely it is that it was just the others. None: it is not plain."""
    fresh = [{c: s for c, s in body.sights.items() if abs(t_s - s.t_s) < GAP_S} for body in pair]
    cameras = sorted({*fresh[0], *fresh[1]})[:WEIGHED_AT_MOST]
    if len(cameras) < 2:
        return None
    places = [tuple(s.predicted_m(t_s) if (s := own.get(c)) else None for own in fresh) for c in cameras]
    variance = max(s.sigma_m for own in fresh for s in own.values()) ** 2 + OFFSET_M**2 / 2
    fits = {
        flips: sum(_fit_log([p[flip ^ who] for p, flip in zip(places, flips, strict=True)], variance) for who in (0, 1))
        for flips in product((0, 1), repeat=len(cameras))
    }
    best = max(fits, key=lambda flips: fits[flips])
    rest = tuple(1 - flip for flip in best)
    if any(fit > fits[best] - PLAIN_LOG for flips, fit in fits.items() if flips not in (best, rest)):
        return None
    # Whose sight came last was joined to the others' by its place: that goes wrong more often than a swap unnoticed.
    last = max(cameras, key=lambda c: max(own[c].since_s for own in fresh if c in own))
    priors = [max(exchanged.get(c, 0.0), SWAP_PER_FRAME if c == last else SWAP_PER_FRAME**2) for c in cameras]
    p, q = (math.prod(p if flip else 1 - p for p, flip in zip(priors, flips, strict=True)) for flips in (best, rest))
    if q > p:
        p, q, best = q, p, rest
    return q / (p + q), [c for c, flip in zip(cameras, best, strict=True) if flip]


def _fit_log(places: Sequence[tuple[float, float] | None], variance: float) -> float:
    """Log likelihood of cameras seeing one person at these places, against people spread one to a square metre."""
    seen = [p for p in places if p is not None]
    if len(seen) < 2:
        return 0.0
    x_m, y_m = (sum(along) / len(seen) for along in zip(*seen, strict=True))
    scatter: float = sum((x - x_m) ** 2 + (y - y_m) ** 2 for x, y in seen)
    return -scatter / (2 * variance) - (len(seen) - 1) * math.log(2 * math.pi * variance)
