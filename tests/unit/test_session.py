import asyncio
import logging
import math
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from firmware_py.identity import Identity
from firmware_py.outbox import Outbox
from firmware_py.session import COMMAND_LIMIT, IN_FLIGHT, RESEND_S, Session, Vitals
from hw.sim.virtual_time import run
from wire import topics
from wire.bus import Inbox, MemoryBroker, MemoryBus
from wire.clock import Clock
from wire.messages import Ack, AnyMessage, Envelope, GateCommand, Heartbeat, Reading, Tap, WeightChange, decode, encode

STORE, NODE = "demo", "shelf-1"
NOON_S = 1_700_000_000.0


def change(delta_g: float) -> WeightChange:
    return WeightChange(lane="l1", delta_g=delta_g, sigma_g=1.0, t0_s=0.0, t1_s=1.0)


def from_hub(body: AnyMessage) -> bytes:
    return encode(Envelope(node="hub", boot="h", seq=1, body=body))


def command(number: int) -> GateCommand:
    return GateCommand(id=str(number), gate="g1", direction="in", expires_s=NOON_S)


class Store:
    """A broker, a node on it with one session at a time, and a second client that stands for the hub."""

    def __init__(self, outbox: Outbox, vitals: Callable[[], Vitals] = Vitals) -> None:
        self.broker = MemoryBroker()
        self.node_bus, self.hub_bus = MemoryBus(self.broker), MemoryBus(self.broker)
        self.outbox = outbox
        self.identity = Identity(STORE, NODE, "b1")
        self.session = Session(self.node_bus, self.identity, Clock(NOON_S), self.outbox, vitals)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Inbox]:
        """The session runs; what it sends comes to the inbox."""
        async with self.hub_bus.subscribe(f"{topics.ROOT}/{STORE}/{NODE}/+") as inbox, asyncio.TaskGroup() as group:
            task = group.create_task(self.session.run())
            await asyncio.sleep(0.01)
            yield inbox
            task.cancel()

    async def say(self, topic: str, payload: bytes) -> None:
        await self.hub_bus.publish(topic, payload, qos=1)
        await asyncio.sleep(0.01)

    async def acknowledge(self, seq: int, boot: str = "b1") -> None:
        await self.say(topics.acks(STORE, NODE), from_hub(Ack(boot=boot, seq=seq)))


def events(inbox: Inbox) -> list[Envelope]:
    """The events among what has come by now."""
    return [e for e in _taken(inbox) if isinstance(e.body, WeightChange)]


def _taken(inbox: Inbox) -> Iterator[Envelope]:
    while inbox.waiting():
        yield decode(inbox._queue.get_nowait().payload)


def test_events_go_out_numbered_from_one_without_waiting_for_acknowledgements() -> None:
    async def main() -> list[tuple[int, int, float]]:
        store = Store(Outbox())
        async with store.running() as inbox:
            for grams in (-10.0, -20.0, -30.0):
                store.session.post(change(grams))
            await asyncio.sleep(0.01)
            return [(e.seq, e.acked, e.body.delta_g) for e in events(inbox) if isinstance(e.body, WeightChange)]

    assert run(main()) == [(1, 0, -10.0), (2, 0, -20.0), (3, 0, -30.0)]


def test_no_more_than_the_window_is_in_flight() -> None:
    async def main() -> tuple[int, int]:
        store = Store(Outbox())
        async with store.running() as inbox:
            for n in range(2 * IN_FLIGHT):
                store.session.post(change(n))
            await asyncio.sleep(0.01)
            first = len(events(inbox))
            await store.acknowledge(10)
            return first, len(events(inbox))

    assert run(main()) == (IN_FLIGHT, 10)


def test_what_is_not_acknowledged_in_time_is_sent_again_and_the_rest_is_not() -> None:
    async def main() -> list[list[int]]:
        store = Store(Outbox())
        async with store.running() as inbox:
            store.session.post(change(1))
            store.session.post(change(2))
            await store.acknowledge(1)
            first = events(inbox)
            await asyncio.sleep(RESEND_S + 0.1)
            second = events(inbox)
            await store.acknowledge(2)
            await asyncio.sleep(3 * RESEND_S)
            return [[e.seq for e in part] for part in (first, second, events(inbox))]

    assert run(main()) == [[1, 2], [2], []]


def test_new_events_do_not_put_off_the_resending_of_old_ones() -> None:
    async def main() -> int:
        store = Store(Outbox())
        async with store.running() as inbox:
            for n in range(30):
                store.session.post(change(n))
                await asyncio.sleep(0.1)
            return [e.seq for e in events(inbox)].count(1)

    assert run(main()) == 2


def test_unplugged_events_wait_and_go_out_at_once_when_plugged_in() -> None:
    async def main() -> tuple[int, list[int]]:
        store = Store(Outbox())
        async with store.running() as inbox:
            store.node_bus.online.clear()
            for n in range(3):
                store.session.post(change(n))
            await asyncio.sleep(60)
            before = len(events(inbox))
            store.node_bus.online.set()
            await asyncio.sleep(0.01)
            return before, [e.seq for e in events(inbox)]

    assert run(main()) == (0, [1, 2, 3])


def test_a_hub_with_a_new_journal_learns_where_the_backlog_begins() -> None:
    async def main() -> list[tuple[int, int]]:
        store = Store(Outbox())
        async with store.running() as inbox:
            for n in range(4):
                store.session.post(change(n))
            await store.acknowledge(2)
            events(inbox)
            await asyncio.sleep(RESEND_S + 0.1)
            return [(e.seq, e.acked) for e in events(inbox)]

    assert run(main()) == [(3, 2), (4, 2)]


def test_acknowledgements_that_are_late_doubled_foreign_or_impossible_do_no_harm() -> None:
    async def main() -> tuple[int, int]:
        store = Store(Outbox())
        async with store.running():
            for n in range(4):
                store.session.post(change(n))
            for seq, boot in ((3, "b1"), (2, "b1"), (3, "b1"), (9, "b0"), (99, "b1")):
                await store.acknowledge(seq, boot)
            return store.outbox.waiting(), store.session.counters["messages_refused"]

    assert run(main()) == (1, 1)


def test_a_full_outbox_is_said_once_and_counted_and_leaves_no_gap(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> tuple[list[int], int]:
        store = Store(Outbox(limit=2))
        async with store.running() as inbox:
            for n in range(5):
                store.session.post(change(n))
            await store.acknowledge(2)
            store.session.post(change(9))
            await asyncio.sleep(0.01)
            return [e.seq for e in events(inbox)], store.session.counters["events_refused"]

    assert run(main()) == ([1, 2, 3], 3)
    assert [r.levelno for r in caplog.records] == [logging.ERROR, logging.WARNING]


def test_an_event_that_no_hub_could_read_is_refused_in_one_line_and_holds_up_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> tuple[list[int], int]:
        store = Store(Outbox())
        async with store.running() as inbox:
            store.session.post(change(math.nan))
            store.session.post(Tap(gate="g", reader="r", kind="qr", credential="x" * 600, t_s=1.0))
            store.session.post(change(1.0))
            await asyncio.sleep(0.01)
            return [e.seq for e in events(inbox)], store.session.counters["events_refused"]

    assert run(main()) == ([1], 2)
    assert [m.partition(", it does")[0] for m in caplog.messages] == [
        "shelf-1: WeightChange refused",
        "shelf-1: Tap refused",
    ]


def test_a_heartbeat_a_second_tells_uptime_counters_and_readings() -> None:
    readings = {"l1": Reading(value=812.5), "l2": Reading(value=None, fault="no_data")}

    async def main() -> list[Heartbeat]:
        store = Store(Outbox(), vitals=lambda: Vitals({"reads": 7}, readings))
        async with store.running() as inbox:
            await asyncio.sleep(2.5)
            return [e.body for e in _taken(inbox) if isinstance(e.body, Heartbeat)]

    beats = run(main())
    assert [round(b.uptime_s) for b in beats] == [0, 1, 2]
    assert [round(b.t_s - NOON_S) for b in beats] == [0, 1, 2]
    assert beats[0].readings == readings
    assert (beats[0].counters["reads"], beats[0].counters["events_posted"]) == (7, 0)


def test_heartbeats_tell_how_far_the_hub_has_acknowledged() -> None:
    async def main() -> tuple[int, dict[str, int]]:
        store = Store(Outbox())
        async with store.running() as inbox:
            for n in range(3):
                store.session.post(change(n))
            await store.acknowledge(2)
            await asyncio.sleep(1.0)
            beats = [(e.acked, e.body.counters) for e in _taken(inbox) if isinstance(e.body, Heartbeat)]
            return beats[-1]

    acked, counters = run(main())
    assert (acked, counters["events_posted"], counters["events_acknowledged"]) == (2, 3, 2)


def test_streams_are_dropped_and_counted_while_the_bus_is_down() -> None:
    async def main() -> int:
        store = Store(Outbox())
        store.node_bus.online.clear()
        beat = Heartbeat(t_s=0.0, uptime_s=0.0)
        await store.session.stream(beat)
        await store.session.stream(beat)
        return store.session.counters["streams_dropped"]

    assert run(main()) == 2


def test_a_malformed_or_misplaced_message_is_refused_in_one_line_and_the_next_one_obeyed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> tuple[str, int]:
        store = Store(Outbox())
        async with store.running():
            where = topics.commands(STORE, NODE)
            await store.say(where, b'{"type": "gate_command"')
            await store.say(where, from_hub(Ack(boot="b1", seq=0)))
            await store.say(where, from_hub(command(1)))
            return (await anext(store.session.commands())).id, store.session.counters["messages_refused"]

    assert run(main()) == ("1", 2)
    assert [m.split(": message refused")[0] for m in caplog.messages] == [topics.commands(STORE, NODE)] * 2


def test_commands_that_nobody_takes_push_out_the_oldest_and_are_counted() -> None:
    async def main() -> tuple[str, int]:
        store = Store(Outbox())
        async with store.running():
            for n in range(COMMAND_LIMIT + 3):
                await store.say(topics.commands(STORE, NODE), from_hub(command(n)))
            return (await anext(store.session.commands())).id, store.session.counters["commands_dropped"]

    assert run(main()) == ("3", 3)


def test_the_hub_is_alive_only_while_its_heartbeat_is_fresh() -> None:
    async def main() -> list[bool]:
        store = Store(Outbox())
        async with store.running():
            alive = [store.session.hub_alive(3.0)]
            await store.say(topics.presence(STORE), from_hub(Heartbeat(t_s=0.0, uptime_s=1.0)))
            alive.append(store.session.hub_alive(3.0))
            await asyncio.sleep(3.1)
            return [*alive, store.session.hub_alive(3.0)]

    assert run(main()) == [False, True, False]


def test_every_start_has_its_own_boot_id_and_a_seed_repeats_it() -> None:
    assert Identity.at_start(STORE, NODE).boot != Identity.at_start(STORE, NODE).boot
    assert Identity.at_start(STORE, NODE, random.Random(1)) == Identity.at_start(STORE, NODE, random.Random(1))


def test_the_same_seed_gives_the_same_conversation() -> None:
    def conversation() -> Coroutine[Any, Any, list[bytes]]:
        async def main() -> list[bytes]:
            store = Store(Outbox())
            async with store.running() as inbox:
                for n in range(5):
                    store.session.post(change(n))
                    await asyncio.sleep(0.7)
                return [encode(e) for e in _taken(inbox)]

        return main()

    assert run(conversation(), 5) == run(conversation(), 5)
