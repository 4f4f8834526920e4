"""One camera's frames: which of its tracks carries on which body where people are close and ids may have swapped."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, pairwise
from operator import itemgetter

from hub.core.clothes import Clothes
from hub.core.floor import TOP_SPEED_MPS, Sight, Steps
from hub.core.swaps import band
from wire.messages import Track

CLOSE_M, CLOSE_SIGMAS = 0.7, 2.0
"""People nearer to each other than this may swap their tracks' ids, or be one for the other; and however far apart they
seem, if that may be by so many standard deviations of their camera's noise."""
MISSED = 0.03
"""Share of frames in which a detector misses somebody whom it had in the frame before."""
STRAY, STRAY_TIMES = 0.02, 9.0
"""So many places of tracks are off by much, with so many times the variance: people turn and stop, boxes slip."""
OFFSET_M = 0.1
"""How far cameras differ about one place, beside their noise: calibration, clocks, the height of what they see."""
STANDS_MPS = 0.3
"""Whoever is slower stands."""
PERMUTED_AT_MOST = 5
"""A tighter crowd is cut into groups of so many, those together who may most easily have swapped."""
CERTAIN = 1e-4
"""Confusions less likely than this are none."""

Place2d = tuple[float, float]
Shares = list[tuple[float, tuple[int, ...]]]
"""Orders with their probabilities, likeliest first: which sight each track, in turn, carries on."""


def by_id(view: Mapping[str, Sight], tracks: Sequence[Track]) -> dict[str, Track]:
    """The tracks by id; of two with one id, the one nearer to where that was."""
    found = {track.id: track for track in tracks}
    if len(found) < len(tracks):
        for track in tracks:
            sight, kept = view.get(track.id), found[track.id]
            if sight is not None and _distance_m(sight, track) < _distance_m(sight, kept):
                found[track.id] = track
    return found


def could_be(sight: Sight, track: Track, t_s: float) -> bool:
    """Whether a person can have come from where the sight was to where the track is."""
    reach_m = TOP_SPEED_MPS * (t_s - sight.t_s) + 5 * track.sigma_m + 0.3
    return _distance_m(sight, track) <= reach_m


def close_m(steps: Steps) -> float:
    """How near two tracks of a camera seem to be of whom one may be the other."""
    return CLOSE_M + CLOSE_SIGMAS * math.sqrt(steps.variance)


def close_groups(t_s: float, view: Mapping[str, Sight], tracks: Mapping[str, Track], steps: Steps) -> list[list[Sight]]:
    """Sights of one camera in groups that hang together by being close, by where they should be in this frame: it may
    show two who swap further apart, or miss them. Those on their own are left out."""
    near_m = close_m(steps)
    where = sorted(((*sight.predicted_m(t_s), sight) for sight in view.values()), key=itemgetter(0, 1))
    links: list[tuple[float, Sight, Sight]] = []
    for i, (x_m, y_m, sight) in enumerate(where, 1):
        for j in range(i, len(where)):
            other_x_m, other_y_m, other = where[j]
            if other_x_m - x_m > near_m:
                break
            if math.hypot(other_x_m - x_m, other_y_m - y_m) <= near_m:
                crossed_m = math.dist(_shown(tracks, sight, (x_m, y_m)), (other_x_m, other_y_m))
                crossed_m += math.dist(_shown(tracks, other, (other_x_m, other_y_m)), (x_m, y_m))
                links.append((crossed_m, sight, other))
    if not links:
        return []
    links.sort(key=itemgetter(0))
    group_of: dict[Sight, list[Sight]] = {}
    for _, sight, other in links:
        one, two = group_of.setdefault(sight, [sight]), group_of.setdefault(other, [other])
        if one is not two and len(one) + len(two) <= PERMUTED_AT_MOST:
            one += two
            group_of.update(dict.fromkeys(two, one))
    groups = {id(group): group for group in group_of.values()}
    return [group for group in groups.values() if len(group) > 1]


def _shown(tracks: Mapping[str, Track], sight: Sight, expected: Place2d) -> Place2d:
    """Where the sight's track is; where it is expected, if the frame misses it."""
    track = tracks.get(sight.track)
    return expected if track is None else (track.x_m, track.y_m)


def _apart_m(one: Sight, other: Sight) -> float:
    return math.hypot(one.x_m - other.x_m, one.y_m - other.y_m)


def _distance_m(sight: Sight, track: Track) -> float:
    return math.hypot(track.x_m - sight.x_m, track.y_m - sight.y_m)


def beside_places(
    t_s: float, group: Sequence[Sight], tracks: Sequence[Track | None], steps: Steps, clothes: Clothes | None
) -> list[list[float]]:
    """By track and sight, the log of what speaks for the one carrying on the other, but for where they are."""
    places = range(len(group))
    rows = [[steps.swaps.log(_near(group, tracks, i, j)) / 2 if i != j else 0.0 for j in places] for i in places]
    if clothes is not None:
        for row, track in zip(rows, tracks, strict=True):
            if track is not None:
                for j, sight in enumerate(group):
                    row[j] += clothes.fit_log(t_s, sight.body, sight.camera, track)
    return rows


def orders(
    t_s: float,
    group: Sequence[Sight],
    tracks: Sequence[Track | None],
    steps: Steps,
    besides: Sequence[Sequence[float]],
) -> Shares:
    """In which orders the tracks may carry on the sights, by where they are and what speaks for it besides; those that
    show no track stay in their order."""
    fits = [
        [place_log(t_s, sight, track, steps) + beside for sight, beside in zip(group, row, strict=True)]
        for track, row in zip(tracks, besides, strict=True)
    ]
    unseen = [i for i, track in enumerate(tracks) if track is None]
    # Any order is at most as likely as the likeliest: those far behind the present one need not be looked into.
    least_log = sum(fits[i][i] for i in range(len(group))) + math.log(CERTAIN)
    weights = [(p, o) for p, o in _orders(fits, least_log) if all(o[i] < o[j] for i, j in pairwise(unseen))]
    top_log = max(weights)[0]
    shares = [(math.exp(log_p - top_log), order) for log_p, order in weights if log_p > top_log + math.log(CERTAIN)]
    total = sum(p for p, _ in shares)
    return sorted(((p / total, order) for p, order in shares), reverse=True)


def pairs(group: Sequence[Sight], tracks: Sequence[Track | None]) -> Iterator[int]:
    """How near any two are: see `hub.core.swaps`."""
    for i, j in combinations(range(len(group)), 2):
        yield _near(group, tracks, i, j)


def swapped(group: Sequence[Sight], tracks: Sequence[Track | None], order: Sequence[int]) -> dict[int, float]:
    """How many swaps of ids two by two bring this order about, by how near they are; of three in a ring each counts
    half."""
    often: dict[int, float] = {}
    for i, j in enumerate(order):
        if i != j:
            near = _near(group, tracks, i, j)
            often[near] = often.get(near, 0.0) + 0.5
    return often


def _near(group: Sequence[Sight], tracks: Sequence[Track | None], i: int, j: int) -> int:
    return band(_apart_m(group[i], group[j]), missed=tracks[i] is None or tracks[j] is None)


def exchanged(shares: Shares) -> Iterator[tuple[float, int, int]]:
    """By pairs of sights, how likely it is that they are exchanged beside the likeliest order; a ring counts half."""
    place = {j: i for i, j in enumerate(shares[0][1])}
    for one, two in combinations(sorted(place), 2):
        i, j = place[one], place[two]
        p = sum(p * ((order[i] == two) + (order[j] == one)) / 2 for p, order in shares)
        if p > CERTAIN:
            yield p, one, two


def _orders(fits: Sequence[Sequence[float]], least_log: float) -> list[tuple[float, tuple[int, ...]]]:
    """The permutations of columns over rows whose fits add up to as much, with their sums."""
    partial: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    best_rest = sum(max(row) for row in fits)
    for row in fits:
        best_rest -= max(row)
        partial = [
            (log_p + fit, (*order, j))
            for log_p, order in partial
            for j, fit in enumerate(row)
            if j not in order and log_p + fit + best_rest >= least_log - 1e-9
        ]
    return partial


def place_log(t_s: float, sight: Sight, track: Track | None, steps: Steps) -> float:
    """Log likelihood that whoever the sight shows is where the track is; without a track, that it is missing."""
    gone_s = t_s - sight.t_s
    if track is None:
        return math.log(MISSED) if gone_s < 1.5 * steps.step_s else 0.0
    variance = steps.after(gone_s, track)
    here, expected = (track.x_m, track.y_m), sight.predicted_m(t_s)
    usual = density_at(here, expected, variance)
    return math.log((1 - STRAY) * usual + STRAY * density_at(here, expected, STRAY_TIMES * variance) + 1e-300)


def density_at(one: Place2d, two: Place2d, variance: float) -> float:
    return math.exp(-(math.dist(one, two) ** 2) / (2 * variance)) / (2 * math.pi * variance)
