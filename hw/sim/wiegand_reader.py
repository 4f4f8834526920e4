"""A Wiegand card reader at its two lines."""

from collections.abc import Sequence

from hw.sim.gpio import SimulatedGpio

LAYOUTS = {26: (8, 16), 34: (32,), 37: (16, 19)}
"""Bits of the numbers in a frame, between its two parity bits."""


class WiegandReaderModel:
    """Open-collector outputs with the pull-ups of the input: at rest it drives nothing."""

    def __init__(self, gpio: SimulatedGpio, d0: int, d1: int) -> None:
        self._gpio = gpio
        self._lines = d0, d1

    def present(self, *numbers: int, length: int) -> None:
        """Hold a card in front of it that has these numbers."""
        self.send(frame(numbers, length))

    def send(self, bits: Sequence[int]) -> None:
        """Pulses, one after the other."""
        for bit in bits:
            self._gpio.drive(self._lines[bit], self._gpio.LOW)
            self._gpio.drive(self._lines[bit], None)

    def short(self, low: bool) -> None:
        """Short D0 to ground, or mend that."""
        self._gpio.drive(self._lines[0], self._gpio.LOW if low else None)


def frame(numbers: Sequence[int], length: int) -> list[int]:
    """A card's bits with their parities. Raises ValueError for numbers that do not fit."""
    text = ""
    for number, width in zip(numbers, LAYOUTS[length], strict=True):
        digits = f"{number:0{width}b}"
        if number < 0 or len(digits) > width:
            raise ValueError(f"{number} does not fit into {width} bits")
        text += digits
    data = [int(digit) for digit in text]
    half = (len(data) + 1) // 2
    return [sum(data[:half]) % 2, *data, 1 - sum(data[-half:]) % 2]
