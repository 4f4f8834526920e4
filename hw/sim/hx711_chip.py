"""An HX711 behind simulated pins: it answers every clock edge as the datasheet has it, and times the reader.

Where the datasheet is silent the model takes the worse case, so that a driver which survives it survives the chip:
data replaced in mid-read comes out torn, unsettled conversions come out as ready, pulses to a chip that is not ready
are lost on it but still counted for the gain once it has been read.
"""

from collections.abc import Callable

from hw.sim.gpio import SimulatedGpio

T1_S = T2_S = 0.1e-6
T3_MIN_S = T4_MIN_S = 0.2e-6
POWER_DOWN_S = 60e-6
"""SCK high for longer than this powers the chip down. AVIA HX711 datasheet: table 2 for T1–T4, figure 3."""
UPDATE_S = 75e-6
"""An unread chip holds DOUT high for so long when it replaces its data (measured: olkal/HX711_ADC issue 81)."""
UNSETTLED = 4
"""Conversions after a reset or a change of gain that have not settled: 400 ms at 10 SPS, 50 ms at 80."""
DATA_BITS = 24
A128, B32, A64 = 25, 26, 27
FULL_SCALE = 1 << (DATA_BITS - 1)


class TimingViolation(AssertionError):
    """The reader broke T1, T3 min or T4; too long a T3 is not refused but suffered, as by the real chip."""


class Hx711Chip:
    """One chip, powered from the start. `counts(t_s)` is what channel A gives at gain 128; 24 bits saturate.

    `clock` is the time the chip lives in, real or pretended; the reader must live in the same. Real parts convert 0
    to 17 % faster than the nominal 10 or 80 SPS. With `silent_settling` DOUT stays high until the data has settled.
    `resets` counts how often SCK was high for too long, `torn` the reads that lost their data half-way.
    """

    def __init__(
        self,
        gpio: SimulatedGpio,
        sck: int,
        dout: int,
        counts: Callable[[float], int],
        *,
        clock: Callable[[], float],
        rate_sps: float = 80.0,
        channel_b: Callable[[float], int] = lambda t_s: 0,
        silent_settling: bool = False,
    ) -> None:
        self._counts, self._channel_b, self._clock = counts, channel_b, clock
        self._period_s = 1 / rate_sps
        self._silent_settling = silent_settling
        self._plugged = True
        self.resets = 0
        self.torn = 0
        self._sck = gpio.level(sck)
        self._edge_s = clock()
        self._restart(self._edge_s)
        gpio.attach(sck, self._on_sck)
        gpio.drive_from(dout, self._dout)

    def plug_in(self) -> None:
        """Give the chip its power back."""
        self._plugged = True
        self._restart(self._clock())

    def unplug(self) -> None:
        """Take the chip off its wires: DOUT floats."""
        self._plugged = False

    def _restart(self, now_s: float) -> None:
        """Power-up and reset: channel A, gain 128, the filter empty, nothing to read."""
        self._epoch_s = now_s
        self._conversion = 0
        self._unsettled_until = UNSETTLED
        self._gain = A128
        self._unread = False
        self._ready_s = now_s
        self._pulses = 0
        self._data = 0

    def _convert(self, now_s: float) -> None:
        """Let the conversions end that have ended by now; only the last one's data can still be read."""
        done = int((now_s - self._epoch_s) / self._period_s)
        if done == self._conversion:
            return
        first, self._conversion = self._conversion + 1, done
        gain = self._gain
        if self._pulses >= A128:
            if self._pulses != self._gain:
                self._gain, self._unsettled_until = self._pulses, first + UNSETTLED
            self._pulses = 0
        elif self._pulses:
            self.torn += 1
        ended_s = self._epoch_s + done * self._period_s
        self._data = self._value(gain if done == first else self._gain, ended_s)
        self._unread = done > self._unsettled_until or not self._silent_settling
        self._ready_s = ended_s + UPDATE_S

    def _value(self, gain: int, t_s: float) -> int:
        value = self._channel_b(t_s) if gain == B32 else self._counts(t_s) // (2 if gain == A64 else 1)
        missing = self._unsettled_until - self._conversion
        if missing >= 0:
            value += FULL_SCALE >> (UNSETTLED + 1 - missing)
        return max(-FULL_SCALE, min(FULL_SCALE - 1, value)) & (2 * FULL_SCALE - 1)

    def _on_sck(self, level: int) -> None:
        now_s = self._clock()
        lasted_s, self._edge_s, self._sck = now_s - self._edge_s, now_s, level
        if not self._plugged:
            return
        if lasted_s < (T4_MIN_S if level else T3_MIN_S):
            raise TimingViolation(f"SCK {'low (T4)' if level else 'high (T3)'} for {lasted_s * 1e6:.2f} µs, min 0.2")
        if level:
            self._pulse(now_s)
        elif lasted_s > POWER_DOWN_S:
            self.resets += 1
            self._restart(now_s)

    def _pulse(self, now_s: float) -> None:
        self._convert(now_s)
        if not self._pulses:
            if not self._unread or now_s < self._ready_s:
                return
            if now_s < self._ready_s + T1_S:
                raise TimingViolation("SCK rises less than 0.1 µs after DOUT fell (T1)")
        self._pulses = min(self._pulses + 1, A64)
        if self._pulses >= A128:
            self._unread = False

    def _dout(self) -> int | None:
        """The level of DOUT now, None while it floats."""
        if not self._plugged:
            return None
        now_s = self._clock()
        if self._sck and now_s - self._edge_s > POWER_DOWN_S:
            return 1
        self._convert(now_s)
        updating = now_s < self._ready_s
        shown = self._pulses - (self._sck and now_s - self._edge_s < T2_S)
        if 0 < shown <= DATA_BITS and not updating:
            return self._data >> (DATA_BITS - shown) & 1
        return 0 if shown == 0 and self._unread and not updating else 1


class PretendedClock:
    """Seconds that pass when asked for, `step_s` a call, and when slept through: a run of it is repeatable."""

    def __init__(self, step_s: float = 0.7e-6) -> None:
        self.now_s = 0.0
        self._step_s = step_s

    def __call__(self) -> float:
        self.now_s += self._step_s
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
