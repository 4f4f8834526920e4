"""How many messages a second the hub journals, durably, and decides on, beside a subscriber that only decodes.

Both take the same messages from the same embedded broker in one run: frames of three shoppers who walk and take
things, and one weight change in a hundred messages, as a busy small store sends them, but as fast as they go.
"""

import asyncio
import multiprocessing
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path
from statistics import median

import aiomqtt

from benchmarks.table import print_table
from hub.broker import Broker
from hub.core.events import Observed, Ticked
from hub.journal import Journal
from hub.payments import TestProvider
from hub.service import BATCH, Hub
from hub.store import Gate, Lane, Product, Store
from wire import topics
from wire.bus import QUEUE_LIMIT
from wire.clock import Clock
from wire.messages import AnyMessage, Envelope, Track, Tracks, WeightChange, decode, encode
from wire.mqtt import Address, MqttBus

MESSAGES = 6_000
assert MESSAGES < QUEUE_LIMIT, "frames may not be dropped while the hub catches up"
ONE_CHANGE_IN = 100
CHANGES = MESSAGES // ONE_CHANGE_IN
FRAME_S = 0.1
ROUNDS = 3
COMMITS = 300
DEADLINE_S = 60.0
GOAL = 0.5
NAME = "bench"
NODES = ("ceiling", "shelf")


def store() -> Store:
    """A shelf of ten lanes, an entry and an exit."""
    return Store(
        name=NAME,
        products=tuple(
            Product(gtin=str(n), name=f"Product {n}", weight_g=100.0 + 37 * n, price_cents=100) for n in range(10)
        ),
        lanes=tuple(
            Lane(
                id=f"lane-{n}",
                shelf="shelf",
                position=n,
                x_m=0.3 * n,
                y_m=0.0,
                z_m=1.0,
                width_m=0.3,
                depth_m=0.4,
                facing_deg=-90.0,
                products=(str(n),),
            )
            for n in range(10)
        ),
        gates=(
            Gate(name="entry", node="gate-in", direction="in", x_m=-3.0, y_m=-4.0),
            Gate(name="exit", node="gate-out", direction="out", x_m=6.0, y_m=-4.0),
        ),
    )


def messages(start_s: float) -> list[tuple[str, bytes, int]]:
    """Topic, payload and QoS of every message, in order."""
    products, said, seqs = store().products, [], dict.fromkeys(NODES, 0)
    now_s = start_s
    for n in range(MESSAGES):
        body: AnyMessage
        if n % ONE_CHANGE_IN == ONE_CHANGE_IN - 1:
            change = n // ONE_CHANGE_IN
            lane = change // 2 % 10
            delta_g = products[lane].weight_g * (1 if change % 2 else -1)
            body = WeightChange(lane=f"lane-{lane}", delta_g=delta_g, sigma_g=0.5, t0_s=now_s - 0.6, t1_s=now_s)
            node, topic, qos = "shelf", topics.events(NAME, "shelf"), 1
        else:
            now_s += FRAME_S
            tracks = (Track(id=str(i), x_m=(0.01 * n + i) % 3, y_m=-0.6 - 0.9 * i, sigma_m=0.07) for i in range(3))
            body = Tracks(t_s=now_s, tracks=tuple(tracks))
            node, topic, qos = "ceiling", topics.stream(NAME, "ceiling"), 0
        seqs[node] += 1
        said.append((topic, encode(Envelope(node=node, boot=f"{start_s}", seq=seqs[node], body=body)), qos))
    return said


def publish(url: str, said: list[tuple[str, bytes, int]]) -> None:
    """Hand everything to the broker, in a process of its own."""

    async def run() -> None:
        async with MqttBus(url, "publisher") as bus:
            await bus.connected()
            for topic, payload, qos in said:
                await bus.publish(topic, payload, qos=qos)

    asyncio.run(run())


def flood(pool: ProcessPoolExecutor, url: str, began_s: float) -> float:
    """Have everything published while this process, subscribed, takes nothing; gives when it may begin.

    So the broker holds it all when the clock starts, and the publisher's own speed does not count.
    """
    pool.submit(publish, url, messages(began_s)).result(DEADLINE_S)
    return time.perf_counter()


async def decode_only(pool: ProcessPoolExecutor, url: str) -> float:
    """Messages a second that a plain aiomqtt subscriber takes and decodes."""
    address = Address.parse(url)
    frames, changes = 0, set()
    async with aiomqtt.Client(address.host, address.port, max_queued_incoming_messages=0) as client:
        await client.subscribe([(topics.events(NAME, "+"), 1), (topics.stream(NAME, "+"), 1)])
        start = flood(pool, url, time.time())
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            envelope = decode(message.payload)
            if isinstance(envelope.body, Tracks):
                frames += 1
            else:
                changes.add(envelope.seq)
            if frames + len(changes) == MESSAGES:
                break
        return MESSAGES / (time.perf_counter() - start)


async def decide(pool: ProcessPoolExecutor, url: str, directory: Path) -> float:
    """Messages a second that the hub journals and decides on."""
    with closing(Journal(directory / "journal.db", NAME)) as journal, closing(TestProvider()) as payments:
        async with MqttBus(url, "hub") as bus, asyncio.TaskGroup() as group:
            await bus.connected()
            hub = Hub(store(), bus, journal, payments, Clock())
            async with bus.subscribe(topics.presence(NAME)) as presence:
                running = group.create_task(hub.run())
                await anext(presence)
            began_s = time.time() - FRAME_S * MESSAGES  # what comes in a moment took its time in the store
            start = flood(pool, url, began_s)
            last_frame_s = began_s + FRAME_S * (MESSAGES - CHANGES) - FRAME_S / 2
            applied_s = hub.state.people.frame_s
            while hub.counters["events"] < CHANGES or applied_s.get("ceiling", 0.0) < last_frame_s:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
            spent_s = time.perf_counter() - start
            running.cancel()
        assert sum(isinstance(event, Observed) for event in journal.replay()) == MESSAGES
        return MESSAGES / spent_s


async def commit_ms(directory: Path, inputs: int) -> list[float]:
    """Milliseconds that single appends of so many inputs take, sorted."""
    spent = []
    tick = [Ticked(at_s=0.0)] * inputs
    with closing(Journal(directory / f"commits-{inputs}.db", NAME)) as journal:
        for _ in range(COMMITS):
            start = time.perf_counter()
            await journal.append(tick)
            spent.append((time.perf_counter() - start) * 1e3)
    return sorted(spent)


async def measure() -> None:
    """Alternate the two, and print medians."""
    plain, hub = [], []
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as name, ProcessPoolExecutor(1, mp_context=context) as pool:
        directory = Path(name)
        async with Broker(directory / "broker") as broker:
            for n in range(ROUNDS):
                plain.append(await decode_only(pool, broker.url))
                state = directory / f"round-{n}"
                state.mkdir()
                hub.append(await decide(pool, broker.url, state))
        one, batch = await commit_ms(directory, 1), await commit_ms(directory, BATCH)
    decoded, decided = median(plain), median(hub)
    print_table(
        f"Messages a second, {MESSAGES} of them, median of {ROUNDS}",
        ("", "rate", "ratio", "goal"),
        [
            ("aiomqtt subscriber that only decodes", f"{decoded:.0f}/s", "1.00", ""),
            ("hub: journaled durably and decided", f"{decided:.0f}/s", f"{decided / decoded:.2f}", f"≥ {GOAL}"),
        ],
    )
    print_table(
        "One durable commit of the journal",
        ("", "p50", "p99"),
        [
            (f"{count} inputs", f"{median(ms):.2f} ms", f"{ms[-len(ms) // 100]:.2f} ms")
            for count, ms in ((1, one), (BATCH, batch))
        ],
    )


def main() -> None:
    """Print the hub's rate beside the bare subscriber's, and what a commit costs."""
    import sys

    sys.setswitchinterval(0.0005)
    asyncio.run(measure())


if __name__ == "__main__":
    main()
