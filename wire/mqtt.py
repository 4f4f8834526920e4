"""The bus over MQTT 3.1.1, on any broker: stays connected by itself, and says so when it is not."""

import asyncio
import functools
import logging
import math
import random
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import NamedTuple, Self, cast
from urllib.parse import unquote, urlsplit

import aiomqtt

from wire.bus import Delivery, Inbox
from wire.errors import BadSettings, BusDown

log = logging.getLogger(__name__)

PORT = 1883
TIMEOUT_S = 5.0
"""How long the broker may take to answer anything we ask."""
KEEPALIVE_S = 10
"""After this long without traffic the broker is pinged, and given up if it stays silent for as long again."""
FIRST_RETRY_S, LAST_RETRY_S = 0.1, 5.0
OUTGOING_LIMIT = 1_000
"""Publications under way at once; past that a publication is refused as BusDown."""
REFUSED = 0x80
"""A subscription the broker does not grant (MQTT 3.1.1, 3.9.3)."""


class Address(NamedTuple):
    """Where a broker listens, and as whom to log in."""

    host: str
    port: int
    username: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> Self:
        """From `mqtt://[user[:password]@]host[:port]`. Raises BadSettings, which does not repeat the login."""
        wrong = BadSettings(
            f"{url.rpartition('@')[2]!r} is no broker's URL: expected mqtt://[user[:password]@]host[:port]"
        )
        try:
            parts = urlsplit(url)
            port = parts.port or PORT
        except ValueError:  # whose text may quote the password
            raise wrong from None
        if parts.scheme != "mqtt" or not parts.hostname or parts.path.strip("/") or parts.query:
            raise wrong
        username, password = (None if part is None else unquote(part) for part in (parts.username, parts.password))
        return cls(parts.hostname, port, username, password)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class MqttBus:
    """One client of an MQTT broker; a `wire.bus.Bus` while its context is open.

    A broker that is away, at the start or later, is tried again for ever, and subscriptions outlive that. Sessions are
    clean: what must not be lost is acknowledged end to end, and an old command is worse than none. The filters of one
    client should not overlap, for brokers differ in how often they then deliver.
    """

    def __init__(self, url: str, client_id: str) -> None:
        self._address = Address.parse(url)
        self._client_id = client_id
        self._client: aiomqtt.Client | None = None
        self._up = asyncio.Event()
        self._closing = asyncio.Event()
        self._down_said = False
        self._inboxes: list[Inbox] = []
        self._dropped = 0
        self._deadlines: set[asyncio.Timeout] = set()
        self._life = asyncio.timeout(None)
        self._end_cause = ""
        self._tasks = asyncio.TaskGroup()
        self._connections = 0

    @property
    def reconnects(self) -> int:
        """Connections after the first."""
        return max(0, self._connections - 1)

    @property
    def dropped(self) -> int:
        """Deliveries pushed out of a full inbox."""
        return self._dropped + sum(inbox.dropped for inbox in self._inboxes)

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._task = self._tasks.create_task(self._stay_connected(), name=f"mqtt {self._client_id}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Not cancelled: aiomqtt leaves a socket and a task behind when it is interrupted while it connects.
        self._closing.set()
        self._end(self._client, "closed")
        try:
            await asyncio.wait({self._task})
        finally:
            await self._tasks.__aexit__(kind, error, traceback)

    async def connected(self) -> None:
        await self._up.wait()

    async def publish(self, topic: str, payload: bytes, *, qos: int) -> None:
        """Return once the broker has it (QoS 1) or it is on its way (QoS 0). Raises BusDown, within TIMEOUT_S."""
        client = self._client
        if client is None:
            raise BusDown(f"{topic}: no connection to the broker at {self._address}")
        deadline = asyncio.timeout(TIMEOUT_S)
        self._deadlines.add(deadline)
        try:
            async with deadline:
                await client.publish(topic, payload, qos, timeout=math.inf)
        except aiomqtt.MqttError as e:
            self._end(client, str(e))
            await asyncio.sleep(0)  # so that a caller who tries again at once lets the connection's own task act
            raise BusDown(f"{topic}: the broker at {self._address} did not take it: {e}") from None
        except TimeoutError:
            cause = "no answer" if self._client is client else "the connection went"
            raise BusDown(f"{topic}: the broker at {self._address} did not take it: {cause}") from None
        finally:
            self._deadlines.remove(deadline)

    @asynccontextmanager
    async def subscribe(self, *patterns: str) -> AsyncIterator[Inbox]:
        """In force when the context opens, or else as soon as the broker can be reached."""
        inbox = Inbox(patterns)
        self._inboxes.append(inbox)
        try:
            if (client := self._client) is not None:
                try:
                    await self._ask(client, set(patterns))
                except aiomqtt.MqttError as e:
                    self._end(client, str(e))  # the next connection asks for all of them again
            yield inbox
        finally:
            # The broker goes on delivering until the next connection; nobody is there to take it.
            self._inboxes.remove(inbox)
            self._dropped += inbox.dropped

    async def _stay_connected(self) -> None:
        loop = asyncio.get_running_loop()
        retry_s = FIRST_RETRY_S
        while not self._closing.is_set():
            began_s = loop.time()
            try:
                async with self._new_client() as client:
                    await self._subscribe_all(client)
                    await self._live(client)
            except aiomqtt.MqttError as e:
                if not (self._down_said or self._closing.is_set()):
                    log.warning(
                        "%s: no connection to the broker at %s: %s; retrying", self._client_id, self._address, e
                    )
                    self._down_said = True
            with suppress(TimeoutError):
                async with asyncio.timeout(retry_s * random.uniform(0.5, 1.0)):
                    await self._closing.wait()
            # A connection that only flickers, as when two nodes share one name, is no reason to hurry.
            retry_s = min(2 * retry_s, LAST_RETRY_S) if loop.time() - began_s < 2 * LAST_RETRY_S else FIRST_RETRY_S

    async def _subscribe_all(self, client: aiomqtt.Client) -> None:
        granted: set[str] = set()
        while missing := {pattern for inbox in self._inboxes for pattern in inbox.patterns} - granted:
            await self._ask(client, missing)
            granted |= missing

    async def _live(self, client: aiomqtt.Client) -> None:
        """From here until the connection ends there is a `_client`, and `_life` can end it."""
        if self._closing.is_set():
            return
        try:
            async with asyncio.timeout(None) as self._life:
                self._come_up(client)
                async for _ in client.messages:
                    pass  # never: they went straight to the inboxes, and this waits for the end
        except TimeoutError:
            raise aiomqtt.MqttError(self._end_cause) from None
        finally:
            self._go_down()

    def _new_client(self) -> aiomqtt.Client:
        client = aiomqtt.Client(
            self._address.host,
            self._address.port,
            username=self._address.username,
            password=self._address.password,
            identifier=self._client_id,
            clean_session=True,
            timeout=TIMEOUT_S,
            keepalive=KEEPALIVE_S,
            queue_type=cast("type[asyncio.Queue[aiomqtt.Message]]", functools.partial(_HandOver, self._offer)),
            max_queued_outgoing_messages=OUTGOING_LIMIT,
            max_inflight_messages=OUTGOING_LIMIT,
            # Without it small packets wait for delayed TCP acknowledgements: up to 44 ms a message.
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        client.pending_calls_threshold = OUTGOING_LIMIT
        return client

    async def _ask(self, client: aiomqtt.Client, patterns: set[str]) -> None:
        wanted = sorted(patterns)
        reasons = await client.subscribe([(pattern, 1) for pattern in wanted])
        codes = [reason if isinstance(reason, int) else reason.value for reason in reasons]
        if refused := [pattern for pattern, code in zip(wanted, codes, strict=True) if code >= REFUSED]:
            raise aiomqtt.MqttError(f"subscription refused, access rules? {', '.join(refused)}")

    def _offer(self, delivery: Delivery) -> None:
        for inbox in self._inboxes:
            inbox.offer(delivery)

    def _come_up(self, client: aiomqtt.Client) -> None:
        self._client = client
        self._up.set()
        self._connections += 1
        if self._down_said:
            log.warning("%s: connected to the broker at %s again", self._client_id, self._address)
        self._down_said = False

    def _go_down(self) -> None:
        self._client = None
        self._up.clear()
        for deadline in self._deadlines:
            if not deadline.expired():
                deadline.reschedule(0.0)

    def _end(self, client: aiomqtt.Client | None, cause: str) -> None:
        if client is not None and client is self._client and not self._life.expired():
            self._end_cause = cause
            self._life.reschedule(0.0)


class _HandOver(asyncio.Queue[aiomqtt.Message]):
    """In place of aiomqtt's own queue, which drops without counting: the inboxes are the only queue there is."""

    def __init__(self, take: Callable[[Delivery], None], maxsize: int) -> None:
        super().__init__(maxsize)
        self._take = take

    def put_nowait(self, item: aiomqtt.Message) -> None:
        self._take(Delivery(item.topic.value, item.payload))
