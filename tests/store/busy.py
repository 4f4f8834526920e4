"""A store in which anybody may come, walk and leave next, and what the hub does with what it hears of them."""

import math
from collections import Counter

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from msgspec import structs

from hub.core.events import (
    AnyInput,
    Ask,
    Authorised,
    Capture,
    Effect,
    Observed,
    Open,
    PreAuthorise,
    Ticked,
    Void,
)
from hub.core.fold import State, apply
from hub.core.people import DEPARTED_S
from hub.core.presence import WAITS_S
from hub.store import Gate, Store
from tests.store.ledger import Ledger
from tests.store.scripted import AT_EXIT, AT_GATE, in_front_of, small_store
from wire.messages import Hand, ItemEvidence, Passage, Tap, Track, Tracks, WeightChange

FRAME_S = 0.4
STEP_M = 0.6
KEPT_AT_MOST_S = WAITS_S + DEPARTED_S + 2 * FRAME_S
"""Whoever waits at an exit for so long gets out, even if somebody who went before was taken for them."""
EMPLOYEE = "employee"

LANES = st.integers(1, 4)
NEAR_M = st.floats(-0.3, 0.3)
SELDOM = st.integers(0, 4).map(lambda n: n == 0)


def busy_store() -> Store:
    """The small store with two entries, an employee, and lanes that were counted."""
    store = small_store()
    second = Gate(name="entry-2", node="gate-in", direction="in", x_m=-1.0, y_m=2.0)
    lanes = tuple(structs.replace(lane, stock=20) for lane in store.lanes)
    return structs.replace(store, gates=(*store.gates, second), staff=(EMPLOYEE,), lanes=lanes)


class People(RuleBasedStateMachine):
    """Who comes, where they walk, and how they leave."""

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

    # Coming, walking and leaving.

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
