"""Deeds that no scale sees: a thing handed over, left on the floor, or taken from a lane that does not weigh, or that
somebody fills, or lays the like on, at that moment.

All that shows is a hand: near another's hand in mid-air, down at the floor, or over that lane, alone or by another.
What it did stays open until something else tells, or a person is asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, takewhile
from typing import NamedTuple

from hub.core.events import NodeHeard
from hub.core.habits import Habits
from hub.core.hands import clear, may_touch, met, nearest, was_at
from hub.core.people import MEMORY_S, Body, People, Place
from hub.core.timeline import Step
from hub.core.unseen import SHOWN_S, What, maybe, swapped
from hub.store import Lane, Store
from wire.messages import Hand, ItemEvidence

FLOOR_M = 0.4
"""A hand lower than this, and not at a shelf, is at the floor."""
GAP_S = 1.0
"""A hand that is not seen for so long has gone."""
STOCKED_S = 2.0
"""What somebody takes from a lane while an employee fills it, or so shortly after, may be lost in one change of it."""
HELD_OUT_S = 0.5
"""Hands that meet are not always seen in the same frame."""
UNSEEN_S = 0.3
"""Whoever was not in sight for so long may hold out a hand that nobody sees,"""
OUT_OF_SIGHT_S = 10.0
"""but who was out of sight for longer may be anywhere."""
LOOK_BACK_FRAMES = 60
WEIGHED_S = 6.0
"""What a lane shows of a hand, in one with what its neighbours show at that time, it shows within this long."""
NOTICED_S = 6.0
"""A silent node is noticed within this long."""
PICTURED = 0.4
"""A picture shows a lane's product if it is this likely,"""
AT_ONCE_S = 1.0
"""and whoever had a hand there so long before or after it may have moved that."""
LOOKS = 2
"""One hand in one frame may be the camera's mistake."""
STANDS_LOOKS = 10


@dataclass(slots=True)
class Spell:
    """Something that goes on over several frames."""

    first_s: float
    last_s: float
    looks: int = 0
    """At how many hands, or, where none are seen, people, frame by frame."""


class Silence(NamedTuple):
    """Since when a node has been behind, and the lanes that it has to tell of."""

    since_s: float
    lanes: tuple[str, ...]


@dataclass(slots=True)
class Watch:
    """What hands do where no scale sees it."""

    unwell: dict[str, str] = field(default_factory=dict)
    """Lanes that do not weigh, and why."""
    unheard: dict[str, Silence] = field(default_factory=dict)
    """Nodes that are behind."""
    restless: dict[str, float] = field(default_factory=dict)
    """Lanes that have not been at rest, and since when."""
    touched: dict[str, set[str]] = field(default_factory=dict)
    """By body: nodes that are behind and of whose lanes somebody was at one meanwhile, and such lanes."""
    missed: set[str] = field(default_factory=set)
    """Bodies that were at a lane of which it will never be heard what they did."""
    stocked: dict[str, tuple[float, str]] = field(default_factory=dict)
    """Lanes that an employee fills, when a hand of theirs was there last, and whose body that is."""
    spells: dict[What, Spell] = field(default_factory=dict)
    held_out: dict[str, tuple[float, Hand]] = field(default_factory=dict)
    """By body: the hand that it held out just now, clear of every plate, and when."""
    noticed: set[str] = field(default_factory=set)
    """Of the lanes that do not weigh: those at which it was looked who was there before one knew."""
    pictured_s: dict[str, float] = field(default_factory=dict)
    """By lane: when a picture last showed what it did not lose, while two hands were there."""
    habits: Habits = field(default_factory=Habits)
    """How often such a hand moved something."""

    def see(self, store: Store, people: People, t_s: float) -> list[tuple[float, Step]]:
        """Look at the newest frame; gives what has come to an end, and when."""
        for lane in self.unwell.keys() - self.noticed:
            self._look_back(people, store.lane[lane], t_s, NOTICED_S)
        self.noticed = set(self.unwell)
        for what in self._going_on(store, people, t_s):
            spell = self.spells.setdefault(what, Spell(t_s, t_s))
            spell.last_s, spell.looks = t_s, spell.looks + 1
        self.stocked = {la: hand for la, hand in self.stocked.items() if hand[0] > t_s - STOCKED_S - GAP_S}
        if not self.spells:
            return []
        for kind, body, lane in self.spells if self.unheard or self.restless else ():
            if kind == "lane" and (untold := self._untold(lane)):
                self.touched.setdefault(body, set()).update(untold)
        over = [what for what, spell in self.spells.items() if spell.last_s < t_s - GAP_S]
        needed = LOOKS if people.sees_hands else STANDS_LOOKS
        ended = [
            (self.spells[what], what)
            for what in over
            if self.spells[what].looks >= needed
            and (what[0] != "lane" or what[2] in self.unwell or what[2] in self.stocked)
        ]
        for what in over:
            del self.spells[what]
        return [self._step(store, what, spell) for spell, what in ended]

    def pictured(self, store: Store, people: People, picture: ItemEvidence) -> Step | None:
        """A picture of something in a hand at a lane that weighs what it weighed: if two hands were there, one may have
        laid it down while the other took another one."""
        lane, t_s = store.lane[picture.lane], picture.t_s
        gtin = max(lane.products, key=lambda g: picture.likelihoods.get(g, 0.0), default="")
        unheard = lane.id in self.unwell or any(lane.id in silence.lanes for silence in self.unheard.values())
        if picture.likelihoods.get(gtin, 0.0) < PICTURED or unheard:
            return None
        if abs(t_s - self.pictured_s.get(lane.id, 0.0)) < SHOWN_S:
            return None  # one more of the same
        bound = [body for body in (*people.all(), *people.left) if body.bound]
        there = [body.id for body in bound if _may_have_been_at(lane, body, t_s, people.sees_hands)]
        if len(there) == 1 and people.sees_hands:
            others = [b.id for b in bound if b.id not in there and _hand_beside(store, lane, b, t_s)]
            there += others if len(others) == 1 else []
        if len(there) < 2:
            return None
        self.pictured_s[lane.id] = t_s
        share = self.habits.share("swapped")
        return partial(swapped, store, lane.id, gtin, there, t_s, share)

    def _step(self, store: Store, what: What, spell: Spell) -> tuple[float, Step]:
        """What it may have been, and when that is looked into: of a lane that weighs, once what it weighed is known."""
        filler = self.stocked[what[2]][1] if what[2] in self.stocked else ""
        then_s = spell.last_s + (WEIGHED_S if filler else SHOWN_S)
        return then_s, partial(maybe, store, what, spell.first_s, spell.last_s, self.habits.share(what[0]), filler)

    def _watched(self) -> dict[str, None]:
        """Lanes at which a hand matters that no scale sees."""
        unheard = [lane for silence in self.unheard.values() for lane in silence.lanes]
        return dict.fromkeys([*self.unwell, *unheard, *self.restless, *self.stocked])

    def _look_back(self, people: People, lane: Lane, t_s: float, within_s: float) -> None:
        """Only now it matters who was at a lane: who had a hand there just before?"""
        for body in people.all():
            if body.bound:
                recent = [p for p in islice(reversed(body.places), LOOK_BACK_FRAMES) if t_s - within_s < p.t_s < t_s]
                there_s = [place.t_s for place in recent if was_at(place, lane, people.sees_hands)]
                if there_s:
                    spell = self.spells.setdefault(("lane", body.id, lane.id), Spell(there_s[-1], there_s[0]))
                    spell.looks += len(there_s)

    def fell_behind(self, store: Store, people: People, heard: NodeHeard) -> None:
        """A node has been silent for some seconds: it may have to tell of whoever was at its lanes meanwhile."""
        lanes = [store.lane[name] for name in heard.lanes if name in store.lane]
        self.unheard[heard.node] = Silence(heard.at_s, tuple(lane.id for lane in lanes))
        for body in (*people.all(), *people.left):
            recent = [place for place in body.places if place.t_s > heard.at_s - NOTICED_S]
            if body.bound and any(was_at(place, lane, people.sees_hands) for place in recent for lane in lanes):
                self.touched.setdefault(body.id, set()).add(heard.node)

    def caught_up(self, heard: NodeHeard) -> None:
        """All that a node had to tell has been heard; if it comes too late, nobody knows any more who was there."""
        silence = self.unheard.pop(heard.node, None)
        self._told(heard.node, silence is not None and (heard.blind or heard.at_s > silence.since_s + MEMORY_S))

    def stirs(self, people: People, lane: Lane, since_s: float) -> None:
        """A lane has not been at rest since then: what whoever was at it did will be known when it is."""
        self.restless[lane.id] = since_s
        for body in (*people.all(), *people.left):
            recent = (place for place in reversed(body.places) if place.t_s > since_s - AT_ONCE_S)
            if body.bound and any(was_at(place, lane, people.sees_hands) for place in recent):
                self.touched.setdefault(body.id, set()).add(lane.id)

    def rests(self, lane: str, at_s: float, lost: bool) -> None:
        """A lane is at rest, and has told what it weighs, unless that is lost."""
        since_s = self.restless.pop(lane, at_s)
        self._told(lane, lost or at_s > since_s + MEMORY_S)

    @property
    def to_tell(self) -> set[str]:
        """Nodes that are behind, and lanes that are not at rest."""
        return {*self.unheard, *self.restless}

    def _untold(self, lane: str) -> list[str]:
        """Those of them that have to tell of this lane."""
        behind = [node for node, silence in self.unheard.items() if lane in silence.lanes]
        return [*behind, lane] if lane in self.restless else behind

    def _told(self, name: str, lost: bool) -> None:
        if lost:
            self.missed |= {body for body, untold in self.touched.items() if name in untold}
        self.touched = {body: untold - {name} for body, untold in self.touched.items() if untold != {name}}

    def _going_on(self, store: Store, people: People, t_s: float) -> Iterator[What]:
        hands = [
            (body, place.hand)
            for body in people.bodies.values()
            if body.bound and (place := body.places[-1]).t_s == t_s and place.hand is not None
        ]
        self.held_out = {b: held for b, held in self.held_out.items() if held[0] > t_s - HELD_OUT_S}
        for body, hand in hands:
            if not clear(hand, store):
                continue
            others = [other for other, (_, theirs) in self.held_out.items() if other != body.id and met(hand, theirs)]
            if hand.z_m < FLOOR_M:
                yield "floor", body.id, ""
            elif not others:
                others = _unseen_there(people, hand, t_s)
            else:
                others *= 2  # both hands were seen
            for other in others:
                yield "met", *sorted((body.id, other))  # type: ignore[misc]
            self.held_out[body.id] = t_s, hand
        for body, hand in hands:
            if not body.restocks or (lane := nearest(hand, store)) is None:
                continue
            if lane.id not in self.stocked:
                self._look_back(people, lane, t_s, STOCKED_S)
            self.stocked[lane.id] = t_s, body.id
        there = [body for body, _ in hands] if people.sees_hands else [b for b in people.bodies.values() if b.bound]
        for lane in (store.lane[name] for name in self._watched()):
            for body in there:
                if was_at(body.places[-1], lane, people.sees_hands):
                    yield "lane", body.id, lane.id


def _hand_beside(store: Store, lane: Lane, body: Body, t_s: float) -> bool:
    """Whether somebody's hand was seen at a lane beside this one about then."""
    beside = [la for la in store.lanes if la.is_beside(lane)]
    return any(was_at(place, la, True) for place in _about(body, t_s) for la in beside)


def _about(body: Body, t_s: float) -> list[Place]:
    """Where somebody was about then."""
    since = takewhile(lambda place: place.t_s > t_s - AT_ONCE_S, reversed(body.places))
    return [place for place in since if place.t_s < t_s + AT_ONCE_S]


def _may_have_been_at(lane: Lane, body: Body, t_s: float, sees_hands: bool) -> bool:
    """Whether somebody had a hand at a lane about then; or stood before it, and was out of sight at that moment."""
    around = _about(body, t_s)
    in_sight = any(abs(place.t_s - t_s) < UNSEEN_S for place in around)
    return any(was_at(place, lane, sees_hands and in_sight) for place in around)


def _unseen_there(people: People, hand: Hand, t_s: float) -> list[str]:
    """Those out of sight just now to whom this hand may be held out."""
    return [
        body.id
        for body in people.all()
        if body.bound and UNSEEN_S < t_s - body.t_s < OUT_OF_SIGHT_S and may_touch(body, hand, t_s)
    ]
