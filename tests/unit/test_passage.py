"""Who may pass and who passed: single stories first, then anything that can happen."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec import structs

from gate_node.passage import (
    GRACE_S,
    PASSING_LIMIT_S,
    TAILGATE_S,
    Hold,
    Output,
    PassageControl,
    Refused,
)
from wire.messages import Direction, GateCommand, Passage

T0_S = 1_000_000.0
PASSAGE_S = 8.0
DIRECTIONS: tuple[Direction, ...] = ("in", "out")


def command(name: str = "c1", gate: str = "g", direction: Direction = "in", expires_s: float = T0_S + 8) -> GateCommand:
    return GateCommand(id=name, gate=gate, direction=direction, expires_s=expires_s)


def gate(direction: Direction = "in", hub_alive: bool = True) -> PassageControl:
    control = PassageControl("g", direction, PASSAGE_S)
    control.start(fire=False, occupied=frozenset(), now_s=T0_S)
    control.tick(hub_alive, T0_S)
    return control


def passages(outputs: list[Output]) -> list[tuple[str, str | None]]:
    return [(o.outcome, o.command) for o in outputs if isinstance(o, Passage)]


def walk(control: PassageControl, direction: Direction, at_s: float) -> list[tuple[str, str | None]]:
    return passages(control.contact(direction, True, at_s) + control.contact(direction, False, at_s + 0.4))


def test_a_command_opens_at_once_and_for_one_person() -> None:
    control = gate()
    assert control.command(command(), T0_S) == [Hold("in", True)]
    passed, locked = control.contact("in", True, T0_S + 2)
    assert passages([passed]) == [("passed", "c1")]
    assert locked == Hold("in", False)
    assert control.contact("in", False, T0_S + 2.4) == []
    assert control.tick(True, T0_S + 60) == []


def test_a_passage_is_dated_by_its_contact() -> None:
    control = gate()
    control.command(command(), T0_S)
    passed = control.contact("in", True, T0_S + 2.5)[0]
    assert isinstance(passed, Passage)
    assert (passed.gate, passed.direction, passed.t_s) == ("g", "in", T0_S + 2.5)


def test_a_grant_that_nobody_uses_times_out_and_then_opens_for_nobody() -> None:
    control = gate()
    control.command(command(), T0_S)
    assert control.tick(True, T0_S + PASSAGE_S) == [Hold("in", False)]
    assert passages(control.tick(True, T0_S + PASSAGE_S + GRACE_S)) == [("timeout", "c1")]
    assert walk(control, "in", T0_S + 20) == [("intrusion", None)]


def test_who_steps_in_at_the_last_moment_is_no_intruder() -> None:
    control = gate()
    control.command(command(), T0_S)
    control.tick(True, T0_S + PASSAGE_S)
    assert walk(control, "in", T0_S + PASSAGE_S + 0.5) == [("passed", "c1")]


def test_the_second_on_one_grant_is_a_tailgater() -> None:
    control = gate()
    control.command(command(), T0_S)
    assert walk(control, "in", T0_S + 1) == [("passed", "c1")]
    assert walk(control, "in", T0_S + 2) == [("tailgating", "c1")]
    assert walk(control, "in", T0_S + 4.5) == [("tailgating", "c1")]
    assert walk(control, "in", T0_S + 4.5 + TAILGATE_S) == [("intrusion", None)]


def test_the_next_command_waits_until_the_one_before_it_is_through() -> None:
    control = gate()
    control.command(command("c1"), T0_S)
    assert control.command(command("c2"), T0_S + 0.5) == []
    assert passages(control.contact("in", True, T0_S + 1)) == [("passed", "c1")]
    assert control.contact("in", False, T0_S + 1.4) == [Hold("in", True)]
    assert walk(control, "in", T0_S + 2) == [("passed", "c2")]


def test_a_command_that_follows_an_unused_one_keeps_the_way_open() -> None:
    control = gate()
    control.command(command("c1"), T0_S)
    control.command(command("c2", expires_s=T0_S + 16), T0_S + 7)
    assert passages(control.tick(True, T0_S + PASSAGE_S)) == [("timeout", "c1")]
    assert walk(control, "in", T0_S + PASSAGE_S + 2) == [("passed", "c2")]


def test_a_contact_that_stays_closed_does_not_hold_up_the_next_one() -> None:
    control = gate()
    control.command(command("c1"), T0_S)
    control.contact("in", True, T0_S + 1)
    assert control.command(command("c2"), T0_S + 2) == []
    assert control.tick(True, T0_S + 1.1 + PASSING_LIMIT_S) == [Hold("in", True)]
    assert control.stuck(T0_S + 1.1 + PASSING_LIMIT_S) == {"in"}


def test_a_late_command_is_dropped_and_said_to_have_timed_out() -> None:
    refused, ended = gate().command(command(expires_s=T0_S), T0_S)
    assert isinstance(refused, Refused)
    assert refused.counter == "commands_expired"
    assert passages([ended]) == [("timeout", "c1")]


def test_a_command_that_expires_while_it_waits_never_opens() -> None:
    control = gate()
    control.command(command("c1", expires_s=T0_S + 8), T0_S)
    control.command(command("c2", expires_s=T0_S + 8), T0_S)
    outputs = control.tick(True, T0_S + PASSAGE_S + GRACE_S)
    assert passages(outputs) == [("timeout", "c1"), ("timeout", "c2")]
    assert Hold("in", True) not in outputs


@pytest.mark.parametrize("later_s", [0.5, 5.0, 30.0])
def test_a_repeated_command_opens_nothing_before_and_after_its_expiry(later_s: float) -> None:
    control = gate()
    control.command(command(), T0_S)
    walk(control, "in", T0_S + 0.1)
    [refused] = control.command(command(), T0_S + later_s)
    assert isinstance(refused, Refused)
    assert refused.counter == "commands_repeated"


@pytest.mark.parametrize("wrong", [command(gate="other"), command(direction="out")])
def test_a_command_for_another_gate_or_direction_is_refused(wrong: GateCommand) -> None:
    [refused] = gate().command(wrong, T0_S)
    assert isinstance(refused, Refused)
    assert refused.counter == "commands_refused"


def test_the_way_out_of_an_entry_is_free_whether_the_hub_is_heard_or_not() -> None:
    control = PassageControl("g", "in", PASSAGE_S)
    assert control.start(fire=False, occupied=frozenset(), now_s=T0_S) == [Hold("out", True)]
    for alive in (False, True):
        assert control.tick(alive, T0_S + 1) == []
        assert walk(control, "out", T0_S + 2) == [("passed", None)]


def test_an_exit_is_open_until_the_hub_is_heard_and_again_when_it_no_longer_is() -> None:
    control = PassageControl("g", "out", PASSAGE_S)
    assert control.start(fire=False, occupied=frozenset(), now_s=T0_S) == [Hold("out", True)]
    assert control.tick(True, T0_S + 1) == [Hold("out", False)]
    assert walk(control, "out", T0_S + 5) == [("intrusion", None)]
    assert control.tick(False, T0_S + 10) == [Hold("out", True)]
    assert walk(control, "out", T0_S + 11) == [("passed", None)]


def test_who_is_in_the_exit_when_the_hub_comes_back_is_no_intruder() -> None:
    control = gate("out", hub_alive=False)
    control.tick(False, T0_S + 0.9)
    control.tick(True, T0_S + 1)
    assert walk(control, "out", T0_S + 1.5) == [("passed", None)]


def test_a_grant_outlives_the_silence_of_the_hub() -> None:
    control = gate("out")
    control.command(command(direction="out"), T0_S)
    assert control.tick(False, T0_S + 4) == []
    assert control.tick(True, T0_S + 5) == []
    assert walk(control, "out", T0_S + 6) == [("passed", "c1")]


def test_a_fire_frees_both_directions_and_every_passage_says_so() -> None:
    control = gate()
    assert control.fire_input(True, T0_S) == [Hold("in", True)]
    assert control.command(command(), T0_S + 1) == []
    assert walk(control, "out", T0_S + 2) == [("fire", None)]
    assert walk(control, "in", T0_S + 2) == [("fire", "c1")]
    assert walk(control, "in", T0_S + 3) == [("fire", None)]
    assert control.fire_input(False, T0_S + 4) == [Hold("in", False)]


def test_a_fire_that_burns_at_the_start_is_known() -> None:
    control = PassageControl("g", "out", PASSAGE_S)
    assert control.start(fire=True, occupied=frozenset(), now_s=T0_S) == [Hold("in", True), Hold("out", True)]


def test_a_contact_that_is_closed_at_the_start_is_nobodys_passage_but_a_fault_in_time() -> None:
    control = PassageControl("g", "in", PASSAGE_S)
    assert passages(control.start(fire=False, occupied=frozenset({"in"}), now_s=T0_S)) == []
    assert control.stuck(T0_S) == set()
    assert control.stuck(T0_S + PASSING_LIMIT_S + 1) == {"in"}


class AnythingAtAGate(RuleBasedStateMachine):
    """Commands good and bad, people, fire and silence, in any order and at any time."""

    @initialize(direction=st.sampled_from(["in", "out"]))
    def start(self, direction: Direction) -> None:
        self.now_s = T0_S
        self.direction: Direction = direction
        self.control = PassageControl("g", direction, PASSAGE_S)
        self.fire = self.hub_alive = False
        self.held: dict[Direction, bool] = {"in": False, "out": False}
        self.occupied: set[Direction] = set()
        self.accepted: dict[str, float] = {}
        self.ended: list[str] = []
        self.walked = self.reported = 0
        self.judge(self.control.start(False, frozenset(), self.now_s))

    def judge(self, outputs: list[Output]) -> list[Output]:
        for output in outputs:
            match output:
                case Hold(direction, on):
                    assert self.held[direction] != on
                    self.held[direction] = on
                    if on and not self.free(direction):
                        assert direction == self.direction
                        assert self.in_time()
                case Passage(outcome="tailgating"):
                    assert output.command in self.ended
                    self.reported += 1
                case Passage():
                    self.reported += output.outcome != "timeout"
                    if output.command is not None:
                        self.ended.append(output.command)
        return outputs

    def free(self, direction: Direction) -> bool:
        return self.fire or (direction == "out" and (self.direction == "in" or not self.hub_alive))

    def in_time(self) -> bool:
        return any(expires_s > self.now_s for name, expires_s in self.accepted.items() if name not in self.ended)

    @rule(by_s=st.sampled_from([0.01, 0.4, 1.0, 4.0, 10.0]))
    def time_goes_by(self, by_s: float) -> None:
        self.now_s += by_s
        self.judge(self.control.tick(self.hub_alive, self.now_s))

    @rule(alive=st.booleans())
    def the_hub_is_heard_or_not(self, alive: bool) -> None:
        self.hub_alive = alive
        self.judge(self.control.tick(alive, self.now_s))

    @rule(active=st.booleans())
    def the_fire_loop_changes(self, active: bool) -> None:
        self.fire = active
        self.judge(self.control.fire_input(active, self.now_s))

    @rule(name=st.sampled_from("abcdefgh"), for_s=st.sampled_from([-1.0, 0.0, 2.0, 8.0]))
    def a_command_comes(self, name: str, for_s: float) -> None:
        repeated = name in self.accepted
        self.accepted.setdefault(name, self.now_s + for_s)
        sent = command(name, direction=self.direction, expires_s=self.now_s + for_s)
        outputs = self.judge(self.control.command(sent, self.now_s))
        if repeated:
            assert [o.counter for o in outputs if isinstance(o, Refused) and o.command is sent] == ["commands_repeated"]

    @rule(wrong_gate=st.booleans())
    def a_command_comes_astray(self, wrong_gate: bool) -> None:
        other: Direction = "out" if self.direction == "in" else "in"
        right = command("astray", direction=self.direction, expires_s=self.now_s + 8)
        astray = structs.replace(right, gate="other") if wrong_gate else structs.replace(right, direction=other)
        refused = self.judge(self.control.command(astray, self.now_s))[-1]
        assert isinstance(refused, Refused)
        assert refused.counter == "commands_refused"

    @rule(direction=st.sampled_from(["in", "out"]))
    def somebody_steps_in(self, direction: Direction) -> None:
        if direction not in self.occupied:
            self.occupied.add(direction)
            self.walked += 1
            self.judge(self.control.contact(direction, True, self.now_s))

    @rule(direction=st.sampled_from(["in", "out"]))
    def somebody_leaves_the_passage(self, direction: Direction) -> None:
        if direction in self.occupied:
            self.occupied.remove(direction)
            self.judge(self.control.contact(direction, False, self.now_s))

    @invariant()
    def everybody_who_walks_is_reported_once(self) -> None:
        assert self.walked == self.reported

    @invariant()
    def no_grant_ends_twice(self) -> None:
        assert len(self.ended) == len(set(self.ended))
        assert set(self.ended) <= set(self.accepted)

    @invariant()
    def nobody_is_locked_in(self) -> None:
        assert all(self.held[direction] for direction in DIRECTIONS if self.free(direction))

    @invariant()
    def no_way_is_held_open_without_cause(self) -> None:
        for direction in DIRECTIONS:
            granted = direction == self.direction and set(self.accepted) > set(self.ended)
            assert not self.held[direction] or self.free(direction) or granted

    def teardown(self) -> None:
        for _ in range(2 * len(self.accepted) + 1):
            self.time_goes_by(PASSAGE_S + GRACE_S + PASSING_LIMIT_S)
        assert set(self.ended) == set(self.accepted)


TestAnythingAtAGate = AnythingAtAGate.TestCase
TestAnythingAtAGate.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
