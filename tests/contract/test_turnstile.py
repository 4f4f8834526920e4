"""A turnstile at simulated pins, in virtual time: what the pins do, and what the driver makes of them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from drivers.errors import DeviceClosed
from drivers.turnstile import (
    DEBOUNCE_S,
    Alarm,
    FireInput,
    Levels,
    PassContact,
    Pins,
    RelayTurnstile,
    TurnstileEvent,
    TurnstileFault,
)
from hw.sim import virtual_time
from hw.sim.gpio import SimulatedGpio
from hw.sim.turnstile_model import CROSSING_S, TurnstileModel

PINS = Pins(unlock_in=5, unlock_out=17, pass_in=22, pass_out=23, alarm=24, fire=25)
QUIET = Levels(fire=False, alarm=False, occupied=frozenset())


class Bench:
    """A turnstile on its pins, open, with its model on the other side."""

    def __init__(self) -> None:
        self.gpio = SimulatedGpio()
        self.model = TurnstileModel(self.gpio, PINS)
        self.turnstile = RelayTurnstile("exit", self.gpio, PINS)

    async def events(self) -> list[TurnstileEvent]:
        """Close the turnstile and return everything it has said."""
        await asyncio.sleep(2 * DEBOUNCE_S)
        await self.turnstile.__aexit__(None, None, None)
        return [event async for event in self.turnstile]


def on_bench(test: Callable[[Bench], Awaitable[None]]) -> Callable[[], None]:
    """Run a test in virtual time, with the turnstile open."""

    async def main() -> None:
        bench = Bench()
        await bench.turnstile.__aenter__()
        await test(bench)

    def run() -> None:
        virtual_time.run(main())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


def passes(events: list[TurnstileEvent]) -> list[tuple[str, bool]]:
    return [(e.direction, e.closed) for e in events if isinstance(e, PassContact)]


@on_bench
async def test_at_setup_both_ways_are_locked(bench: Bench) -> None:
    assert [bench.gpio.level(pin) for pin in (PINS.unlock_in, PINS.unlock_out)] == [1, 1]
    assert not await bench.model.walk_through("in")
    assert not await bench.model.walk_through("out")
    assert bench.turnstile.levels == QUIET


@on_bench
async def test_released_one_direction_stays_open_for_all_until_it_no_longer_is(bench: Bench) -> None:
    bench.turnstile.release("out", True)
    assert bench.gpio.level(PINS.unlock_out) == 0
    await asyncio.sleep(60)
    for _ in range(3):
        assert await bench.model.walk_through("out")
    assert not await bench.model.walk_through("in")
    bench.turnstile.release("out", False)
    assert bench.gpio.level(PINS.unlock_out) == 1
    assert not await bench.model.walk_through("out")
    assert passes(await bench.events()) == 3 * [("out", True), ("out", False)]


@on_bench
async def test_a_passage_is_dated_by_its_first_edge_however_the_contact_bounces(bench: Bench) -> None:
    bench.turnstile.release("in", True)
    await asyncio.sleep(1)
    stepped_in_s = asyncio.get_running_loop().time()
    await bench.model.walk_through("in")
    closed, opened = await bench.events()
    assert isinstance(closed, PassContact)
    assert closed.t_s == stepped_in_s
    assert opened.t_s - closed.t_s == pytest.approx(CROSSING_S, abs=0.01)


@on_bench
async def test_a_spike_on_a_contact_is_no_passage(bench: Bench) -> None:
    bench.gpio.drive(PINS.pass_in, 0)
    await asyncio.sleep(DEBOUNCE_S / 4)
    bench.gpio.drive(PINS.pass_in, None)
    assert await bench.events() == []


@on_bench
async def test_two_on_one_unlocking_are_two_passages(bench: Bench) -> None:
    bench.turnstile.release("in", True)
    await asyncio.sleep(1)
    assert await bench.model.tailgate("in")
    assert passes(await bench.events()) == 2 * [("in", True), ("in", False)]


@on_bench
async def test_the_turnstiles_own_alarm_is_told(bench: Bench) -> None:
    await bench.model.force("in")
    events = await bench.events()
    assert [e.active for e in events if isinstance(e, Alarm)] == [True, False]
    assert passes(events) == [("in", True), ("in", False)]


@on_bench
async def test_in_a_fire_everybody_passes_and_the_fire_is_told(bench: Bench) -> None:
    bench.model.fire(True)
    await asyncio.sleep(2 * DEBOUNCE_S)
    assert bench.turnstile.levels.fire
    assert await bench.model.walk_through("out")
    bench.model.fire(False)
    events = await bench.events()
    assert [e.active for e in events if isinstance(e, FireInput)] == [True, False]


def test_fire_a_stuck_contact_and_an_alarm_are_known_from_the_start() -> None:
    async def main() -> None:
        bench = Bench()
        bench.model.fire(True)
        bench.gpio.drive(PINS.pass_out, 0)
        bench.gpio.drive(PINS.alarm, 0)
        async with bench.turnstile:
            assert bench.turnstile.levels == Levels(fire=True, alarm=True, occupied=frozenset({"out"}))

    virtual_time.run(main())


@on_bench
async def test_closing_leaves_the_way_out_free_and_refuses_further_calls(bench: Bench) -> None:
    bench.turnstile.release("in", True)
    bench.gpio.drive(PINS.pass_in, 0)
    await asyncio.sleep(DEBOUNCE_S / 4)
    await bench.turnstile.__aexit__(None, None, None)
    await asyncio.sleep(1)
    assert bench.gpio.level(PINS.unlock_out) == 0
    assert bench.gpio.level(PINS.unlock_in) == 1
    assert await bench.model.walk_through("out")
    with pytest.raises(DeviceClosed, match="turnstile exit: release"):
        bench.turnstile.release("in", True)
    with pytest.raises(DeviceClosed, match="turnstile exit: levels"):
        _ = bench.turnstile.levels


def test_a_pin_that_is_taken_is_one_clear_line_and_the_way_out_stays_free() -> None:
    class Taken(SimulatedGpio):
        def add_event_detect(self, channel: int, edge: int, callback: Callable[[int], None]) -> None:
            raise Exception("GPIO busy")  # what lgpio raises

    async def main() -> None:
        gpio = Taken()
        with pytest.raises(TurnstileFault, match="turnstile exit: GPIO busy: does another program"):
            await RelayTurnstile("exit", gpio, PINS).__aenter__()
        assert gpio.level(PINS.unlock_out) == 0

    virtual_time.run(main())


class Failing(SimulatedGpio):
    """Pins of which some cannot be read or driven for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.dead: set[int] = set()

    def input(self, channel: int, /) -> int:
        self._check(channel)
        return super().input(channel)

    def output(self, channel: int, value: int, /) -> None:
        self._check(channel)
        super().output(channel, value)

    def _check(self, channel: int) -> None:
        if channel in self.dead:
            raise Exception("bad handle")  # what lgpio raises


def test_a_fire_at_an_input_that_cannot_be_read_is_told_once_it_can(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> list[TurnstileEvent]:
        gpio = Failing()
        model = TurnstileModel(gpio, PINS)
        async with RelayTurnstile("exit", gpio, PINS) as turnstile:
            gpio.dead = {PINS.fire}
            model.fire(True)
            await asyncio.sleep(10.0)
            gpio.dead = set()
            await asyncio.sleep(2 * DEBOUNCE_S)
            assert turnstile.levels.fire
            model.fire(False)
            await asyncio.sleep(2 * DEBOUNCE_S)
        return [event async for event in turnstile if isinstance(event, FireInput)]

    with caplog.at_level(logging.WARNING, "drivers.turnstile"):
        burns, whole = virtual_time.run(main())
    assert (burns.active, whole.active) == (True, False)
    assert whole.t_s - burns.t_s > 10.0, "dated by the edge, not by the reading"
    assert [r.getMessage() for r in caplog.records if r.name == "drivers.turnstile"] == [
        "turnstile exit: input 25 cannot be read: bad handle; trying again",
        "turnstile exit: input 25 can be read again",
    ]


def test_a_way_out_that_cannot_be_freed_leaves_the_way_in_locked_and_the_inputs_given_back() -> None:
    async def main() -> None:
        gpio = Failing()
        turnstile = RelayTurnstile("exit", gpio, PINS)
        with pytest.raises(TurnstileFault, match=r"turnstile exit: pin 17 \(unlock out\): bad handle"):
            async with turnstile:
                turnstile.release("in", True)
                gpio.dead = {PINS.unlock_out}
        assert gpio.level(PINS.unlock_in) == 1
        for pin in (PINS.pass_in, PINS.pass_out, PINS.alarm, PINS.fire):
            with pytest.raises(RuntimeError, match="setup"):
                gpio.input(pin)

    virtual_time.run(main())


async def test_edges_from_the_pin_librarys_own_thread_arrive() -> None:
    gpio = SimulatedGpio()
    TurnstileModel(gpio, PINS)
    async with RelayTurnstile("exit", gpio, PINS) as turnstile, asyncio.timeout(10):
        await asyncio.to_thread(gpio.drive, PINS.fire, None)
        event = await anext(aiter(turnstile))
    assert isinstance(event, FireInput)
    assert event.active
