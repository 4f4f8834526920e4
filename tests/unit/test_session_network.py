"""The session against a model of the hub, across a network and starts of the node that hypothesis makes up."""

import asyncio
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_py.identity import Identity
from firmware_py.outbox import Outbox
from firmware_py.session import Session
from hw.sim.virtual_time import run
from wire import topics
from wire.bus import Delivery, MemoryBroker, MemoryBus
from wire.clock import Clock
from wire.messages import Ack, Envelope, WeightChange, decode, encode

STORE, NODE = "demo", "shelf-1"
DEADLINE_S = 600.0


class BadNetwork(MemoryBus):
    """Each publication meets the next fault in turn: so many copies arrive, each after its own delay in seconds."""

    def __init__(self, broker: MemoryBroker, faults: Iterator[tuple[float, ...]]) -> None:
        super().__init__(broker)
        self._faults = faults

    async def publish(self, topic: str, payload: bytes, *, qos: int) -> None:
        for delay_s in next(self._faults, (0.0,)):
            asyncio.get_running_loop().call_later(delay_s, self._deliver, Delivery(topic, payload))

    def _deliver(self, delivery: Delivery) -> None:
        for client, inbox in self._broker.inboxes:
            if client.online.is_set():
                inbox.offer(delivery)


async def model_hub(bus: MemoryBus, journal: list[tuple[str, int, float]]) -> None:
    """What the hub does with events: strictly in sequence, duplicates acknowledged again, the rest ignored."""
    last: dict[str, int] = {}
    async with bus.subscribe(topics.events(STORE, "+")) as inbox:
        async for _, payload in inbox:
            e = decode(payload)
            assert isinstance(e.body, WeightChange)
            if e.seq == max(last.get(e.boot, 0), e.acked) + 1:
                journal.append((e.boot, e.seq, e.body.delta_g))
                last[e.boot] = e.seq
            if e.seq <= last.get(e.boot, 0):
                ack = Envelope(node="hub", boot="h", seq=1, body=Ack(boot=e.boot, seq=last[e.boot]))
                await bus.publish(topics.acks(STORE, NODE), encode(ack), qos=0)


async def starts_on_a_bad_network(
    faults: list[tuple[float, ...]], starts: list[list[float]], unplugged: list[float]
) -> tuple[list[tuple[str, int, float]], list[tuple[str, int, float]]]:
    """The node starts anew for every list of pauses between events; gives what it posted, and the hub's journal."""
    posted: list[tuple[str, int, float]] = []
    journal: list[tuple[str, int, float]] = []
    broker, outbox = MemoryBroker(), Outbox()
    fault = iter(faults)
    node_bus, hub_bus = BadNetwork(broker, fault), BadNetwork(broker, fault)

    async def pull_the_plug() -> None:
        for pause_s in unplugged:
            await asyncio.sleep(pause_s)
            node_bus.online.clear()
            await asyncio.sleep(pause_s)
            node_bus.online.set()

    async with asyncio.timeout(DEADLINE_S), asyncio.TaskGroup() as group:
        hub = group.create_task(model_hub(hub_bus, journal))
        plug = group.create_task(pull_the_plug())
        for n, pauses in enumerate(starts):
            identity = Identity(STORE, NODE, f"boot-{n}")
            session = Session(node_bus, identity, Clock(0.0), outbox)
            task = group.create_task(session.run())
            for seq, pause_s in enumerate(pauses, 1):
                session.post(WeightChange(lane="l1", delta_g=seq, sigma_g=1.0, t0_s=0.0, t1_s=1.0))
                posted.append((identity.boot, seq, float(seq)))
                await asyncio.sleep(pause_s)
            if n == len(starts) - 1:
                while outbox.waiting():  # noqa: ASYNC110 - virtual time
                    await asyncio.sleep(1.0)
            task.cancel()
        await plug
        hub.cancel()
    return posted, journal


delays = st.sampled_from([0.0, 0.001, 0.05, 1.0, 5.0])


@settings(max_examples=150, deadline=None)
@given(
    faults=st.lists(st.lists(delays, max_size=2).map(tuple), max_size=120),
    starts=st.lists(st.lists(delays, min_size=1, max_size=12), min_size=1, max_size=4),
    unplugged=st.lists(delays, max_size=3),
    seed=st.integers(0, 2**16),
)
def test_whatever_is_lost_doubled_late_or_reordered_every_event_is_journaled_once_and_in_order(
    faults: list[tuple[float, ...]], starts: list[list[float]], unplugged: list[float], seed: int
) -> None:
    posted, journal = run(starts_on_a_bad_network(faults, starts, unplugged), seed)
    assert journal == posted
