"""How a cluster of weight changes may have come about, with likelihoods: the step of the joint inference.

Neighbouring changes are cut into parts in every way; each part is one deed: somebody took or put back one or more
things across the part's lanes. Densities are per gram, so that one wide item and two narrow ones compare fairly.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeVar

from hub.core.belief import Belief, Values
from hub.core.changes import Cluster
from hub.core.goods import FOREIGN, NOBODY, UNKNOWN, Cart, Deed, Key, LaneContents, Unit, Value, Who, signature_of
from hub.core.people import People
from hub.core.planogram import Planogram
from hub.core.reach import UNSEEN, reach
from hub.store import Lane

WIDEST = 4
"""An item lies across at most this many lanes."""
MANY_AT_ONCE = 6
"""Units of one product moved in one grip."""
LOG_ANOTHER = math.log(0.15)
"""Each further unit in the same grip."""
LOG_TWO_KINDS = math.log(0.03)
LOG_SECOND_DEED = math.log(0.05)
"""A neighbouring lane changed at the same time by another deed."""
LOG_TOGETHER = math.log(0.002)
"""Two people at one lane at one moment, per unit of the second one's ratio."""
LEFT_BEHIND = 0.5
"""How readily something left on a lane is taken, beside the lane's own product."""
LOG_PUT_HOME, LOG_PUT_ASTRAY = math.log(0.8), math.log(0.2)
LOG_HANDED = math.log(0.003)
"""What somebody puts back was in another's cart: handed over unseen."""
LOG_FOREIGN = math.log(0.01 / 1500)
"""Something put down that nobody took here: a bag, a phone. Per gram up to 1.5 kg."""
LOG_UNKNOWN = math.log(0.0005 / 1500)
"""Something taken that fits no product."""
LOG_NOTHING = math.log(0.001)
ARTEFACT_G = 6.0
"""What a plate may settle by after a press, one standard deviation."""
WORTH = 14.0
"""Explanations this much (in log) behind the best are not followed."""
AT_MOST = 48
"""Nor more than this many."""
CAMERA_FLOOR = 0.01
"""A picture is never trusted beyond this."""

Step = tuple[float, Values]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part:
    """Some neighbouring changes taken as one deed."""

    lanes: tuple[Lane, ...]
    shares: tuple[float, ...]
    delta_g: float
    sigma_g: float
    at_s: float
    ratios: dict[str, float]
    """How likely each body had its hand there, as `reach` says."""
    within_reach: int
    camera: Mapping[str, float] | None
    takes: tuple[tuple[float, tuple[Unit, ...]], ...]
    """For something taken: what it was, if it lay where it belongs or had strayed unseen, with log likelihoods."""

    @property
    def main(self) -> Lane:
        return self.lanes[max(range(len(self.lanes)), key=lambda i: self.shares[i])]

    def spread_log(self, weight_g: float) -> float:
        """Log density of how a thing's weight divides over the lanes it lies across: all divisions alike."""
        return -(len(self.lanes) - 1) * math.log(max(weight_g, 1.0))

    def seen_log(self, units: tuple[Unit, ...]) -> float:
        if self.camera is None:
            return 0.0
        mean = sum(self.camera.get(u.gtin, 0.0) for u in units) / len(units)
        return math.log(CAMERA_FLOOR + (1 - CAMERA_FLOOR) * mean)

    def actors(self, values: Mapping[Key, Value]) -> dict[str, float]:
        """The same by session, for one hypothesis of who is who; and somebody whom nobody saw."""
        actors = {NOBODY: UNSEEN}
        for body, ratio in self.ratios.items():
            who = values["who", body]
            assert isinstance(who, Who)
            actors[who.session] = actors.get(who.session, 0.0) + ratio
        return actors

    def deed(self, gtin: str, moved: int) -> Deed:
        ids = tuple(lane.id for lane in self.lanes)
        return Deed(gtin, moved, ids, self.delta_g, self.sigma_g, self.at_s, self.within_reach)


def joint(planogram: Planogram, people: People, belief: Belief, cluster: Cluster) -> None:
    """All ways the cluster may have come about, weighed together with all that is still open from before."""
    explainer = Explainer(planogram, people, cluster)
    sessions = {session for body in explainer.bodies for _, session in belief.who(body)}
    belief.update([*explainer.touched, *(("cart", s) for s in sorted({NOBODY, *sessions}))], explainer.expand)


class Explainer:
    """All the ways one cluster may have come about; `expand` is given to `Belief.update`."""

    def __init__(self, planogram: Planogram, people: People, cluster: Cluster) -> None:
        self._planogram = planogram
        self._changes = cluster.changes
        self._evidence = cluster.evidence
        self._ratios = [reach(people, planogram.store.lane[c.lane], c.t0_s, c.t1_s) for c in cluster.changes]
        self._parts: dict[tuple[int, int], Part] = {}
        count = len(cluster.changes)
        for start in range(count):
            for end in range(start + 1, min(start + WIDEST, count) + 1):
                if end - start > 1 and not self._adjacent(end - 2, end - 1):
                    break
                self._parts[start, end] = self._part(start, end)

    @property
    def bodies(self) -> list[str]:
        """Everybody who may have had a hand in it."""
        return list(dict.fromkeys(body for part in self._parts.values() for body in part.ratios))

    @property
    def touched(self) -> list[Key]:
        """The lanes that changed, and who those are who may have done it."""
        lanes = [("lane", c.lane) for c in self._changes]
        return [*lanes, *(("who", body) for body in self.bodies)]

    def expand(self, values: Mapping[Key, Value]) -> list[Step]:
        """The ways it may have gone on from `values`: the best paths over all cuts into parts."""
        count = len(self._changes)
        reached: list[list[Step]] = [[(0.0, {})], *([] for _ in range(count))]
        for end in range(1, count + 1):
            for start in range(max(0, end - WIDEST), end):
                part = self._parts.get((start, end))
                if part is None:
                    continue
                cost = LOG_SECOND_DEED if start else 0.0
                for log_p, changed in reached[start]:
                    for log_step, more in self._deeds(part, {**values, **changed}):
                        reached[end].append((log_p + log_step + cost, {**changed, **more}))
            reached[end] = _best(reached[end])
        return reached[count]

    def _adjacent(self, i: int, j: int) -> bool:
        lane = self._planogram.store.lane
        return lane[self._changes[j].lane].position - lane[self._changes[i].lane].position == 1

    def _part(self, start: int, end: int) -> Part:
        changes = self._changes[start:end]
        lanes = tuple(self._planogram.store.lane[c.lane] for c in changes)
        delta_g = sum(c.delta_g for c in changes)
        sigma_g = math.sqrt(sum(c.sigma_g**2 for c in changes))
        shares = tuple(abs(c.delta_g / delta_g) if delta_g else 1 / len(changes) for c in changes)
        heaviest = max(range(start, end), key=lambda i: abs(self._changes[i].delta_g))
        ratios = self._ratios[heaviest]
        top = max(ratios.values(), default=UNSEEN)
        ratios = {body: r for body, r in ratios.items() if r > 1e-4 * top}
        near = sum(1 for r in ratios.values() if r > 0.03 * top)
        seen: dict[str, float] = {}
        ids = {lane.id for lane in lanes}
        pictures = [e for e in self._evidence if e.lane in ids]
        for picture in pictures:
            for gtin, p in (*picture.likelihoods.items(), (UNKNOWN, picture.other), (FOREIGN, picture.other)):
                seen[gtin] = seen.get(gtin, 0.0) + p / len(pictures)
        camera = seen if pictures else None
        part = Part(lanes, shares, delta_g, sigma_g, max(c.t1_s for c in changes), ratios, near, camera, ())
        if delta_g >= 0:
            return part
        return replace(part, takes=tuple(_best(list(self._sold(part)))))

    def _sold(self, part: Part) -> Iterator[tuple[float, tuple[Unit, ...]]]:
        """Products from the planogram that weigh what went missing: one kind, or one each of two."""
        gone_g = -part.delta_g
        home: list[tuple[float, str]] = []
        for gtin, log_place in self._planogram.at(part.lanes, part.shares):
            product = self._planogram.store.product[gtin]
            home.append((log_place, gtin))
            for count in self._counts(gone_g, product.weight_g):
                weight_g = count * product.weight_g
                log_p = log_normal(gone_g - weight_g, math.hypot(part.sigma_g, math.sqrt(count) * product.spread_g))
                units = (Unit(gtin, gone_g / count, math.hypot(part.sigma_g / count, 0.1)),) * count
                yield (
                    log_place + log_p + (count - 1) * LOG_ANOTHER + part.spread_log(weight_g) + part.seen_log(units),
                    units,
                )
        likely = [(log_place, gtin) for log_place, gtin in home if log_place > math.log(0.005)]
        for (log_a, a), (log_b, b) in combinations(likely, 2):
            one, other = self._planogram.store.product[a], self._planogram.store.product[b]
            weight_g = one.weight_g + other.weight_g
            sigma_g = math.hypot(part.sigma_g, one.spread_g, other.spread_g)
            units = (Unit(a, one.weight_g, one.spread_g), Unit(b, other.weight_g, other.spread_g))
            log_p = log_normal(gone_g - weight_g, sigma_g) + part.spread_log(weight_g) + part.seen_log(units)
            yield log_a + log_b + LOG_TWO_KINDS + log_p, units

    @staticmethod
    def _counts(gone_g: float, weight_g: float) -> tuple[int, ...]:
        nearest = round(gone_g / weight_g)
        return tuple(n for n in (nearest - 1, nearest, nearest + 1) if 1 <= n <= MANY_AT_ONCE)

    def _deeds(self, part: Part, values: Mapping[Key, Value]) -> list[Step]:
        steps = list(self._taken(part, values) if part.delta_g < 0 else self._put(part, values))
        steps.append((LOG_NOTHING + log_normal(part.delta_g, math.hypot(part.sigma_g, ARTEFACT_G)), {}))
        return _best(steps)

    def _taken(self, part: Part, values: Mapping[Key, Value]) -> Iterator[Step]:
        actors = part.actors(values)
        options = [*part.takes, *self._left_behind(part, values)]
        unknown = (Unit(UNKNOWN, -part.delta_g, part.sigma_g),)
        options.append((LOG_UNKNOWN + part.spread_log(-part.delta_g) + part.seen_log(unknown), unknown))
        top = max(log_p for log_p, _ in options)
        for log_p, units in options:
            if log_p < top - WORTH:
                continue
            lanes = self._lanes_after_take(part, units, values)
            sold = tuple(u for u in units if u.gtin != FOREIGN)
            for session, ratio in actors.items():
                cart = _add(values, session, sold, part)
                yield log_p + math.log(ratio), {**lanes, **cart}
            if len(sold) == len(units) > 1:
                yield from self._together(part, log_p, units, lanes, values, actors)

    def _together(
        self,
        part: Part,
        log_p: float,
        units: tuple[Unit, ...],
        lanes: Values,
        values: Mapping[Key, Value],
        actors: dict[str, float],
    ) -> Iterator[Step]:
        """Two people took their share of it at the same moment."""
        log_p += LOG_TOGETHER - (LOG_ANOTHER if units[0].gtin == units[-1].gtin else LOG_TWO_KINDS)
        payers = [(session, ratio) for session, ratio in actors.items() if session != NOBODY]
        for (one, ratio), (other, ratio_2) in combinations(payers, 2):
            for cut in range(1, len(units)):
                halves = (units[:cut], units[cut:])
                swapped = halves[0][0].gtin != halves[1][0].gtin
                for mine, theirs in (halves, halves[::-1]) if swapped else (halves,):
                    carts = {**_add(values, one, mine, part), **_add(values, other, theirs, part)}
                    yield log_p + math.log(ratio) + math.log(ratio_2), {**lanes, **carts}

    def _left_behind(self, part: Part, values: Mapping[Key, Value]) -> Iterator[tuple[float, tuple[Unit, ...]]]:
        """Things that somebody left on these lanes, alone or with one of the lane's own product."""
        gone_g = -part.delta_g
        seen: set[tuple[str, float]] = set()
        for unit in (u for lane in part.lanes for u in _lane(values, lane).left_here):
            if (unit.gtin, unit.weight_g) in seen:
                continue
            seen.add((unit.gtin, unit.weight_g))
            log_place = math.log(LEFT_BEHIND)
            now = (Unit(unit.gtin, unit.weight_g, unit.sigma_g),)
            log_p = log_normal(gone_g - unit.weight_g, math.hypot(part.sigma_g, unit.sigma_g))
            yield log_place + log_p + part.spread_log(unit.weight_g) + part.seen_log(now), now
            for log_home, gtin in self._planogram.home(part.lanes, part.shares):
                product = self._planogram.store.product[gtin]
                both = (unit, Unit(gtin, gone_g - unit.weight_g, product.spread_g))
                weight_g = unit.weight_g + product.weight_g
                log_p = log_normal(gone_g - weight_g, math.hypot(part.sigma_g, unit.sigma_g, product.spread_g))
                yield log_place + log_home + LOG_TWO_KINDS + log_p + part.spread_log(weight_g), both

    def _lanes_after_take(self, part: Part, units: tuple[Unit, ...], values: Mapping[Key, Value]) -> Values:
        changed: Values = {}
        for unit in units:
            where = next((la for la in part.lanes if unit in _lane(values, la, changed).left_here), None)
            if where is not None:
                changed["lane", where.id] = _lane(values, where, changed).without_left((unit,))
            elif unit.gtin != UNKNOWN:
                own = self._own_lane(part, unit.gtin)
                changed["lane", own.id] = _lane(values, own, changed).less(unit.gtin, 1)
        return changed

    @staticmethod
    def _own_lane(part: Part, gtin: str) -> Lane:
        return next((lane for lane in part.lanes if gtin in lane.products), part.main)

    def _put(self, part: Part, values: Mapping[Key, Value]) -> Iterator[Step]:
        actors = part.actors(values)
        for session, ratio in actors.items():
            log_ratio = math.log(ratio)
            for holder in actors:
                log_holder = log_ratio + (0.0 if holder == session else LOG_HANDED)
                cart = _cart(values, holder)
                for units in _handfuls(cart.units):
                    weight_g = sum(u.weight_g for u in units)
                    sigma_g = math.hypot(part.sigma_g, *(u.sigma_g for u in units))
                    log_p = log_normal(part.delta_g - weight_g, sigma_g) + part.spread_log(weight_g)
                    log_p += part.seen_log(units) + self._home_log(part, units)
                    left: Values = {("cart", holder): cart.minus(units, part.deed(units[0].gtin, -len(units)))}
                    yield log_holder + log_p, {**left, **self._lanes_after_put(part, units, values)}
        foreign = Unit(FOREIGN, part.delta_g, part.sigma_g)
        lanes: Values = {("lane", part.main.id): _lane(values, part.main).with_left((foreign,))}
        log_p = LOG_FOREIGN + part.spread_log(part.delta_g) + part.seen_log((foreign,))
        yield log_p + math.log(sum(actors.values())), lanes

    def _home_log(self, part: Part, units: tuple[Unit, ...]) -> float:
        home = any(units[0].gtin in lane.products for lane in part.lanes)
        return (LOG_PUT_HOME if home else LOG_PUT_ASTRAY) + (len(units) - 1) * LOG_ANOTHER

    def _lanes_after_put(self, part: Part, units: tuple[Unit, ...], values: Mapping[Key, Value]) -> Values:
        changed: Values = {}
        for unit in units:
            own = self._own_lane(part, unit.gtin)
            contents = _lane(values, own, changed)
            home = unit.gtin in own.products
            measured = Unit(unit.gtin, part.delta_g / len(units), part.sigma_g / len(units))
            changed["lane", own.id] = contents.less(unit.gtin, -1) if home else contents.with_left((measured,))
        return changed


def _handfuls(units: tuple[Unit, ...]) -> Iterator[tuple[Unit, ...]]:
    """What one may put back at once: one thing, two, or several of a kind."""
    seen: set[object] = set()
    for size in range(1, min(len(units), MANY_AT_ONCE) + 1):
        pool = [units] if size < 3 else [tuple(u for u in units if u.gtin == g) for g in {u.gtin: None for u in units}]
        for group in (g for members in pool for g in combinations(members, size)):
            key = (signature_of(group), round(sum(u.weight_g for u in group)))
            if key not in seen:
                seen.add(key)
                yield group


def _add(values: Mapping[Key, Value], session: str, units: tuple[Unit, ...], part: Part) -> Values:
    cart = _cart(values, session)
    for gtin, count in signature_of(units):
        cart = cart.plus(tuple(u for u in units if u.gtin == gtin), part.deed(gtin, count))
    return {("cart", session): cart}


def _cart(values: Mapping[Key, Value], session: str) -> Cart:
    value = values["cart", session]
    assert isinstance(value, Cart)
    return value


def _lane(values: Mapping[Key, Value], lane: Lane, changed: Values | None = None) -> LaneContents:
    value = (changed or {}).get(("lane", lane.id)) or values["lane", lane.id]
    assert isinstance(value, LaneContents)
    return value


def _best(steps: list[tuple[float, T]]) -> list[tuple[float, T]]:
    if not steps:
        return steps
    steps.sort(key=lambda s: -s[0])
    floor = steps[0][0] - WORTH
    return [s for s in steps[:AT_MOST] if s[0] >= floor]


def log_normal(x: float, sigma: float) -> float:
    """Log density of a normal distribution around 0."""
    return -x * x / (2 * sigma * sigma) - math.log(sigma) - 0.9189385332046727
