"""The HX711 thread of one clock line, and its frames as an asynchronous iterator."""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from drivers.errors import DriverError
from drivers.hx711 import Frame
from drivers.hx711_bus import Hx711Bus

QUEUE_LIMIT = 256
"""Frames a reader may lag behind: 3 s at 80 SPS. Past that the oldest are dropped and counted."""
STOP_MARGIN_S = 2.0
"""What a busy machine may need beyond the bus's own longest wait to end the thread."""


log = logging.getLogger(__name__)


class SamplingStopped(DriverError, RuntimeError):
    """The thread of a bus has failed, or does not end."""


class Sampler:
    """`async with Sampler(bus) as frames: async for frame in frames: ...`

    All pin access happens in one thread, from entering the context until it closes the bus on leaving; what fails
    there reaches the reader as SamplingStopped after the frames before it. One reader at a time.
    """

    def __init__(self, bus: Hx711Bus, limit: int = QUEUE_LIMIT) -> None:
        self.dropped = 0
        self._bus = bus
        self._frames: deque[Frame] = deque()
        self._limit = limit
        self._lock = threading.Lock()
        self._arrived = asyncio.Event()
        self._stop = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._sample, name=f"hx711 {bus}", daemon=True)

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the thread. Raises SamplingStopped when it hangs; with another error on its way, that is only logged."""
        self._stop.set()
        deadline_s = self._bus.frame_timeout_s + STOP_MARGIN_S
        await asyncio.to_thread(self._thread.join, deadline_s)
        if self._thread.is_alive():
            hung = f"{self._bus}: its thread has not ended within {deadline_s:.1f} s: the pins hang"
            if error is None:
                raise SamplingStopped(hung)
            log.error("%s", hung)  # raised, it would take the place of a cancellation

    def __aiter__(self) -> AsyncIterator[Frame]:
        return self

    async def __anext__(self) -> Frame:
        while True:
            with self._lock:
                if self._frames:
                    return self._frames.popleft()
                if self._failure is not None:
                    raise SamplingStopped(f"{self._bus}: reading has stopped: {self._failure}") from self._failure
                self._arrived.clear()
            await self._arrived.wait()

    def _offer(self, frame: Frame) -> None:
        with self._lock:
            waiting = len(self._frames)
            if waiting == self._limit:
                self._frames.popleft()
                self.dropped += 1
            self._frames.append(frame)
        if not waiting:  # one wake-up for all that gathers until the reader comes
            self._loop.call_soon_threadsafe(self._arrived.set)

    def _sample(self) -> None:
        try:
            try:
                while not self._stop.is_set():
                    self._offer(self._bus.read_frame())
            finally:
                self._bus.close()
        except Exception as e:  # whatever the pins raise belongs to the reader, not to the thread's end
            with self._lock:
                self._failure = e
            if not self._stop.is_set():
                self._loop.call_soon_threadsafe(self._arrived.set)
