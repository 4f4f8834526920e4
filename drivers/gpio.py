"""The part of RPi.GPIO's module interface that our drivers use, so that simulated pins fit in its place."""

import importlib
import os
import tempfile
from collections.abc import Callable
from typing import Protocol, cast

from drivers.errors import GpioUnavailable


class Gpio(Protocol):
    """RPi.GPIO as its module offers it. Pins are BCM numbers; a wrong direction raises RuntimeError."""

    @property
    def BCM(self) -> int: ...
    @property
    def OUT(self) -> int: ...
    @property
    def IN(self) -> int: ...
    @property
    def HIGH(self) -> int: ...
    @property
    def LOW(self) -> int: ...
    @property
    def RISING(self) -> int: ...
    @property
    def FALLING(self) -> int: ...
    @property
    def BOTH(self) -> int: ...
    @property
    def PUD_OFF(self) -> int: ...
    @property
    def PUD_DOWN(self) -> int: ...
    @property
    def PUD_UP(self) -> int: ...

    def setmode(self, mode: int, /) -> None:
        """Choose the numbering, BCM for us; saying it again is fine, changing it raises ValueError."""

    def setup(self, channel: int, direction: int, pull_up_down: int = ..., initial: int | None = None) -> None:
        """Claim a pin. Pulls are for inputs and `initial` is for outputs; the other way round raises ValueError."""

    def output(self, channel: int, value: int, /) -> None:
        """Drive a pin that was set up as OUT."""

    def input(self, channel: int, /) -> int:
        """The level of a pin that was set up, HIGH or LOW."""

    def cleanup(self, channel: int, /) -> None:
        """Give a pin back: a floating input without edge detection."""

    def add_event_detect(self, channel: int, edge: int, callback: Callable[[int], None]) -> None:
        """Call `callback(channel)` on every such edge, from the library's own thread."""

    def remove_event_detect(self, channel: int, /) -> None:
        """Stop calling; fine when nothing was detected."""


def load_gpio() -> Gpio:
    """RPi.GPIO of this machine, set to BCM numbers. Raises GpioUnavailable in one line where there is none.

    Off a Pi, RPi.GPIO and rpi-lgpio raise RuntimeError, not ImportError. lgpio makes a FIFO in the working
    directory when imported, which a service may not write to: LG_WD sends it to the temporary directory.
    """
    os.environ.setdefault("LG_WD", tempfile.gettempdir())
    try:
        gpio = cast(Gpio, importlib.import_module("RPi.GPIO"))
        gpio.setmode(gpio.BCM)
    except ImportError:
        raise GpioUnavailable("GPIO: no RPi.GPIO here: install the package's `node` extra (rpi-lgpio)") from None
    except Exception as e:  # lgpio's own error, for a missing or forbidden /dev/gpiochip*, is a bare Exception
        raise GpioUnavailable(f"GPIO: {e}: not a Raspberry Pi, or no right to /dev/gpiochip*") from None
    return gpio
