"""Who came out of a crossing as whom.

One frame in which two ids may have swapped says little more than how far two people were apart in it. The half second
before and the half second after say where each of them was, and went: whom each id followed is judged a moment later,
by which of the ways that led in goes on in which of those that led out.
"""

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from msgspec import Struct

from hub.core.floor import Body, Shuffle
from hub.core.swaps import Swaps
from hub.core.tracking import CERTAIN, STANDS_MPS

AROUND_S = 0.5
"""So much of their ways before and after a frame is held together."""
WAITS_S = 2.0
"""Whoever is out of sight at such a frame was last seen, or is seen again, within so long, or else says nothing."""
LASTS_S = 1.0
"""Such frames of the same people within so long are one crossing, in which ids swap once at most."""
FRAME_S = 0.01
"""Frames whose times differ by less are one."""
NOISE_SHARE = 0.5
"""What of the variance of a step is the noise of a place; the rest is how people move, and what is expected of them."""
SHIFTS_M2_PER_S = 0.06**2
"""Whoever stands seems to shift by so much (ETH, hotel: 0.04 to 0.13 m after a second, noise included)."""
TURNS_M2_PER_S3 = 1.0
"""Whoever walks changes pace by about a metre a second within one: they start, stop and turn."""
PACE_MPS = 2 * STANDS_MPS
"""How fast somebody walks, one standard deviation along each axis, of whom nothing is known yet."""
MAKES_ROOM, ROOM_M = 0.5, 0.2
"""Beside somebody who comes in, as many step aside at once as do not, so far along each axis: the closest keep about
twice that between their centres."""

Seen = tuple[float, float, float]
"""When, and where."""


class SwapFrame(NamedTuple):
    """A frame in which ids may have swapped: in these orders, each with the log of how likely that is by all but where
    people were."""

    t_s: float
    bodies: tuple[Body, ...]
    """In the order that was taken for true."""
    variance: float
    """Of a step from frame to frame, along each axis."""
    orders: tuple[tuple[float, Mapping[int, float], tuple[int, ...]], ...]
    """And the swaps behind it, by how near those are who swap: see `hub.core.swaps`."""


class Crossing(Struct, eq=False):
    """Frames that belong together."""

    frames: list[SwapFrame]
    beside: list[SwapFrame] = []
    """Those of the crossings of the same people just before and after: a swap there shows in the ways here as well."""

    def shares(self, frame: SwapFrame) -> bool:
        """Whether a frame is about some of the same people, and what they did around it about both."""
        return frame.t_s < self.frames[-1].t_s + AROUND_S and any(body in frame.bodies for body in self.bodies)

    @property
    def bodies(self) -> list[Body]:
        """Everybody who takes part."""
        return list(dict.fromkeys(body for frame in self.frames for body in frame.bodies))

    def over(self, t_s: float) -> bool:
        """Whether all is known by now that will be: the half second after, of whoever was out of sight after they came
        back."""
        last_s = self.frames[-1].t_s
        back_s = [_seen_next_s(body, last_s) for body in self.bodies]
        return all(t_s >= (last_s + WAITS_S if back is None else max(back, last_s) + AROUND_S) for back in back_s)

    def shuffle(self, swaps: Swaps) -> Shuffle | None:
        """Who may be who after it; None if nobody may have been exchanged. Teaches how often ids swap."""
        bodies = self.bodies
        place = {body: i for i, body in enumerate(bodies)}
        as_taken = tuple(range(len(bodies)))
        weights = {as_taken: 1.0}
        weights[as_taken] += sum(weight for frame in self.beside for weight, _, _ in _weigh(frame))
        likeliest, t_s = 0.0, self.frames[0].t_s
        others = [(frame, *way) for frame in self.frames for way in _weigh(frame)]
        for frame, weight, _, order in others:
            if weight > likeliest:
                likeliest, t_s = weight, frame.t_s
            whose = list(as_taken)
            for body, j in zip(frame.bodies, order, strict=True):
                whose[place[body]] = place[frame.bodies[j]]
            weights[tuple(whose)] = weights.get(tuple(whose), 0.0) + weight
        total = sum(weights.values())
        for frame in self.frames:
            swaps.swapped(1.0, _as_taken(frame)[1])
        for frame, weight, often, _ in others:
            swaps.swapped(weight / total, often)
            swaps.swapped(-weight / total, _as_taken(frame)[1])
        least = CERTAIN * total
        weights = {order: weight for order, weight in weights.items() if weight > least}
        if weights.keys() == {as_taken}:
            return None
        total = sum(weights.values())
        outcomes = tuple((weight / total, order) for order, weight in weights.items())
        return Shuffle(t_s, tuple(body.id for body in bodies), outcomes)


class Crossings(Struct, eq=False):
    """Those of one camera of which the half second after has not passed yet."""

    open: list[Crossing] = []

    def add(self, frame: SwapFrame) -> None:
        """Put a frame to those with which it belongs."""
        near = [crossing for crossing in self.open if crossing.shares(frame)]
        own = next((crossing for crossing in near if frame.t_s < crossing.frames[0].t_s + LASTS_S), None)
        others = [crossing for crossing in near if crossing is not own]
        if own is not None:
            own.frames.append(frame)
        else:
            before = [one for crossing in others for one in crossing.frames if one.t_s > frame.t_s - AROUND_S]
            self.open.append(Crossing([frame], before))
        for crossing in others:
            crossing.beside.append(frame)

    def renamed(self, was: Body, now: Body) -> None:
        """One body turned out to be another."""
        for crossing in self.open:
            crossing.frames = _renamed(crossing.frames, was, now)
            crossing.beside = _renamed(crossing.beside, was, now)
        self.open = [crossing for crossing in self.open if crossing.frames]

    def over(self, t_s: float, swaps: Swaps) -> Iterator[Shuffle]:
        """Those that can be judged by now, if they left anything open."""
        over = [crossing for crossing in self.open if crossing.over(t_s)]
        for crossing in over:
            self.open.remove(crossing)
            if (shuffle := crossing.shuffle(swaps)) is not None:
                yield shuffle


def _as_taken(frame: SwapFrame) -> tuple[float, Mapping[int, float]]:
    """The log and the swaps of the order that was taken for true."""
    as_taken = tuple(range(len(frame.bodies)))
    return next(((log, often) for log, often, order in frame.orders if order == as_taken), (0.0, {}))


def _weigh(frame: SwapFrame) -> Iterator[tuple[float, Mapping[int, float], tuple[int, ...]]]:
    """By order, how much likelier it is than that nobody was exchanged, and the swaps behind it."""
    before = [_before(body, frame.t_s) for body in frame.bodies]
    after = [_after(body, frame.t_s) for body in frame.bodies]
    noise_m2 = NOISE_SHARE * frame.variance
    came_s = max(body.first.t_s for body in frame.bodies)
    fits: dict[tuple[int, int], float] = {}

    def fit(order: Sequence[int]) -> float:
        for pair in enumerate(order):
            if pair not in fits:
                i, j = pair
                fits[pair] = _one_way_log([*before[j], *after[i]], noise_m2, came_s)
        return sum(fits[pair] for pair in enumerate(order))

    as_taken = tuple(range(len(frame.bodies)))
    by_fit = fit(as_taken)
    besides, _ = _as_taken(frame)
    for log, often, order in frame.orders:
        if order != as_taken:
            yield math.exp(min(log - besides + fit(order) - by_fit, 500.0)), often, order


def _renamed(frames: Sequence[SwapFrame], was: Body, now: Body) -> list[SwapFrame]:
    """One frame says nothing any more of two who are one."""
    apart = (frame for frame in frames if was not in frame.bodies or now not in frame.bodies)
    return [frame._replace(bodies=tuple(now if body is was else body for body in frame.bodies)) for frame in apart]


def _before(body: Body, t_s: float) -> list[Seen]:
    """The half second of its way up to just before a frame; of whoever was out of sight by then, up to that."""
    last_s = next((place.t_s for place in reversed(body.places) if place.t_s < t_s - FRAME_S), -math.inf)
    if last_s < t_s - WAITS_S:
        return []
    return _between(body, (t_s if last_s > t_s - AROUND_S else last_s) - AROUND_S, t_s)


def _after(body: Body, t_s: float) -> list[Seen]:
    """The half second of its way from a frame on; of whoever is out of sight then, from when they are seen again."""
    next_s = _seen_next_s(body, t_s)
    if next_s is None or next_s > t_s + WAITS_S:
        return []
    return _between(body, t_s, (t_s if next_s < t_s + AROUND_S else next_s) + AROUND_S)


def _seen_next_s(body: Body, t_s: float) -> float | None:
    """When it was first seen in that frame or later; None if it was not."""
    next_s = None
    for place in reversed(body.places):
        if place.t_s < t_s - FRAME_S:
            break
        next_s = place.t_s
    return next_s


def _between(body: Body, from_s: float, until_s: float) -> list[Seen]:
    """Where it was seen, from one time to just before another."""
    seen = []
    for place in reversed(body.places):
        if place.t_s < from_s - FRAME_S:
            break
        if place.t_s < until_s - FRAME_S:
            seen.append((place.t_s, place.x_m, place.y_m))
    return seen[::-1]


def _one_way_log(seen: Sequence[Seen], noise_m2: float, came_s: float) -> float:
    """Log likelihood that somebody was seen in these places one after the other, who as likely stood as walked, or who
    stood and made room when somebody came."""
    stood, walked = _stood_log(seen, noise_m2), _walked_log(seen, noise_m2)
    came = bisect_left(seen, came_s - FRAME_S, key=itemgetter(0))
    before, after = seen[:came], seen[came:]
    if before and after:
        (_, was_x_m, was_y_m), (_, x_m, y_m) = before[-1], after[0]
        aside = _density_log(x_m - was_x_m, y_m - was_y_m, ROOM_M**2 + 2 * noise_m2)
        from_there = _either_log(0.5, _stood_log(after, noise_m2), _walked_log(after, noise_m2))
        stood = _either_log(MAKES_ROOM, _stood_log(before, noise_m2) + aside + from_there, stood)
    return _either_log(0.5, stood, walked)


def _either_log(share: float, one: float, other: float) -> float:
    """Log likelihood of what came about in one way, as often as this, or else in the other."""
    one, other = one + math.log(share), other + math.log(1 - share)
    return max(one, other) + math.log1p(math.exp(-abs(one - other)))


def _stood_log(seen: Sequence[Seen], noise_m2: float) -> float:
    """By a Kalman filter of a random walk; the first place is given."""
    log = 0.0
    last: Seen | None = None
    spread_m2 = noise_m2
    for t_s, x_m, y_m in seen:
        if last is not None:
            spread_m2 += SHIFTS_M2_PER_S * (t_s - last[0])
            log += _density_log(x_m - last[1], y_m - last[2], spread_m2 + noise_m2)
            gain = spread_m2 / (spread_m2 + noise_m2)
            spread_m2 *= 1 - gain
            x_m, y_m = last[1] + gain * (x_m - last[1]), last[2] + gain * (y_m - last[2])
        last = t_s, x_m, y_m
    return log


def _walked_log(seen: Sequence[Seen], noise_m2: float) -> float:
    """By a Kalman filter of somebody whose pace changes at random; the first place is given."""
    log = 0.0
    last: Seen | None = None
    vx_mps = vy_mps = 0.0
    of_place, of_both, of_pace = noise_m2, 0.0, PACE_MPS**2
    for t_s, x_m, y_m in seen:
        if last is not None:
            dt = t_s - last[0]
            of_place += 2 * dt * of_both + dt**2 * of_pace + TURNS_M2_PER_S3 * dt**3 / 3
            of_both += dt * of_pace + TURNS_M2_PER_S3 * dt**2 / 2
            of_pace += TURNS_M2_PER_S3 * dt
            expected_x_m, expected_y_m = last[1] + vx_mps * dt, last[2] + vy_mps * dt
            off_x_m, off_y_m, variance = x_m - expected_x_m, y_m - expected_y_m, of_place + noise_m2
            log += _density_log(off_x_m, off_y_m, variance)
            gain, gain_hz = of_place / variance, of_both / variance
            x_m, y_m = expected_x_m + gain * off_x_m, expected_y_m + gain * off_y_m
            vx_mps, vy_mps = vx_mps + gain_hz * off_x_m, vy_mps + gain_hz * off_y_m
            of_pace -= gain_hz * of_both
            of_place, of_both = of_place * (1 - gain), of_both * (1 - gain)
        last = t_s, x_m, y_m
    return log


def _density_log(off_x_m: float, off_y_m: float, variance: float) -> float:
    return -math.log(2 * math.pi * variance) - (off_x_m**2 + off_y_m**2) / (2 * variance)
