"""A turnstile by its relay inputs and pass contacts, after the PERCo ST-01.

Wiring (every signal is active low at our pin):
- Unlock in, Unlock out: open while held low, for at least 100 ms. That is potential control, the turnstile's switch
  "Pulse" at OFF (ST-01 manual, 5.2.6). Pulse control opens once for one passage however long Unlock is held, so that
  neither we nor a relay that has lost its power could keep the way out free with it.
- Pass in, Pass out, Alarm: dry contacts to ground, against our pull-up.
- Fire: the same loop that feeds the turnstile's Fire input. It is low at rest and opens in a fire, so that a cut wire
  is a fire too. The release itself is hard-wired to the turnstile and asks no software; we only watch the loop.

Nobody may be locked in by a Pi that is dead, so Unlock out goes through a relay that HIGH energises, on its normally
closed contact, with a pull-down at the pin: power lost, process dead or pin floating, the contact closes and the way
out is free. Unlock in goes on the normally open contact of a relay that LOW energises. Closing drives Unlock out low
and leaves it so.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Protocol

from msgspec import Struct

from drivers.errors import DeviceClosed, DriverError
from drivers.gpio import Gpio
from drivers.queue import EventQueue

DEBOUNCE_S = 0.02
"""Longer than a relay contact bounces (under 10 ms), shorter than any passage (over 100 ms)."""

log = logging.getLogger(__name__)

Direction = Literal["in", "out"]


class TurnstileFault(DriverError, OSError):
    """A pin of the turnstile could not be claimed or driven."""


class Pins(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """BCM numbers. Which of A and B is the way in depends on how the turnstile was mounted."""

    unlock_in: int
    unlock_out: int
    pass_in: int
    pass_out: int
    alarm: int
    fire: int


@dataclass(frozen=True, slots=True)
class PassContact:
    """Somebody is in the passage, on his way in or out (`closed`), or has left it."""

    direction: Direction
    closed: bool
    t_s: float


@dataclass(frozen=True, slots=True)
class FireInput:
    """The fire loop has opened (`active`), or is whole again."""

    active: bool
    t_s: float


@dataclass(frozen=True, slots=True)
class Alarm:
    """The turnstile itself calls for help (`active`): forced, jammed or opened."""

    active: bool
    t_s: float


TurnstileEvent = PassContact | FireInput | Alarm
"""Times are of the event loop's monotonic clock, when the first edge of the change was seen."""


@dataclass(frozen=True, slots=True)
class Levels:
    """What the inputs say now, before any event: a fire may already burn, a contact may be stuck."""

    fire: bool
    alarm: bool
    occupied: frozenset[Direction]


class Turnstile(Protocol):
    """What a gate node asks of a turnstile, real or simulated. Nothing in it waits."""

    @property
    def levels(self) -> Levels:
        """The inputs as last seen. Raises DeviceClosed while it is not open."""

    @property
    def dropped(self) -> int:
        """Events that nobody took in time."""

    def release(self, direction: Direction, on: bool) -> None:
        """Hold a direction open, or stop holding it."""

    def __aiter__(self) -> AsyncIterator[TurnstileEvent]:
        """Every change of an input, in order, until the turnstile is closed."""


class Debounce:
    """One input, freed of bounces and spikes. Pure.

    The first edge starts the clock; the level DEBOUNCE_S later counts, and the change is dated by that edge. Edges in
    between start nothing anew, so that an input which chatters without end is still read every DEBOUNCE_S.
    """

    def __init__(self, level: int) -> None:
        self.level = level
        self._since_s: float | None = None

    def edge(self, t_s: float) -> bool:
        """An edge was seen. True when `settle` is to be called DEBOUNCE_S after it."""
        if self._since_s is not None:
            return False
        self._since_s = t_s
        return True

    def settle(self, level: int) -> float | None:
        """The level now; returns when it changed to this, None if it did not stay."""
        since_s, self._since_s = self._since_s, None
        if level == self.level:
            return None
        self.level = level
        return since_s


class RelayTurnstile:
    """A turnstile at pins: `async with` it. Outputs are inactive until asked for; its inputs are known at once."""

    def __init__(self, name: str, gpio: Gpio, pins: Pins) -> None:
        self.name = name
        self._gpio = gpio
        self._pins = pins
        self._unlock: dict[Direction, int] = {"in": pins.unlock_in, "out": pins.unlock_out}
        self._inputs: dict[int, Debounce] = {}
        self._settling: dict[int, asyncio.TimerHandle] = {}
        self._unreadable: set[int] = set()
        self._events: EventQueue[TurnstileEvent] = EventQueue()

    @property
    def levels(self) -> Levels:
        self._check_open("levels")
        low = {pin for pin, seen in self._inputs.items() if seen.level == self._gpio.LOW}
        contacts: dict[Direction, int] = {"in": self._pins.pass_in, "out": self._pins.pass_out}
        return Levels(
            fire=self._pins.fire not in low,
            alarm=self._pins.alarm in low,
            occupied=frozenset(d for d, pin in contacts.items() if pin in low),
        )

    @property
    def dropped(self) -> int:
        return self._events.dropped

    async def __aenter__(self) -> "RelayTurnstile":
        self._loop = asyncio.get_running_loop()
        gpio, pins = self._gpio, self._pins
        try:
            gpio.setmode(gpio.BCM)
            for pin in self._unlock.values():
                gpio.setup(pin, gpio.OUT, initial=gpio.HIGH)
            for pin in (pins.pass_in, pins.pass_out, pins.alarm, pins.fire):
                gpio.setup(pin, gpio.IN, pull_up_down=gpio.PUD_UP)
                gpio.add_event_detect(pin, gpio.BOTH, callback=self._edge)
                self._inputs[pin] = Debounce(gpio.input(pin))
        except Exception as e:  # lgpio's errors are bare Exceptions
            with suppress(Exception):
                gpio.output(pins.unlock_out, gpio.LOW)
            raise TurnstileFault(f"turnstile {self.name}: {e}: does another program hold one of {pins}?") from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the way out free and the way in locked, and give the inputs back."""
        self._events.close()
        for timer in self._settling.values():
            timer.cancel()
        inputs, self._inputs = self._inputs, {}
        with ExitStack() as steps:  # each is taken whatever the others raise, the last one first
            for pin in inputs:
                steps.callback(self._gpio.cleanup, pin)
            steps.callback(self._drive, "in", self._gpio.HIGH)
            steps.callback(self._drive, "out", self._gpio.LOW)

    def release(self, direction: Direction, on: bool) -> None:
        self._check_open(f"release({direction}, {on})")
        self._drive(direction, self._gpio.LOW if on else self._gpio.HIGH)

    def __aiter__(self) -> AsyncIterator[TurnstileEvent]:
        return aiter(self._events)

    def _drive(self, direction: Direction, level: int) -> None:
        pin = self._unlock[direction]
        try:
            self._gpio.output(pin, level)
        except Exception as e:
            raise TurnstileFault(f"turnstile {self.name}: pin {pin} (unlock {direction}): {e}") from None

    def _check_open(self, call: str) -> None:
        if not self._inputs:
            raise DeviceClosed(f"turnstile {self.name}: {call} while it is not open")

    def _edge(self, pin: int) -> None:
        # In the pin library's thread.
        self._loop.call_soon_threadsafe(self._start_settling, pin, self._loop.time())

    def _start_settling(self, pin: int, t_s: float) -> None:
        if pin in self._inputs and self._inputs[pin].edge(t_s):
            self._settling[pin] = self._loop.call_at(t_s + DEBOUNCE_S, self._settle, pin)

    def _settle(self, pin: int) -> None:
        try:
            level = self._gpio.input(pin)
        except Exception as e:  # lgpio's errors are bare Exceptions
            # The edge stands, and may have been a fire: nothing but a level can settle it.
            self._settling[pin] = self._loop.call_later(DEBOUNCE_S, self._settle, pin)
            if pin not in self._unreadable:
                self._unreadable.add(pin)
                log.error("turnstile %s: input %d cannot be read: %s; trying again", self.name, pin, e)
            return
        if pin in self._unreadable:
            self._unreadable.remove(pin)
            log.warning("turnstile %s: input %d can be read again", self.name, pin)
        t_s = self._inputs[pin].settle(level)
        if t_s is None:
            return
        low, pins = level == self._gpio.LOW, self._pins
        if pin == pins.fire:
            self._events.offer(FireInput(not low, t_s))
        elif pin == pins.alarm:
            self._events.offer(Alarm(low, t_s))
        else:
            self._events.offer(PassContact("in" if pin == pins.pass_in else "out", low, t_s))
