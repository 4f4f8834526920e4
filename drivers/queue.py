"""What a device has to say, handed from its driver to one reader on the event loop."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

T = TypeVar("T")


class EventQueue(Generic[T]):
    """Oldest first, bounded: past `limit` the oldest are dropped and counted. Iteration ends once it is closed.

    To be used on the event loop's thread; a driver's own thread goes through `loop.call_soon_threadsafe`.
    """

    def __init__(self, limit: int = 1000) -> None:
        self.dropped = 0
        self._items: deque[T] = deque(maxlen=limit)
        self._news = asyncio.Event()
        self._closed = False

    def offer(self, item: T) -> None:
        """Append an item; never waits."""
        self.dropped += len(self._items) == self._items.maxlen
        self._items.append(item)
        self._news.set()

    def close(self) -> None:
        """End the iteration after what is already there."""
        self._closed = True
        self._news.set()

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        while not self._items:
            if self._closed:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._items.popleft()
