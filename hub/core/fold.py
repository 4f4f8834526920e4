"""The fold: one state, one input at a time, effects out. No clock, no socket, no random source, no exception."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from hub.core import decide
from hub.core.belief import Belief, Values
from hub.core.changes import SETTLE_AT_MOST_S, Cluster, Pending
from hub.core.events import (
    Answered,
    AnyInput,
    Ask,
    Authorised,
    Capture,
    Effect,
    Note,
    Observed,
    Receipt,
    Ticked,
    Void,
)
from hub.core.explain import joint
from hub.core.goods import Key, Value
from hub.core.people import Body, People, Shuffle
from hub.core.planogram import Planogram
from hub.core.reach import reach
from hub.core.visits import Session, Visits
from hub.store import Store
from wire.messages import ItemEvidence, Passage, Tap, Tracks, WeightChange

Method = Callable[[Planogram, People, Belief, Cluster], None]
"""How a cluster of changes becomes part of the belief: joint inference, or a baseline beside it."""

AHEAD_S = 60.0
"""A frame from further in the future comes from a clock that is wrong; believed, it would make all others old."""
PERHAPS = 0.03
"""Somebody this much less likely than the likeliest had no hand in it, for the purpose of waiting."""
AT_GATE = 1.5
"""Whoever passes a gate is within so many of its radii."""


@dataclass(slots=True)
class State:
    """All that the hub knows. Everything but the store grows out of the inputs alone."""

    store: Store
    method: Method = joint
    planogram: Planogram = field(init=False)
    people: People = field(default_factory=People)
    visits: Visits = field(default_factory=Visits)
    belief: Belief = field(default_factory=Belief)
    pending: Pending = field(default_factory=Pending)

    def __post_init__(self) -> None:
        self.planogram = Planogram(self.store)

    @property
    def wake_at_s(self) -> float | None:
        """When to send Ticked if nothing else comes first; None when time alone changes nothing."""
        return min((t for t in (self.pending.next_due_s, self.visits.expiry_s) if t is not None), default=None)


def apply(state: State, event: AnyInput) -> list[Effect]:
    """Take in one input. What cannot be is a Note, never an exception."""
    effects: list[Effect] = []
    match event:
        case Observed(body=body):
            effects += _observed(state, event.node, body, event.at_s)
        case Authorised():
            effects += state.visits.authorised(state.store, event)
        case Answered():
            effects += _answered(state, event)
        case Ticked():
            effects += state.visits.expire(event.at_s)
    _explain_due(state, event.at_s)
    return effects


def _observed(
    state: State, node: str, body: WeightChange | ItemEvidence | Tap | Passage | Tracks, at_s: float
) -> list[Effect]:
    match body:
        case Tracks():
            if body.t_s > at_s + AHEAD_S:
                state.people.stale_frames += 1
                return []
            state.people.see(node, body)
            if state.visits.unbound:
                state.visits.bind_newcomers(state.people, state.belief, body.t_s)
            return state.visits.release(state.store, state.people, state.belief, at_s)
        case WeightChange():
            if body.lane not in state.store.lane:
                return [Note(at_s, f"{node}: a change on lane {body.lane}, which this store does not have")]
            state.pending.add(state.store, body, at_s)
        case ItemEvidence():
            if body.lane not in state.store.lane:
                return [Note(at_s, f"{node}: a picture of lane {body.lane}, which this store does not have")]
            state.pending.saw(body, at_s)
        case Tap():
            return state.visits.tap(state.store, body, at_s)
        case Passage():
            return _passage(state, body, at_s)
    return []


def _passage(state: State, passage: Passage, at_s: float) -> list[Effect]:
    gate = state.store.gate.get(passage.gate)
    if gate is None:
        return [Note(at_s, f"gate {passage.gate}: a passage through a gate that this store does not have")]
    if passage.outcome == "timeout":
        return state.visits.timed_out(passage)
    if passage.direction == "in":
        return state.visits.came_in(passage, gate, state.people, state.belief)
    body = state.people.passing(gate.x_m, gate.y_m, AT_GATE * gate.radius_m, passage.t_s, bound=True)
    if body is not None:
        _explain_what_concerns(state, body, at_s)
    session = state.visits.went_out(passage, body, state.people, state.belief)
    if session is None:
        return [Note(at_s, f"gate {gate.name}: somebody left who had not come in")]
    return _leave(state, session, at_s) if session.inside <= 0 else []


def _leave(state: State, session: Session, at_s: float) -> list[Effect]:
    """The last of a party has gone: the receipt is made."""
    receipt = decide.receipt(state.store, state.belief, session, at_s)
    if not receipt.asked:
        return _settle(state, session, receipt)
    options = decide.candidates(state.belief, session)
    session.waiting = tuple(cart for _, cart in options)
    return [Ask(receipt, tuple(c.signature for _, c in options), tuple(p for p, _ in options))]


def _answered(state: State, answer: Answered) -> list[Effect]:
    """What was shown is what is charged, whatever has become likelier since."""
    session = state.visits.sessions.get(answer.session)
    if session is None or session.waiting is None or not 0 <= answer.choice < len(session.waiting):
        return [Note(answer.at_s, f"{answer.session}: an answer to a question that is not open")]
    chosen = session.waiting[answer.choice]
    state.belief.condition(("cart", session.id), lambda cart: cart.signature == chosen.signature)
    return _settle(state, session, decide.settled(state.store, session, chosen, answer.at_s))


def _settle(state: State, session: Session, receipt: Receipt) -> list[Effect]:
    state.visits.end(session, state.people, state.belief)
    hold = session.hold or ""
    return [Capture(hold, receipt)] if receipt.total_cents else [Void(session.id, hold, receipt)]


def _explain_due(state: State, at_s: float) -> None:
    """Explain what has waited long enough, in the order in which it happened, confusions of people included."""
    for cluster in state.pending.due(at_s):
        _confuse_until(state, cluster.t1_s)
        state.method(state.planogram, state.people, state.belief, cluster)
    _confuse_until(state, min((c.t1_s for c in state.pending.clusters), default=at_s - SETTLE_AT_MOST_S))


def _explain_what_concerns(state: State, body: Body, at_s: float) -> None:
    """Somebody is leaving: what they had a hand in waits no longer, nor what came before they were last confused with
    somebody. All else goes on waiting for its neighbours."""
    own = _confusions_of(state, body)
    people, until_s = {name for s in own for name in s.bodies}, max((s.t_s for s in own), default=-math.inf)
    for cluster in state.pending.clusters:
        near = _had_a_hand_in(state, cluster)
        if body.id in near or (cluster.t1_s <= until_s and not people.isdisjoint(near)):
            cluster.due_s = at_s
    _explain_due(state, at_s)
    own = _confusions_of(state, body)
    state.people.shuffles = [s for s in state.people.shuffles if s not in own]
    for shuffle in own:
        _confuse(state, shuffle)


def _confusions_of(state: State, body: Body) -> list[Shuffle]:
    """The confusions, oldest first, that say who a body may be: its own, and of those it was confused with before."""
    people, own = {body.id}, []
    for shuffle in reversed(state.people.shuffles):
        if not people.isdisjoint(shuffle.bodies):
            people.update(shuffle.bodies)
            own.append(shuffle)
    return own[::-1]


def _had_a_hand_in(state: State, cluster: Cluster) -> set[str]:
    names: set[str] = set()
    for change in cluster.changes:
        ratios = reach(state.people, state.store.lane[change.lane], change.t0_s, change.t1_s)
        names.update(name for name, ratio in ratios.items() if ratio > PERHAPS * max(ratios.values()))
    return names


def _confuse_until(state: State, until_s: float) -> None:
    while state.people.shuffles and state.people.shuffles[0].t_s <= until_s:
        _confuse(state, state.people.shuffles.pop(0))


def _confuse(state: State, shuffle: Shuffle) -> None:
    """Let the belief take in who may have been taken for whom."""
    keys = [("who", body) for body in shuffle.bodies]
    state.belief.update(keys, partial(_outcomes, shuffle, keys))


def _outcomes(shuffle: Shuffle, keys: list[Key], values: Mapping[Key, Value]) -> list[tuple[float, Values]]:
    return [
        (math.log(p), {keys[i]: values[keys[j]] for i, j in enumerate(order) if i != j})
        for p, order in shuffle.outcomes
        if p > 0
    ]
