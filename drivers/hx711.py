"""HX711: what its bits mean, and whether to believe them. No pins here; drivers.hx711_bus moves the bits.

The trap of this chip is in its clock line: held high for longer than 60 µs, as when the reader is preempted in
mid-read, it powers the chip down, and every later bit reads 1, the trailing bits of a good read included. Four
witnesses are heard for every read: the longest measured clock pulse, the trailing bits, the pattern that such a
read leaves, and when the chip was ready again. (AVIA HX711 datasheet: table 2 for T1–T4, table 3 for the pulses,
figure 3 for power-down.)
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

DATA_BITS = 24
HIGHEST, LOWEST = (1 << 23) - 1, -(1 << 23)
SCK_HIGH_LIMIT_S = 50e-6
"""Datasheet, T3 max. Power-down is at 60 µs; what lies between is nobody's promise."""
POWER_DOWN_S = 60e-6
SETTLING_CONVERSIONS = 4
"""Datasheet, output settling time: 400 ms at 10 SPS, 50 ms at 80, after reset, power-up, gain or channel change."""
SHORTEST_PERIOD, LONGEST_PERIOD = 0.8, 1.25
"""What a conversion may take, in nominal periods: parts on their own oscillator were measured at 0.856 (10.70 ms and
85.6 ms for the nominal 12.5 and 100: olkal/HX711_ADC issue 81)."""
SUSPECT_ONES = 8
"""A read that ends in so many ones looks like one cut short; one honest read in 256 does."""


class Fault(StrEnum):
    """Why a sample has no counts."""

    NOT_READY = "not_ready"
    """DOUT did not fall in time: dead, absent or unplugged."""
    PREEMPTED = "preempted"
    """A clock pulse was measured longer than T3 allows: the chip may have powered down."""
    BAD_TRAILING_BITS = "bad_trailing_bits"
    """DOUT was low after the data: out of step, shorted, or nobody there."""
    BAD_INTERVAL = "bad_interval"
    """Ready sooner or later than a running conversion can be: reset or out of step."""
    LATE = "late"
    """Read so long after ready that the chip may have replaced the data under the read."""
    SETTLING = "settling"
    """Among the conversions after a reset or a change of gain."""
    SUSPECT_PATTERN = "suspect_pattern"
    """Ends in ones as an interrupted read does, and nothing vouches for it yet."""
    SATURATED_HIGH = "saturated_high"
    SATURATED_LOW = "saturated_low"


class Gain(IntEnum):
    """Input and gain of the next conversion; the value is the number of clock pulses that selects it (table 3)."""

    A128 = 25
    B32 = 26
    A64 = 27


@dataclass(frozen=True, slots=True)
class Sample:
    """One cell at one instant: counts, or the fault that took them.

    Samples of one `generation` come from one undisturbed run of the chip; it grows at every restart, known or
    suspected, so that a filter knows where not to look back.
    """

    counts: int | None
    fault: Fault | None
    generation: int


@dataclass(frozen=True, slots=True)
class Frame:
    """All cells of one clock line, clocked together at `t_s` (monotonic seconds), in the order of their pins."""

    t_s: float
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class RawRead:
    """What one cell said to one run of clock pulses, and when. All times are monotonic seconds.

    `bits` are `pulses` bits, the first in the highest place. `not_ready_s` is when DOUT was last seen high before
    the read and `ready_s` when it was first seen low: the conversion ended in between. `end_s` is after the last
    pulse. `longest_high_s` is measured around both writes, so that the pulse cannot have been longer.
    """

    bits: int
    pulses: int
    longest_high_s: float
    not_ready_s: float
    ready_s: float
    end_s: float

    @property
    def data(self) -> int:
        return self.bits >> (self.pulses - DATA_BITS)

    @property
    def trailing_ok(self) -> bool:
        trailing = (1 << (self.pulses - DATA_BITS)) - 1
        return self.bits & trailing == trailing


def signed(data: int) -> int:
    """24 bits of two's complement as a number from -2**23 to 2**23 - 1."""
    return data - (1 << DATA_BITS) if data >> (DATA_BITS - 1) else data


def looks_cut_short(data: int) -> bool:
    """Whether 24 bits end as those of a chip that powered down in mid-read: 2**n - 1 in the low bits."""
    ones = (1 << SUSPECT_ONES) - 1
    return data & ones == ones


class Judge:
    """Believes or disbelieves the reads of one cell, one after the other.

    No verdict is ever revised. What the next ready tells about the last read comes too late for it, so a read that
    looks cut short is refused at once; when the chip is then ready on time, it had not powered down, and the same
    value read again is believed. A cell that rests on -1 or 0x7FFFFF loses its first read, not all of them.
    """

    def __init__(self, rate_sps: float) -> None:
        self._period_s = 1 / rate_sps
        self._last: RawRead | None = None
        self._suspect: int | None = None
        self._settling = 0
        self.generation = 0

    def restart(self, *, reselect: bool) -> None:
        """The chip starts anew. `reselect`: its next read has yet to select the gain wanted.

        Then that read, and the conversion under way while it was read, come before the settling.
        """
        self.generation += 1
        self._settling = SETTLING_CONVERSIONS + (2 if reselect else 0)
        self._last = self._suspect = None

    def missing(self) -> Sample:
        """The cell was not ready by the deadline; when it comes back, it has been through a restart."""
        if self._last is not None or self._settling == 0:
            self.restart(reselect=True)
        return Sample(None, Fault.NOT_READY, self.generation)

    def judge(self, read: RawRead) -> Sample:
        """The sample in a read."""
        fault = self._disbelief(read)
        if fault in (Fault.PREEMPTED, Fault.BAD_INTERVAL):
            self.restart(reselect=read.pulses != Gain.A128)
        else:  # after a change of gain the next ready may take its time
            self._last = read if self._settling <= SETTLING_CONVERSIONS else None
        if fault is None and self._settling:
            self._settling -= 1
            fault = Fault.SETTLING
        if fault is None:
            fault = self._objection(read.data)
        else:
            self._suspect = None
        counts = signed(read.data) if fault is None else None
        return Sample(counts, fault, self.generation)

    def _disbelief(self, read: RawRead) -> Fault | None:
        """What speaks against the read as such."""
        if read.longest_high_s >= SCK_HIGH_LIMIT_S:
            return Fault.PREEMPTED
        if not read.trailing_ok:
            return Fault.BAD_TRAILING_BITS
        if self._last is not None:
            too_soon = read.ready_s - self._last.not_ready_s < SHORTEST_PERIOD * self._period_s
            too_late = read.not_ready_s - self._last.end_s > LONGEST_PERIOD * self._period_s
            if too_soon or too_late:
                return Fault.BAD_INTERVAL
        if read.end_s - read.not_ready_s > SHORTEST_PERIOD * self._period_s:
            return Fault.LATE
        return None

    def _objection(self, data: int) -> Fault | None:
        """What speaks against the number, in a read that is otherwise sound."""
        vouched = data == self._suspect
        self._suspect = data if looks_cut_short(data) else None
        if self._suspect is not None and not vouched:
            return Fault.SUSPECT_PATTERN
        counts = signed(data)
        if counts == HIGHEST:
            return Fault.SATURATED_HIGH
        if counts == LOWEST:
            return Fault.SATURATED_LOW
        return None
