"""A gate node between a hub and a turnstile at simulated pins, in virtual time."""

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Literal, TypeVar

import pytest

from drivers.credential import Credential
from drivers.queue import EventQueue
from drivers.turnstile import DEBOUNCE_S, Direction, Pins, RelayTurnstile
from firmware_py.identity import Identity
from firmware_py.outbox import Outbox
from firmware_py.session import HEARTBEAT_S, Session
from gate_node.config import GateConfig
from gate_node.node import TICK_S, GateNode
from gate_node.passage import PASSING_LIMIT_S
from hw.sim import virtual_time
from hw.sim.gpio import SimulatedGpio
from hw.sim.turnstile_model import TurnstileModel
from wire import topics
from wire.bus import MemoryBroker, MemoryBus
from wire.clock import Clock
from wire.messages import AnyMessage, Envelope, GateCommand, Heartbeat, Passage, Reading, Tap, decode, encode

PINS = Pins(unlock_in=5, unlock_out=17, pass_in=22, pass_out=23, alarm=24, fire=25)
STORE, NODE, GATE = "s", "gate-1", "g"
FREE_EGRESS_AFTER_S = 3.0
CARD = "4111 1111 1111 1111"

Test = Callable[..., Coroutine[Any, Any, None]]
M = TypeVar("M", bound=AnyMessage)


def in_virtual_time(test: Test) -> Callable[..., None]:
    """The test on an event loop whose clock jumps; fixtures come through."""

    @functools.wraps(test)
    def run(**fixtures: object) -> None:
        virtual_time.run(test(**fixtures))

    return run


class Hand:
    """A reader that reads what a test holds in front of it."""

    name = "left"
    kind: Literal["qr"] = "qr"
    junk = dropped = 0

    def __init__(self) -> None:
        self.fault: str | None = None
        self._codes: EventQueue[Credential] = EventQueue()

    def present(self, text: str) -> None:
        self._codes.offer(Credential(text, asyncio.get_running_loop().time(), self.name))

    def __aiter__(self) -> AsyncIterator[Credential]:
        return self._codes


class Bench:
    """The node with everything around it; `heard` is what has reached the hub."""

    def __init__(self, direction: Direction) -> None:
        self.clock = Clock(anchor_utc_s=1_000_000.0)
        self.gpio = SimulatedGpio()
        self.model = TurnstileModel(self.gpio, PINS)
        self.hand = Hand()
        self.heard: list[AnyMessage] = []
        self._config = GateConfig(gate=GATE, direction=direction, pins=PINS, free_egress_after_s=FREE_EGRESS_AFTER_S)
        self._broker = MemoryBroker()
        self._hub = MemoryBus(self._broker)
        self._beating: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def running(self, hub_alive: bool = True) -> AsyncIterator["Bench"]:
        """Everything runs; the node has been up for some seconds."""
        tasks = [asyncio.create_task(self._hear()), asyncio.create_task(self._node())]
        if hub_alive:
            self.hub_comes()
        await asyncio.sleep(5)
        yield self
        self.hub_goes()
        for task in tasks:
            task.cancel()
        done, _ = await asyncio.wait(tasks)
        assert all(task.cancelled() for task in done)

    def hub_comes(self) -> None:
        self._beating = asyncio.create_task(self._beat())

    def hub_goes(self) -> None:
        if self._beating:
            self._beating.cancel()

    async def command(self, name: str, direction: Direction = "in", for_s: float = 8.0) -> None:
        expires_s = self.clock.now() + for_s
        command = GateCommand(id=name, gate=GATE, direction=direction, expires_s=expires_s)
        await self._say(topics.commands(STORE, NODE), command)

    def all(self, kind: type[M]) -> list[M]:
        """Messages of one kind. This hub acknowledges nothing, so that they come again: each counts once."""
        found: list[M] = []
        for message in self.heard:
            if isinstance(message, kind) and message not in found:
                found.append(message)
        return found

    def passages(self) -> list[tuple[str, str, str | None]]:
        return [(p.direction, p.outcome, p.command) for p in self.all(Passage)]

    async def heartbeat(self) -> Heartbeat:
        """What the node says of itself next."""
        await asyncio.sleep(1.1 * HEARTBEAT_S)
        return self.all(Heartbeat)[-1]

    async def _node(self) -> None:
        async with RelayTurnstile(GATE, self.gpio, PINS) as turnstile, asyncio.TaskGroup() as group:
            node = GateNode(self._config, turnstile, [self.hand], self.clock)
            session = Session(MemoryBus(self._broker), Identity(STORE, NODE, "b"), self.clock, Outbox(), node.vitals)
            group.create_task(session.run())
            group.create_task(node.run(session))

    async def _hear(self) -> None:
        async with self._hub.subscribe(topics.events(STORE, NODE), topics.stream(STORE, NODE)) as inbox:
            async for delivery in inbox:
                self.heard.append(decode(delivery.payload).body)

    async def _beat(self) -> None:
        while True:
            await self._say(topics.presence(STORE), Heartbeat(t_s=self.clock.now(), uptime_s=0))
            await asyncio.sleep(HEARTBEAT_S)

    async def _say(self, topic: str, body: AnyMessage) -> None:
        await self._hub.publish(topic, encode(Envelope(node="hub", boot="h", seq=1, body=body)), qos=1)


@in_virtual_time
async def test_a_credential_becomes_a_tap_of_its_reader_and_time() -> None:
    async with Bench("in").running() as bench:
        bench.hand.present("aisle:7f3c")
        presented_s = bench.clock.now()
        await asyncio.sleep(0.1)
        assert bench.all(Tap) == [Tap(gate=GATE, reader="left", kind="qr", credential="aisle:7f3c", t_s=presented_s)]


@in_virtual_time
async def test_a_card_number_goes_nowhere_and_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with Bench("in").running() as bench:
        bench.hand.present(CARD)
        counters = (await bench.heartbeat()).counters
        assert bench.all(Tap) == []
    assert (counters["taps"], counters["taps_refused"]) == (0, 1)
    assert [r.message for r in caplog.records if "refused" in r.message] == [
        "reader left: something like a card number was presented, and refused"
    ]
    assert "4111" not in caplog.text


@in_virtual_time
async def test_the_relay_is_pulled_at_the_moment_the_command_arrives() -> None:
    async with Bench("in").running() as bench:
        pulled_s: list[float] = []
        bench.gpio.attach(PINS.unlock_in, lambda level: pulled_s.append(bench.clock.now()))
        sent_s = bench.clock.now()
        await bench.command("c1")
        await asyncio.sleep(0.1)
        assert pulled_s == [sent_s]


@in_virtual_time
async def test_one_command_lets_one_person_in_and_the_hub_is_told() -> None:
    async with Bench("in").running() as bench:
        assert not await bench.model.walk_through("in")
        await bench.command("c1")
        await asyncio.sleep(1)
        stepped_in_s = bench.clock.now()
        assert await bench.model.walk_through("in")
        assert not await bench.model.walk_through("in")
        assert bench.passages() == [("in", "passed", "c1")]
        assert bench.all(Passage)[0].t_s == stepped_in_s


@in_virtual_time
async def test_a_grant_that_nobody_uses_is_told_as_a_timeout() -> None:
    async with Bench("in").running() as bench:
        await bench.command("c1")
        await asyncio.sleep(10)
        assert bench.passages() == [("in", "timeout", "c1")]


@in_virtual_time
async def test_tailgaters_and_intruders_are_told() -> None:
    async with Bench("in").running() as bench:
        await bench.command("c1")
        await asyncio.sleep(1)
        await bench.model.tailgate("in")
        await asyncio.sleep(10)
        await bench.model.force("in")
        assert bench.passages() == [("in", "passed", "c1"), ("in", "tailgating", "c1"), ("in", "intrusion", None)]


@in_virtual_time
async def test_a_command_that_is_late_or_repeated_opens_nothing_and_is_counted() -> None:
    async with Bench("in").running() as bench:
        await bench.command("late", for_s=-0.1)
        await bench.command("astray", direction="out")
        await asyncio.sleep(1)
        assert not bench.model.opens("in")
        await bench.command("c1")
        await asyncio.sleep(1)
        await bench.model.walk_through("in")
        await bench.command("c1")
        await asyncio.sleep(1)
        assert not bench.model.opens("in")
        counters = (await bench.heartbeat()).counters
    assert [counters[f"commands_{why}"] for why in ("expired", "repeated", "refused")] == [1, 1, 1]


@in_virtual_time
async def test_the_exit_is_free_until_the_hub_is_heard_and_when_it_falls_silent() -> None:
    async with Bench("out").running(hub_alive=False) as bench:
        assert await bench.model.walk_through("out")
        bench.hub_comes()
        await asyncio.sleep(2 * TICK_S)
        assert not bench.model.opens("out")
        await bench.command("c1", "out")
        await asyncio.sleep(1)
        assert await bench.model.walk_through("out")
        bench.hub_goes()
        await asyncio.sleep(FREE_EGRESS_AFTER_S + 2 * TICK_S)
        assert await bench.model.walk_through("out")
        assert bench.passages() == [("out", "passed", None), ("out", "passed", "c1"), ("out", "passed", None)]


@in_virtual_time
async def test_the_way_out_of_the_entry_is_always_free() -> None:
    async with Bench("in").running() as bench:
        assert await bench.model.walk_through("out")
        assert bench.passages() == [("out", "passed", None)]


@in_virtual_time
async def test_in_a_fire_the_relays_open_too_and_passages_say_fire() -> None:
    async with Bench("out").running() as bench:
        bench.model.fire(True)
        await asyncio.sleep(2 * DEBOUNCE_S)
        assert [bench.gpio.level(pin) for pin in (PINS.unlock_in, PINS.unlock_out)] == [0, 0]
        await bench.model.walk_through("out")
        assert (await bench.heartbeat()).readings["fire"] == Reading(value=1.0)
        bench.model.fire(False)
        await asyncio.sleep(2 * DEBOUNCE_S)
        assert [bench.gpio.level(pin) for pin in (PINS.unlock_in, PINS.unlock_out)] == [1, 1]
        assert bench.passages() == [("out", "fire", None)]


@in_virtual_time
async def test_a_stuck_contact_and_a_missing_reader_are_faults_and_the_gate_works_on() -> None:
    async with Bench("in").running() as bench:
        bench.gpio.drive(PINS.pass_out, 0)
        bench.hand.fault = "unplugged"
        await asyncio.sleep(PASSING_LIMIT_S + 1)
        readings = (await bench.heartbeat()).readings
        assert readings["pass_out"] == Reading(value=None, fault="contact stuck")
        assert readings["left"] == Reading(value=None, fault="unplugged")
        await bench.command("c1")
        await asyncio.sleep(1)
        assert await bench.model.walk_through("in")


@in_virtual_time
async def test_a_turnstile_that_is_not_open_is_a_fault_and_no_guess() -> None:
    turnstile = RelayTurnstile(GATE, SimulatedGpio(), PINS)
    node = GateNode(GateConfig(gate=GATE, direction="in", pins=PINS), turnstile, [Hand()], Clock())
    assert node.vitals().readings == {
        "turnstile": Reading(value=None, fault="turnstile g: levels while it is not open"),
        "left": Reading(value=1.0),
    }


@in_virtual_time
async def test_whatever_ends_the_node_the_way_out_is_free() -> None:
    async with Bench("out").running() as bench:
        assert not bench.model.opens("out")
    await asyncio.sleep(1)
    assert bench.model.opens("out")
    assert not bench.model.opens("in")
