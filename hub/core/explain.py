"""How a cluster of weight changes may have come about, with likelihoods: the step of the joint inference.

Neighbouring changes are cut into parts in every way; each part is one deed: somebody took or put back one or more
things across the part's lanes. Densities are per gram, so that one wide item and two narrow ones compare fairly.
"""

import math
from collections.abc import Mapping
from itertools import product
from typing import NamedTuple

from hub.core.belief import Belief, Values
from hub.core.changes import Cluster
from hub.core.exchanging import exchanged, laid_across, may_be
from hub.core.goods import FOREIGN, NOBODY, UNKNOWN, Key, Value
from hub.core.moments import Moments
from hub.core.moving import moved_over
from hub.core.part import LIKELIHOOD, Part, Step, best, cart_of, log_normal
from hub.core.people import People
from hub.core.pictures import believed
from hub.core.planogram import Planogram, mixed
from hub.core.putting import put_back
from hub.core.reach import UNSEEN, at_once, reach
from hub.core.taking import sold, taken

WIDEST = 4
"""An item lies across at most this many lanes."""
SCALE_SIGMA_G = 0.1
"""No cell is better than this, whatever its node says."""
LOG_SECOND_DEED = math.log(0.05)
"""A neighbouring lane changed at the same time by another deed."""
SOMEBODY_ELSE = 0.1
"""Two people side by side do two things at once so often, for each time that one person's two hands do."""
AT_ONCE = 0.1
"""Whoever was there this likely may have taken some of several things beside somebody who was there for sure."""
OTHER_HAND = 0.5
"""The other hand of somebody whose one hand is at a lane is at a neighbouring one, against what the ceiling saw."""
LOG_NOTHING = math.log(0.001)
ARTEFACT_G = 6.0
"""What a plate may settle by after a press, one standard deviation."""


def joint(planogram: Planogram, people: People, belief: Belief, cluster: Cluster) -> None:
    """All ways the cluster may have come about, weighed together with all that is still open from before."""
    explainer = Explainer(planogram, people, cluster)
    sessions = {session for body in explainer.bodies for _, session in belief.who(body)}
    belief.update([*explainer.touched, *[("cart", s) for s in sorted({NOBODY, *sessions})]], explainer.expand)


def _whose(changed: Values, values: Mapping[Key, Value]) -> set[str]:
    """Whose carts it changed: only the shopper's, where an employee had a hand in it as well."""
    carts = {name for kind, name in changed if kind == "cart"}
    if len(carts) > 1:
        return {name for name in carts if not cart_of(values, name).restocks} or carts
    return carts


class _Path(NamedTuple):
    """One way in which the first few changes may have come about: what is different now, and by whom each was made."""

    changed: Values
    whose: tuple[set[str], ...]


class Explainer:
    """All the ways one cluster may have come about; `expand` is given to `Belief.update`."""

    def __init__(self, planogram: Planogram, people: People, cluster: Cluster) -> None:
        self._planogram = planogram
        # What was lifted is gone before it lies anywhere else.
        self._changes = sorted(cluster.changes, key=lambda change: change.delta_g > 0)
        self._lanes = [planogram.store.lane[c.lane] for c in self._changes]
        self._evidence = cluster.evidence
        if cluster.learnt is None:
            cluster.learnt = planogram.pictures.power, planogram.pictures.camera, people.stance.lead.mean_s
        power, camera, lead_s = cluster.learnt
        self._pictures = [(e.lane, *believed(e, power)) for e in self._evidence]
        hands = people.sees_hands
        self._moments = [Moments(c, self._pictured_s(c.lane), camera, lead_s, hands) for c in self._changes]
        if not cluster.reach:
            cluster.reach = [
                reach(people, lane, moments) for lane, moments in zip(self._lanes, self._moments, strict=True)
            ]
            cluster.priors = [planogram.prior(lane) for lane in self._lanes]
        self._reached, self._priors = cluster.reach, cluster.priors
        self._beside = tuple([(planogram.store.lane[e.lane], believed(e, power)[0]) for e in cluster.beside])
        self._at_hand = frozenset(self._plainly_there() if len(self._changes) > 1 else ())
        self._together: dict[tuple[int, int], float] = {}
        self._parts: dict[tuple[int, int], Part] = {}
        count = len(cluster.changes)
        for start in range(count):
            self._parts[start, start + 1] = self._part(start, start + 1)
        for start in range(count):
            for end in range(start + 2, min(start + WIDEST, count) + 1):
                if not self._goes_on(start, end - 1):
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
        reached: list[list[tuple[float, _Path]]] = [[(0.0, _Path({}, ()))], *([] for _ in range(count))]
        for end in range(1, count + 1):
            for start in range(max(0, end - WIDEST), end):
                part = self._parts.get((start, end))
                if part is None:
                    continue
                cost = LOG_SECOND_DEED if start else 0.0
                for log_p, (changed, whose) in reached[start]:
                    for log_step, more in self._deeds(part, {**values, **changed}):
                        theirs = _whose(more, values)
                        besides = self._two_hands(start, part, values, whose, theirs) if changed else 0.0
                        path = _Path({**changed, **more}, (*whose, *[theirs] * (end - start)))
                        reached[end].append((log_p + log_step + cost + besides, path))
            reached[end] = best(reached[end])
        return [(log_p, path.changed) for log_p, path in reached[count]]

    def _two_hands(
        self, start: int, part: Part, values: Mapping[Key, Value], whose: tuple[set[str], ...], now: set[str]
    ) -> float:
        """How much likelier than for independent deeds it is that these were whose they were, and the next is theirs.

        Of two hands the ceiling reports one: whoever has it at one lane may have the other at the next. That somebody
        else does something at that very moment is rarer.
        """
        if not now or not any(whose):
            return 0.0
        at_once = [self._at_once(i, start) for i in range(start)]
        theirs = [i for i in range(start) if whose[i] == now]
        others_then = max([at_once[i] for i in range(start) if whose[i] and whose[i] != now], default=0.0)
        apart = max(0.0, others_then - max([at_once[i] for i in theirs], default=0.0))
        log_p = math.log(SOMEBODY_ELSE * apart + (1.0 - apart))
        if len(now) > 1 or NOBODY in now or not theirs:
            return log_p
        (session,) = now
        same = [self._same_log(session, self._parts[i, i + 1], part, at_once[i], values) for i in theirs]
        return log_p + max(same, key=abs)

    def _same_log(self, session: str, first: Part, then: Part, at_once: float, values: Mapping[Key, Value]) -> float:
        """How much likelier than for independent deeds, in log, it is that both were this session's: of two hands of
        one person, or by two people of one party, who are somebody else to each other as strangers are."""
        there, here = first.ratios_of(values, session), then.ratios_of(values, session)
        independent = sum(there.values()) * sum(here.values())
        if independent == 0:
            return 0.0
        two = SOMEBODY_ELSE * at_once + (1.0 - at_once)
        likely = 0.0
        for (one, p), (other, q) in product(there.items(), here.items()):
            likely += p * q * (max(1.0, OTHER_HAND * at_once / min(p, q)) if one == other else two)
        return math.log(likely / independent)

    def _plainly_there(self) -> set[str]:
        """Who most likely had a hand at one of the lanes: they may have had the other one at the next, though the hand
        that was seen says that they had not."""
        at_each = [at_once(reached, there) for reached, there in zip(self._reached, self._moments, strict=True)]
        found = {max(ratios, key=ratios.__getitem__) for ratios in at_each if ratios}
        for reached, moments in zip(self._reached, self._moments, strict=True):
            for body in found - reached.keys():
                reached[body] = [UNSEEN / 10] * moments.grips
        return found

    def _at_once(self, i: int, j: int) -> float:
        """How likely two changes were made in one grip of two hands."""
        if (i, j) not in self._together:
            self._together[i, j] = min(1.0, self._moments[i].at_once(self._moments[j]))
        return self._together[i, j]

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
        main = start + moves_g.index(max(moves_g))
        moments, reached = self._moments[main], self._reached[main]
        ratios = at_once(reached, moments)
        top = max(ratios.values(), default=UNSEEN)
        part = Part(
            lanes=lanes,
            shares=shares,
            gains_g=gains_g,
            delta_g=sum(gains_g),
            sigma_g=sigma_g,
            since_s=min([c.t0_s for c in changes]),
            at_s=max([c.t1_s for c in changes]),
            moments=moments,
            grips=reached,
            ratios={body: r for body, r in ratios.items() if r > 1e-4 * top or body in self._at_hand},
            at_hand=self._at_hand,
            within_reach=len([r for r in ratios.values() if r > 0.03 * top]),
            camera=self._camera({lane.id for lane in lanes}) if self._evidence else None,
            prior=self._priors[start] if end - start == 1 else mixed(self._priors[start:end], shares),
            each=tuple([self._parts[i, i + 1] for i in range(start, end)]) if end - start > 1 else (),
            beside=self._beside,
        )
        if part.lost:
            part.sold = best(list(sold(part, self._planogram)))
        if not part.sold or len(part.sold[0][1]) > 1:  # perhaps by several people
            part.ratios |= {body: r for body, r in ratios.items() if max(reached[body]) > AT_ONCE}
        part.grips = {body: reached[body] for body in part.ratios}
        return part

    def _camera(self, lanes: set[str]) -> dict[str, float] | None:
        """The mean of what cameras said of these lanes, if they said anything."""
        pictures = [(likelihoods, other) for lane, likelihoods, other in self._pictures if lane in lanes]
        seen: dict[str, float] = {}
        for likelihoods, other in pictures:
            for gtin, p in (*likelihoods.items(), (UNKNOWN, other), (FOREIGN, other)):
                seen[gtin] = seen.get(gtin, 0.0) + p / len(pictures)
        return seen if pictures else None

    def _deeds(self, part: Part, values: Mapping[Key, Value]) -> list[Step]:
        if part.lost:
            steps = list(taken(part, self._planogram, values))
        elif part.gained:
            steps = list(put_back(part, self._planogram.store, values))
        else:
            steps = list(moved_over(part, self._planogram.store, values))
        if len(part.lanes) == 2 and not part.lost:
            steps += laid_across(part, self._planogram.store, values)
        if part.lost or part.gained:
            if may_be(part, max(steps, key=LIKELIHOOD)[0]):
                steps += exchanged(part, self._planogram.store, values)
            steps.append((LOG_NOTHING + log_normal(part.delta_g, math.hypot(part.sigma_g, ARTEFACT_G)), {}))
        return best(steps)
