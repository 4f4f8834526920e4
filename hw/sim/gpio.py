"""Pins in memory, with RPi.GPIO's interface on our side and chips on the other.

A chip model listens to pins that our code drives (`attach`) and drives pins that our code reads (`drive`, or
`drive_from` where the level depends on the time of reading).
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Pin:
    direction: int | None = None
    pull: int = 0
    ours: int | None = None
    theirs: int | None = None
    source: Callable[[], int | None] | None = None
    listeners: list[Callable[[int], None]] = field(default_factory=list)
    edge: int | None = None
    callbacks: list[Callable[[int], None]] = field(default_factory=list)


class SimulatedGpio:
    """Implements drivers.gpio.Gpio; messages and error types are those of rpi-lgpio.

    Listeners run in the thread that calls `output`, edge callbacks in the thread that calls `drive` (the real ones in
    a thread of the library): what they raise reaches that caller, so that a test sees it.
    An input that nobody drives and nothing pulls reads LOW: the worse case, since LOW means "ready" to many chips.
    """

    BCM = 11
    OUT, IN = 0, 1
    LOW, HIGH = 0, 1
    PUD_OFF, PUD_DOWN, PUD_UP = 20, 21, 22
    RISING, FALLING, BOTH = 31, 32, 33

    def __init__(self) -> None:
        self._mode: int | None = None
        self._pins = [_Pin() for _ in range(54)]
        self._lock = threading.RLock()

    # Our side: RPi.GPIO's functions

    def setmode(self, mode: int, /) -> None:
        if mode != self.BCM:
            raise ValueError("An invalid mode was passed to setmode()")
        self._mode = mode

    def setup(self, channel: int, direction: int, pull_up_down: int = PUD_OFF, initial: int | None = None) -> None:
        if direction not in (self.IN, self.OUT):
            raise ValueError("An invalid direction was passed to setup()")
        if direction == self.OUT and pull_up_down != self.PUD_OFF:
            raise ValueError("pull_up_down parameter is not valid for outputs")
        if direction == self.IN and initial is not None:
            raise ValueError("initial parameter is not valid for inputs")
        pin = self._pin(channel)
        with self._lock:
            level = self._level(pin)
            pin.direction, pin.pull = direction, pull_up_down
            pin.edge, pin.callbacks = None, []
            pin.ours = None
        if direction == self.OUT:
            self.output(channel, level if initial is None else initial)

    def output(self, channel: int, value: int, /) -> None:
        pin = self._pin(channel)
        if pin.direction != self.OUT:
            raise RuntimeError("The GPIO channel has not been set up as an OUTPUT")
        level = self.HIGH if value else self.LOW
        with self._lock:
            changed, pin.ours = pin.ours != level, level
        if changed:
            for listener in pin.listeners:
                listener(level)

    def input(self, channel: int, /) -> int:
        pin = self._pin(channel)
        if pin.direction is None:
            raise RuntimeError("You must setup() the GPIO channel first")
        return self._level(pin)

    def cleanup(self, channel: int, /) -> None:
        pin = self._pin(channel)
        with self._lock:
            pin.direction, pin.pull, pin.ours = None, self.PUD_OFF, None
            pin.edge, pin.callbacks = None, []

    def add_event_detect(self, channel: int, edge: int, callback: Callable[[int], None]) -> None:
        pin = self._pin(channel)
        if pin.direction != self.IN:
            raise RuntimeError("You must setup() the GPIO channel as an input first")
        if edge not in (self.RISING, self.FALLING, self.BOTH):
            raise ValueError("The edge must be set to RISING, FALLING or BOTH")
        with self._lock:
            if pin.edge not in (None, edge):
                raise RuntimeError("Conflicting edge detection already enabled for this GPIO channel")
            pin.edge = edge
            pin.callbacks = [*pin.callbacks, callback]

    def remove_event_detect(self, channel: int, /) -> None:
        pin = self._pin(channel)
        with self._lock:
            pin.edge, pin.callbacks = None, []

    # The other side of the pins: chips, gates, hands with a wire

    def attach(self, channel: int, on_output: Callable[[int], None]) -> None:
        """Call `on_output(level)` at every edge that our code drives there. Several chips may share a pin."""
        self._pins[channel].listeners.append(on_output)

    def drive(self, channel: int, level: int | None) -> None:
        """Hold a pin at a level from outside, None to let go of it; edges reach the callbacks of our code."""
        pin = self._pins[channel]
        with self._lock:
            before = self._level(pin)
            pin.theirs, pin.source = level, None
            after = self._level(pin)
            rose, fell = after > before, after < before
            heard = pin.callbacks if (rose and pin.edge != self.FALLING) or (fell and pin.edge != self.RISING) else []
        for callback in heard:
            callback(channel)

    def drive_from(self, channel: int, source: Callable[[], int | None]) -> None:
        """Ask `source` for the level whenever it is read: a chip that changes with time alone. Makes no edges."""
        self._pins[channel].source = source

    def level(self, channel: int) -> int:
        """What a voltmeter on the pin would show."""
        return self._level(self._pins[channel])

    def _pin(self, channel: int) -> _Pin:
        if self._mode is None:
            raise RuntimeError("Please set pin numbering mode using GPIO.setmode(GPIO.BOARD) or GPIO.setmode(GPIO.BCM)")
        if not 0 <= channel < len(self._pins):
            raise ValueError("The channel sent is invalid on a Raspberry Pi")
        return self._pins[channel]

    def _level(self, pin: _Pin) -> int:
        if pin.direction == self.OUT and pin.ours is not None:
            return pin.ours
        theirs = pin.theirs if pin.source is None else pin.source()
        if theirs is not None:
            return theirs
        return self.HIGH if pin.pull == self.PUD_UP else self.LOW
