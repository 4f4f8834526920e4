"""How long a gate takes from the tap to its relay, beside a bare MQTT round trip on the same broker in the same run.

On the way: the reader's code, the gate node's outbox (one fsync), the broker, the hub's journal (a second one), the
test payment provider, the journal again for its answer (a third), the broker, and the gate node's pin.
"""

import asyncio
import multiprocessing
import random
import tempfile
import time
from contextlib import AsyncExitStack, closing
from pathlib import Path
from statistics import median

from benchmarks.table import print_table
from drivers.turnstile import RelayTurnstile
from firmware_py.identity import Identity
from firmware_py.outbox import Outbox
from firmware_py.session import Session
from gate_node.config import GateConfig
from gate_node.node import GateNode
from hub.broker import Broker
from hub.journal import Journal
from hub.payments import TestProvider
from hub.service import Hub
from hub.store import Gate, Store
from hw.sim.gates import PINS, HandedCodes
from hw.sim.gpio import SimulatedGpio
from hw.sim.turnstile_model import UNLOCK_MIN_S, TurnstileModel
from wire.clock import Clock
from wire.mqtt import MqttBus

GATES = 4
TAPS = 25
"""At each gate, one after the other; the gates side by side, at some 120 people a minute in all."""
PAUSE_S = 0.8
DEADLINE_S = 10.0
GOAL_RATIO, GOAL_P99_MS = 2.0, 50.0
NAME = "bench"


def store() -> Store:
    """Entries, one exit, and nothing to buy."""
    entries = (Gate(name=f"entry-{n}", node=f"gate-{n}", direction="in", x_m=5.0 * n, y_m=0.0) for n in range(GATES))
    way_out = Gate(name="exit", node="gate-out", direction="out", x_m=-5.0, y_m=0.0)
    return Store(name=NAME, products=(), lanes=(), gates=(*entries, way_out))


class MeasuredGate:
    """A gate node on simulated pins, whose people tap, see the relay pull, and walk in."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._gpio = SimulatedGpio()
        self._gpio.setmode(SimulatedGpio.BCM)
        self._model = TurnstileModel(self._gpio, PINS)
        self._reader = HandedCodes(f"reader-{number}")
        self._pulled = asyncio.Event()
        self._gpio.attach(PINS.unlock_in, self._on_relay)
        self._at_s = 0.0

    async def run(self, url: str, directory: Path) -> list[float]:
        """Milliseconds from tap to relay, one for each tap."""
        name, clock = f"gate-{self._number}", Clock()
        config = GateConfig(gate=f"entry-{self._number}", direction="in", pins=PINS)
        async with AsyncExitStack() as stack:
            outbox = stack.enter_context(closing(Outbox(directory / f"{name}.db")))
            bus = await stack.enter_async_context(MqttBus(url, name))
            await bus.connected()
            turnstile = await stack.enter_async_context(RelayTurnstile(config.gate, self._gpio, PINS))
            node = GateNode(config, turnstile, [self._reader], clock)
            session = Session(bus, Identity.at_start(NAME, name), clock, outbox, node.vitals)
            group = await stack.enter_async_context(asyncio.TaskGroup())
            running = [group.create_task(session.run()), group.create_task(node.run(session))]
            waited = [await self._tap(f"{name}-{n}") for n in range(-1, TAPS)]
            for task in running:
                task.cancel()
        return waited[1:]  # the first one warms up

    async def _tap(self, credential: str) -> float:
        await asyncio.sleep(random.uniform(0.5, 1.5) * PAUSE_S)
        self._pulled.clear()
        start_s = time.perf_counter()
        self._reader.show(credential)
        async with asyncio.timeout(DEADLINE_S):
            await self._pulled.wait()
        waited_ms = (self._at_s - start_s) * 1e3
        await asyncio.sleep(2 * UNLOCK_MIN_S)
        if not await self._model.walk_through("in"):
            raise RuntimeError(f"{credential}: the relay pulled, and the bar did not give way")
        return waited_ms

    def _on_relay(self, level: int) -> None:
        if level == SimulatedGpio.LOW and not self._pulled.is_set():
            self._at_s = time.perf_counter()
            self._pulled.set()


def serve(url: str, directory: Path) -> None:
    """The hub, in a process of its own as in a store."""

    async def run() -> None:
        with closing(Journal(directory / "journal.db", NAME)) as journal, closing(TestProvider()) as payments:
            async with MqttBus(url, "hub") as bus:
                await Hub(store(), bus, journal, payments, Clock()).run()

    asyncio.run(run())


async def round_trips_ms(url: str) -> list[float]:
    """Milliseconds from one client to another and back, both ways with QoS 1."""
    spent = []
    async with MqttBus(url, "here") as here, MqttBus(url, "there") as there, asyncio.TaskGroup() as group:
        await here.connected()
        await there.connected()
        async with here.subscribe("bare/back") as back, there.subscribe("bare/out") as out:

            async def echo() -> None:
                async for delivery in out:
                    await there.publish("bare/back", delivery.payload, qos=1)

            echoing = group.create_task(echo())
            for _ in range(GATES * TAPS):
                await asyncio.sleep(0.02)
                start_s = time.perf_counter()
                publishing = group.create_task(here.publish("bare/out", b"x" * 200, qos=1))
                await anext(back)
                spent.append((time.perf_counter() - start_s) * 1e3)
                await publishing
            echoing.cancel()
    return spent


async def measure() -> None:
    """Bare round trips first, then the store with all its parts."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        async with Broker(directory / "broker") as broker:
            bare = await round_trips_ms(broker.url)
            hub = multiprocessing.get_context("spawn").Process(target=serve, args=(broker.url, directory))
            hub.start()
            try:
                gates = [MeasuredGate(n).run(broker.url, directory) for n in range(GATES)]
                taps = [ms for waited in await asyncio.gather(*gates) for ms in waited]
            finally:
                hub.kill()
                hub.join()
    ratio = median(taps) / median(bare)
    print_table(
        f"From tap to relay, {len(taps)} taps at {GATES} gates",
        ("", "p50", "p99", "ratio of p50", "goal"),
        [
            ("bare MQTT round trip, QoS 1", f"{median(bare):.1f} ms", f"{p99(bare):.1f} ms", "1.0", ""),
            (
                "tap to relay",
                f"{median(taps):.1f} ms",
                f"{p99(taps):.1f} ms",
                f"{ratio:.1f}",
                f"≤ {GOAL_RATIO:.0f}, p99 < {GOAL_P99_MS:.0f} ms",
            ),
        ],
    )


def p99(values: list[float]) -> float:
    """What one in a hundred exceeds."""
    return sorted(values)[-1 - len(values) // 100]


def main() -> None:
    """Print the latency of a tap beside the bare round trip."""
    asyncio.run(measure())


if __name__ == "__main__":
    main()
