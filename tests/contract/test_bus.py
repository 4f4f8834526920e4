"""What every bus must do: the one in memory, and the one over MQTT on the embedded broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

import pytest

from hub.broker import Broker
from wire.bus import Bus, Delivery, Inbox, MemoryBroker, MemoryBus
from wire.errors import BusDown
from wire.mqtt import MqttBus

DEADLINE_S = 20.0


class Network(Protocol):
    """A broker and its clients, which can all be cut off from it."""

    async def client(self, name: str) -> Bus: ...
    async def cut(self) -> None: ...
    async def mend(self) -> None: ...


class MemoryNetwork:
    def __init__(self) -> None:
        self._broker = MemoryBroker()
        self._clients: list[MemoryBus] = []

    async def client(self, name: str) -> Bus:
        self._clients.append(MemoryBus(self._broker))
        return self._clients[-1]

    async def cut(self) -> None:
        for client in self._clients:
            client.online.clear()

    async def mend(self) -> None:
        for client in self._clients:
            client.online.set()


class MqttNetwork:
    def __init__(self, state_dir: Path, clients: AsyncExitStack) -> None:
        self._state_dir = state_dir
        self._port = 0
        self._clients = clients
        self._broker = AsyncExitStack()

    async def mend(self) -> None:
        broker = await self._broker.enter_async_context(Broker(self._state_dir, self._port))
        self._port = broker.port

    async def cut(self) -> None:
        await self._broker.aclose()

    async def client(self, name: str) -> Bus:
        bus = await self._clients.enter_async_context(MqttBus(f"mqtt://127.0.0.1:{self._port}", name))
        await bus.connected()
        return bus


@pytest.fixture(params=["memory", "mqtt"])
async def network(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Network]:
    async with asyncio.timeout(2 * DEADLINE_S), AsyncExitStack() as clients:
        if request.param == "memory":
            yield MemoryNetwork()
        else:
            mqtt = MqttNetwork(tmp_path, clients)
            await mqtt.mend()
            yield mqtt
            await mqtt.cut()


async def take(inbox: Inbox, count: int) -> list[Delivery]:
    async with asyncio.timeout(DEADLINE_S):
        return [await anext(inbox) for _ in range(count)]


@pytest.mark.parametrize("qos", [0, 1])
async def test_a_publication_arrives_as_it_was_sent(network: Network, qos: int) -> None:
    one, other = await network.client("one"), await network.client("other")
    async with other.subscribe("aisle/s/n/events") as inbox:
        await one.publish("aisle/s/n/events", b'{"\x00\xff": 1}', qos=qos)
        assert await take(inbox, 1) == [Delivery("aisle/s/n/events", b'{"\x00\xff": 1}')]


@pytest.mark.parametrize("qos", [0, 1])
async def test_what_one_client_publishes_arrives_in_that_order(network: Network, qos: int) -> None:
    one, other = await network.client("one"), await network.client("other")
    async with other.subscribe("t") as inbox:
        for n in range(200):
            await one.publish("t", str(n).encode(), qos=qos)
        assert [int(d.payload) for d in await take(inbox, 200)] == list(range(200))


async def test_publications_at_the_same_time_all_arrive(network: Network) -> None:
    one, other = await network.client("one"), await network.client("other")
    async with other.subscribe("t") as inbox:
        async with asyncio.TaskGroup() as group:
            for n in range(200):
                group.create_task(one.publish("t", str(n).encode(), qos=1))
        assert sorted(int(d.payload) for d in await take(inbox, 200)) == list(range(200))


async def test_filters_let_in_what_they_match_and_nothing_else(network: Network) -> None:
    one, other = await network.client("one"), await network.client("other")
    async with (
        other.subscribe("aisle/s/+/events", "aisle/s/n1/acks") as some,
        other.subscribe("lamp/#") as lamp,
    ):
        for topic in (
            "aisle/s/n1/events",
            "aisle/s/n2/acks",
            "aisle/s/n2/events",
            "aisle/t/n1/events",
            "aisle/s/n1/acks",
            "aisle/s/n1/x/events",
            "lamp/a",
            "lamp/a/b",
            "end",
        ):
            await one.publish(topic, b"", qos=1)
        assert [d.topic for d in await take(some, 3)] == ["aisle/s/n1/events", "aisle/s/n2/events", "aisle/s/n1/acks"]
        assert [d.topic for d in await take(lamp, 2)] == ["lamp/a", "lamp/a/b"]
        assert (some.waiting(), lamp.waiting()) == (0, 0)


async def test_a_client_hears_itself(network: Network) -> None:
    one = await network.client("one")
    async with one.subscribe("t") as inbox:
        await one.publish("t", b"me", qos=1)
        assert await take(inbox, 1) == [Delivery("t", b"me")]


async def test_an_inbox_that_is_closed_gets_nothing_more(network: Network) -> None:
    one = await network.client("one")
    async with one.subscribe("t") as closed:
        pass
    async with one.subscribe("t") as inbox:
        await one.publish("t", b"late", qos=1)
        await take(inbox, 1)
    assert closed.waiting() == 0


async def test_cut_off_a_client_says_so_and_once_mended_its_subscriptions_live_on(network: Network) -> None:
    one, other = await network.client("one"), await network.client("other")
    async with other.subscribe("t") as inbox, asyncio.timeout(DEADLINE_S):
        await network.cut()
        with pytest.raises(BusDown, match="t: "):
            await one.publish("t", b"lost", qos=1)
        reconnected = asyncio.gather(one.connected(), other.connected())
        await asyncio.sleep(0)
        assert not reconnected.done()

        async with other.subscribe("made/while/down") as later:
            await network.mend()
            await reconnected
            await one.publish("t", b"back", qos=1)
            await one.publish("made/while/down", b"too", qos=1)
            assert await take(inbox, 1) == [Delivery("t", b"back")]
            assert await take(later, 1) == [Delivery("made/while/down", b"too")]
