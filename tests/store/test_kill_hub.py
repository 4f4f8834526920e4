"""kill -9 of the hub's process in the middle of visits: nothing is forgotten, and nobody pays twice."""

import asyncio
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import pytest

from hub.broker import Broker
from hub.core.checkout import GRACE_S
from hub.journal import Journal, Settlement
from hub.payments import TestProvider
from tests.store.scripted import CHIPS, COLA, WATER, small_store
from tests.store.wired import floor
from wire import topics
from wire.bus import Bus
from wire.clock import Clock
from wire.mqtt import MqttBus

START_DEADLINE_S = 20.0
HUB = """
import asyncio, sys
from pathlib import Path
from hub.run import run_hub
asyncio.run(run_hub(Path(sys.argv[1]), Path(sys.argv[2]), lambda line: None, sys.argv[3]))
"""
VISITS = (("alice", ((1, 350.2),)), ("bob", ((4, 537.8), (3, 62.1))))
RECEIPTS = [("alice", {COLA: 1}, 120), ("bob", {CHIPS: 1, WATER: 1}, 290)]


class HubProcess:
    """A hub as an operator would start it, which can be killed and started again on the same state."""

    def __init__(self, store_file: Path, state_dir: Path, broker_url: str, outside: Bus) -> None:
        self._arguments = (str(store_file), str(state_dir), broker_url)
        self._outside = outside

    async def start(self) -> None:
        """Return when its first heartbeat has come."""
        self._process = await asyncio.create_subprocess_exec(sys.executable, "-c", HUB, *self._arguments)
        await self.beats(1)

    async def beats(self, count: int) -> None:
        """Return after so many more of its heartbeats."""
        async with self._outside.subscribe(topics.presence(small_store().name)) as inbox:
            async with asyncio.timeout(START_DEADLINE_S):
                for _ in range(count):
                    await anext(inbox)

    async def kill(self) -> None:
        self._process.kill()
        assert await self._process.wait() == -signal.SIGKILL


def store_file(directory: Path) -> Path:
    """The small store of the tests as a file."""
    store = small_store()
    tables = [f'name = "{store.name}"']
    for kind, rows in (("products", store.products), ("lanes", store.lanes), ("gates", store.gates)):
        for row in rows:
            tables.append(f"[[{kind}]]")
            for name in row.__struct_fields__:
                value = getattr(row, name)
                if value is not None:
                    tables.append(f"{name} = {list(value) if isinstance(value, tuple) else value!r}")
    path = directory / "store.toml"
    path.write_text("\n".join(tables))
    return path


@asynccontextmanager
async def hub_on_mqtt(directory: Path) -> AsyncIterator[tuple[HubProcess, AsyncExitStack, str]]:
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(Broker(directory / "broker"))
        outside = await stack.enter_async_context(MqttBus(broker.url, "outside"))
        await outside.connected()
        hub = HubProcess(store_file(directory), directory / "state", broker.url, outside)
        await hub.start()
        try:
            yield hub, stack, broker.url
        finally:
            await hub.kill()


async def visited(directory: Path, kills: int, chance: random.Random) -> None:
    """Two visits, one after the other, with the hub killed at some of their steps, a moment after the step."""
    steps_of_both = 75
    kill_after = set(chance.sample(range(1, steps_of_both), kills))
    clock, step = Clock(), 0
    async with hub_on_mqtt(directory) as (hub, stack, url):

        async def bus_of(node: str) -> Bus:
            bus = await stack.enter_async_context(MqttBus(url, node))
            await bus.connected()
            return bus

        async with floor(small_store(), bus_of, clock) as nodes:

            async def between() -> None:
                nonlocal step
                step += 1
                if step in kill_after:
                    kill_after.remove(step)
                    await asyncio.sleep(chance.uniform(0.0, 0.02))
                    await hub.kill()
                    await hub.start()
                    await nodes.dawdle()

            nodes.between = between
            for credential, takes in VISITS:
                await nodes.visit(credential, *takes)
            await nodes.dawdle()
            await hub.beats(round(GRACE_S) + 2)  # the last receipt is made then, and charged at once
    assert not kill_after, "the visits were shorter than planned"


def settled(directory: Path) -> tuple[list[Settlement], int, int]:
    """What stands in the journal and in the provider's books: settlements, captured and open cents."""
    with (
        closing(Journal(directory / "state" / "journal.db", small_store().name)) as journal,
        closing(TestProvider(directory / "state" / "test-payments.db")) as payments,
    ):
        return journal.settlements(), payments.captured_cents(), payments.open_cents()


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
async def test_killed_ten_times_in_the_middle_of_visits_it_charges_what_was_taken_and_once(
    tmp_path: Path, seed: int
) -> None:
    await visited(tmp_path, 10, random.Random(seed))
    settlements, captured_cents, open_cents = settled(tmp_path)
    receipts = [s.receipt for s in settlements if s.receipt is not None]
    assert [
        (r.credential, {line.gtin: line.count for line in r.lines}, s.charged_cents)
        for r, s in zip(receipts, settlements, strict=True)
    ] == RECEIPTS
    assert (captured_cents, open_cents) == (410, 0)
