"""The fold: one state, one input at a time, effects out. No clock, no socket, no random source, no exception."""

from collections.abc import Iterator, Sequence
from functools import partial

from msgspec import Struct, structs

from hub.core import checkout
from hub.core.belief import Belief
from hub.core.changes import EVIDENCE_S, SETTLE_AT_MOST_S, Cluster, speaks_for
from hub.core.confusion import confuse_until
from hub.core.events import (
    Answered,
    AnyInput,
    Authorised,
    Effect,
    LaneHeard,
    LaneUnrest,
    NodeHeard,
    Note,
    Observed,
    Ticked,
)
from hub.core.explain import joint
from hub.core.hidden import BEFORE_S, who_was_near
from hub.core.moments import lifted_s
from hub.core.people import People
from hub.core.planogram import Planogram
from hub.core.stance import LOOK_S
from hub.core.state import Method, State
from wire.messages import ItemEvidence, Passage, Tap, Tracks, WeightChange

__all__ = ["Method", "State", "apply"]

AHEAD_S = 60.0
"""What comes from further in the future comes from a clock that is wrong; believed, it would make all else old."""
LIFT_S = 1.0
"""What is lifted has left its lane this long before the lane came to rest: before it can lie anywhere else."""


def apply(state: State, event: AnyInput) -> list[Effect]:
    """Take in one input. What cannot be is a Note, never an exception."""
    effects: list[Effect] = []
    match event:
        case Observed(body=body):
            effects += _observed(state, event.node, body, event.at_s)
        case Authorised():
            effects += state.visits.authorised(state.store, event)
        case Answered():
            effects += checkout.answered(state, event)
        case Ticked():
            effects += state.visits.expire(event.at_s)
        case NodeHeard():
            effects += _node_heard(state, event)
        case LaneHeard():
            effects += _lane_heard(state, event)
        case LaneUnrest():
            effects += _lane_unrest(state, event)
    effects += _explain_due(state, event.at_s)
    if state.visits.leaving or state.visits.finished:
        effects += checkout.due(state, event.at_s)
    return effects


def _observed(
    state: State, node: str, body: WeightChange | ItemEvidence | Tap | Passage | Tracks, at_s: float
) -> list[Effect]:
    match body:
        case Tracks():
            return _seen(state, node, body, at_s)
        case WeightChange():
            if body.lane not in state.store.lane:
                return [Note(at_s, f"{node}: a change on lane {body.lane}, which this store does not have")]
            if body.t1_s > at_s + AHEAD_S:
                return _from_the_future(state, node, body, at_s)
            explained = list(_explained_since(state, body.t0_s - 2 * EVIDENCE_S))
            _moved_after_all(state, body, explained)
            if (step := _explained_beside(state, body, explained)) is not None:
                step.cluster.join(state.store, body, state.pending.of(body))
                state.timeline.revise(step)
                return checkout.too_late(state, [body], step.cluster.reach, at_s)
            state.pending.add(state.store, body, at_s)
        case ItemEvidence():
            if body.lane not in state.store.lane:
                return [Note(at_s, f"{node}: a picture of lane {body.lane}, which this store does not have")]
            if body.t_s > at_s + AHEAD_S:
                return [Note(at_s, f"{node}: a picture from {body.t_s - at_s:.0f} s in the future: is its clock set?")]
            spoken = _speak(state, body)
            state.pending.saw(body, at_s, spoken)
        case Tap():
            return state.visits.tap(state.store, body, at_s)
        case Passage():
            return _passage(state, body, at_s)
    return []


def _from_the_future(state: State, node: str, change: WeightChange, at_s: float) -> list[Effect]:
    """A change is never dropped; when its clock cannot be right, it happened now."""
    late_s = change.t1_s - at_s
    took_s = min(change.t1_s - change.t0_s, at_s)
    change = structs.replace(change, t0_s=at_s - took_s, t1_s=at_s)
    state.pending.add(state.store, change, at_s)
    return [Note(at_s, f"{node}: a change from {late_s:.0f} s in the future, taken for now: is its clock set?")]


def _seen(state: State, camera: str, frame: Tracks, at_s: float) -> list[Effect]:
    if frame.t_s > at_s + AHEAD_S:
        state.people.stale_frames += 1
        return []
    state.people.ways_in.awaited = [(w.gate.x_m, w.gate.y_m) for w in state.visits.unbound]
    state.people.ways_in.let_in = bool(state.visits.expected)
    state.people.see(camera, frame)
    if state.method is joint:
        for t_s, step in state.watch.see(state.store, state.people, frame.t_s):
            state.timeline.add(t_s, step)
    for body in state.people.dropped:
        state.timeline.add(frame.t_s, partial(Belief.forget, key=("who", body)))
    state.people.dropped.clear()
    if state.people.adopted:
        _known_after_all(state)
    state.visits.miss(state.people, state.belief, frame.t_s)
    if state.visits.unbound:
        state.visits.bind_newcomers(state.people, state.timeline, frame.t_s)
    return state.visits.release(state.store, state.people, state.belief, at_s)


def _passage(state: State, passage: Passage, at_s: float) -> list[Effect]:
    gate = state.store.gate.get(passage.gate)
    if gate is None:
        return [Note(at_s, f"gate {passage.gate}: a passage through a gate that this store does not have")]
    if passage.outcome == "timeout":
        return state.visits.timed_out(passage)
    if passage.direction == "in":
        return state.visits.came_in(passage, gate, state.people, state.timeline)
    checkout.went_out(state, passage, gate, at_s)
    return []


def _node_heard(state: State, heard: NodeHeard) -> list[Effect]:
    if heard.behind:
        state.watch.fell_behind(state.store, state.people, heard)
        return []
    state.watch.caught_up(heard)
    return checkout.caught_up(state, heard.node, heard.at_s, lost=heard.blind)


def _lane_heard(state: State, heard: LaneHeard) -> list[Effect]:
    if heard.lane not in state.store.lane:
        return [Note(heard.at_s, f"lane {heard.lane}: heard of, but this store does not have it")]
    if heard.fault is None:
        was_unwell = state.watch.unwell.pop(heard.lane, None) is not None
        return [Note(heard.at_s, f"lane {heard.lane} weighs again")] if was_unwell else []
    state.watch.unwell[heard.lane] = heard.fault
    note = Note(heard.at_s, f"lane {heard.lane} does not weigh: {heard.fault}")
    return [note, *_at_rest(state, heard.lane, heard.at_s, lost=True)] if heard.lane in state.watch.restless else [note]


def _lane_unrest(state: State, heard: LaneUnrest) -> list[Effect]:
    if heard.lane not in state.store.lane:
        return [Note(heard.at_s, f"lane {heard.lane}: not at rest, but this store does not have it")]
    if heard.since_s is not None:
        state.watch.stirs(state.people, state.store.lane[heard.lane], heard.since_s)
        return []
    return _at_rest(state, heard.lane, heard.at_s, heard.lost)


def _at_rest(state: State, lane: str, at_s: float, lost: bool) -> list[Effect]:
    """What a restless lane had to tell has been heard, or never will be."""
    state.watch.rests(lane, at_s, lost)
    return checkout.caught_up(state, lane, at_s, lost)


class Explanation(Struct, frozen=True, eq=False):
    """A step of the timeline: a cluster of changes becomes part of the belief."""

    method: Method
    planogram: Planogram
    people: People
    cluster: Cluster

    def __call__(self, belief: Belief) -> None:
        self.method(self.planogram, self.people, belief, self.cluster)


def _explain_due(state: State, at_s: float) -> list[Effect]:
    """Explain what has waited long enough, in the order in which it happened, confusions of people included."""
    effects: list[Effect] = []
    clusters = state.pending.due(state.store, at_s)
    for cluster in clusters:
        t_s = _when(cluster)
        confuse_until(state.people, state.timeline, t_s)
        state.timeline.add(t_s, Explanation(state.method, state.planogram, state.people, cluster))
        _learn(state, cluster)
        effects += checkout.too_late(state, cluster.changes, cluster.reach, at_s)
    for picture in state.pending.of_nothing(at_s):
        step = state.watch.pictured(state.store, state.people, picture) if state.method is joint else None
        if step is not None:
            state.timeline.add(picture.t_s, step)
    if state.people.shuffles:
        until_s = min((c.t1_s for c in state.pending.clusters), default=at_s - SETTLE_AT_MOST_S)
        confuse_until(state.people, state.timeline, until_s)
    return effects


def _learn(state: State, cluster: Cluster) -> None:
    """Where one lane alone lost something, a hand was at it: of the only one who was near, if nobody else was. And if
    its weight tells what it was, pictures of it ought to say the same."""
    if len(cluster.changes) == 1 and cluster.taken:
        change = cluster.changes[0]
        start_s = max(change.t0_s, change.t1_s - BEFORE_S)
        lane, people = state.store.lane[change.lane], state.people
        near, others = who_was_near(people.all(), lane, start_s, change.t1_s)
        if people.sees_hands:
            people.hidden.learn(near, others, change.t1_s)
        if len(near) == 1:
            people.stance.learn(near[0], lane, change.t1_s)
        pictures = state.planogram.pictures
        pictures.learn(state.store, change, cluster.evidence)
        if (half_s := lifted_s(change)) is not None:
            if people.sees_hands:
                then, _ = who_was_near(people.all(), lane, half_s - LOOK_S, half_s + LOOK_S)
                if len(then) == 1:
                    people.stance.learn_lead(then[0], lane, half_s)
            pictures.learn_when(half_s - people.stance.lead.mean_s, cluster.evidence)


def _when(cluster: Cluster) -> float:
    """Its place among the other steps: what rolls or is pushed over to the next lane is gone before it arrives."""
    if cluster.taken:
        return max(cluster.t1_s - LIFT_S, cluster.t0_s)
    return cluster.t1_s


def _explained_since(state: State, t_s: float) -> Iterator[Explanation]:
    """What was explained of that time and after, the newest first."""
    for done in reversed(state.timeline.steps):
        if done.t_s < t_s:
            return
        if isinstance(done.step, Explanation):
            yield done.step


def _moved_after_all(state: State, change: WeightChange, explained: Sequence[Explanation]) -> None:
    """Pictures of this lane speak for this change now, and no longer for a neighbour's that was explained before it."""
    for step in explained:
        beside = [picture for picture in step.cluster.beside if not speaks_for(picture, change)]
        if len(beside) < len(step.cluster.beside):
            step.cluster.beside = beside
            state.timeline.revise(step)


def _explained_beside(state: State, change: WeightChange, explained: Sequence[Explanation]) -> Explanation | None:
    """What this change belongs to, and was explained already: somebody leant on its lane for a little longer."""
    if state.pending.waits_beside(state.store, change):
        return None
    return next((step for step in explained if step.cluster.may_join(state.store, change)), None)


def _known_after_all(state: State) -> None:
    """What strangers were near is explained again: by now it is known who they were all the time."""
    known = dict(state.people.adopted)
    state.people.adopted.clear()
    concerned = [
        step
        for done in state.timeline.steps
        if isinstance(step := done.step, Explanation)
        and any(not known.keys().isdisjoint(reached) for reached in step.cluster.reach)
    ]
    for step in concerned:
        step.cluster.was_near(known)
    if concerned:
        state.timeline.revise(concerned[0])


def _speak(state: State, picture: ItemEvidence) -> bool:
    """A picture that comes late speaks for what was explained without it. Says whether it did."""
    if any(speaks_for(picture, change) for cluster in state.pending.clusters for change in cluster.changes):
        return False
    for step in _explained_since(state, picture.t_s - EVIDENCE_S):
        if any(speaks_for(picture, change) for change in step.cluster.changes):
            step.cluster.evidence.append(picture)
            state.timeline.revise(step)
            return True
    return False
