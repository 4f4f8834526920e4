"""What only the bus over MQTT can meet: brokers that are away, refuse, or hang."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hub.broker import Broker
from wire.errors import BadSettings, BusDown
from wire.mqtt import Address, MqttBus

DEADLINE_S = 20.0
ACCEPTED, NOT_AUTHORISED = 0, 5
GRANTED, REFUSED = 1, 0x80
CONNECT, PUBLISH, SUBSCRIBE = 1, 3, 8


class RudeBroker:
    """Speaks just enough MQTT to be rude: answers CONNECT and SUBSCRIBE as told, and never takes a publication."""

    def __init__(self) -> None:
        self.connack: int | None = ACCEPTED
        self.suback = GRANTED
        self.connects: asyncio.Queue[bytes] = asyncio.Queue()
        self.published = asyncio.Event()
        self.writers: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield f"mqtt://shelf:s%40crt@127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            self.hang_up()
            server.close()

    def hang_up(self) -> None:
        for writer in self.writers:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        while head := await reader.read(2):
            body = await reader.readexactly(head[1])
            if head[0] >> 4 == CONNECT:
                self.connects.put_nowait(body)
                if self.connack is not None:
                    writer.write(bytes((0x20, 2, 0, self.connack)))
            elif head[0] >> 4 == SUBSCRIBE:
                writer.write(bytes((0x90, 3)) + body[:2] + bytes((self.suback,)))
            elif head[0] >> 4 == PUBLISH:
                self.published.set()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


async def test_a_broker_that_comes_late_is_found_and_both_are_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "wire")
    port = free_port()
    async with asyncio.timeout(DEADLINE_S), MqttBus(f"mqtt://127.0.0.1:{port}", "shelf-1") as bus:
        with pytest.raises(BusDown, match=f"no connection to the broker at 127.0.0.1:{port}"):
            await bus.publish("t", b"", qos=1)
        while not caplog.messages:  # noqa: ASYNC110, no event announces that the first attempt has failed
            await asyncio.sleep(0.01)
        async with Broker(tmp_path, port):
            await bus.connected()
            await bus.publish("t", b"", qos=1)
        assert bus.reconnects == 0
    down, again = caplog.messages[:2]
    assert down.startswith(f"shelf-1: no connection to the broker at 127.0.0.1:{port}: [Errno 111]")
    assert again == f"shelf-1: connected to the broker at 127.0.0.1:{port} again"


async def test_a_refusal_is_said_with_its_cause_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    broker = RudeBroker()
    broker.connack = NOT_AUTHORISED
    async with asyncio.timeout(DEADLINE_S), broker.listening() as url, MqttBus(url, "shelf-1") as bus:
        connect = await broker.connects.get()
        assert connect.endswith(b"\x00\x07shelf-1\x00\x05shelf\x00\x05s@crt")
        await broker.connects.get()
        broker.connack = ACCEPTED
        await bus.connected()
    assert ["Not authorized" in message for message in caplog.messages] == [True, False]


async def test_a_subscription_that_is_refused_is_said_and_asked_for_again(caplog: pytest.LogCaptureFixture) -> None:
    broker = RudeBroker()
    broker.suback = REFUSED
    async with asyncio.timeout(DEADLINE_S), broker.listening() as url, MqttBus(url, "shelf-1") as bus:
        await bus.connected()
        async with bus.subscribe("secret"):
            for _ in range(2):
                await broker.connects.get()
            broker.suback = GRANTED
            await bus.connected()
    assert "subscription refused, access rules? secret" in caplog.text


async def test_a_publication_under_way_when_the_broker_goes_fails_without_waiting_for_its_deadline() -> None:
    broker = RudeBroker()
    async with asyncio.timeout(DEADLINE_S), broker.listening() as url, MqttBus(url, "shelf-1") as bus:
        await bus.connected()
        publication = asyncio.ensure_future(bus.publish("t", b"", qos=1))
        await broker.published.wait()
        broker.connack = None
        broker.hang_up()
        with pytest.raises(BusDown, match=r"t: the broker at .* did not take it: the connection went"):
            await publication
        broker.connack = ACCEPTED


async def test_connections_after_the_first_are_counted() -> None:
    broker = RudeBroker()
    async with asyncio.timeout(DEADLINE_S), broker.listening() as url, MqttBus(url, "shelf-1") as bus:
        for reconnects in range(3):
            await broker.connects.get()
            await bus.connected()
            assert bus.reconnects == reconnects
            broker.hang_up()


async def test_deliveries_that_nobody_takes_are_dropped_oldest_first_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wire.bus.Inbox.__init__.__defaults__", (3,))
    async with asyncio.timeout(DEADLINE_S), Broker(tmp_path) as broker, MqttBus(broker.url, "hub") as bus:
        await bus.connected()
        async with bus.subscribe("t") as slow, bus.subscribe("end") as end:
            for n in range(5):
                await bus.publish("t", str(n).encode(), qos=1)
            await bus.publish("end", b"", qos=1)
            await anext(end)
            assert [(await anext(slow)).payload for _ in range(3)] == [b"2", b"3", b"4"]
        assert bus.dropped == 2


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:1883", "http://broker", "mqtt://", "mqtt://h:port", "mqtt://h:99999", "mqtt://h/path"]
)
def test_what_is_no_url_of_a_broker_is_refused(url: str) -> None:
    with pytest.raises(BadSettings, match="is no broker's URL"):
        Address.parse(url)


@pytest.mark.parametrize(
    "url",
    ["http://u:secret@h:1", "mqtt://u:secret@h:99999", "mqtt://u:secret/2@h", "mqtt://u:secret@2@h/path", "u:secret@h"],
)
def test_a_refusal_shows_the_place_and_not_the_password(url: str) -> None:
    with pytest.raises(BadSettings, match=r"h.* is no broker's URL") as refused:
        Address.parse(url)
    assert "secret" not in str(refused.value)


def test_an_address_shows_no_login() -> None:
    assert str(Address.parse("mqtt://u:secret@h:1884")) == "h:1884"


def test_a_url_gives_host_port_and_login() -> None:
    assert Address.parse("mqtt://u:p%3Aw@broker.local:1884") == ("broker.local", 1884, "u", "p:w")
    assert Address.parse("mqtt://[::1]") == ("::1", 1883, None, None)
