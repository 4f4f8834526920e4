"""One camera's frames: which of its tracks carries on which body, where ids may have swapped or are new."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, pairwise
from operator import itemgetter
from typing import NamedTuple

from hub.core.clothes import Clothes
from hub.core.floor import TOP_SPEED_MPS, Body, Sight, Steps
from wire.messages import Track

CLOSE_M = 0.8
"""Tracks nearer to each other than this may swap their ids, or be one for the other."""
SWAP_PER_FRAME = 0.005
"""Prior probability that two close tracks swap ids between two frames."""
MISSED = 0.03
"""Share of frames in which a detector misses somebody whom it had in the frame before."""
STRAY, STRAY_TIMES = 0.02, 9.0
"""So many places of tracks are off by much, with so many times the variance: people turn and stop, boxes slip."""
OFFSET_M = 0.1
"""How far cameras differ about one place, beside their noise: calibration, clocks, the height of what they see."""
WALK_SIGMA_MPS = 0.9
"""How far somebody out of sight gets, one standard deviation, per second, wherever they go."""
STAYS, STAYS_S = 0.8, 10.0
"""Whoever stood when last seen stands there still so often, less and less as time goes by."""
SHIFTS_MPS, SHIFTS_M = 0.1, 0.2
"""Somebody who stands shifts by so much a second, and so much in all (ETH, hotel: 0.04 to 0.13 m after a second)."""
GOES_ON_S, STRAIGHT_SIGMA_MPS = 2.0, 0.2
"""Whoever walked goes straight on for about so long, give or take so much a second (ETH, hotel, zara01: 0.15 to 0.2 m
along each axis; in a room, by a Xovis sensor, 0.24 m after one second and wherever after two)."""
STANDS_MPS = 0.3
"""Whoever is slower stands."""
MEMORYLESS_S = 1.0
"""After so long, what a camera gets wrong about a place has nothing to do with what it got wrong before."""
PERMUTED_AT_MOST = 5
"""A tighter crowd is cut into groups of so many, those together who may most easily have swapped."""
ASSIGNED_AT_MOST = 500
"""So many ways for tracks that appear at once to be people who were known are weighed jointly; with more, the tracks
are taken one after the other."""
CERTAIN = 1e-4
"""Confusions less likely than this are none."""
NEWCOMER_PER_M2 = 0.002
"""Density of people who appear on the floor without having been lost: low, since everybody comes through a gate."""
AT_ENTRY_PER_M2, ENTRY_M = 0.2, 0.8
"""And so near a way in."""

Place2d = tuple[float, float]
Shares = list[tuple[float, tuple[int, ...]]]
"""Orders with their probabilities, likeliest first: which sight each track, in turn, carries on."""


class Recognised(NamedTuple):
    """Who a new track is: somebody known, or new on the floor; and who else, with the share that has among the two."""

    track: Track
    body: Body | None
    rivals: list[tuple[float, Body]]


def could_be(sight: Sight, track: Track, t_s: float) -> bool:
    """Whether a person can have come from where the sight was to where the track is."""
    reach_m = TOP_SPEED_MPS * (t_s - sight.t_s) + 5 * track.sigma_m + 0.3
    return math.hypot(track.x_m - sight.x_m, track.y_m - sight.y_m) <= reach_m


def went_over(
    t_s: float, sight: Sight, track: Track, new: Sequence[Track], steps: Steps, clothes: Clothes | None = None
) -> bool:
    """Whether it is likelier that the sight's id went over to somebody else in this very frame, and that one of the new
    tracks carries on the sight."""
    near = [other for other in new if math.dist((other.x_m, other.y_m), sight.predicted_m(t_s)) < CLOSE_M]
    if not near:
        return False
    own_log = _fit_log(t_s, sight, track, steps, clothes)
    return max(_fit_log(t_s, sight, other, steps, clothes) for other in near) + math.log(SWAP_PER_FRAME) > own_log


def close_groups(t_s: float, view: Mapping[str, Sight], tracks: Mapping[str, Track]) -> list[list[Sight]]:
    """Sights of one camera that hang together by steps shorter than CLOSE_M, by where they should be in this frame: it
    may show two who swap further apart, or miss them. Those on their own are left out."""
    where = sorted(((*sight.predicted_m(t_s), sight) for sight in view.values()), key=itemgetter(0, 1))
    steps: list[tuple[float, Sight, Sight]] = []
    for i, (x_m, y_m, sight) in enumerate(where, 1):
        for j in range(i, len(where)):
            other_x_m, other_y_m, other = where[j]
            if other_x_m - x_m > CLOSE_M:
                break
            if math.hypot(other_x_m - x_m, other_y_m - y_m) <= CLOSE_M:
                crossed_m = math.dist(_shown(tracks, sight, (x_m, y_m)), (other_x_m, other_y_m))
                crossed_m += math.dist(_shown(tracks, other, (other_x_m, other_y_m)), (x_m, y_m))
                steps.append((crossed_m, sight, other))
    if not steps:
        return []
    steps.sort(key=itemgetter(0))
    group_of: dict[Sight, list[Sight]] = {}
    for _, sight, other in steps:
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


def beside_places(
    t_s: float, group: Sequence[Sight], tracks: Sequence[Track | None], clothes: Clothes | None
) -> list[list[float]]:
    """By track and sight, the log of what speaks for the one carrying on the other, but for where they are."""
    moved_log = math.log(SWAP_PER_FRAME) / 2
    rows = [[moved_log if i != j else 0.0 for j in range(len(group))] for i in range(len(group))]
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
        [_place_log(t_s, sight, track, steps) + beside for sight, beside in zip(group, row, strict=True)]
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


def exchanged(shares: Shares) -> Iterator[tuple[float, int, int]]:
    """By pairs of sights, how likely it is that they are exchanged beside the likeliest order; a ring counts half."""
    place = {j: i for i, j in enumerate(shares[0][1])}
    for one, two in combinations(sorted(place), 2):
        i, j = place[one], place[two]
        p = sum(p * ((order[i] == two) + (order[j] == one)) / 2 for p, order in shares)
        if p > CERTAIN:
            yield p, one, two


def recognise(
    t_s: float,
    camera: str,
    tracks: Sequence[Track],
    known: Sequence[Body],
    barred: Mapping[str, set[str]],
    steps: Steps,
    entries: Sequence[Place2d] = (),
    clothes: Clothes | None = None,
) -> list[Recognised]:
    """Who the new tracks are, among the known bodies that this camera does not see now.

    `barred` names, by track, the bodies that it cannot be. Tracks that may be the same people are weighed jointly.
    Newcomers are common at `entries`, and rare elsewhere.
    """
    options: dict[str, dict[int, float]] = {}
    for track in tracks:
        no = barred.get(track.id, ())
        at_entry = any(math.dist((track.x_m, track.y_m), entry) < ENTRY_M for entry in entries)
        share = NEWCOMER_PER_M2 / AT_ENTRY_PER_M2 if at_entry else 1.0
        densities = {
            i: share * _density(body, track, t_s, camera, steps) for i, body in enumerate(known) if body.id not in no
        }
        if clothes is not None:
            densities = {i: d * math.exp(clothes.fit_log(t_s, known[i], camera, track)) for i, d in densities.items()}
        least = CERTAIN * max((*densities.values(), NEWCOMER_PER_M2))
        options[track.id] = {i: d for i, d in densities.items() if d > least}
    found: list[Recognised] = []
    for together in _sharing(tracks, options):
        chosen, marginals = _assign([options[t.id] for t in together])
        turn = {i: n for n, i in enumerate(chosen)}
        for n, (track, i, marginal) in enumerate(zip(together, chosen, marginals, strict=True)):
            if i is None:
                found.append(Recognised(track, None, []))
                continue
            # Of two tracks that may be exchanged, the first says so: it is one confusion.
            others = ((p, j) for j, p in marginal.items() if j != i and turn.get(j, n) >= n)
            shares = [(p / (p + marginal[i]), known[j]) for p, j in others]
            found.append(Recognised(track, known[i], [(p, body) for p, body in shares if p > CERTAIN]))
    return found


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


def _fit_log(t_s: float, sight: Sight, track: Track, steps: Steps, clothes: Clothes | None) -> float:
    """Log likelihood that the track carries on the sight."""
    place_log = _place_log(t_s, sight, track, steps)
    return place_log if clothes is None else place_log + clothes.fit_log(t_s, sight.body, sight.camera, track)


def _place_log(t_s: float, sight: Sight, track: Track | None, steps: Steps) -> float:
    """Log likelihood that whoever the sight shows is where the track is; without a track, that it is missing."""
    gone_s = t_s - sight.t_s
    if track is None:
        return math.log(MISSED) if gone_s < 1.5 * steps.step_s else 0.0
    variance = steps.after(gone_s, track)
    here, expected = (track.x_m, track.y_m), sight.predicted_m(t_s)
    usual = _density_at(here, expected, variance)
    return math.log((1 - STRAY) * usual + STRAY * _density_at(here, expected, STRAY_TIMES * variance) + 1e-300)


def _density(body: Body, track: Track, t_s: float, camera: str, steps: Steps) -> float:
    """Density (per square metre) of somebody known being where the new track is; 0 when out of reach."""
    gone_s = max(0.0, t_s - body.t_s)
    here = track.x_m, track.y_m
    if (other := body.fresh(t_s, camera)) is not None:
        return _density_at(other.predicted_m(t_s), here, 2 * track.sigma_m**2 + OFFSET_M**2 + SHIFTS_M**2)
    last = body.x_m, body.y_m
    if math.dist(last, here) > TOP_SPEED_MPS * gone_s + 0.8:
        return 0.0
    noise = steps.after(0.0, track) + 2 * track.sigma_m**2 * -math.expm1(-gone_s / MEMORYLESS_S)
    if math.hypot(body.vx_mps, body.vy_mps) < STANDS_MPS:
        likely, sigma_m = STAYS * math.exp(-gone_s / STAYS_S), min(SHIFTS_MPS * gone_s, SHIFTS_M)
        expected = last
    else:
        likely, sigma_m = math.exp(-gone_s / GOES_ON_S), STRAIGHT_SIGMA_MPS * gone_s
        expected = last[0] + body.vx_mps * gone_s, last[1] + body.vy_mps * gone_s
    anywhere = _density_at(last, here, noise + (WALK_SIGMA_MPS * min(gone_s, 10.0)) ** 2)
    return likely * _density_at(expected, here, noise + sigma_m**2) + (1 - likely) * anywhere


def _density_at(one: Place2d, two: Place2d, variance: float) -> float:
    return math.exp(-(math.dist(one, two) ** 2) / (2 * variance)) / (2 * math.pi * variance)


def _sharing(tracks: Sequence[Track], options: Mapping[str, Mapping[int, float]]) -> list[list[Track]]:
    """The tracks in groups that may be the same people."""
    groups: list[tuple[list[Track], set[int]]] = []
    for track in tracks:
        one: tuple[list[Track], set[int]] = ([track], set(options[track.id]))
        apart = []
        for group in groups:
            if group[1].isdisjoint(one[1]):
                apart.append(group)
            else:
                one = ([*group[0], *one[0]], group[1] | one[1])
        groups = [*apart, one]
    return [group for group, _ in groups]


def _assign(options: Sequence[Mapping[int, float]]) -> tuple[list[int | None], list[Mapping[int, float]]]:
    """The likeliest assignment of tracks to people, no two to the same, and each track's marginal weights.

    None is somebody new. Too many at once are taken one after the other, the surest first.
    """
    if len(options) == 1 or math.prod(len(option) + 1 for option in options) > ASSIGNED_AT_MOST:
        return _assign_in_turn(options), list(options)
    marginals: list[dict[int, float]] = [{} for _ in options]
    best_p, best = -1.0, list[int | None]()
    for p, chosen in _assignments(options):
        if p > best_p:
            best_p, best = p, chosen
        for marginal, i in zip(marginals, chosen, strict=True):
            if i is not None:
                marginal[i] = marginal.get(i, 0.0) + p
    return best, list(marginals)


def _assign_in_turn(options: Sequence[Mapping[int, float]]) -> list[int | None]:
    chosen: list[int | None] = [None] * len(options)
    taken: set[int] = set()
    ranked = sorted(((p, k, i) for k, option in enumerate(options) for i, p in option.items()), reverse=True)
    for p, k, i in ranked:
        if p >= NEWCOMER_PER_M2 and chosen[k] is None and i not in taken:
            chosen[k] = i
            taken.add(i)
    return chosen


def _assignments(options: Sequence[Mapping[int, float]]) -> Iterator[tuple[float, list[int | None]]]:
    """Every assignment, with its weight."""
    if not options:
        yield 1.0, []
        return
    for p, rest in _assignments(options[1:]):
        yield p * NEWCOMER_PER_M2, [None, *rest]
        for i, density in options[0].items():
            if i not in rest:
                yield p * density, [i, *rest]
