"""Whatever comes in, in whatever order, sense or nonsense: the core takes it and replays to the same state."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.core.events import Answered, AnyInput, Authorised, Observed, Ticked
from hub.core.fold import State, apply
from hub.core.view import snapshot
from tests.store.scripted import CHIPS, COLA, TONIC, WATER, small_store
from wire.messages import TRACE_VALUES, Hand, ItemEvidence, Passage, Tap, Track, Tracks, WeightChange

times = st.floats(990, 1200)
metres = st.floats(-3, 6)
lanes = st.sampled_from(["1-1-1", "1-1-2", "1-1-3", "1-1-4", "9-9-9"])
weights = st.one_of(st.sampled_from([350.0, 62.0, 538.0, 701.0, 1e-9]), st.floats(0, 1e5))
deltas = st.tuples(weights, st.booleans()).map(lambda w: w[0] if w[1] else -w[0])
sessions = st.sampled_from(["v1", "v2", "v3", "v99"])
carts = st.dictionaries(st.sampled_from([COLA, TONIC, CHIPS, WATER, "0"]), st.integers(-1, 100))
commands = st.one_of(st.none(), st.sampled_from(["v1-1", "v1-2", "v2-2", "v2-3", "nonsense"]))


@st.composite
def changes(draw: st.DrawFn) -> WeightChange:
    t0_s, t1_s = sorted((draw(times), draw(times)))
    sigma_g = draw(st.floats(0, 50))
    trace = tuple(draw(st.lists(st.integers(-1_000_000, 1_000_000), max_size=TRACE_VALUES)))
    return WeightChange(lane=draw(lanes), delta_g=draw(deltas), sigma_g=sigma_g, t0_s=t0_s, t1_s=t1_s, trace=trace)


hands = st.builds(Hand, x_m=metres, y_m=metres, z_m=metres, sigma_m=st.floats(0, 1))
tracks = st.builds(
    Track, id=st.sampled_from("abcd"), x_m=metres, y_m=metres, sigma_m=st.floats(0, 1), hand=st.none() | hands
)
bodies = st.one_of(
    changes(),
    st.builds(
        ItemEvidence,
        lane=lanes,
        t_s=times,
        likelihoods=st.dictionaries(st.sampled_from([COLA, TONIC, CHIPS, WATER, "0"]), st.floats(0, 1)),
    ),
    st.builds(
        Tap,
        gate=st.sampled_from(["entry", "exit", "nowhere"]),
        reader=st.just("qr"),
        kind=st.just("qr"),
        credential=st.sampled_from(["alice", "bob"]),
        t_s=times,
    ),
    st.builds(
        Passage,
        gate=st.sampled_from(["entry", "exit", "nowhere"]),
        direction=st.sampled_from(["in", "out"]),
        outcome=st.sampled_from(["passed", "timeout", "tailgating", "intrusion", "fire"]),
        command=commands,
        t_s=times,
    ),
    st.builds(Tracks, t_s=times, tracks=st.lists(tracks, max_size=4).map(tuple)),
)
inputs: st.SearchStrategy[AnyInput] = st.one_of(
    st.builds(Observed, at_s=times, node=st.sampled_from(["shelf", "ceiling"]), body=bodies),
    st.builds(Authorised, at_s=times, session=sessions, hold=st.none() | st.just("hold")),
    st.builds(Answered, at_s=times, session=sessions, choice=st.integers(-1, 6) | carts),
    st.builds(Ticked, at_s=times),
)


def as_journaled(event: AnyInput) -> AnyInput:
    again: AnyInput = msgspec.json.decode(msgspec.json.encode(event), type=AnyInput)
    return again


@settings(max_examples=80, deadline=None)
@given(st.lists(inputs, max_size=40))
def test_any_inputs_in_any_order_are_taken_and_replay_to_the_same_state(events: list[AnyInput]) -> None:
    live, again = State(small_store()), State(small_store())
    for event in events:
        effects = apply(live, event)
        assert apply(again, as_journaled(event)) == effects
    assert snapshot(live) == snapshot(again)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 1500), st.floats(0.0003, 0.1), st.sets(st.integers(0, 1499)), changes())
def test_however_many_frames_a_camera_sends_a_change_is_explained(
    frames: int, apart_s: float, shown: set[int], change: WeightChange
) -> None:
    state = State(small_store())
    start_s = change.t1_s - frames * apart_s / 2
    for i in range(frames):
        hand = Hand(x_m=1.2, y_m=0.2, z_m=1.0, sigma_m=0.05) if i in shown else None
        track = Track(id="a", x_m=1.2, y_m=-0.4, sigma_m=0.05, hand=hand)
        seen = Tracks(t_s=start_s + i * apart_s, tracks=(track,))
        apply(state, Observed(at_s=seen.t_s, node="ceiling", body=seen))
    last_s = start_s + frames * apart_s
    apply(state, Observed(at_s=last_s, node="shelf", body=change))
    apply(state, Ticked(at_s=last_s + 10.0))
    assert not state.pending.clusters
