"""A turnstile (PERCo ST-01 in potential control) at its pins, and the people who walk, push and sneak through it.

Times are those of the running event loop, so that it works in virtual time as in real time.
"""

import asyncio
from collections.abc import Callable

from drivers.turnstile import Direction, Pins
from hw.sim.gpio import SimulatedGpio

UNLOCK_MIN_S = 0.1
"""A shorter low level at an unlock input is taken for noise."""

CROSSING_S = 0.4
"""How long somebody's way through keeps the pass contact closed."""

CLEAR_S = 0.2
"""Between one person and the next, however close they press."""

BOUNCES = 3
BOUNCE_S = 0.001
"""A relay contact opens again this many times, this long, whenever it closes or opens."""


class TurnstileModel:
    """Locked both ways until unlocked; a fire opens everything, whatever the pins say."""

    def __init__(self, gpio: SimulatedGpio, pins: Pins) -> None:
        self._gpio = gpio
        self._pins = pins
        self._pass_pins: dict[Direction, int] = {"in": pins.pass_in, "out": pins.pass_out}
        self._low_since_s: dict[Direction, float] = {}
        self._fire = False
        gpio.attach(pins.unlock_in, self._unlock_input("in"))
        gpio.attach(pins.unlock_out, self._unlock_input("out"))
        gpio.drive(pins.fire, gpio.LOW)

    def opens(self, direction: Direction) -> bool:
        """Whether the bar would give way now."""
        now_s = asyncio.get_running_loop().time()
        return self._fire or now_s - self._low_since_s.get(direction, now_s) >= UNLOCK_MIN_S

    async def walk_through(self, direction: Direction) -> bool:
        """Walk up and push. False when the bar did not give way; True once through."""
        if not self.opens(direction):
            return False
        await self._cross(direction)
        return True

    async def tailgate(self, direction: Direction, people: int = 2) -> bool:
        """So many press through on one unlocking. False when the bar did not give way; True once all are through."""
        if not await self.walk_through(direction):
            return False
        for _ in range(people - 1):
            await self._cross(direction)
        return True

    async def force(self, direction: Direction) -> None:
        """Push the locked bar over: the turnstile raises its alarm while it lasts."""
        self._gpio.drive(self._pins.alarm, self._gpio.LOW)
        await self._cross(direction)
        self._gpio.drive(self._pins.alarm, None)

    def fire(self, active: bool) -> None:
        """The building's fire system opens the loop, or closes it again."""
        self._fire = active
        self._gpio.drive(self._pins.fire, None if active else self._gpio.LOW)

    async def _cross(self, direction: Direction) -> None:
        await self._contact(direction, self._gpio.LOW, None)
        await asyncio.sleep(CROSSING_S)
        await self._contact(direction, None, self._gpio.LOW)
        await asyncio.sleep(CLEAR_S)

    async def _contact(self, direction: Direction, level: int | None, before: int | None) -> None:
        pin = self._pass_pins[direction]
        for _ in range(BOUNCES):
            self._gpio.drive(pin, level)
            await asyncio.sleep(BOUNCE_S)
            self._gpio.drive(pin, before)
            await asyncio.sleep(BOUNCE_S)
        self._gpio.drive(pin, level)

    def _unlock_input(self, direction: Direction) -> Callable[[int], None]:
        def on_level(level: int) -> None:
            if level == self._gpio.LOW:
                self._low_since_s[direction] = asyncio.get_running_loop().time()
            else:
                self._low_since_s.pop(direction, None)

        return on_level
