"""Whole visits, told at random: whatever happens, in whatever order it is heard, the core stays whole.

Nothing is lost or doubled in any hypothesis (`ledger.py`), nobody is kept in (`busy.py`) or charged twice, time goes
on, and the journal gives the same state again.
"""

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test
from msgspec import structs

from hub.core.events import (
    Answered,
    AnyInput,
    Capture,
    LaneHeard,
    LaneUnrest,
    NodeHeard,
    Note,
    Observed,
    Void,
)
from hub.core.fold import State, apply
from hub.core.goods import FOREIGN, UNKNOWN
from hub.core.view import snapshot
from tests.store.busy import LANES, People, busy_store
from tests.store.ledger import is_whole
from tests.store.scripted import CHIPS, COLA, TONIC, WATER, in_front_of
from wire.messages import Hand, ItemEvidence, Tap, Tracks, WeightChange

WEIGHTS_G = {COLA: 350.0, TONIC: 351.0, CHIPS: 62.0, WATER: 538.0}
SOLD = st.sampled_from(sorted(WEIGHTS_G))
SENSIBLE = st.dictionaries(SOLD, st.integers(1, 2), max_size=3)
ANY_CART = st.dictionaries(SOLD | st.sampled_from(["404", UNKNOWN, FOREIGN, ""]), st.integers(-1, 100) | st.just(10**9))
TRACES = st.lists(st.integers(-800, 800), max_size=12).map(tuple)
ANSWERS = st.integers(-1, 5) | SENSIBLE | ANY_CART


def can_be(choice: int | dict[str, int], shown: int) -> bool:
    """Whether an answer to a question that is open, with so many carts, makes sense."""
    if isinstance(choice, int):
        return 0 <= choice < shown
    return all(gtin in WEIGHTS_G and 1 <= count <= 99 for gtin, count in choice.items())


class Visits(People):
    """Anything may happen next."""

    # Goods.

    def change(
        self,
        lane: int,
        delta_g: float,
        sigma_g: float = 0.5,
        took_s: float = 0.6,
        at_s: float = 0.0,
        trace: tuple[int, ...] = (),
    ) -> None:
        t1_s = self.now_s + at_s
        change = WeightChange(
            lane=f"1-1-{lane}", delta_g=delta_g, sigma_g=sigma_g, t0_s=t1_s - took_s, t1_s=t1_s, trace=trace
        )
        if self.behind:
            self.backlog.append(change)
        else:
            self.says("shelf", change)

    @rule(lane=LANES, count=st.integers(1, 3), off_g=st.floats(-1, 1), trace=TRACES)
    def takes(self, lane: int, count: int, off_g: float, trace: tuple[int, ...]) -> None:
        self.change(lane, off_g - count * WEIGHTS_G[(COLA, TONIC, CHIPS, WATER)[lane - 1]], trace=trace)

    @rule(lane=LANES, gtins=st.lists(SOLD, min_size=1, max_size=2), off_g=st.floats(-1, 1), trace=TRACES)
    def puts(self, lane: int, gtins: list[str], off_g: float, trace: tuple[int, ...]) -> None:
        """Back where it was, or astray: one thing or two."""
        self.change(lane, off_g + sum(WEIGHTS_G[gtin] for gtin in gtins), trace=trace)

    @rule(lane=st.integers(1, 3), gtin=SOLD, share=st.floats(0.1, 0.9))
    def takes_across(self, lane: int, gtin: str, share: float) -> None:
        self.change(lane, -share * WEIGHTS_G[gtin])
        self.change(lane + 1, -(1 - share) * WEIGHTS_G[gtin])

    @rule(lane=LANES, beside=st.sampled_from([-1, 1]), taken=st.booleans())
    def rolls_over(self, lane: int, beside: int, taken: bool) -> None:
        if 1 <= lane + beside <= 4:
            gtins = (COLA, TONIC, CHIPS, WATER)
            rolled_g = WEIGHTS_G[gtins[lane - 1]]
            self.change(lane, -rolled_g)
            self.change(lane + beside, rolled_g - taken * WEIGHTS_G[gtins[lane + beside - 1]])

    @rule(
        lane=LANES,
        delta_g=st.floats(-1e6, 1e6) | st.floats(-900, 900),
        sigma_g=st.floats(0, 50),
        took_s=st.floats(0, 30),
        at_s=st.sampled_from([0.0, 0.0, -2.0, -20.0, -400.0, 90.0, 1e9]),
    )
    def anything_weighs_anything(self, lane: int, delta_g: float, sigma_g: float, took_s: float, at_s: float) -> None:
        """Late, of long ago, or of times to come."""
        self.change(lane, delta_g, sigma_g, took_s, at_s)

    @rule(lane=LANES, seen=SOLD, p=st.floats(0, 1), at_s=st.sampled_from([0.0, -8.0, 1e6]))
    def picture(self, lane: int, seen: str, p: float, at_s: float) -> None:
        evidence = ItemEvidence(lane=f"1-1-{lane}", t_s=self.now_s + at_s, likelihoods={seen: p}, other=1 - p)
        self.says("shelf", evidence)

    # What no scale sees.

    @precondition(lambda self: len(self.where) > 1)
    @rule(data=st.data())
    def hands_meet(self, data: st.DataObject) -> None:
        one = self.somebody(data)
        other = data.draw(st.sampled_from(sorted(self.where.keys() - {one})))
        self.walk(one, (1.0, -1.8))
        self.walk(other, (1.5, -1.8))
        hand = Hand(x_m=1.25, y_m=-1.8, z_m=1.1, sigma_m=0.05)
        self.reaches({one: hand, other: hand})

    @precondition(lambda self: self.where)
    @rule(data=st.data(), lane=st.none() | LANES)
    def reaches_somewhere(self, data: st.DataObject, lane: int | None) -> None:
        """Down to the floor, or over a lane."""
        track = self.somebody(data)
        if lane is None:
            self.walk(track, (1.2, -1.8))
            self.reaches({track: Hand(x_m=1.2, y_m=-1.5, z_m=0.1, sigma_m=0.05)})
        else:
            self.walk(track, in_front_of(lane))
            self.reaches({track: Hand(x_m=1.0 + 0.2 * lane, y_m=0.2, z_m=1.0, sigma_m=0.05)})

    def reaches(self, hands: dict[str, Hand]) -> None:
        self.hands = hands
        self.stand(3)
        self.hands = {}
        self.stand(4)

    @rule(lane=LANES, fault=st.none() | st.just("dead"))
    def lane_heard(self, lane: int, fault: str | None) -> None:
        self.tell(LaneHeard(at_s=self.now_s, lane=f"1-1-{lane}", fault=fault))

    @rule(lane=LANES, stirs=st.booleans())
    def lane_stirs_or_rests(self, lane: int, stirs: bool) -> None:
        self.tell(LaneUnrest(at_s=self.now_s, lane=f"1-1-{lane}", since_s=self.now_s - 2.0 if stirs else None))

    @rule()
    def node_falls_silent_or_comes_back(self) -> None:
        lanes = tuple(f"1-1-{i}" for i in range(1, 5))
        if self.behind:
            self.behind = False
            for change in self.backlog:
                self.says("shelf", change)
            self.backlog = []
            self.tell(NodeHeard(at_s=self.now_s, node="shelf", behind=False))
        else:
            self.behind = True
            self.tell(NodeHeard(at_s=self.now_s, node="shelf", behind=True, lanes=lanes))

    # What cannot be.

    @rule()
    def said_twice(self) -> None:
        said = (e for b, _ in reversed(self.journal) if isinstance(e := decoded(b), Observed))
        event = next((e for e in said if not isinstance(e.body, Tracks)), None)
        if event is not None:
            self.tell(structs.replace(event, at_s=self.now_s))

    @rule()
    def of_things_that_this_store_does_not_have(self) -> None:
        change = WeightChange(lane="9-9-9", delta_g=-350.0, sigma_g=1.0, t0_s=self.now_s - 1, t1_s=self.now_s)
        picture = ItemEvidence(lane="9-9-9", t_s=self.now_s, likelihoods={COLA: 1.0})
        tap = Tap(gate="exit", reader="qr", kind="qr", credential="alice", t_s=self.now_s)
        nowhere, uninvited = self.passage("nowhere", "out", None), self.passage("entry", "in", None, "intrusion")
        for body in (change, picture, tap, nowhere, uninvited):
            (note,) = (e for e in self.says("somebody", body) if isinstance(e, Note))
            assert note.text
        for news in (
            LaneHeard(at_s=self.now_s, lane="9-9-9", fault="dead"),
            LaneUnrest(at_s=self.now_s, lane="9-9-9", since_s=self.now_s),
        ):
            assert any(isinstance(e, Note) for e in self.tell(news))

    @rule(ahead_s=st.sampled_from([-50.0, 1e8]))
    def frame_of_another_time(self, ahead_s: float) -> None:
        self.says("ceiling", Tracks(t_s=self.now_s + ahead_s, tracks=()))

    @rule(session=st.sampled_from(["v1", "v2", "v3", "v99"]), choice=ANSWERS)
    def answer(self, session: str, choice: int | dict[str, int]) -> None:
        """The question is open and that can be an answer to it, or nothing comes of it."""
        visit = self.state.visits.sessions.get(session)
        is_open = visit is not None and visit.waiting is not None and can_be(choice, len(visit.waiting))
        before = self.settled[session]
        effects = self.tell(Answered(at_s=self.now_s, session=session, choice=choice))
        assert self.settled[session] == before + is_open
        if is_open:
            receipts = [e.receipt for e in effects if isinstance(e, Capture | Void) and e.receipt]
            said = dict(self.asked[session].candidates[choice]) if isinstance(choice, int) else choice
            assert {line.gtin: line.count for line in receipts[0].lines} == said
        else:
            assert isinstance(effects[0], Note)

    # Time.

    @precondition(lambda self: self.state.wake_at_s is not None)
    @rule()
    def woken(self) -> None:
        self.tick()

    @rule(seconds=st.sampled_from([2.0, 10.0, 200.0, 4000.0]))
    def long_silence(self, seconds: float) -> None:
        self.silence(seconds)

    # What always holds.

    @invariant()
    def the_belief_is_whole(self) -> None:
        """Every key stands in one place, and what is said of it adds up."""
        is_whole(self.state.belief)

    @invariant()
    def nobody_is_charged_twice(self) -> None:
        assert max(self.settled.values(), default=0) <= 1

    def teardown(self) -> None:
        """In the end everybody gets out, and the journal tells the same story."""
        if not self.whole:
            return
        if self.behind:
            self.node_falls_silent_or_comes_back()
        for track in sorted(self.where):
            self.goes_out(track, True, "passed")
        self.silence(4000.0)
        again = State(busy_store())
        for journaled, effects in self.journal:
            assert apply(again, decoded(journaled)) == effects
        assert snapshot(again) == snapshot(self.state)
        assert again.belief.known == self.state.belief.known
        assert again.wake_at_s == self.state.wake_at_s
        super().teardown()


def decoded(journaled: bytes) -> AnyInput:
    event: AnyInput = msgspec.json.decode(journaled, type=AnyInput)
    return event


SOME = settings(
    max_examples=50,
    derandomize=True,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
MANY = settings(SOME, max_examples=1000, stateful_step_count=40, derandomize=False)


def test_whatever_happens_in_a_store_the_core_stays_whole() -> None:
    run_state_machine_as_test(Visits, settings=SOME)


@pytest.mark.slow
def test_whatever_happens_in_a_store_for_long_the_core_stays_whole() -> None:
    run_state_machine_as_test(Visits, settings=MANY)


def test_a_lane_that_changes_twice_at_one_time_makes_nothing_out_of_nothing() -> None:
    """Tonic is lifted and something else set down there, while the lane beside is brushed: all of it one cluster."""
    visits = Visits()
    visits.somebody_shops()
    visits.change(2, +351.0)
    visits.change(2, -351.0)
    visits.change(1, +1.0)
    visits.silence(10.0)
    is_whole(visits.state.belief)


def test_whoever_tapped_at_two_entries_and_never_came_does_not_keep_the_hub_awake() -> None:
    visits = Visits()
    visits.taps_and_never_comes("entry", False, 5.0)
    visits.taps_and_never_comes("entry-2", False, 0.0)
    visits.silence(60.0)
    assert visits.state.visits.sessions == {}


def test_whoever_another_was_taken_for_at_the_exit_gets_out_all_the_same() -> None:
    """A stranger goes out while a shopper stands beside the gate: it looks as if the shopper had gone."""
    visits = Visits()
    visits.somebody_shops()
    visits.track_from_nowhere(3.26, -2.79)
    visits.walk("t1", (3.94, -2.75))
    visits.stand(9)
    visits.goes_out("t2", True, "passed")
    visits.goes_out("t1", True, "passed")
    visits.silence(60.0)
    assert visits.where == {}
