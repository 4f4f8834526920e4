"""HX711 chips on one clock line, bit-banged through the Gpio interface. drivers.hx711 judges what comes in."""

import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from drivers.errors import DeviceClosed
from drivers.gpio import Gpio
from drivers.hx711 import (
    POWER_DOWN_S,
    SETTLING_CONVERSIONS,
    SHORTEST_PERIOD,
    Fault,
    Frame,
    Gain,
    Judge,
    RawRead,
    Sample,
)

log = logging.getLogger(__name__)

POLLS_PER_PERIOD = 10
"""How often DOUT is looked at while waiting: each look costs a wake-up, and is all we know of a conversion's end."""
READY_PERIODS = 1.5 * SETTLING_CONVERSIONS
"""Deadline for ready, in conversion periods: a chip may stay silent for its settling time after a reset."""
OUT_OF_STEP = frozenset({Fault.LATE, Fault.BAD_TRAILING_BITS, Fault.BAD_INTERVAL})
OUT_OF_STEP_LIMIT_S = 1.0
"""A cell that has had nothing but these for so long calls for a reset of the line."""
RESET_PAUSE_S = 10.0
"""No second reset sooner: each costs the healthy cells their settling time."""


@dataclass(slots=True)
class Counters:
    """What has happened on a bus since it was made; they only grow. `rejected` counts samples by cause."""

    frames: int = 0
    verified: int = 0
    timeouts: int = 0
    resets: int = 0
    rejected: Counter[Fault] = field(default_factory=Counter)


class _Cell:
    """One chip's pin and standing."""

    def __init__(self, dout: int, rate_sps: float) -> None:
        self.dout = dout
        self.judge = Judge(rate_sps)
        self.trusted = True
        """The others wait for it."""
        self.alive = True
        """Its last read ended as a chip ends it, believed or not."""
        self.out_of_step_since_s: float | None = None
        self.down = False
        self.not_ready_s = 0.0
        self.ready_s: float | None = None

    def needs_reset(self, t_s: float) -> bool:
        """Lives but nobody waits for it, or is waited for and has been out of step for long."""
        if not self.trusted:
            return self.alive
        return self.out_of_step_since_s is not None and t_s - self.out_of_step_since_s >= OUT_OF_STEP_LIMIT_S


class Hx711Bus:
    """One or many cells that share SCK. Every call belongs to one thread; `read_frame` blocks.

    Cells that share a clock run free of each other, so each frame waits for the last of them. A cell that is not
    ready by the deadline is clocked over, and from then on nobody waits for it. When its DOUT falls again it is read
    as the frames find it; that it lives calls for a reset of the line, which starts all conversions together and
    makes it one of them again. A cell that drifts out of step, so that its data is old whenever the slowest is
    ready, is brought back in the same way. Resets are at least RESET_PAUSE_S apart.

    DOUT is pulled up, so that a cut wire or an empty socket reads "not ready" instead of floating.
    """

    def __init__(
        self,
        gpio: Gpio,
        sck: int,
        douts: Sequence[int],
        *,
        rate_sps: float,
        gain: Gain = Gain.A128,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Claims the pins (BCM numbers). `rate_sps` is 10 or 80 by the RATE pin, or what a crystal makes of it."""
        if not douts or len({sck, *douts}) != len(douts) + 1:
            raise ValueError(f"HX711 on SCK {sck}: needs one DOUT pin per cell, each its own: {list(douts)}")
        self.counters = Counters()
        self._gpio, self._sck, self._gain = gpio, sck, gain
        self._clock, self._sleep = clock, sleep
        self._period_s = 1 / rate_sps
        self._cells = [_Cell(dout, rate_sps) for dout in douts]
        self._asleep = True
        self._closed = False
        self._earliest_s = self._reset_after_s = -math.inf
        gpio.setup(sck, gpio.OUT, initial=gpio.HIGH)  # held high it powers the chips down: they start anew together
        for dout in douts:
            gpio.setup(dout, gpio.IN, pull_up_down=gpio.PUD_UP)

    def __repr__(self) -> str:
        return f"HX711 on SCK {self._sck}, DOUT {', '.join(str(c.dout) for c in self._cells)}"

    @property
    def frame_timeout_s(self) -> float:
        """The longest that `read_frame` waits for the cells."""
        return READY_PERIODS * self._period_s

    def read_frame(self) -> Frame:
        """The next conversion of every cell. Never raises for a cell: a fault is part of its sample.

        Raises DeviceClosed, and what the GPIO library raises when the pins themselves fail.
        """
        if self._closed:
            raise DeviceClosed(f"{self}: read_frame() after close()")
        if self._asleep:
            self._wake()
        ready = self._wait_ready()
        t_s = self._clock()
        reads = self._clock_out() if ready else {}
        samples = tuple(self._sample(cell, reads.get(cell), t_s) for cell in self._cells)
        self.counters.frames += 1
        if t_s >= self._reset_after_s and any(cell.needs_reset(t_s) for cell in self._cells):
            self._reset(t_s)
        return Frame(t_s, samples)

    def select(self, gain: Gain) -> None:
        """Use another input or gain; samples are SETTLING until the chip has changed over."""
        if gain != self._gain:
            self._gain = gain
            for cell in self._cells:
                cell.judge.restart(reselect=True)

    def power_down(self) -> None:
        """Let the chips sleep; the next `read_frame` wakes them."""
        if self._closed:
            raise DeviceClosed(f"{self}: power_down() after close()")
        self._gpio.output(self._sck, self._gpio.HIGH)
        self._asleep = True

    def close(self) -> None:
        """Give the pins back. Closing twice is fine."""
        if not self._closed:
            self._closed = True
            for pin in (*(cell.dout for cell in self._cells), self._sck):
                self._gpio.cleanup(pin)

    def _wake(self) -> None:
        """From power-down the chips come back reset, at channel A and gain 128, and have to settle."""
        self._sleep(2 * POWER_DOWN_S)
        self._gpio.output(self._sck, self._gpio.LOW)
        self._asleep = False
        now_s = self._clock()
        for cell in self._cells:
            cell.judge.restart(reselect=self._gain != Gain.A128)
            cell.not_ready_s = now_s

    def _reset(self, t_s: float) -> None:
        self.counters.resets += 1
        self._reset_after_s = t_s + RESET_PAUSE_S
        for cell in self._cells:
            cell.trusted = cell.alive
            cell.out_of_step_since_s = None
        self.power_down()

    def _wait_ready(self) -> list[_Cell]:
        """The cells to read: all that are trusted and whoever else is ready, or those ready at the deadline."""
        deadline_s = self._clock() + self.frame_timeout_s
        for cell in self._cells:
            cell.ready_s = None
        while True:
            for cell in self._cells:
                if cell.ready_s is None:
                    self._look(cell)
            ready = [cell for cell in self._cells if cell.ready_s is not None]
            enough = ready and all(cell.ready_s is not None for cell in self._cells if cell.trusted)
            if enough and self._clock() >= self._earliest_s:
                for cell in ready:  # an unread chip raises DOUT for 75 µs while it replaces its data
                    self._look(cell)
                if all(cell.ready_s is not None for cell in ready):
                    return ready
            if self._clock() >= deadline_s:
                self.counters.timeouts += 1
                return [cell for cell in ready if cell.ready_s is not None]
            self._sleep(self._period_s / POLLS_PER_PERIOD)

    def _look(self, cell: _Cell) -> None:
        before_s = self._clock()
        if self._gpio.input(cell.dout):
            cell.not_ready_s, cell.ready_s = before_s, None
        elif cell.ready_s is None:
            cell.ready_s = self._clock()

    def _clock_out(self) -> dict[_Cell, RawRead]:
        """Give all chips their pulses. The clock is read outside both writes: no pulse was longer than measured."""
        gpio_input, gpio_output, clock, sck = self._gpio.input, self._gpio.output, self._clock, self._sck
        high, low = self._gpio.HIGH, self._gpio.LOW
        pulses = int(self._gain)
        # Conversions end no sooner; this keeps a DOUT that is stuck low from being read without pause.
        self._earliest_s = clock() + (SHORTEST_PERIOD - 1 / POLLS_PER_PERIOD) * self._period_s
        douts = [cell.dout for cell in self._cells]
        levels: list[int] = []
        longest_high_s = 0.0
        for _ in range(pulses):
            before_s = clock()
            gpio_output(sck, high)
            gpio_output(sck, low)
            high_s = clock() - before_s
            if high_s > longest_high_s:
                longest_high_s = high_s
            levels.extend(map(gpio_input, douts))
        end_s = clock()
        reads = {}
        for i, cell in enumerate(self._cells):
            bits = 0
            for level in levels[i :: len(douts)]:
                bits = bits << 1 | level
            if cell.ready_s is not None:
                reads[cell] = RawRead(bits, pulses, longest_high_s, cell.not_ready_s, cell.ready_s, end_s)
            cell.not_ready_s = before_s  # the last trailing bit was seen high after this
        return reads

    def _sample(self, cell: _Cell, read: RawRead | None, t_s: float) -> Sample:
        """Judge one cell's read, and keep its standing and the counters."""
        sample = cell.judge.missing() if read is None else cell.judge.judge(read)
        cell.alive = read is not None and read.trailing_ok
        if sample.fault is None:
            self.counters.verified += 1
        else:
            self.counters.rejected[sample.fault] += 1
        if sample.fault is Fault.NOT_READY:
            cell.trusted = False
        if sample.fault not in OUT_OF_STEP:
            cell.out_of_step_since_s = None
        elif cell.out_of_step_since_s is None:
            cell.out_of_step_since_s = t_s
        if not cell.down and (sample.fault is Fault.NOT_READY or cell.needs_reset(t_s)):
            cell.down = True
            cause = "dead, unplugged, shorted or at another rate"
            log.warning("%s: DOUT %d is down, %s: %s", self, cell.dout, sample.fault, cause)
        elif cell.down and sample.fault is None:
            cell.down = False
            log.warning("%s: DOUT %d is back", self, cell.dout)
        return sample
