"""One part of a cluster: neighbouring changes taken as one deed, and what every explanation of it needs."""

import math
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import TypeVar

from msgspec import Struct

from hub.core.belief import Values
from hub.core.goods import NOBODY, Cart, Deed, Key, LaneContents, Unit, Value, Who
from hub.core.moments import TINY, Moments, add_logs, sum_logs
from hub.core.planogram import Prior
from hub.core.reach import ACTS, UNSEEN
from hub.store import Lane

WORTH = 12.0
"""Explanations this much (in log) behind the best are not followed."""
THERE = 0.05
"""Whoever was there less likely than this all the time of an unrest did not come between another's grips."""
IN_TWO_GRIPS = 0.3
"""Whoever moves several before a lane is at rest does not move all of them at once so often."""
AT_MOST = 48
"""Nor more than this many."""
CAMERA_FLOOR = 0.01
"""A picture is never trusted beyond this."""

Step = tuple[float, Values]
"""One way it may have gone on: log likelihood, and what changed."""
LIKELIHOOD = itemgetter(0)
Bodies = tuple[str, ...]
T = TypeVar("T")


class Part(Struct, eq=False):
    """Some neighbouring changes taken as one deed."""

    lanes: tuple[Lane, ...]
    shares: tuple[float, ...]
    """What part of all that moved, moved on which lane."""
    gains_g: tuple[float, ...]
    """By how much each lane changed; `delta_g` is all of it together."""
    delta_g: float
    sigma_g: float
    since_s: float
    at_s: float
    moments: Moments
    """When, on its main lane, something may have been moved."""
    grips: dict[str, list[float]]
    """How likely each body had its hand there at each of these times, as `reach` says."""
    ratios: dict[str, float]
    """And at the time at which all of it was moved at once."""
    at_hand: frozenset[str]
    """Who of all likeliest had a hand at one of the lanes that changed at once: the other one may have been here."""
    within_reach: int
    camera: Mapping[str, float] | None
    prior: Prior
    """What the planogram says of its lanes."""
    each: tuple["Part", ...] = ()
    """Of several lanes, each by itself."""
    beside: tuple[tuple[Lane, Mapping[str, float]], ...] = ()
    """What cameras saw move on lanes beside these that weigh what they weighed."""
    turns: dict[tuple[int, Bodies, Bodies], float] = {}
    """What `in_turn` has found."""
    sequences: dict[tuple[tuple[Bodies, int], ...], float] = {}
    """And `one_by_one_log`."""
    sold: list[tuple[float, tuple[Unit, ...]]] = []
    """For something taken: what it was, if it lay where it belongs or had strayed unseen, with log likelihoods."""

    @property
    def lost(self) -> bool:
        """Whether all of its lanes lost something."""
        return max(self.gains_g) < 0

    @property
    def gained(self) -> bool:
        """Whether none did."""
        return min(self.gains_g) >= 0

    @property
    def main(self) -> Lane:
        """The lane that changed most."""
        return self.lanes[self.shares.index(max(self.shares))]

    @property
    def division(self) -> tuple[tuple[str, float], ...]:
        """How it divides over the lanes; of one lane there is nothing to say."""
        if len(self.lanes) == 1:
            return ()
        return tuple((lane.id, gain_g) for lane, gain_g in zip(self.lanes, self.gains_g, strict=True))

    def fits_as_it_lay(self, unit: Unit, also: tuple[str, float, float] | None = None) -> float | None:
        """Log density of lifting something off all the lanes across which it lay, together with something else from one
        of them (lane, weight and its sigma in grams). None when it lay on others than these."""
        shares = dict(unit.shares)
        if len(shares) < 2 or shares.keys() != {lane.id for lane in self.lanes}:
            return None
        sigma_g = math.hypot(self.sigma_g, unit.sigma_g) / math.sqrt(len(self.lanes))
        log_p = 0.0
        for lane, gain_g in zip(self.lanes, self.gains_g, strict=True):
            weight_g, spread_g = also[1:] if also is not None and also[0] == lane.id else (0.0, 0.0)
            log_p += log_normal(-gain_g - shares[lane.id] - weight_g, math.hypot(sigma_g, spread_g))
        return log_p

    def spread_log(self, weight_g: float) -> float:
        """Log density of how a thing's weight divides over the lanes it lies across: all divisions alike."""
        more = len(self.lanes) - 1
        return -more * math.log(max(weight_g, 1.0)) if more else 0.0

    def home_log(self, gtin: str) -> float:
        """Log prior of putting such a thing down here: where it belongs, or astray."""
        return self.prior.log_home if any(gtin in lane.products for lane in self.lanes) else self.prior.log_astray

    def seen_log(self, units: tuple[Unit, ...]) -> float:
        """Log likelihood of the camera's picture, if there is one, of these things."""
        if self.camera is None:
            return 0.0
        mean = sum(self.camera.get(u.gtin, 0.0) for u in units) / len(units)
        return math.log(CAMERA_FLOOR + (1 - CAMERA_FLOOR) * mean)

    def ratios_of(self, values: Mapping[Key, Value], session: str) -> dict[str, float]:
        """The same of each body of a session, for one hypothesis of who is who."""
        return {body: ratio for body, ratio in self.ratios.items() if session_of(values, body) == session}

    def actors(self, values: Mapping[Key, Value]) -> dict[str, float]:
        """How likely each session did it, for one hypothesis of who is who; and somebody whom nobody saw."""
        actors = {NOBODY: UNSEEN}
        for body, ratio in self.ratios.items():
            session = session_of(values, body)
            actors[session] = actors.get(session, 0.0) + ratio
        return actors

    def in_turn(self, values: Mapping[Key, Value], first_g: float, one: str, other: str) -> float:
        """How likely these two sessions, or one of them twice, moved first so much and then the rest: what `actors`
        says of one who moved it all at once, times the odds that the other one was at it as well."""
        here = self._bodies(values, one)
        return self._turn(first_g, here, here if one == other else self._bodies(values, other))

    def two_of(self, values: Mapping[Key, Value], session: str, first_g: float) -> float:
        """How likely two people of one session moved first so much and then the rest, whichever of them was first."""
        bodies = self._bodies(values, session)
        if len(bodies) < 2:
            return 0.0
        return sum([self._turn(first_g, (one,), (other,)) for one in bodies for other in bodies if one != other])

    def _turn(self, first_g: float, here: Bodies, there: Bodies) -> float:
        if len(self.lanes) > 1:
            first_g *= self.gains_g[self.shares.index(max(self.shares))] / self.delta_g
        key = round(first_g), here, there
        if key not in self.turns:
            self.turns[key] = self._in_turn(*key)
        return self.turns[key]

    def beside_another(self, values: Mapping[Key, Value], session: str, gain_g: float, other: str) -> float:
        """How likely somebody of a session, but not this one body whose hand was at the next lane and moved the rest,
        moved so much before or after: what `actors` says of one who moved it all, times what the trace and pictures
        say to two."""
        bodies = tuple([body for body in self._bodies(values, session) if body != other])
        if not bodies:
            return 0.0
        here = self._grips(bodies)
        first_log, first = self.moments.two(round(gain_g))
        last_log, last = self.moments.two(round(self.delta_g - gain_g))
        as_first = math.exp(first_log) * sum([p * here[i] for i, _, p in first])
        as_last = math.exp(last_log) * sum([p * here[j] for _, j, p in last])
        return (as_first + as_last) / 2

    def there(self, values: Mapping[Key, Value], session: str) -> float:
        """How likely somebody had a hand there, when it was likeliest."""
        return max(self._grips(self._bodies(values, session)))

    def one_by_one_log(self, values: Mapping[Key, Value], moves: Sequence[tuple[str, float]]) -> float:
        """How likely, in log, sessions made the lane gain so much each, in this order: what `actors` says of the first,
        times the odds that the others were at it as well; who acts twice has to be there twice."""
        key = tuple([(self._bodies(values, session), round(gain_g)) for session, gain_g in moves])
        if key not in self.sequences:
            self.sequences[key] = self._one_by_one_log(key)
        return self.sequences[key]

    def _one_by_one_log(self, moves: Sequence[tuple[Bodies, int]]) -> float:
        here, log_p = [], 0.0
        for k, (bodies, _) in enumerate(moves):
            ratios = self._grips(bodies)
            if bodies in [before for before, _ in moves[:k]]:
                ratios = [ratio / max(ratios) for ratio in ratios]
            elif k:
                log_p += math.log(ACTS)
            here.append(ratios)
        return log_p + self.moments.several_log([gain_g for _, gain_g in moves], here)

    def _in_turn(self, first_g: int, one: Bodies, other: Bodies) -> float:
        log_ratio, pairs = self.moments.two(first_g)
        here = self._grips(one)
        if one == other:
            likely = sum([p * min(here[i], here[j]) for i, j, p in pairs])
        else:
            there = self._grips(other)
            likely = ACTS * sum([p * here[i] * there[j] for i, j, p in pairs])
        return math.exp(log_ratio) * likely

    def _bodies(self, values: Mapping[Key, Value], session: str) -> Bodies:
        return tuple([body for body in self.grips if session_of(values, body) == session])

    def _grips(self, bodies: Bodies) -> list[float]:
        if not bodies:
            return [UNSEEN] * self.moments.grips
        return [sum(ratios) for ratios in zip(*(self.grips[body] for body in bodies), strict=True)]

    def deed(self, gtin: str, moved: int) -> Deed:
        """What is noted in a cart as the reason for a line."""
        ids = tuple([lane.id for lane in self.lanes])
        return Deed(gtin, moved, ids, self.delta_g, self.sigma_g, self.at_s, self.within_reach, since_s=self.since_s)

    def own_lane(self, gtin: str) -> Lane:
        """Which of the lanes a product belongs to; the one that changed most when it belongs to none."""
        for lane in self.lanes:
            if gtin in lane.products:
                return lane
        return self.main


def both_log(
    part: Part, values: Mapping[Key, Value], one: str, mine_g: Sequence[float], other: str, theirs_g: Sequence[float]
) -> float:
    """How likely, in log, two sessions moved these things each, in grams that the lane gains, whichever was first; and
    all of theirs in one grip, or one of them in two."""
    all_mine_g, all_theirs_g = sum(mine_g), sum(theirs_g)
    p = part.in_turn(values, all_mine_g, one, other) + part.in_turn(values, all_theirs_g, other, one)
    ways: list[float] = []
    if (
        part.moments.told
        and len(mine_g) + len(theirs_g) > 2
        and min(part.there(values, s) for s in (one, other)) > THERE
    ):
        for who, own_g, meanwhile in ((one, mine_g, (other, all_theirs_g)), (other, theirs_g, (one, all_mine_g))):
            for cut in range(1, len(own_g)):
                first, then = (who, sum(own_g[:cut])), (who, sum(own_g[cut:]))
                orders = [(first, meanwhile, then)]
                if len(own_g) == 2:
                    orders += [(meanwhile, first, then), (first, then, meanwhile)]
                ways += [part.one_by_one_log(values, order) for order in orders]
    two_log = math.log(p / 2 + TINY)
    return add_logs(two_log, math.log(IN_TWO_GRIPS / len(ways)) + sum_logs(ways)) if ways else two_log


def session_of(values: Mapping[Key, Value], body: str) -> str:
    """Whose body it is in this hypothesis."""
    who = values["who", body]
    assert isinstance(who, Who)
    return who.session


def cart_of(values: Mapping[Key, Value], session: str) -> Cart:
    """A session's cart in this hypothesis."""
    value = values["cart", session]
    assert isinstance(value, Cart)
    return value


def lane_of(values: Mapping[Key, Value], lane: Lane, changed: Values | None = None) -> LaneContents:
    """A lane's contents in this hypothesis, after what has `changed` on the way."""
    key = ("lane", lane.id)
    value = changed[key] if changed and key in changed else values[key]
    assert isinstance(value, LaneContents)
    return value


def best(steps: list[tuple[float, T]]) -> list[tuple[float, T]]:
    """The likeliest few, likeliest first."""
    if len(steps) < 2:
        return steps
    steps.sort(key=LIKELIHOOD, reverse=True)
    floor = steps[0][0] - WORTH
    return [s for s in steps[:AT_MOST] if s[0] >= floor]


def log_normal(x: float, sigma: float) -> float:
    """Log density of a normal distribution around 0."""
    return -x * x / (2 * sigma * sigma) - math.log(sigma) - 0.9189385332046727
