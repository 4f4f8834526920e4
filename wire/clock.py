"""The one way to ask for the time: monotonic, anchored to UTC once per boot (decision 7 of the design)."""

import asyncio
import time


class Clock:
    """UTC seconds that never jump: the wall clock is read once, then only the event loop's monotonic time counts.

    In virtual time the loop's own clock travels, and so does this one.
    """

    def __init__(self, anchor_utc_s: float | None = None) -> None:
        utc_s = time.time() if anchor_utc_s is None else anchor_utc_s
        self._offset_s = utc_s - asyncio.get_running_loop().time()

    def now(self) -> float:
        """UTC in seconds."""
        return self._offset_s + asyncio.get_running_loop().time()

    def from_monotonic(self, monotonic_s: float) -> float:
        """UTC of an instant read from the loop's monotonic clock, as a driver's thread stamps its samples."""
        return self._offset_s + monotonic_s
