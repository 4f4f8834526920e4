"""Who may pass, who passed, and on which command: the same for the way in and the way out. Pure.

    idle ──command──▶ granted ──contact closes──▶ passing ──contact opens──▶ idle
                         └──time is up: timeout──▶ idle

Egress is never blocked: at a gate that the hub opens inwards the way out is always free, at a gate that it opens
outwards the way out is free until the hub is heard, and again when it no longer is. In a fire everything is free.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from wire.messages import Direction, GateCommand, Passage

GRACE_S = 1.0
"""Between the last moment a way is open and the contact of somebody who stepped in at that moment."""

TAILGATE_S = 3.0
"""Who passes this soon after a passage, without a grant of his own, came through on its grant."""

PASSING_LIMIT_S = 5.0
"""Nobody stands in a passage for longer: its contact is stuck, and the next one need not wait for it."""


KNOWN = 1000
"""Commands remembered, so that none is obeyed twice: more than come before the oldest of them has expired."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Hold a direction open, or stop holding it."""

    direction: Direction
    on: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A command that opens nothing. `counter` is how the heartbeat counts it."""

    command: GateCommand
    counter: Literal["commands_expired", "commands_repeated", "commands_refused"]
    reason: str


Output = Hold | Refused | Passage


@dataclass(slots=True)
class _Timed:
    """A command, and until when a passage is put down to it."""

    command: str
    until_s: float


class PassageControl:
    """One gate, opened by the hub towards `direction` for `passage_s` at a time. `now_s` is UTC; a contact's may lie a
    little before the last one, since it is dated by its first edge.

    Commands are obeyed in the order they come, one passage each: the next one is granted when the one before has
    passed and left the passage, or has timed out. Each ends in exactly one of `passed`, `fire` and `timeout`, the last
    also if it expired before it could be granted; `tailgating` names the command of the passage that was followed.
    """

    def __init__(self, gate: str, direction: Direction, passage_s: float) -> None:
        self._gate = gate
        self._direction = direction
        self._fire = False
        self._passage_s = passage_s
        self._hub_alive = False
        self._grant: _Timed | None = None
        self._waiting: deque[GateCommand] = deque()
        self._known: deque[str] = deque(maxlen=KNOWN)
        self._followed: _Timed | None = None
        self._passing_since_s: dict[Direction, float] = {}
        self._held: dict[Direction, bool] = {"in": False, "out": False}
        self._free_until_s = 0.0

    def command(self, command: GateCommand, now_s: float) -> list[Output]:
        """A command has come: granted at once, after those before it, or refused."""
        outputs = list(self._advance(now_s))
        if command.gate != self._gate:
            outputs.append(Refused(command, "commands_refused", f"it is for gate {command.gate}"))
        elif command.direction != self._direction:
            outputs.append(Refused(command, "commands_refused", f"the hub opens this gate {self._direction} alone"))
        elif command.id in self._known:
            outputs.append(Refused(command, "commands_repeated", "it came before"))
        else:
            self._known.append(command.id)
            self._waiting.append(command)
            outputs += self._advance(now_s)
        return outputs

    def contact(self, direction: Direction, closed: bool, now_s: float) -> list[Output]:
        """Somebody is in the passage on his way `direction`, or has left it."""
        outputs = list(self._advance(now_s))
        if closed:
            self._passing_since_s[direction] = now_s
            outputs.append(self._passed(direction, now_s))
        else:
            self._passing_since_s.pop(direction, None)
        return outputs + list(self._advance(now_s))

    def start(self, fire: bool, occupied: frozenset[Direction], now_s: float) -> list[Output]:
        """What the inputs say before any event. Who stands in the passage already came under nobody's eyes."""
        self._fire = fire
        self._passing_since_s = dict.fromkeys(occupied, now_s)
        return list(self._advance(now_s))

    def fire_input(self, active: bool, now_s: float) -> list[Output]:
        """The fire loop has opened, or is whole again."""
        self._fire = active
        return list(self._advance(now_s))

    def tick(self, hub_alive: bool, now_s: float) -> list[Output]:
        """Time goes by: to be called often enough for what it decides, at least twice a second."""
        self._hub_alive = hub_alive
        return list(self._advance(now_s))

    def stuck(self, now_s: float) -> frozenset[Direction]:
        """Directions whose contact has been closed for longer than anybody passes."""
        return frozenset(d for d, since_s in self._passing_since_s.items() if now_s - since_s > PASSING_LIMIT_S)

    def _passed(self, direction: Direction, now_s: float) -> Passage:
        granted, followed = (self._grant, self._followed) if direction == self._direction else (None, None)
        if granted:
            self._grant = None
            self._followed = _Timed(granted.command, now_s + TAILGATE_S)
            return self._report(direction, "fire" if self._fire else "passed", granted.command, now_s)
        if self._fire:
            return self._report(direction, "fire", None, now_s)
        if direction == "out" and now_s < self._free_until_s:
            return self._report(direction, "passed", None, now_s)
        if followed and now_s < followed.until_s:
            followed.until_s = now_s + TAILGATE_S
            return self._report(direction, "tailgating", followed.command, now_s)
        return self._report(direction, "intrusion", None, now_s)

    def _advance(self, now_s: float) -> Iterator[Output]:
        """What follows from the time, and from what was just noted: the end of a grant, the next one, the relays."""
        grace_s = 0.0 if self._waiting else GRACE_S
        if self._grant and now_s >= self._grant.until_s + grace_s:
            yield self._report(self._direction, "timeout", self._grant.command, now_s)
            self._grant = None
        passing = self._direction in self._passing_since_s and self._direction not in self.stuck(now_s)
        while self._waiting and not self._grant and not passing:
            command = self._waiting.popleft()
            if now_s >= command.expires_s:
                late_s = now_s - command.expires_s
                yield Refused(command, "commands_expired", f"it would have opened {late_s:.1f} s after its expiry")
                yield self._report(self._direction, "timeout", command.id, now_s)
            else:
                self._grant = _Timed(command.id, now_s + self._passage_s)
        free_out = self._fire or self._direction == "in" or not self._hub_alive
        if free_out:
            self._free_until_s = now_s + GRACE_S
        for direction, was_held in self._held.items():
            granted = direction == self._direction and self._grant is not None and now_s < self._grant.until_s
            free = free_out if direction == "out" else self._fire
            held = self._held[direction] = free or granted
            if held != was_held:
                yield Hold(direction, held)

    def _report(
        self,
        direction: Direction,
        outcome: Literal["passed", "timeout", "tailgating", "intrusion", "fire"],
        command: str | None,
        now_s: float,
    ) -> Passage:
        return Passage(gate=self._gate, direction=direction, outcome=outcome, command=command, t_s=now_s)
