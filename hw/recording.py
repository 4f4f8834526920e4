"""The wire as it was, in a file: one {"t", "topic", "payload"} a line. Written from any bus, played to a hub again.

`t` is UTC in seconds, `payload` the JSON object of the envelope. Anybody who follows the wire contract can make one.
"""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct, structs

from hub.journal import Journal
from hub.payments import TestProvider
from hub.service import Hub
from hub.store import Store
from hw.errors import BadRecording
from hw.sim import virtual_time
from wire import topics
from wire.bus import Bus, Delivery, MemoryBroker, MemoryBus
from wire.clock import Clock
from wire.errors import BadMessage
from wire.messages import Envelope, GateCommand, Passage, decode, encode

log = logging.getLogger(__name__)

SETTLE_S = 15.0
"""How long the hub is left to settle after the last line."""


class Line(Struct, frozen=True):
    """One message on the wire."""

    t: float
    topic: str
    payload: msgspec.Raw


class RecordedReceipts(Struct, frozen=True, kw_only=True):
    """What a hub makes of a recording: receipts and open questions by credential. There is no truth to compare with."""

    name: str
    receipts: dict[str, dict[str, int]]
    asked: list[str]
    seconds: float
    messages: int
    skipped: int


async def record(bus: Bus, file: BinaryIO, clock: Clock) -> None:
    """Write down everything on the bus until cancelled. What is not JSON cannot be a message, and is only logged."""
    async with bus.subscribe(f"{topics.ROOT}/#") as inbox:
        async for topic, payload in inbox:
            try:
                msgspec.json.decode(payload)
            except msgspec.DecodeError:
                log.warning("%s: a payload of %d bytes that is not JSON is left out", topic, len(payload))
                continue
            file.write(msgspec.json.encode(Line(clock.now(), topic, msgspec.Raw(payload))) + b"\n")
            file.flush()


def play(path: Path, store: Store) -> RecordedReceipts:
    """Feed a recording to a new hub, in virtual time. Raises BadRecording when there is nothing in it to play.

    Lines that cannot be read are logged with their number, once each, and left out.
    """
    try:
        with path.open("rb") as file:
            raw = file.read().split(b"\n")
    except OSError as e:
        raise BadRecording(f"{path}: cannot be read: {e.strerror}") from None
    written = len([text for text in raw if text.strip()])
    lines = list(_lines(path, raw, store.name))
    if not lines:
        raise BadRecording(f"{path}: none of its {written} lines is a message to the hub of store {store.name}")
    return virtual_time.run(_play(path.name, lines, written, store))


def _lines(path: Path, raw: list[bytes], store: str) -> Iterator[tuple[Line, Envelope]]:
    for number, text in enumerate(raw, start=1):
        if not text.strip():
            continue
        try:
            line = msgspec.json.decode(text, type=Line)
            envelope = decode(bytes(line.payload))
        except msgspec.DecodeError as e:
            cut = ": cut short, as when a recorder is killed" if number == len(raw) else ""
            log.warning("%s: line %d left out: %s%s", path, number, e, cut)
        except (BadMessage, UnicodeDecodeError) as e:
            log.warning("%s: line %d left out: %s", path, number, e)
        else:
            if line.topic.split("/")[:2] == [topics.ROOT, store]:
                yield line, envelope
            else:
                log.warning("%s: line %d left out: %s is not a topic of store %s", path, number, line.topic, store)


async def _play(name: str, lines: list[tuple[Line, Envelope]], written: int, store: Store) -> RecordedReceipts:
    start_s = min(line.t for line, _ in lines)
    clock, broker, loop = Clock(start_s), MemoryBroker(), asyncio.get_running_loop()
    hub = Hub(store, MemoryBus(broker), Journal(None, store.name), TestProvider(), clock)
    bus, grants = MemoryBus(broker), _Grants(lines)
    async with asyncio.TaskGroup() as group, bus.subscribe(topics.commands(store.name, "+")) as commands:
        running = group.create_task(hub.run(), name="hub")
        await asyncio.sleep(0)
        for line, envelope in lines:
            await asyncio.sleep(max(0.0, line.t - start_s - loop.time()))
            if line.topic.endswith(("/events", "/stream")) and line.topic != topics.presence(store.name):
                while commands.waiting():
                    grants.given_now(await anext(commands))
                await bus.publish(line.topic, encode(grants.translate(envelope)), qos=1)
        await asyncio.sleep(SETTLE_S)
        running.cancel()
    receipts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for receipt in [*hub.receipts, *(q.receipt for q in hub.questions.values())]:
        receipts[receipt.credential].update({line.gtin: line.count for line in receipt.lines})
    return RecordedReceipts(
        name=name,
        receipts={payer: dict(sorted(cart.items())) for payer, cart in sorted(receipts.items())},
        asked=sorted({q.receipt.credential for q in hub.questions.values()}),
        seconds=round(loop.time(), 3),
        messages=len(lines),
        skipped=written - len(lines),
    )


class _Grants:
    """Passages of the recording name commands of the hub of that time; the hub of now gives them other ids.

    The n-th command of a gate then is the n-th now. They are known from the commands in the recording, or, where those
    were not recorded, from the passages: each command ends in one.
    """

    def __init__(self, lines: list[tuple[Line, Envelope]]) -> None:
        bodies = [envelope.body for _, envelope in lines]
        given = [(b.gate, b.id) for b in bodies if isinstance(b, GateCommand)]
        used = [(b.gate, b.command) for b in bodies if isinstance(b, Passage) and b.command is not None]
        self._then: defaultdict[str, list[str]] = defaultdict(list)
        self._now: defaultdict[str, list[str]] = defaultdict(list)
        for gate, command in given or used:
            if command not in self._then[gate]:
                self._then[gate].append(command)

    def given_now(self, delivery: Delivery) -> None:
        body = decode(delivery.payload).body
        if isinstance(body, GateCommand) and body.id not in self._now[body.gate]:
            self._now[body.gate].append(body.id)

    def translate(self, envelope: Envelope) -> Envelope:
        """The envelope with the command of now in place of that of then."""
        body = envelope.body
        if not isinstance(body, Passage) or body.command not in self._then[body.gate]:
            return envelope
        n = self._then[body.gate].index(body.command)
        if n >= len(self._now[body.gate]):
            return envelope
        return structs.replace(envelope, body=structs.replace(body, command=self._now[body.gate][n]))
