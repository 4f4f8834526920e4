"""Sessions: from the tap at the entry to the last of a party leaving through the exit."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from hub.core.belief import Belief
from hub.core.events import Authorised, Effect, Note, PreAuthorise, Void
from hub.core.goods import NOBODY, Cart, Who
from hub.core.grants import Grants
from hub.core.people import MOMENT_S, Body, People
from hub.core.timeline import Timeline
from hub.store import Gate, Store
from wire.messages import Passage, Tap

MISTAKEN_S = 1800.0
"""A receipt waits so long for those to leave for whom its shopper may have been taken, or on whose cart it hangs: then
all is known that ever will be."""
CERTAIN = 0.02
"""Unless that is less likely than this."""
ABSENT_S, LOOK_EVERY_S = 900.0, 10.0
"""Of whose people nobody has been seen for so long, their visit is over."""
BIND_S = 4.0
"""After a passage in, the first new track at the gate within this long is theirs."""
LATE_IN = 0.1
"""So often somebody who comes in is seen only further in, rather than at the gate. An estimate."""
FURTHER_IN_S = 1.5
"""Who has not been seen at the gate by then was taken for somebody else there, or has come into sight further in."""


@dataclass(slots=True, eq=False)
class Session:
    """One payer's visit, alone or with a party."""

    id: str
    credential: str
    gate: str
    hold: str | None = None
    inside: int = 0
    """People who came in on it and have not left."""
    entered: bool = False
    restocks: bool = False
    """An employee's: nothing is held, and no receipt made."""
    mistaken: dict[str, float] = field(default_factory=dict)
    """Of which other sessions those who left on it may have been, and how likely: somebody of it is inside then."""
    guessed: bool = False
    """Whether somebody left on it only because nobody else was missing, or did what nobody will ever tell of."""
    seen_s: float = 0.0
    """When somebody on the floor was last taken for one of its people."""
    left_s: float = 0.0
    """When the last of it was seen to have left."""
    bodies: set[str] = field(default_factory=set)
    """Of those of its people who have left."""
    unheard: set[str] = field(default_factory=set)
    """Shelf nodes, and lanes not at rest, that had still to tell what they saw of it when its people left."""
    waiting: tuple[Cart, ...] | None = None
    """The carts that a person has been shown to choose from."""
    after: str | None = None
    """Whose cart must be known first: then there may be nothing to ask about this one, or this one be another."""

    @property
    def over(self) -> bool:
        """Whether all that is open is what they took."""
        return self.waiting is not None or self.after is not None

    def late(self, at_s: float) -> bool:
        """Whether its receipt has waited for as long as one waits for others to leave."""
        return at_s >= self.left_s + MISTAKEN_S


@dataclass(slots=True)
class Unbound:
    """Somebody passed a gate and no track was seen there yet."""

    session: str
    gate: Gate
    passed_s: float


@dataclass(slots=True)
class Leaving:
    """Somebody passed the way out, and it is still to be said whose visit that ends: at `due_s`, if all is known then.

    `session` is the one for which the gate was opened.
    """

    passage: Passage
    body: Body | None
    session: str
    at_s: float
    due_s: float


@dataclass(slots=True)
class Visits:
    """Who is in, who is coming in, and who has just left."""

    sessions: dict[str, Session] = field(default_factory=dict)
    expected: dict[str, Session] = field(default_factory=dict)
    """Those who were let in and have not come yet."""
    count: int = 0
    grants: Grants = field(default_factory=Grants)
    unbound: list[Unbound] = field(default_factory=list)
    leaving: list[Leaving] = field(default_factory=list)
    """In the order in which they passed."""
    _looked_s: float = 0.0
    finished: list[Session] = field(default_factory=list)
    """All of whose people seem to have left, but may be taken for somebody who is still inside; or whose receipt comes
    after another's."""
    settled: dict[str, str] = field(default_factory=dict)
    """Whose visit it was, by body, for as long as it is remembered where they were: that is over, and paid."""

    def tap(self, store: Store, tap: Tap, at_s: float) -> list[Effect]:
        """Somebody wants in. Once a credential is in, a further tap lets in one more of its party."""
        self.grants.forget_past(self.sessions, at_s)
        gate = store.gate.get(tap.gate)
        if gate is None or gate.direction != "in":
            return [Note(at_s, f"gate {tap.gate}: a tap at a gate that is not an entry of this store")]
        session = next((s for s in self.sessions.values() if s.credential == tap.credential and not s.over), None)
        if session is None:
            self.count += 1
            session = Session(f"v{self.count}", tap.credential, gate.name)
            self.sessions[session.id] = session
            if tap.credential in store.staff:
                session.hold, session.restocks = "", True
                self.expected[session.id] = session
                return [self.grants.open(gate, session.id, at_s)]
            return [PreAuthorise(session.id, tap.credential, store.thresholds.pre_authorise_cents)]
        session.gate = gate.name
        held_up = any(g.gate == gate.name for g in self.grants.open_for(session.id, at_s))
        return [self.grants.open(gate, session.id, at_s)] if session.hold is not None and not held_up else []

    def authorised(self, store: Store, answer: Authorised) -> list[Effect]:
        """The provider holds the money, or declines it: then nobody is let in on it."""
        session = self.sessions.get(answer.session)
        if session is None:
            return []
        if answer.hold is None:
            del self.sessions[session.id]
            return [Note(answer.at_s, f"{session.id}: declined at {session.gate}")]
        session.hold = answer.hold
        if not session.entered:
            self.expected[session.id] = session
        return [self.grants.open(store.gate[session.gate], session.id, answer.at_s)]

    def came_in(self, passage: Passage, gate: Gate, people: People, timeline: Timeline) -> list[Effect]:
        """Whoever came in belongs to the grant they used; somebody who slipped in behind them too."""
        grant = self.grants.used_by(passage)
        session = self.sessions.get(grant.session) if grant else None
        if grant is None or session is None:
            return [Note(passage.t_s, f"gate {gate.name}: {passage.outcome}, nobody was let in there")]
        grant.used = session.entered = True
        self.expected.pop(session.id, None)
        session.inside += 1
        session.seen_s = max(session.seen_s, passage.t_s)
        self.unbound.append(Unbound(session.id, gate, passage.t_s))
        self.bind_newcomers(people, timeline, passage.t_s)
        if passage.outcome == "tailgating":
            return [Note(passage.t_s, f"gate {gate.name}: a second person on the grant of {session.id}, added to it")]
        return []

    def bind_newcomers(self, people: People, timeline: Timeline, t_s: float) -> None:
        """Give bodies to those who passed a gate: whoever is seen there first is the last to have passed."""
        for waiting in reversed(self.unbound[:]):
            if waiting.session not in self.sessions or t_s > waiting.passed_s + BIND_S:
                self.unbound.remove(waiting)
            elif (body := self._newcomer(waiting, people, t_s)) is not None:
                self.unbound.remove(waiting)
                session = self.sessions[waiting.session]
                body.bound, body.restocks = True, session.restocks
                people.came_in(body)
                timeline.add(waiting.passed_s, partial(_bound, body.id, session))

    def _newcomer(self, waiting: Unbound, people: People, t_s: float) -> Body | None:
        """Who was at the gate when somebody passed, or comes into sight there; after a moment, who has come into sight
        further in: then somebody else at the gate may have been taken for somebody who was lost there."""
        gate = waiting.gate
        body = people.passing(gate.x_m, gate.y_m, gate.radius_m, waiting.passed_s, bound=False)
        body = body or people.passing(gate.x_m, gate.y_m, gate.radius_m, t_s, bound=False)
        if body is not None or t_s < waiting.passed_s + FURTHER_IN_S:
            return body
        body = people.stranger(gate.x_m, gate.y_m, waiting.passed_s)
        taken = people.passing(gate.x_m, gate.y_m, gate.radius_m, waiting.passed_s + MOMENT_S, bound=True)
        if body is not None and taken is not None and not people.may_have_come_in(taken):
            came_back = taken.came_back(waiting.passed_s - MOMENT_S, t_s)
            people.confuse(waiting.passed_s, body, taken, 1 - LATE_IN if came_back else LATE_IN)
        return body

    def timed_out(self, passage: Passage) -> list[Effect]:
        """Nobody went through in time: a visit that had not begun is over, an exit may open again."""
        grant = self.grants.used_by(passage)
        if grant is None:
            return []
        grant.used = True
        self.grants.released.pop((grant.session, passage.gate), None)
        return self.expire(passage.t_s)

    def expire(self, at_s: float) -> list[Effect]:
        """Whoever tapped and was let in, but never came, has no visit: every grant has ended or is long past."""
        gone = [s for s in self.expected.values() if not self.grants.open_for(s.id, at_s)]
        for session in gone:
            del self.sessions[session.id], self.expected[session.id]
        return [Void(s.id, s.hold, None) for s in gone if s.hold]

    @property
    def expiry_s(self) -> float | None:
        """When somebody who was let in is given up, if they do not come."""
        return self.grants.expiry_s(self.expected) if self.expected else None

    def release(self, store: Store, people: People, belief: Belief, at_s: float) -> list[Effect]:
        """Open the exit for whoever comes up to it, and for anybody else who stands there and waits."""
        effects: list[Effect] = []
        for gate in store.gates:
            if gate.direction != "out":
                continue
            body = people.nearest(gate.x_m, gate.y_m, gate.radius_m)
            session = self.sessions.get(belief.who(body.id)[0][1]) if body else None
            if session is None and not people.waits(gate.x_m, gate.y_m, gate.radius_m):
                continue
            effects += self.grants.release(gate, session.id if session else NOBODY, at_s)
        return effects

    def went_out(self, passage: Passage, body: Body | None, at_s: float, due_s: float) -> None:
        """Somebody passed the way out."""
        grant = self.grants.used_by(passage)
        if grant is not None:
            grant.used = True
            self.grants.shut(grant.session)
        self.leaving.append(Leaving(passage, body, grant.session if grant else NOBODY, at_s, due_s))

    @property
    def leaving_due_s(self) -> float | None:
        """When the next of those who left can be looked at."""
        if not self.leaving and not self.finished:
            return None
        # Whoever they waited for may be settled: then a change is still to be explained, and wakes at its own time.
        waiting = (s for s in self.finished if s.after is None or s.after in self.sessions)
        finished = (s.left_s + MISTAKEN_S for s in waiting if not self.asked_ahead(s))
        due = (*(leaving.due_s for leaving in self.leaving), *finished)
        return min(due, default=None)

    def ahead(self, session: Session) -> Iterator[Session]:
        """Whose carts must be known first: the one that a receipt waits for, whom that one waits for, and so on."""
        while (first := self.sessions.get(session.after or "")) is not None:
            yield first
            session = first

    def asked_ahead(self, session: Session) -> bool:
        """Whether a receipt waits, in the end, for a person's answer to the question of another."""
        return any(first.waiting is not None for first in self.ahead(session))

    def asked(self, session: Session) -> bool:
        """Whether a person is being asked, about this session or about somebody else first."""
        return session.waiting is not None or self.asked_ahead(session)

    def leave(self, leaving: Leaving, people: People, belief: Belief) -> Session | None:
        """Whose visit it is that one of its people left; the body at the gate says so, else the command."""
        may_be = [(1.0, leaving.session)] if leaving.body is None else belief.who(leaving.body.id)
        inside = [(p, s) for p, name in may_be if (s := self.sessions.get(name)) is not None and s.inside > 0]
        session = inside[0][1] if inside else self._lost_one(people, belief)
        if session is None:
            return None
        self.grants.shut(session.id)
        session.mistaken |= {s.id: p for p, s in inside[1:]}
        session.guessed |= not inside
        session.inside -= 1
        session.left_s = leaving.at_s
        return session

    def _lost_one(self, people: People, belief: Belief) -> Session | None:
        """Somebody is inside whom no body on the floor is: if there is one such, it is who leaves as a stranger."""
        seen = {belief.who(body.id)[0][1] for body in people.all() if body.bound}
        lost = [s for s in self.sessions.values() if s.inside > 0 and s.id not in seen]
        return lost[0] if len(lost) == 1 else None

    def miss(self, people: People, belief: Belief, t_s: float) -> None:
        """Whoever has not been seen for very long is not there: a passage was missed, or its message lost."""
        if t_s < self._looked_s + LOOK_EVERY_S:
            return
        stale, self._looked_s = t_s > self._looked_s + 2 * LOOK_EVERY_S, t_s
        seen = {belief.who(body.id)[0][1] for body in people.bodies.values() if body.bound}
        for session in self.sessions.values():
            if stale or session.inside <= 0 or session.id in seen:  # while nobody looked, nobody was missed
                session.seen_s = t_s
            elif t_s > session.seen_s + ABSENT_S:
                session.inside, session.left_s, session.guessed = 0, t_s, True
                self.finished.append(session)

    def doubt(self, session: Session) -> float:
        """The probability that somebody of this session, all of whom seem to have left, is still inside."""
        return sum(
            p for name, p in session.mistaken.items() if name in self.sessions and self.sessions[name].inside > 0
        )

    def end(self, session: Session) -> None:
        """The visit is settled: nothing will be asked about it any more."""
        self.sessions.pop(session.id, None)
        if session in self.finished:
            self.finished.remove(session)
        self.grants.forget(session.id)


def _bound(body: str, session: Session, belief: Belief) -> None:
    belief.set(("who", body), Who(session.id))
    if session.restocks and not belief.cart(session.id)[0][1].restocks:
        belief.set(("cart", session.id), Cart(restocks=True))
