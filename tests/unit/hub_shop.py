"""A hub on a bus in memory, in virtual time: it can be killed and started again, and its provider be cut off."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from hub.core.events import AnyInput, Receipt
from hub.journal import Journal
from hub.payments import PaymentDown, TestProvider
from hub.service import Hub
from tests.store.scripted import small_store
from tests.store.wired import Floor, floor
from wire import topics
from wire.bus import Inbox, MemoryBroker, MemoryBus
from wire.clock import Clock
from wire.messages import AnyMessage, Envelope, Heartbeat, Tap, WeightChange, decode, encode

NOON_S = 1_700_000_000.0
ONE_COLA, ONE_WATER = (1, 350.2), (4, 537.8)


class ShakyProvider(TestProvider):
    """A provider behind a bad line: cut while `down`; `lost_answers` calls are carried out and never answered."""

    def __init__(self) -> None:
        super().__init__()
        self.down = False
        self.lost_answers = 0
        self.calls = 0

    async def authorise(self, credential: str, amount_cents: int, key: str) -> str | None:
        self._dial()
        hold = await super().authorise(credential, amount_cents, key)
        self._answer()
        return hold

    async def capture(self, hold: str, amount_cents: int, key: str) -> int:
        self._dial()
        charged_cents = await super().capture(hold, amount_cents, key)
        self._answer()
        return charged_cents

    async def void(self, hold: str, key: str) -> None:
        self._dial()
        await super().void(hold, key)
        self._answer()

    def _dial(self) -> None:
        self.calls += 1
        if self.down:
            raise PaymentDown("the line is cut")

    def _answer(self) -> None:
        if self.lost_answers:
            self.lost_answers -= 1
            raise PaymentDown("no answer")


class Shop:
    """A hub on a bus in memory, its journal and its provider; the hub can be killed and started again."""

    def __init__(self, ask_below: float = 0.9) -> None:
        self.store = small_store(ask_below)
        self.broker = MemoryBroker()
        self.clock = Clock(NOON_S)
        self.journal = Journal(None, self.store.name)
        self.payments = ShakyProvider()
        self.bus, self.outside = MemoryBus(self.broker), MemoryBus(self.broker)
        self.start()

    def start(self) -> None:
        self.hub = Hub(self.store, self.bus, self.journal, self.payments, self.clock)
        self.task = asyncio.create_task(self.hub.run())

    async def kill(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task

    async def node_bus(self, node: str) -> MemoryBus:
        return MemoryBus(self.broker)

    @asynccontextmanager
    async def nodes(self) -> AsyncIterator[Floor]:
        async with floor(self.store, self.node_bus, self.clock) as nodes:
            await asyncio.sleep(0.01)
            yield nodes
            await asyncio.sleep(5.0)

    @asynccontextmanager
    async def listening(self, node: str = "+") -> AsyncIterator[Inbox]:
        async with self.outside.subscribe(f"{topics.ROOT}/{self.store.name}/{node}/+") as inbox:
            await asyncio.sleep(0.01)
            yield inbox

    async def say(self, node: str, body: AnyMessage, seq: int = 1, boot: str = "b1") -> None:
        """Somebody says one thing on the wire, and everything has its time to happen."""
        topic = topics.stream if isinstance(body, Heartbeat) else topics.events
        envelope = Envelope(node=node, boot=boot, seq=seq, body=body)
        await self.outside.publish(topic(self.store.name, node), encode(envelope), qos=1)
        await asyncio.sleep(0.01)

    def heard(self) -> list[AnyInput]:
        return list(self.journal.replay())


def taken(inbox: Inbox, kind: type[AnyMessage]) -> list[AnyMessage]:
    """What of one kind has come to an inbox by now."""
    came = []
    while inbox.waiting():
        body = decode(inbox._queue.get_nowait().payload).body
        if isinstance(body, kind):
            came.append(body)
    return came


def tap(credential: str = "alice") -> Tap:
    return Tap(gate="entry", reader="qr", kind="qr", credential=credential, t_s=NOON_S)


def change(lane: int = 1, delta_g: float = -350.0, t1_s: float = NOON_S) -> WeightChange:
    return WeightChange(lane=f"1-1-{lane}", delta_g=delta_g, sigma_g=0.5, t0_s=t1_s - 0.5, t1_s=t1_s)


def counts(receipt: Receipt) -> dict[str, int]:
    return {line.gtin: line.count for line in receipt.lines}
