"""How a cluster of weight changes may have come about, with likelihoods: the step of the joint inference.

Neighbouring changes are cut into parts in every way; each part is one deed: somebody took or put back one or more
things across the part's lanes. Densities are per gram, so that one wide item and two narrow ones compare fairly.
"""

import math
from collections.abc import Mapping

from hub.core.belief import Belief, Values
from hub.core.changes import Cluster
from hub.core.exchanging import exchanged, may_be
from hub.core.goods import FOREIGN, NOBODY, UNKNOWN, Key, Value
from hub.core.moving import moved_over
from hub.core.part import LIKELIHOOD, Part, Step, best, log_normal
from hub.core.people import People
from hub.core.planogram import Planogram
from hub.core.putting import put_back
from hub.core.reach import UNSEEN, reach
from hub.core.taking import sold, taken

WIDEST = 4
"""An item lies across at most this many lanes."""
SCALE_SIGMA_G = 0.1
"""No cell is better than this, whatever its node says."""
LOG_SECOND_DEED = math.log(0.05)
"""A neighbouring lane changed at the same time by another deed."""
LOG_SOMEBODY_ELSE = math.log(0.3)
"""One person's two hands do two things at once more often than two people side by side."""
AT_ONCE = 0.1
"""Whoever was there this likely may have taken some of several things beside somebody who was there for sure."""
LOG_OTHER_HAND = math.log(0.25)
"""The other hand of somebody whose one hand is at a lane is at a neighbouring one, against what the ceiling saw."""
LOG_NOTHING = math.log(0.001)
ARTEFACT_G = 6.0
"""What a plate may settle by after a press, one standard deviation."""


def joint(planogram: Planogram, people: People, belief: Belief, cluster: Cluster) -> None:
    """All ways the cluster may have come about, weighed together with all that is still open from before."""
    explainer = Explainer(planogram, people, cluster)
    sessions = {session for body in explainer.bodies for _, session in belief.who(body)}
    belief.update([*explainer.touched, *[("cart", s) for s in sorted({NOBODY, *sessions})]], explainer.expand)


def _carts(values: Values) -> set[str]:
    return {name for kind, name in values if kind == "cart"}


class Explainer:
    """All the ways one cluster may have come about; `expand` is given to `Belief.update`."""

    def __init__(self, planogram: Planogram, people: People, cluster: Cluster) -> None:
        self._planogram = planogram
        # What was lifted is gone before it lies anywhere else.
        self._changes = sorted(cluster.changes, key=lambda change: change.delta_g > 0)
        self._lanes = [planogram.store.lane[c.lane] for c in self._changes]
        self._evidence = cluster.evidence
        self._beside = tuple([(planogram.store.lane[e.lane], e.likelihoods) for e in cluster.beside])
        if not cluster.reach:
            cluster.reach = [
                reach(people, lane, c.t0_s, c.t1_s, self._pictured_s(c.lane))
                for lane, c in zip(self._lanes, self._changes, strict=True)
            ]
        self._ratios = cluster.reach
        self._parts: dict[tuple[int, int], Part] = {}
        count = len(cluster.changes)
        for start in range(count):
            for end in range(start + 1, min(start + WIDEST, count) + 1):
                if end - start > 1 and not self._goes_on(start, end - 1):
                    break
                self._parts[start, end] = self._part(start, end)
        self.bodies = list(dict.fromkeys([body for part in self._parts.values() for body in part.ratios]))
        """Everybody who may have had a hand in it."""

    @property
    def touched(self) -> list[Key]:
        """The lanes that changed, and who those are who may have done it."""
        lanes = [("lane", lane.id) for lane in [*self._lanes, *[lane for lane, _ in self._beside]]]
        return [*lanes, *[("who", body) for body in self.bodies]]

    def expand(self, values: Mapping[Key, Value]) -> list[Step]:
        """The ways it may have gone on from `values`: the best paths over all cuts into parts."""
        count = len(self._changes)
        if count == 1:
            return self._deeds(self._parts[0, 1], values)  # there is nothing to cut
        reached: list[list[Step]] = [[(0.0, {})], *([] for _ in range(count))]
        for end in range(1, count + 1):
            for start in range(max(0, end - WIDEST), end):
                part = self._parts.get((start, end))
                if part is None:
                    continue
                cost = LOG_SECOND_DEED if start else 0.0
                for log_p, changed in reached[start]:
                    for log_step, more in self._deeds(part, {**values, **changed}):
                        whose = self._whose(start, part, values, changed, more) if changed else 0.0
                        reached[end].append((log_p + log_step + cost + whose, {**changed, **more}))
            reached[end] = best(reached[end])
        return reached[count]

    def _whose(self, start: int, part: Part, values: Mapping[Key, Value], changed: Values, more: Values) -> float:
        """How much likelier than for two independent deeds it is that these were somebody's and the next is theirs.

        Of two hands the ceiling reports one: whoever has it at one lane may have the other at the next.
        """
        before, now = _carts(changed), _carts(more)
        if not before or not now:
            return 0.0
        if not now <= before:
            return LOG_SOMEBODY_ELSE
        if len(now) > 1 or NOBODY in now:
            return 0.0
        (session,) = now
        here = part.actors(values).get(session, UNSEEN)
        there = max(self._parts[i, i + 1].actors(values).get(session, UNSEEN) for i in range(start))
        return max(0.0, LOG_OTHER_HAND - math.log(min(here, there)))

    def _pictured_s(self, lane: str) -> list[float]:
        return [e.t_s for e in self._evidence if e.lane == lane] if self._evidence else []

    def _goes_on(self, start: int, i: int) -> bool:
        """Whether a change is of the next lane, and none before it, from `start` on, is of the same."""
        lanes = self._lanes
        return abs(lanes[i].position - lanes[i - 1].position) == 1 and lanes[i] not in lanes[start:i]

    def _part(self, start: int, end: int) -> Part:
        changes = self._changes[start:end]
        lanes = tuple(self._lanes[start:end])
        gains_g = tuple([c.delta_g for c in changes])
        moves_g = list(map(abs, gains_g))
        moved_g = sum(moves_g)
        shares = tuple([move_g / moved_g if moved_g else 1 / len(changes) for move_g in moves_g])
        sigma_g = math.hypot(SCALE_SIGMA_G, *[c.sigma_g for c in changes])
        ratios = self._ratios[start + moves_g.index(max(moves_g))]
        top = max(ratios.values(), default=UNSEEN)
        alone = {body: r for body, r in ratios.items() if r > 1e-4 * top}
        near = len([r for r in ratios.values() if r > 0.03 * top])
        at_s, prior = max([c.t1_s for c in changes]), self._planogram.prior(lanes, shares)
        camera = self._camera({lane.id for lane in lanes}) if self._evidence else None
        part = Part(lanes, shares, gains_g, sum(gains_g), sigma_g, at_s, alone, near, camera, prior, self._beside)
        if part.lost:
            part.sold = best(list(sold(part, self._planogram)))
            if not part.sold or len(part.sold[0][1]) > 1:
                part.ratios = {body: r for body, r in ratios.items() if r > min(1e-4 * top, AT_ONCE)}
        return part

    def _camera(self, lanes: set[str]) -> dict[str, float] | None:
        """The mean of what cameras said of these lanes, if they said anything."""
        pictures = [e for e in self._evidence if e.lane in lanes]
        seen: dict[str, float] = {}
        for picture in pictures:
            for gtin, p in (*picture.likelihoods.items(), (UNKNOWN, picture.other), (FOREIGN, picture.other)):
                seen[gtin] = seen.get(gtin, 0.0) + p / len(pictures)
        return seen if pictures else None

    def _deeds(self, part: Part, values: Mapping[Key, Value]) -> list[Step]:
        if part.lost:
            steps = list(taken(part, self._planogram, values))
        elif part.gained:
            steps = list(put_back(part, self._planogram.store, values))
        else:
            return best(list(moved_over(part, self._planogram.store, values)))
        if may_be(part, max(steps, key=LIKELIHOOD)[0]):
            steps += exchanged(part, self._planogram.store, values)
        steps.append((LOG_NOTHING + log_normal(part.delta_g, math.hypot(part.sigma_g, ARTEFACT_G)), {}))
        return best(steps)
