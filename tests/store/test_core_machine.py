"""Whole visits, told at random: whatever happens, in whatever order it is heard, the core stays whole.

Nothing is lost or doubled in any hypothesis, probabilities add up, nobody is kept in or charged twice, time goes on,
and the journal gives the same state again.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from msgspec import structs

from hub.core.belief import Belief, Expand, Values
from hub.core.events import (
    Answered,
    AnyInput,
    Ask,
    Authorised,
    Capture,
    Effect,
    LaneHeard,
    NodeHeard,
    Note,
    Observed,
    Open,
    PreAuthorise,
    Ticked,
    Void,
)
from hub.core.fold import State, apply
from hub.core.goods import FOREIGN, UNKNOWN, Cart, Key, LaneContents, Value, Who
from hub.core.people import DEPARTED_S
from hub.core.presence import WAITS_S
from hub.core.view import snapshot
from hub.store import Gate, Store
from tests.store.scripted import CHIPS, COLA, TONIC, WATER, Story, in_front_of, small_store
from wire.messages import Hand, ItemEvidence, Passage, Tap, Track, Tracks, WeightChange

FRAME_S = 0.4
STEP_M = 0.6
KEPT_AT_MOST_S = WAITS_S + DEPARTED_S + 2 * FRAME_S
"""Whoever waits at an exit for so long gets out, even if somebody who went before was taken for them."""
AT_GATE, AT_EXIT = (-0.9, -2.0), (3.9, -2.0)
ADDED_UP = pytest.approx(1.0, abs=1e-9)
EMPLOYEE = "employee"

WEIGHTS_G = {COLA: 350.0, TONIC: 351.0, CHIPS: 62.0, WATER: 538.0}
LANES = st.integers(1, 4)
SOLD = st.sampled_from(sorted(WEIGHTS_G))
NEAR_M = st.floats(-0.3, 0.3)
SELDOM = st.integers(0, 4).map(lambda n: n == 0)
SENSIBLE = st.dictionaries(SOLD, st.integers(1, 2), max_size=3)
ANY_CART = st.dictionaries(SOLD | st.sampled_from(["404", UNKNOWN, FOREIGN, ""]), st.integers(-1, 100) | st.just(10**9))
ANSWERS = st.integers(-1, 5) | SENSIBLE | ANY_CART


def busy_store() -> Store:
    """The small store with two entries, an employee, and lanes that were counted."""
    store = small_store()
    second = Gate(name="entry-2", node="gate-in", direction="in", x_m=-1.0, y_m=2.0)
    lanes = tuple(structs.replace(lane, stock=20) for lane in store.lanes)
    return structs.replace(store, gates=(*store.gates, second), staff=(EMPLOYEE,), lanes=lanes)


class Ledger(Belief):
    """A belief that looks at every way in which something may have gone on, in every hypothesis."""

    def update(self, touched: Iterable[Key], expand: Expand) -> None:
        def checked(values: Mapping[Key, Value]) -> Iterator[tuple[float, Values]]:
            for log_p, changes in expand(values):
                assert math.isfinite(log_p)
                balances({key: values[key] for key in changes}, changes)
                yield log_p, changes

        super().update(touched, checked)


def balances(before: Values, after: Values) -> None:
    """What is in carts or was left somewhere came off a lane, and nothing else did; what comes from outside the store
    or goes out of sight says so. Whoever is taken for somebody else, that one is taken for them."""
    held, left = in_carts(after), lying(after)
    held.subtract(in_carts(before))
    left.subtract(lying(before))
    gone = off_lanes(after)
    gone.subtract(off_lanes(before))
    laid_down, dropped = Counter[str](), Counter[str]()
    for key, cart in after.items():
        was = before[key]
        if isinstance(cart, Cart) and isinstance(was, Cart):
            moved, told = Counter(u.gtin for u in cart.units), Counter[str]()
            moved.subtract(u.gtin for u in was.units)
            for deed in cart.deeds[len(was.deeds) :]:
                told[deed.gtin] += deed.moved
                if deed.unweighed == "floor":
                    dropped[deed.gtin] -= deed.moved
            untold = {gtin: n for gtin in {*moved, *told} if (n := moved[gtin] - told[gtin])}
            assert cart.restocks or not untold, f"moved without a deed that says so: {untold}"
            laid_down.update(untold)
    for gtin in {*held, *left, *gone} - {FOREIGN, UNKNOWN}:
        assert held[gtin] + left[gtin] - gone[gtin] == laid_down[gtin] - dropped[gtin], gtin
    assert min(laid_down.values(), default=0) >= 0 and min(dropped.values(), default=0) >= 0
    assert held[FOREIGN] == gone[FOREIGN] == gone[UNKNOWN] == 0, "what the store does not sell came off no lane's stock"
    assert held[UNKNOWN] + left[UNKNOWN] + dropped[UNKNOWN] >= 0, "it comes from nowhere, and stays"
    assert people_of(before) == people_of(after)


def in_carts(values: Values) -> Counter[str]:
    return Counter(u.gtin for v in values.values() if isinstance(v, Cart) for u in v.units)


def lying(values: Values) -> Counter[str]:
    return Counter(u.gtin for v in values.values() if isinstance(v, LaneContents) for u in v.left_here)


def off_lanes(values: Values) -> Counter[str]:
    gone = Counter[str]()
    for value in values.values():
        if isinstance(value, LaneContents):
            gone.update(dict(value.taken))
    return gone


def people_of(values: Values) -> list[str]:
    return sorted(v.session for v in values.values() if isinstance(v, Who))


def is_whole(belief: Belief) -> None:
    """Every key stands in one place, and what is said of it adds up."""
    assert belief.known.keys().isdisjoint(belief.factors)
    for factor in {id(f): f for f in belief.factors.values()}.values():
        assert sum(p for p, _ in factor.hypotheses) == ADDED_UP
        assert all(belief.factors[key] is factor for key in factor.keys)
        assert all(0 < p <= 1 and values.keys() == set(factor.keys) for p, values in factor.hypotheses)
    for key in belief.factors:
        marginal = belief.marginal(key)
        assert sum(p for p, _ in marginal) == ADDED_UP
        assert [p for p, _ in marginal] == sorted((p for p, _ in marginal), reverse=True)


def can_be(choice: int | dict[str, int], shown: int) -> bool:
    """Whether an answer to a question that is open, with so many carts, makes sense."""
    if isinstance(choice, int):
        return 0 <= choice < shown
    return all(gtin in WEIGHTS_G and 1 <= count <= 99 for gtin, count in choice.items())


class Visits(RuleBasedStateMachine):
    """A store in which anything may happen next."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State(busy_store())
        self.state.timeline.belief = Ledger()
        self.now_s = 1_000.0
        self.whole = True
        """Whether the last input was taken in, and not cut short by an exception."""
        self.journal: list[tuple[bytes, list[Effect]]] = []
        self.where: dict[str, tuple[float, float]] = {}
        """Everybody on the floor, by the name of their track."""
        self.hands: dict[str, Hand] = {}
        self.at_exit_s: dict[str, float] = {}
        self.came = 0
        self.opened: dict[str, Open] = {}
        """Exits that were opened, by command, and not yet used."""
        self.asked: dict[str, Ask] = {}
        self.settled = Counter[str]()
        self.behind = False
        self.backlog: list[WeightChange] = []

    # What the hub does with what it hears.

    def tell(self, event: AnyInput) -> list[Effect]:
        self.whole = False
        effects = apply(self.state, event)
        self.whole = True
        self.journal.append((msgspec.json.encode(event), effects))
        for effect in effects:
            match effect:
                case Open(command=command) if command.direction == "out":
                    self.opened[command.id] = effect
                case Ask():
                    assert sum(effect.probabilities) < 1 + 1e-9
                    self.asked[effect.receipt.session] = effect
                case Capture(receipt=receipt) | Void(receipt=receipt) if receipt is not None:
                    self.settled[receipt.session] += 1
                    assert receipt.total_cents == sum(line.count * line.price_cents for line in receipt.lines)
        return effects

    def says(self, node: str, body: WeightChange | ItemEvidence | Tap | Passage | Tracks) -> list[Effect]:
        return self.tell(Observed(at_s=self.now_s, node=node, body=body))

    def frame(self) -> None:
        self.now_s += FRAME_S
        tracks = (Track(id=t, x_m=x, y_m=y, sigma_m=0.07, hand=self.hands.get(t)) for t, (x, y) in self.where.items())
        self.says("ceiling", Tracks(t_s=self.now_s, tracks=tuple(tracks)))
        near = {t for t, at in self.where.items() if math.dist(at, (4.0, -2.0)) < 0.75}
        self.at_exit_s = {t: self.at_exit_s.get(t, self.now_s) for t in near}
        if any(self.now_s - since_s > KEPT_AT_MOST_S for since_s in self.at_exit_s.values()):
            assert any(self.now_s <= o.command.expires_s for o in self.opened.values()), "somebody is kept in"

    def walk(self, track: str, to: tuple[float, float]) -> None:
        while (far_m := math.dist(self.where[track], to)) > 0:
            (x, y), part = self.where[track], min(1.0, STEP_M / far_m)
            self.where[track] = to if part == 1 else (x + part * (to[0] - x), y + part * (to[1] - y))
            self.frame()

    def somebody(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.where)), label="who")

    def tick(self) -> None:
        wake_at_s = self.state.wake_at_s
        assert wake_at_s is not None
        self.now_s = max(self.now_s, wake_at_s)
        self.tell(Ticked(at_s=self.now_s))
        assert self.state.wake_at_s is None or self.state.wake_at_s > self.now_s, "it would be woken again and again"

    def silence(self, seconds: float) -> None:
        until_s = self.now_s + seconds
        while self.state.wake_at_s is not None and self.state.wake_at_s <= until_s:
            self.tick()
        self.now_s = until_s
        self.at_exit_s = {}  # nobody was seen meanwhile

    # People.

    @initialize()
    def somebody_shops(self) -> None:
        self.enter("entry", False, "alice", False, True)

    @precondition(lambda self: len(self.where) < 5)
    @rule(
        gate=st.sampled_from(["entry", "entry", "entry-2"]),
        again=SELDOM,
        credential=st.sampled_from(["alice", "bob", "carol", EMPLOYEE]),
        tailgates=SELDOM,
        authorised=st.integers(0, 9).map(bool),
    )
    def enter(self, gate: str, again: bool, credential: str, tailgates: bool, authorised: bool) -> None:
        """Tap, be let in, or not; come in, alone or with somebody close behind."""
        opens = self.tap(gate, credential, authorised)
        if again:
            opens += self.tap(gate, credential, authorised)
        if opens:
            self.passes_in(gate, opens[0].command.id, "passed")
            if tailgates:
                self.passes_in(gate, opens[0].command.id, "tailgating")

    def tap(self, gate: str, credential: str, authorised: bool) -> list[Open]:
        tap = Tap(gate=gate, reader="qr", kind="qr", credential=credential, t_s=self.now_s)
        effects = self.says("gate-in", tap)
        for effect in effects:
            if isinstance(effect, PreAuthorise):
                assert effect.credential != EMPLOYEE
                hold = "h-" + effect.session if authorised else None
                effects = self.tell(Authorised(at_s=self.now_s, session=effect.session, hold=hold))
                assert authorised or not any(isinstance(e, Open) for e in effects)
        return [e for e in effects if isinstance(e, Open)]

    def passes_in(self, gate: str, command: str, outcome: str) -> None:
        self.says("gate-in", self.passage(gate, "in", command, outcome))
        self.came += 1
        x, y = AT_GATE
        self.where[f"t{self.came}"] = (x, y if gate == "entry" else -y)
        self.frame()

    def passage(self, gate: str, direction: str, command: str | None, outcome: str = "passed") -> Passage:
        return Passage(gate=gate, direction=direction, outcome=outcome, command=command, t_s=self.now_s)  # type: ignore[arg-type]

    @rule(gate=st.sampled_from(["entry", "entry-2"]), times_out=st.booleans(), wait_s=st.sampled_from([0.0, 5.0]))
    def taps_and_never_comes(self, gate: str, times_out: bool, wait_s: float) -> None:
        opens = self.tap(gate, "dora", True)
        self.silence(wait_s)
        for effect in opens:
            if times_out:
                self.says("gate-in", self.passage(gate, "in", effect.command.id, "timeout"))

    @precondition(lambda self: self.where)
    @rule(data=st.data(), lane=LANES, off_m=NEAR_M)
    def goes_to(self, data: st.DataObject, lane: int, off_m: float) -> None:
        x, y = in_front_of(lane)
        self.walk(self.somebody(data), (x + off_m, y))

    @rule(frames=st.integers(1, 10))
    def stand(self, frames: int) -> None:
        for _ in range(frames):
            self.frame()

    @precondition(lambda self: len(self.where) > 1)
    @rule(data=st.data(), gap_m=st.floats(0.1, 0.7), swap=st.booleans())
    def stands_close(self, data: st.DataObject, gap_m: float, swap: bool) -> None:
        """Shoulder to shoulder, so that tracks may be confused, or really are."""
        one = self.somebody(data)
        other = data.draw(st.sampled_from(sorted(self.where.keys() - {one})))
        x, y = self.where[other]
        self.walk(one, (x + gap_m, y))
        if swap:
            self.where[one], self.where[other] = self.where[other], self.where[one]
        self.frame()

    @precondition(lambda self: self.where)
    @rule(data=st.data(), frames=st.integers(1, 12))
    def track_breaks(self, data: st.DataObject, frames: int) -> None:
        track = self.somebody(data)
        place = self.where.pop(track)
        self.stand(frames)
        self.came += 1
        self.where[f"t{self.came}"] = place
        self.frame()

    @precondition(lambda self: len(self.where) < 5)
    @rule(x_m=st.floats(-2, 5), y_m=st.floats(-3, 3))
    def track_from_nowhere(self, x_m: float, y_m: float) -> None:
        self.came += 1
        self.where[f"t{self.came}"] = (x_m, y_m)
        self.frame()

    @precondition(lambda self: self.where)
    @rule(data=st.data(), named=st.booleans(), outcome=st.sampled_from(["passed", "fire"]))
    def leaves(self, data: st.DataObject, named: bool, outcome: str) -> None:
        self.goes_out(self.somebody(data), named, outcome)

    def goes_out(self, track: str, named: bool, outcome: str) -> None:
        self.walk(track, AT_EXIT)
        while not any(self.now_s <= o.command.expires_s for o in self.opened.values()):
            self.frame()
        command = next(reversed(self.opened))
        del self.opened[command]
        self.says("gate-out", self.passage("exit", "out", command if named else None, outcome))
        del self.where[track]
        self.at_exit_s.pop(track, None)
        self.frame()

    # Goods.

    def change(self, lane: int, delta_g: float, sigma_g: float = 0.5, took_s: float = 0.6, at_s: float = 0.0) -> None:
        t1_s = self.now_s + at_s
        change = WeightChange(lane=f"1-1-{lane}", delta_g=delta_g, sigma_g=sigma_g, t0_s=t1_s - took_s, t1_s=t1_s)
        if self.behind:
            self.backlog.append(change)
        else:
            self.says("shelf", change)

    @rule(lane=LANES, count=st.integers(1, 3), off_g=st.floats(-1, 1))
    def takes(self, lane: int, count: int, off_g: float) -> None:
        self.change(lane, off_g - count * WEIGHTS_G[(COLA, TONIC, CHIPS, WATER)[lane - 1]])

    @rule(lane=LANES, gtins=st.lists(SOLD, min_size=1, max_size=2), off_g=st.floats(-1, 1))
    def puts(self, lane: int, gtins: list[str], off_g: float) -> None:
        """Back where it was, or astray: one thing or two."""
        self.change(lane, off_g + sum(WEIGHTS_G[gtin] for gtin in gtins))

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
        assert any(isinstance(e, Note) for e in self.tell(LaneHeard(at_s=self.now_s, lane="9-9-9", fault="dead")))

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


# In whatever order it is heard.

HEARD_WITHIN_S = 1.4


@st.composite
def at_one_time(draw: st.DrawFn) -> tuple[list[WeightChange], list[WeightChange]]:
    """What several shelf nodes have to say of the last seconds, in the order of its times and in another one."""
    changes = []
    for i, lane in enumerate(draw(st.lists(LANES, min_size=2, max_size=5))):
        gtin = (COLA, TONIC, CHIPS, WATER)[lane - 1]
        delta_g = draw(st.sampled_from([-1, -1, -1, 1])) * WEIGHTS_G[gtin] + draw(st.floats(-1, 1))
        t1_s = 0.5 * i + draw(st.floats(0.01, 0.49))
        t0_s = t1_s - draw(st.floats(0.2, 1.0))
        changes.append(WeightChange(lane=f"1-1-{lane}", delta_g=delta_g, sigma_g=0.5, t0_s=t0_s + 9, t1_s=t1_s + 9))
    return changes, draw(st.permutations(changes))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(at_one_time(), st.booleans())
def test_the_order_of_arrival_of_what_happened_at_one_time_does_not_matter(
    heard: tuple[list[WeightChange], list[WeightChange]], alone: bool
) -> None:
    beliefs = []
    for changes in heard:
        story = Story()
        story.enter("a", credential="alice")
        story.walk({"a": AT_GATE}, {"a": (1.0, -1.0)})
        spots = {"a": in_front_of(2)}
        if not alone:
            story.enter("b", credential="bob")
            spots["b"] = (2.1, -0.35)
        story.walk({track: AT_GATE if track == "b" else (1.0, -1.0) for track in spots}, spots)
        began_s = story.now_s - 9
        story.stand(spots, 3.0)
        for change in changes:
            story.now_s += HEARD_WITHIN_S / len(changes)
            story.says("shelf", structs.replace(change, t0_s=change.t0_s + began_s, t1_s=change.t1_s + began_s))
        story.wait(5.0)
        belief = story.state.belief
        beliefs.append({v: [(p, c.signature) for p, c in belief.cart(v)] for v in story.state.visits.sessions})
    assert beliefs[0].keys() == beliefs[1].keys()
    for session, carts in beliefs[0].items():
        again = {cart: p for p, cart in beliefs[1][session]}
        assert again == pytest.approx({cart: p for p, cart in carts}, abs=1e-3)
