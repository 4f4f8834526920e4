"""Card readers on Wiegand's two lines: each bit is a short low pulse, on D0 for a 0 and on D1 for a 1.

Pulses are 20 to 200 µs long and 0.2 to 20 ms apart. Edges reach us through the pin library's thread, which may be late
by more than that, though in order: so nothing is told from a pulse's length, and a bit that was lost or invented shows
in a frame's length or in its two parities. lgpio orders the edges of both lines by its own stamps, but only of what it
reads at once: two neighbouring bits could come exchanged, which no parity shows. How seldom, only a bench can tell.

Wiegand says nothing of a reader that is unplugged: lines at rest are high, as our pull-ups hold them. Only a line that
stays low or never rests is a fault.
"""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Final, Literal, NamedTuple

from drivers.credential import Credential, Junk
from drivers.gpio import Gpio
from drivers.queue import EventQueue

IDLE_S = 0.025
"""A frame is over when the lines have been quiet for so long: bits are at most 20 ms apart."""

RETRY_S = 1.0
"""How often lines that stay low, or that another program holds, are looked at again."""

MOST_BITS = 64
"""No card format is longer; more without a pause is noise."""

log = logging.getLogger(__name__)


class Format(NamedTuple):
    """How a frame of one length is read. Ranges are of its bits, from 0, the end left out."""

    even: range
    """These have an even number of ones, the leading parity bit among them,"""
    odd: range
    """and these an odd one, with the trailing parity bit."""
    fields: tuple[range, ...]
    """The numbers that the card holds, most significant bit first."""


FORMATS: Final = {
    26: Format(range(13), range(13, 26), (range(1, 9), range(9, 25))),
    34: Format(range(17), range(17, 34), (range(1, 33),)),
    37: Format(range(19), range(18, 37), (range(1, 17), range(17, 36))),
}
"""By length: 26 bits with facility and card (H10301), 34 with one number, 37 with facility and card (H10304)."""


class WiegandDecoder:
    """Bits to credentials. Pure, and never raises."""

    def __init__(self) -> None:
        self._bits: list[int] = []

    @property
    def too_long(self) -> bool:
        """Whether this can be no card any more."""
        return len(self._bits) > MOST_BITS

    def feed(self, bit: int) -> None:
        """One more bit of the frame."""
        self._bits.append(bit)

    def end(self) -> str | Junk | None:
        """What the frame was that is over now: `wiegand-26:FACILITY:CARD`; None if there was none.

        Colons, as the numbers of a card would look like those of a bank card in one.
        """
        bits, self._bits = self._bits, []
        if not bits:
            return None
        length = len(bits)
        form = FORMATS.get(length)
        if form is None:
            return Junk(length, f"not {', '.join(map(str, FORMATS))} bits: another format, or a bit lost on the wire")
        wrong = sum(bits[i] for i in form.even) % 2 + 1 - sum(bits[i] for i in form.odd) % 2
        if wrong:
            return Junk(length, "both parities wrong: D0 and D1 swapped?" if wrong == 2 else "wrong parity: noise")
        return ":".join([f"wiegand-{length}", *(str(_number(bits, field)) for field in form.fields)])


def _number(bits: Sequence[int], field: range) -> int:
    return int("".join(str(bits[i]) for i in field), 2)


class WiegandReader:
    """One reader at its pins (BCM numbers): `async with` it, and iterate over its credentials, until it is closed.

    Readers drive 5 V: each line needs a level shifter. `fault` says why nothing can be read now; what can be put right
    while the node runs is tried again by itself.
    """

    kind: Final[Literal["card"]] = "card"

    def __init__(self, name: str, gpio: Gpio, d0: int, d1: int) -> None:
        self.name = name
        self.junk = 0
        self.fault: str | None = None
        self._gpio = gpio
        self._lines = {"D0": d0, "D1": d1}
        self._decoder = WiegandDecoder()
        self._begun_s = self._last_s = -math.inf
        self._last_junk: str | None = None
        self._claimed = self._closed = False
        self._timer: asyncio.TimerHandle | None = None
        self._credentials: EventQueue[Credential] = EventQueue()

    @property
    def dropped(self) -> int:
        """Credentials that nobody took in time."""
        return self._credentials.dropped

    async def __aenter__(self) -> "WiegandReader":
        self._loop = asyncio.get_running_loop()
        self._check()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        self._credentials.close()
        if self._timer is not None:
            self._timer.cancel()
        self._give_back()

    def __aiter__(self) -> AsyncIterator[Credential]:
        return aiter(self._credentials)

    def _check(self, chatters: bool = False) -> None:
        """Claim the lines, if they are not ours yet, and see whether both are at rest, as they are between frames."""
        fault = "edges without end: a bad shield, or a loose wire" if chatters else None
        try:
            if not self._claimed:
                self._claim()
            if low := [line for line, pin in self._lines.items() if self._gpio.input(pin) == self._gpio.LOW]:
                fault = f"{' and '.join(low)} low: no power, or a short"
        except Exception as e:  # lgpio's errors are bare Exceptions
            fault = f"{e}: does another program hold pin {' or '.join(map(str, self._lines.values()))}?"
        if fault != self.fault:
            log.warning("reader %s: %s", self.name, fault or "can be read again")
        self.fault = fault
        if fault:
            self._wait(RETRY_S, self._check)

    def _claim(self) -> None:
        gpio = self._gpio
        try:
            gpio.setmode(gpio.BCM)
            for bit, pin in enumerate(self._lines.values()):
                gpio.setup(pin, gpio.IN, pull_up_down=gpio.PUD_UP)
                gpio.add_event_detect(pin, gpio.FALLING, callback=partial(self._edge, bit))
            self._claimed = True
        finally:
            if not self._claimed:
                self._give_back()

    def _give_back(self) -> None:
        for pin in self._lines.values():
            with suppress(Exception):  # it may not be ours
                self._gpio.cleanup(pin)

    def _edge(self, bit: int, _pin: int) -> None:
        # In the pin library's thread.
        self._loop.call_soon_threadsafe(self._pulse, bit, self._loop.time())

    def _pulse(self, bit: int, t_s: float) -> None:
        if self._closed:
            return
        if t_s > self._last_s + IDLE_S:
            self._end()
            self._begun_s = t_s
        self._last_s = t_s
        self._decoder.feed(bit)
        if self._decoder.too_long:
            self._end()
            self._check(chatters=True)
        self._wait(IDLE_S, self._quiet)

    def _quiet(self) -> None:
        self._end()
        self._check()

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, then)

    def _end(self) -> None:
        found = self._decoder.end()
        if isinstance(found, Junk):
            self.junk += 1
            if found.reason != self._last_junk:
                log.warning("reader %s: a frame of %d bits dropped: %s", self.name, found.length, found.reason)
            self._last_junk = found.reason
        elif found is not None:
            self._last_junk = None
            self._credentials.offer(Credential(found, self._begun_s, self.name))
