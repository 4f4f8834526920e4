"""Who a new track is: somebody whom the camera lost, or does not see now, or somebody new on the floor."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hub.core.clothes import Clothes
from hub.core.floor import TOP_SPEED_MPS, WALK_SIGMA_MPS, Body, LastSeen, Place, Sight, Steps
from hub.core.presence import BESIDE_M
from hub.core.swaps import band
from hub.core.tracking import CERTAIN, OFFSET_M, STANDS_MPS, Place2d, close_m, density_at, place_log
from wire.messages import Track

STAYS, STAYS_S = 0.8, 10.0
"""Whoever stood when last seen stands there still so often, less and less as time goes by."""
SHIFTS_MPS, SHIFTS_M = 0.1, 0.2
"""Somebody who stands shifts by so much a second, and so much in all (ETH, hotel: 0.04 to 0.13 m after a second)."""
GOES_ON_S, STRAIGHT_SIGMA_MPS = 2.0, 0.2
"""Whoever walked goes straight on for about so long, give or take so much a second (ETH, hotel, zara01: 0.15 to 0.2 m
along each axis; in a room, by a Xovis sensor, 0.24 m after one second and wherever after two)."""
SLOWS_S, SLOWED_MPS, SLOWED = 1.0, 0.6, 0.7
"""Of the others who walked, so many are that far from where they would be if they lost their pace in about so long, one
standard deviation per second (the likeliest in the same recordings, by 0.03 to 0.4 nats before anywhere around)."""
MEMORYLESS_S = 1.0
"""After so long, what a camera gets wrong about a place has nothing to do with what it got wrong before."""
ASSIGNED_AT_MOST = 500
"""So many ways for tracks that appear at once to be people who were known are weighed jointly; with more, the tracks
are taken one after the other."""
NEWCOMER_PER_M2 = 0.002
"""Density of people who appear on the floor without having been lost: low, since everybody comes through a gate."""
AT_ENTRY_PER_M2, ENTRY_M = 0.2, 0.4
"""And so many at a way in, within one standard deviation of it;"""
AWAITED_PER_M2 = 1 / (2 * math.pi * ENTRY_M**2)
"""and whoever has come through it and was not seen yet is about there."""
RENEWED, MISSED_FRAMES = 0.05, 3.5
"""Where somebody is awaited, whoever was missed in so few frames rather is seen again under their own id than under a
new one; if not, that is heard of soon (`Return`)."""
UNHEARD = 0.05
"""Of those who are new, only of so many it is heard seconds later that they came in."""


@dataclass(slots=True)
class WaysIn:
    """Where people come in."""

    entries: Sequence[Place2d] = ()
    awaited: Sequence[Place2d] = ()
    """Those of them that somebody has just come through who has not been seen yet, once for each."""

    let_in: bool = False
    """Whether a gate stands open for somebody who has not been heard to come through."""

    def arrives_per_m2(self, place: Place) -> float:
        """Density of whoever has come in and is first seen at this place."""
        return NEWCOMER_PER_M2 + AWAITED_PER_M2 * max(
            (_near((place.x_m, place.y_m), e) for e in self.entries), default=0.0
        )

    def newcomers_per_m2(self, track: Track | Place) -> float:
        """How many new people appear where this track is."""
        here = track.x_m, track.y_m
        at_entry = AT_ENTRY_PER_M2 * sum(_near(here, entry) for entry in self.entries)
        return NEWCOMER_PER_M2 + at_entry + AWAITED_PER_M2 * sum(_near(here, entry) for entry in self.awaited)


class WentOver(NamedTuple):
    """An id may have gone over to somebody who was lost or is new; a new track then carries on whoever it followed."""

    body: Body
    """Whom it followed."""
    track: Track
    new: Track
    p: float
    besides_log: float
    """What speaks for it but where people are, against it."""
    band: int
    """How near the two are: see `hub.core.swaps`."""


class Recognised(NamedTuple):
    """Who a new track is: somebody known, or None who is new on the floor; and who else, with the share that has among
    the two. Only where somebody is awaited at a way in may somebody new be somebody known, and the other way round."""

    track: Track
    body: Body | None
    rivals: list[tuple[float, Body | None]]


def recognise(
    t_s: float,
    camera: str,
    tracks: Sequence[Track],
    known: Sequence[Body],
    barred: Mapping[str, set[str]],
    steps: Steps,
    ways_in: WaysIn,
    clothes: Clothes | None = None,
) -> list[Recognised]:
    """Who the new tracks are, among the known bodies that this camera does not see now.

    `barred` names, by track, the bodies that it cannot be. Tracks that may be the same people are weighed jointly.
    """
    options: dict[str, dict[int, float]] = {}
    for track in tracks:
        no = barred.get(track.id, ())
        share = NEWCOMER_PER_M2 / ways_in.newcomers_per_m2(track)
        densities = {
            i: share * density(body, track, t_s, camera, steps) for i, body in enumerate(known) if body.id not in no
        }
        if clothes is not None:
            densities = {i: d * math.exp(clothes.fit_log(t_s, known[i], camera, track)) for i, d in densities.items()}
        least = CERTAIN * max((*densities.values(), NEWCOMER_PER_M2))
        options[track.id] = {i: d for i, d in densities.items() if d > least}
    held = (body.sights.get(camera) for body in known)
    missed = (sight is not None and t_s - sight.t_s < MISSED_FRAMES * steps.step_s for sight in held)
    readily = [RENEWED if only_missed and ways_in.awaited else 1.0 for only_missed in missed]
    found: list[Recognised] = []
    for together in _sharing(tracks, options):
        chosen, marginals = _assign([options[t.id] for t in together], readily)
        for n, (track, i, marginal) in enumerate(zip(together, chosen, marginals, strict=True)):
            if i is None and not ways_in.awaited:
                found.append(Recognised(track, None, []))
                continue
            # Of two tracks that may be exchanged, the first says so: it is one confusion.
            # Of somebody new, those are no rivals whom other tracks are taken for: those say it.
            before = zip(chosen[:n], marginals[:n], strict=True)
            said = set(chosen) if i is None else {j for j, theirs in before if i in theirs} - {None}
            if not ways_in.awaited:
                said.add(None)
            others = ((p, j) for j, p in marginal.items() if j != i and j not in said)
            shares = [(p / (p + marginal[i]), None if j is None else known[j]) for p, j in others]
            body = None if i is None else known[i]
            found.append(Recognised(track, body, [(p, rival) for p, rival in shares if p > CERTAIN]))
    return found


def went_over(
    t_s: float,
    camera: str,
    sight: Sight,
    track: Track,
    new: Sequence[Track],
    lost: Sequence[Body],
    steps: Steps,
    ways_in: WaysIn,
    clothes: Clothes | None = None,
) -> WentOver | None:
    """Whether the sight's id may have gone over in this very frame. None: there is no new track to carry it on."""

    def log_but_places(other: Track, apart_m: float) -> float:
        """Whoever has an id now that carries on nobody has come out of nowhere: likelier so here, or there?"""
        here, there = (_appears_per_m2(t_s, camera, t, lost, steps, ways_in) for t in (track, other))
        log = steps.swaps.log(band(apart_m)) + math.log(here / there)
        if clothes is not None:
            stayed, went = (clothes.fit_log(t_s, sight.body, camera, t) for t in (track, other))
            log += went - stayed
        return log

    stays_log = place_log(t_s, sight, track, steps)
    best: WentOver | None = None
    for other in new:
        apart_m = math.dist((other.x_m, other.y_m), sight.predicted_m(t_s))
        if apart_m < close_m(steps):
            besides_log = log_but_places(other, apart_m)
            over_log = place_log(t_s, sight, other, steps) + besides_log
            p = 1 / (1 + math.exp(min(stays_log - over_log, 500.0)))
            if p > (best.p if best else CERTAIN):
                best = WentOver(sight.body, track, other, p, besides_log, band(apart_m))
    return best


def turned_up(
    stranger: Body, lost: Sequence[Body], camera: str, steps: Steps, ways_in: WaysIn
) -> list[tuple[float, Body]]:
    """Who of those who were lost a stranger is that nobody let in, likeliest first; none, if rather somebody new."""
    first = stranger.first
    beside = [(body.distance_m(first.x_m, first.y_m, first.t_s), i) for i, body in enumerate(lost)]
    near_m, i = min(beside, default=(math.inf, 0))
    if near_m < BESIDE_M:
        return [(1.0, lost[i])]
    there = [(density(b, first, first.t_s, camera, steps), i) for i, b in enumerate(lost) if b.t_s < first.t_s]
    least = UNHEARD * ways_in.newcomers_per_m2(first)
    return [(p, lost[i]) for p, i in sorted(there, reverse=True) if p > least]


def _appears_per_m2(
    t_s: float, camera: str, track: Track, lost: Sequence[Body], steps: Steps, ways_in: WaysIn
) -> float:
    """Density of people who come into sight, new or again, where this track is."""
    return ways_in.newcomers_per_m2(track) + sum(density(body, track, t_s, camera, steps) for body in lost)


def _near(here: Place2d, entry: Place2d) -> float:
    return math.exp(-(math.dist(here, entry) ** 2) / (2 * ENTRY_M**2))


def density(body: Body, track: Track | Place, t_s: float, camera: str, steps: Steps) -> float:
    """Density (per square metre) of somebody known being where the new track is; 0 when out of reach."""
    if (other := body.fresh(t_s, camera)) is not None:
        here = track.x_m, track.y_m
        return density_at(other.predicted_m(t_s), here, 2 * track.sigma_m**2 + OFFSET_M**2 + SHIFTS_M**2)
    return density_unseen(body, track, t_s, steps)


def density_unseen(seen: Body | LastSeen, track: Track | Place, t_s: float, steps: Steps) -> float:
    """The same for whoever no camera sees, by where and how they were last seen."""
    gone_s = max(0.0, t_s - seen.t_s)
    here = track.x_m, track.y_m
    last = seen.x_m, seen.y_m
    if math.dist(last, here) > TOP_SPEED_MPS * gone_s + 0.8:
        return 0.0
    noise = steps.after(0.0, track) + 2 * track.sigma_m**2 * -math.expm1(-gone_s / MEMORYLESS_S)
    anywhere = density_at(last, here, noise + (WALK_SIGMA_MPS * min(gone_s, 10.0)) ** 2)
    if math.hypot(seen.vx_mps, seen.vy_mps) < STANDS_MPS:
        likely, sigma_m = STAYS * math.exp(-gone_s / STAYS_S), min(SHIFTS_MPS * gone_s, SHIFTS_M)
        expected, else_there = last, anywhere
    else:
        likely, sigma_m = math.exp(-gone_s / GOES_ON_S), STRAIGHT_SIGMA_MPS * gone_s
        expected = _after(seen, gone_s)
        slowed = _after(seen, -SLOWS_S * math.expm1(-gone_s / SLOWS_S))
        slowed_there = density_at(slowed, here, noise + (SLOWED_MPS * min(gone_s, 10.0)) ** 2)
        else_there = SLOWED * slowed_there + (1 - SLOWED) * anywhere
    return likely * density_at(expected, here, noise + sigma_m**2) + (1 - likely) * else_there


def _after(seen: Body | LastSeen, seconds: float) -> Place2d:
    """Where somebody is who kept their pace for so long."""
    return seen.x_m + seen.vx_mps * seconds, seen.y_m + seen.vy_mps * seconds


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


def _assign(
    options: Sequence[Mapping[int, float]], readily: Sequence[float]
) -> tuple[list[int | None], list[Mapping[int | None, float]]]:
    """The best assignment of tracks to people, no two to the same, and each track's marginal weights. What is best is
    weighed by how readily each is taken for a new track.

    None is somebody new. Too many at once are taken one after the other, the surest first.
    """
    if len(options) == 1 or math.prod(len(option) + 1 for option in options) > ASSIGNED_AT_MOST:
        chosen = _assign_in_turn([{i: d * readily[i] for i, d in option.items()} for option in options])
        return chosen, [dict([*option.items(), (None, NEWCOMER_PER_M2)]) for option in options]
    marginals: list[dict[int | None, float]] = [{} for _ in options]
    best_p, best = -1.0, list[int | None]()
    for p, chosen in _assignments(options):
        weight = p * math.prod([readily[i] for i in chosen if i is not None])
        if weight > best_p:
            best_p, best = weight, chosen
        for marginal, i in zip(marginals, chosen, strict=True):
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
