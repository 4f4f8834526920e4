"""The wire as it was, in a file: one {"t", "topic", "payload"} a line. Written from any bus, played to a hub again.

`t` is UTC in seconds, `payload` the JSON object of the envelope. Anybody who follows the wire contract can make one.
"""

import asyncio
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct, structs

from hub.core.events import AnyInput
from hub.journal import Journal
from hub.payments import TestProvider
from hub.service import Hub
from hub.store import Store
from hw.errors import BadRecording
from hw.replay import METHODS, MethodName, judge
from hw.report import Report, case_report, overall
from hw.sim import virtual_time
from wire import topics
from wire.bus import Bus, MemoryBroker, MemoryBus
from wire.clock import Clock
from wire.errors import BadMessage
from wire.messages import Envelope, Event, decode, encode
from wire.mqtt import MqttBus

log = logging.getLogger(__name__)

SETTLE_S = 15.0
"""How long the hub is left to settle after the last line."""


class Line(Struct, frozen=True):
    """One message on the wire."""

    t: float
    topic: str
    payload: msgspec.Raw


async def record_from(broker_url: str, path: Path) -> None:
    """Record what passes a broker into a new file, until cancelled. Raises BadRecording, or WireError for the URL."""
    try:
        file = path.open("xb")
    except FileExistsError:
        raise BadRecording(f"{path}: is there already; recordings are not written over") from None
    except OSError as e:
        raise BadRecording(f"{path}: cannot be written: {e.strerror}") from None
    with file:
        async with MqttBus(broker_url, f"record-{os.getpid()}") as bus:
            await record(bus, file, Clock())


async def record(bus: Bus, file: BinaryIO, clock: Clock) -> None:
    """Write down every message on the bus until cancelled.

    What is none may hold anything, a card number too: it is left out, and said once for each topic.
    """
    said: set[str] = set()
    async with bus.subscribe(f"{topics.ROOT}/#") as inbox:
        async for topic, payload in inbox:
            try:
                envelope = decode(payload)
            except BadMessage as e:
                if topic not in said:
                    said.add(topic)
                    log.warning("%s: a payload of %d bytes is left out: %s", topic, len(payload), e)
                continue
            # Encoded anew: on one line, and without what decoding passes over, such as a key's first value of two.
            file.write(msgspec.json.encode(Line(clock.now(), topic, msgspec.Raw(encode(envelope)))) + b"\n")
            file.flush()


def play(path: Path, store: Store, method: MethodName = "joint") -> Report:
    """Feed a recording to a new hub, in virtual time: receipts by credential. There is no truth to compare with.

    Raises BadRecording when there is nothing in it to play. Lines that cannot be read are logged with their number,
    once each, and left out; so is who was still inside at its end, and has no receipt.
    """
    try:
        with path.open("rb") as file:
            raw = file.read().split(b"\n")
    except OSError as e:
        raise BadRecording(f"{path}: cannot be read: {e.strerror}") from None
    if raw == [b""]:
        raise BadRecording(f"{path}: is empty: was its recorder ever connected?")
    lines = list(_lines(path, raw, store.name))
    if not lines:
        raise BadRecording(f"{path}: none of its lines is a message to the hub of store {store.name}")
    inputs, seconds, inside = virtual_time.run(_play(lines, store))
    if inside:
        log.warning("%s: ends with %s still inside: no receipt for them", path, ", ".join(inside))
    receipts, asked = judge(store, inputs, METHODS[method])
    return overall(method, None, [case_report(path.name, None, receipts, asked, seconds)])


def _lines(path: Path, raw: list[bytes], store: str) -> Iterator[tuple[Line, Envelope]]:
    for number, text in enumerate(raw, start=1):
        if not text.strip():
            continue
        try:
            line = msgspec.json.decode(text, type=Line)
            envelope = decode(bytes(line.payload))
        except msgspec.DecodeError as e:
            if number < len(raw):
                log.warning("%s: line %d left out: %s", path, number, e)
            else:  # every whole line ends with a line feed
                log.warning("%s: ends in the middle of line %d: recorder killed, or half a copy?", path, number)
        except (BadMessage, UnicodeDecodeError) as e:
            log.warning("%s: line %d left out: %s", path, number, e)
        else:
            if line.topic.split("/")[:2] == [topics.ROOT, store]:
                yield line, envelope
            else:
                log.warning("%s: line %d left out: %s is not a topic of store %s", path, number, line.topic, store)


async def _play(lines: list[tuple[Line, Envelope]], store: Store) -> tuple[list[AnyInput], float, list[str]]:
    """What the hub was told, how long it took in the store, and who is inside at the end."""
    start_s = min(line.t for line, _ in lines)
    clock, broker, loop = Clock(start_s), MemoryBroker(), asyncio.get_running_loop()
    journal = Journal(None, store.name)
    hub = Hub(store, MemoryBus(broker), journal, TestProvider(), clock)
    bus = MemoryBus(broker)
    played: dict[tuple[str, str], int] = {}
    async with asyncio.TaskGroup() as group:
        running = group.create_task(hub.run(), name="hub")
        await asyncio.sleep(0)
        for line, envelope in lines:
            await asyncio.sleep(max(0.0, line.t - start_s - loop.time()))
            if line.topic.endswith(("/events", "/stream")) and line.topic != topics.presence(store.name):
                await bus.publish(line.topic, encode(_whole(envelope, played)), qos=1)
        await asyncio.sleep(SETTLE_S)
        running.cancel()
    inside = [s.credential for s in hub.state.visits.sessions.values() if s.inside > 0]
    return list(journal.replay()), loop.time(), inside


def _whole(envelope: Envelope, played: dict[tuple[str, str], int]) -> Envelope:
    """What a recording lacks will never come: an event after a gap counts as the next one."""
    boot = (envelope.node, envelope.boot)
    if not isinstance(envelope.body, Event) or envelope.seq <= played.get(boot, 0):
        return envelope
    played[boot] = envelope.seq
    return structs.replace(envelope, acked=envelope.seq - 1)
