"""The bus as its users see it, and the one in memory for virtual time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import lru_cache
from typing import NamedTuple, Protocol

from wire import topics
from wire.errors import BusDown

QUEUE_LIMIT = 10_000
"""Deliveries a subscriber may lag behind; past that the oldest are dropped and counted."""


class Delivery(NamedTuple):
    topic: str
    payload: bytes


class Inbox:
    """A bounded queue of deliveries that drops the oldest and counts what it dropped."""

    def __init__(self, patterns: tuple[str, ...], limit: int = QUEUE_LIMIT) -> None:
        self.patterns = patterns
        self.dropped = 0
        self._queue: asyncio.Queue[Delivery] = asyncio.Queue(limit)

    def offer(self, delivery: Delivery) -> None:
        if _wanted(self.patterns, delivery.topic):
            if self._queue.full():
                self._queue.get_nowait()
                self.dropped += 1
            self._queue.put_nowait(delivery)

    def waiting(self) -> int:
        """Deliveries not yet taken."""
        return self._queue.qsize()

    def __aiter__(self) -> AsyncIterator[Delivery]:
        return self

    async def __anext__(self) -> Delivery:
        return await self._queue.get()


@lru_cache(maxsize=4096)
def _wanted(patterns: tuple[str, ...], topic: str) -> bool:
    """Remembered, for a store has few topics, and every subscriber is asked about every publication."""
    return any(topics.matches(p, topic) for p in patterns)


class Bus(Protocol):
    """A connection to a broker, in memory or by MQTT."""

    async def publish(self, topic: str, payload: bytes, *, qos: int) -> None:
        """Hand over to the broker. Raises BusDown when it cannot be reached; QoS 0 is then lost, by its nature."""

    def subscribe(self, *patterns: str) -> AbstractAsyncContextManager[Inbox]:
        """Deliveries whose topic matches any of the patterns, for as long as the context is open."""

    async def connected(self) -> None:
        """Return as soon as the broker can be reached."""


class MemoryBroker:
    """All the buses of one process: what one publishes, every other subscriber gets, in order."""

    def __init__(self) -> None:
        self.inboxes: list[tuple[MemoryBus, Inbox]] = []


class MemoryBus:
    """One client of a MemoryBroker. `online` can be cleared to pull its plug."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker
        self.online = asyncio.Event()
        self.online.set()

    async def publish(self, topic: str, payload: bytes, *, qos: int) -> None:
        if not self.online.is_set():
            raise BusDown(f"{topic}: this client is unplugged")
        delivery = Delivery(topic, payload)
        for client, inbox in self._broker.inboxes:
            if client.online.is_set():
                inbox.offer(delivery)

    @asynccontextmanager
    async def subscribe(self, *patterns: str) -> AsyncIterator[Inbox]:
        inbox = Inbox(patterns)
        self._broker.inboxes.append((self, inbox))
        try:
            yield inbox
        finally:
            self._broker.inboxes.remove((self, inbox))

    async def connected(self) -> None:
        await self.online.wait()
