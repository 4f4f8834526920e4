"""From the way out to the receipt: it is made a moment after somebody left, when all they did has been heard of."""

from collections.abc import Mapping, Sequence
from functools import partial

from hub.core import answers, decide
from hub.core.belief import Belief
from hub.core.changes import Cluster
from hub.core.confusion import confuse_until
from hub.core.events import Answered, Ask, Capture, Effect, Note, Receipt, Void
from hub.core.goods import NOBODY, Cart
from hub.core.people import MEMORY_S
from hub.core.state import State
from hub.core.visits import CERTAIN, Leaving, Session
from hub.core.waiting import all_heard, waits_for
from hub.store import Gate
from wire.messages import Passage, WeightChange

GRACE_S = 4.0
"""What a node saw of somebody is heard by then; that a node has fallen silent is noticed by then, too."""
PATIENCE_S = 300.0
"""A node that is behind is waited for so long. Then a person is asked, for want of what it saw."""
NOBODYS = 20
"""What was taken by nobody we know of is remembered until it is more than this: some of it may come back."""
LIKELY = 0.1
"""Whoever is this likely, beside the likeliest, may have done it."""


def went_out(state: State, passage: Passage, gate: Gate, at_s: float) -> None:
    """Somebody passed the way out; whose visit that ends is said when all is known that went before."""
    body = state.people.went_through(gate.x_m, gate.y_m, gate.radius_m, passage.t_s)
    if body is not None:
        state.people.gone(body)
    state.visits.went_out(passage, body, at_s, at_s + GRACE_S)


def due(state: State, at_s: float) -> list[Effect]:
    """End what can be ended by now: those who have left, in that order, and then the visits that this decides."""
    effects: list[Effect] = []
    for leaving in state.visits.leaving[:]:
        if _ready(state, leaving, at_s):
            state.visits.leaving.remove(leaving)
            effects += _left(state, leaving, at_s)
    for session in [s for s in state.visits.finished if s.inside > 0]:  # somebody of it has come in again
        session.after = None
        state.visits.finished.remove(session)
    while (ready := next((s for s in state.visits.finished if _can_be_decided(state, s, at_s)), None)) is not None:
        state.visits.finished.remove(ready)
        effects += _decide(state, ready, at_s)
    return effects


def _ready(state: State, leaving: Leaving, at_s: float) -> bool:
    if at_s < leaving.due_s:
        return False
    open_s = [cluster.due_s for cluster in _unexplained(state, leaving.passage.t_s)]
    if open_s:
        leaving.due_s = min(open_s)
    elif _unheard(state, leaving) and at_s < leaving.at_s + PATIENCE_S:
        leaving.due_s = leaving.at_s + PATIENCE_S
    else:
        return True
    return False


def _can_be_decided(state: State, session: Session, at_s: float) -> bool:
    if session.after is not None:
        if session.after in state.visits.sessions:
            return session.late(at_s) and not state.visits.asked_ahead(session)
        return not _unexplained(state, session.left_s)
    return state.visits.doubt(session) < CERTAIN or session.late(at_s)


def _unexplained(state: State, until_s: float) -> list[Cluster]:
    return [cluster for cluster in state.pending.clusters if cluster.t0_s <= until_s]


def _unheard(state: State, leaving: Leaving) -> bool:
    return leaving.body is not None and bool(state.watch.touched.get(leaving.body.id))


def caught_up(state: State, name: str, at_s: float, lost: bool) -> list[Effect]:
    """A node is behind no longer, or a lane at rest, and has told what it had to, unless that is lost: whoever waited
    for it may be ready, and what was asked for want of it, sure."""
    for leaving in state.visits.leaving:
        leaving.due_s = min(leaving.due_s, max(at_s, leaving.at_s + GRACE_S))
    for session in state.visits.sessions.values():
        if name in session.unheard:
            session.unheard.discard(name)
            session.guessed |= lost or at_s > session.left_s + MEMORY_S
    return reconsider(state, at_s)


def _left(state: State, leaving: Leaving, at_s: float) -> list[Effect]:
    confuse_until(state.people, state.timeline, leaving.passage.t_s)
    session = state.visits.leave(leaving, state.people, state.belief)
    if session is None:
        return [Note(at_s, f"gate {leaving.passage.gate}: somebody left who had not come in")]
    if leaving.body is not None:
        session.bodies.add(leaving.body.id)
        session.unheard |= state.watch.touched.pop(leaving.body.id, set())
        session.guessed |= leaving.body.id in state.watch.missed
        state.watch.missed.discard(leaving.body.id)
        # By now what their hands did last is taken in; and who they were must be let go before a visit is settled.
        state.timeline.conclude(at_s, partial(_gone, leaving.body.id))
    if session.inside <= 0:
        state.visits.finished.append(session)
    return []


def _gone(body: str, belief: Belief) -> None:
    belief.forget(("who", body))


def _decide(state: State, session: Session, at_s: float) -> list[Effect]:
    """The last of a party has gone: the receipt is made."""
    if session.restocks:
        _end(state, session, state.belief.cart(session.id)[0][1], at_s)
        return []
    receipt = _receipt(state, session, at_s)
    if not receipt.asked:
        _tell_nothing(state, session, at_s)
    session.after = waits_for(state, session, receipt)
    if session.after is not None:
        state.visits.finished.append(session)
        return []
    if not receipt.asked:
        cart = state.belief.cart(session.id)[0][1]
        return _settle(state, session, cart, receipt)
    question, session.waiting = _question(state, session, receipt)
    return [question]


def _tell_nothing(state: State, session: Session, at_s: float) -> None:
    """Nobody will be asked about this one after all: whoever is in doubt and waited for that will be."""
    for other in state.visits.finished:
        if other.after == session.id and _receipt(state, other, at_s).asked:
            other.after = None


def _question(state: State, session: Session, receipt: Receipt) -> tuple[Ask, tuple[Cart, ...]]:
    options = decide.candidates(state.belief, session)
    question = Ask(receipt, tuple(c.signature for _, c in options), tuple(p for p, _ in options))
    return question, tuple(cart for _, cart in options)


def held_back(state: State, at_s: float) -> list[Ask]:
    """What would be asked if nobody ever answered the questions for whose answers it waits."""
    held = [session for session in state.visits.finished if state.visits.asked_ahead(session)]
    return [_question(state, session, _receipt(state, session, at_s))[0] for session in held]


def _receipt(state: State, session: Session, at_s: float) -> Receipt:
    sure = 1.0 - state.visits.doubt(session)
    return decide.receipt(state.store, state.belief, session, sure, at_s, all_heard(state, session))


def answered(state: State, answer: Answered) -> list[Effect]:
    """What was said is what is charged, whatever has become likelier since; and what hung on it may be sure now.

    A cart of which nobody had thought says nothing of what else was thought: nothing is learnt from it then.
    """
    try:
        session, shown = answers.asked(state.store, state.visits.sessions, answer)
    except answers.AnswerRefused as e:
        return [Note(answer.at_s, str(e))]
    cart, thought_of = answers.meant(state.store, state.belief, session, shown, answer.choice)
    if thought_of:
        state.watch.habits.answered(shown, cart)
        state.timeline.conclude(answer.at_s, partial(_held, session.id, cart))
    effects = _settle(state, session, cart, decide.settled(state.store, session, cart, answer.at_s))
    return effects + reconsider(state, answer.at_s)


def reconsider(state: State, at_s: float) -> list[Effect]:
    """More is known than when people were asked: a question that answers itself by now is taken back, or never put."""
    effects: list[Effect] = []
    for session in [s for s in state.visits.sessions.values() if s.over]:
        if session.inside > 0 or _unexplained(state, session.left_s):
            continue
        receipt = _receipt(state, session, at_s)
        if not receipt.asked and waits_for(state, session, receipt) is None:
            effects += _settle(state, session, state.belief.cart(session.id)[0][1], receipt)
    return effects


def too_late(
    state: State, changes: Sequence[WeightChange], reach: Sequence[Mapping[str, Sequence[float]]], at_s: float
) -> list[Effect]:
    """Somebody who may have done this has paid already: nothing is charged any more, but it is not kept quiet."""
    settled = state.visits.settled
    if not settled:
        return []
    near = [(max(grips), body) for reached in reach for body, grips in reached.items()]
    least = LIKELY * max((r for r, _ in near), default=0.0)
    paid = sorted({settled[body] for r, body in near if body in settled and r >= least})
    if not paid:
        return []
    lanes = " and ".join(change.lane for change in changes)
    at = decide.clock_time(max(change.t1_s for change in changes))
    return [
        Note(at_s, f"lane {lanes}: what changed at {at} is heard only now, after {', '.join(paid)} had been settled")
    ]


def _held(session: str, chosen: Cart, belief: Belief) -> None:
    belief.learn(("cart", session), chosen)


def _settle(state: State, session: Session, cart: Cart, receipt: Receipt) -> list[Effect]:
    _end(state, session, cart, receipt.at_s)
    hold = session.hold or ""
    return [Capture(hold, receipt)] if receipt.total_cents else [Void(session.id, hold, receipt)]


def _end(state: State, session: Session, cart: Cart, at_s: float) -> None:
    """Nothing will be asked about the visit any more."""
    state.visits.end(session)
    remembered = {body.id for body in state.people.left}
    settled = {**state.visits.settled, **dict.fromkeys(session.bodies, session.id)}
    state.visits.settled = {body: name for body, name in settled.items() if body in remembered}
    state.inventory.settled(session.id, cart, at_s, staff=session.restocks)
    for body in [b for b in state.people.all() if b.bound and state.belief.who(b.id)[0][1] == session.id]:
        if body in state.people.lost:
            state.people.gone(body)
        else:
            body.bound = False  # somebody is there, but not who we thought
    state.timeline.conclude(at_s, partial(_forgotten, session.id))


def _forgotten(session: str, belief: Belief) -> None:
    belief.forget(("cart", session))
    for key in [key for key in (*belief.factors, *belief.known) if key[0] == "who"]:
        if not belief.condition(key, lambda who: who.signature != session):
            belief.forget(key)
    if len(belief.cart(NOBODY)[0][1].units) > NOBODYS:
        belief.forget(("cart", NOBODY))
