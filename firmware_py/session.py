"""A node's side of the conversation with its hub: nothing that was posted is lost, and nothing is said in vain."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

import msgspec

from firmware_py.errors import OutboxFull
from firmware_py.identity import Identity
from firmware_py.outbox import Outbox, Stored
from wire import topics
from wire.bus import Bus, Inbox
from wire.clock import Clock
from wire.errors import BadMessage, BusDown
from wire.messages import Ack, Envelope, Event, GateCommand, Heartbeat, Reading, Stream, decode, encode

log = logging.getLogger(__name__)

HEARTBEAT_S = 1.0
RESEND_S = 2.0
"""How long the hub may take to acknowledge before everything in flight is sent again."""
IN_FLIGHT = 64
"""Events sent and not acknowledged, at most."""
COMMAND_LIMIT = 100
"""Commands not yet taken, at most; past that the oldest are dropped and counted."""

_check = msgspec.json.Decoder(Event).decode


class Vitals(NamedTuple):
    """What a node adds to its heartbeat: counters that only grow, and live readings by lane."""

    counters: dict[str, int] = {}  # noqa: RUF012
    readings: dict[str, Reading] = {}  # noqa: RUF012


class Session:
    """Posts events, streams what is live, beats, and hands out commands, while `run` runs.

    The hub takes the events of a boot strictly in sequence and acknowledges cumulatively. So the sender keeps a
    window of them in flight and goes back to its first whenever no acknowledgement has come for `RESEND_S` or the bus
    was away; whatever arrives twice, late or out of order is then sorted out by the hub.
    """

    def __init__(
        self, bus: Bus, identity: Identity, clock: Clock, outbox: Outbox, vitals: Callable[[], Vitals] = Vitals
    ) -> None:
        self._bus = bus
        self._identity = identity
        self._clock = clock
        self._outbox = outbox
        self._vitals = vitals
        self._started_s = clock.now()
        self._acked = 0
        self._streamed = 0
        self._wake = asyncio.Event()
        self._sent = ("", 0)
        self._resend_at: float | None = None
        self._commands: asyncio.Queue[GateCommand] = asyncio.Queue(COMMAND_LIMIT)
        self._full = False
        self.hub_seen_s: float | None = None
        """When the hub was last heard, in UTC seconds of this node's clock."""
        self.counters = {
            "events_posted": 0,
            "events_acknowledged": 0,
            "events_refused": 0,
            "streams_dropped": 0,
            "commands_dropped": 0,
            "messages_refused": 0,
        }

    async def run(self) -> None:
        """Talk until cancelled. What is not acknowledged by then waits in the outbox for the next start."""
        store, node, _ = self._identity
        inbound = topics.commands(store, node), topics.acks(store, node), topics.presence(store)
        async with self._bus.subscribe(*inbound) as inbox, asyncio.TaskGroup() as group:
            group.create_task(self._send(), name=f"{node}: send events")
            group.create_task(self._receive(inbox), name=f"{node}: receive")
            group.create_task(self._beat(), name=f"{node}: heartbeat")

    def post(self, event: Event) -> None:
        """Keep an event on disk and send it until the hub has it.

        An event that a full outbox or the contract refuses is counted as `events_refused`, and takes no place in the
        sequence: one that the hub cannot read would hold up all that come after it.
        """
        seq = self.counters["events_posted"] + 1
        body = msgspec.json.encode(event)
        try:
            _check(body)
            self._outbox.add(Stored(self._identity.boot, seq, body))
        except msgspec.ValidationError as e:
            self.counters["events_refused"] += 1
            log.error(
                "%s: %s refused, it does not follow the contract: %s", self._identity.node, type(event).__name__, e
            )
            return
        except OutboxFull as e:
            self.counters["events_refused"] += 1
            if not self._full:
                log.error("%s; new events are lost until some are acknowledged", e)
            self._full = True
            return
        if self._full:
            log.warning("The outbox takes events again; %d were lost", self.counters["events_refused"])
            self._full = False
        self.counters["events_posted"] = seq
        self._wake.set()

    async def stream(self, body: Stream) -> None:
        """Send once, for whoever listens now; dropped and counted when the bus is down."""
        self._streamed += 1
        store, node, boot = self._identity
        envelope = Envelope(node=node, boot=boot, seq=self._streamed, acked=self._acked, body=body)
        try:
            await self._bus.publish(topics.stream(store, node), encode(envelope), qos=0)
        except BusDown:
            self.counters["streams_dropped"] += 1

    async def commands(self) -> AsyncIterator[GateCommand]:
        """Commands as they come. Whether one has expired, or came before, is for the gate to judge."""
        while True:
            yield await self._commands.get()

    def hub_alive(self, within_s: float) -> bool:
        """Whether the hub has been heard within the last `within_s` seconds."""
        return self.hub_seen_s is not None and self._clock.now() - self.hub_seen_s <= within_s

    async def _send(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self._send_window()
                async with asyncio.timeout_at(self._resend_at):
                    await self._wake.wait()
            except TimeoutError:
                self._go_back()
            except BusDown:
                self._go_back()
                await self._bus.connected()

    def _go_back(self) -> None:
        self._sent = ("", 0)
        self._resend_at = None

    async def _send_window(self) -> None:
        window = self._outbox.oldest(IN_FLIGHT)
        if not window:
            self._resend_at = None
            return
        store, node, _ = self._identity
        for boot, seq, body in window:
            if boot == self._sent[0] and seq <= self._sent[1]:
                continue
            # The body stays the JSON it was stored as: what an older version wrote is for the hub to judge.
            raw: Event = msgspec.Raw(body)  # type: ignore[assignment]
            envelope = Envelope(node=node, boot=boot, seq=seq, acked=window[0].seq - 1, body=raw)
            await self._bus.publish(topics.events(store, node), encode(envelope), qos=1)
            self._sent = (boot, seq)
        if self._resend_at is None:
            self._resend_at = asyncio.get_running_loop().time() + RESEND_S

    async def _receive(self, inbox: Inbox) -> None:
        async for topic, payload in inbox:
            try:
                self._take(topic, decode(payload).body)
            except BadMessage as e:
                self.counters["messages_refused"] += 1
                log.warning("%s: message refused: %s", topic, e)

    def _take(self, topic: str, body: object) -> None:
        store, node, _ = self._identity
        if topic == topics.commands(store, node) and isinstance(body, GateCommand):
            if self._commands.full():
                self._commands.get_nowait()
                self.counters["commands_dropped"] += 1
            self._commands.put_nowait(body)
        elif topic == topics.acks(store, node) and isinstance(body, Ack):
            self._take_ack(body)
        elif topic == topics.presence(store) and isinstance(body, Heartbeat):
            self.hub_seen_s = self._clock.now()
        else:
            raise BadMessage(f"{type(body).__name__} does not belong here")

    def _take_ack(self, ack: Ack) -> None:
        if ack.boot == self._identity.boot:
            if ack.seq > (posted := self.counters["events_posted"]):
                raise BadMessage(f"event {ack.seq} acknowledged, {posted} posted")
            self._acked = max(self._acked, ack.seq)
        if forgotten := self._outbox.forget(ack.boot, ack.seq):
            self.counters["events_acknowledged"] += forgotten
            self._resend_at = None
            self._wake.set()

    async def _beat(self) -> None:
        while True:
            now_s = self._clock.now()
            counters, readings = self._vitals()
            await self.stream(
                Heartbeat(
                    t_s=now_s,
                    uptime_s=now_s - self._started_s,
                    waiting=self._outbox.waiting(),
                    counters=counters | self.counters,
                    readings=readings,
                )
            )
            await asyncio.sleep(HEARTBEAT_S)
