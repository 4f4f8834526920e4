"""What can go wrong at the pins of an HX711, and what its readers hear of it. Simulated: nobody unplugs a chip here."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from drivers.hx711 import HIGHEST, LOWEST, Fault, Frame, Gain
from drivers.hx711_bus import RESET_PAUSE_S, Hx711Bus
from drivers.hx711_sampler import Sampler, SamplingStopped
from hw.sim.gpio import SimulatedGpio
from hw.sim.hx711_chip import Hx711Chip, PretendedClock, TimingViolation

SCK, A, B, C = 5, 6, 13, 19


@pytest.fixture
def clock() -> PretendedClock:
    return PretendedClock()


@pytest.fixture
def gpio() -> SimulatedGpio:
    gpio = SimulatedGpio()
    gpio.setmode(gpio.BCM)
    return gpio


@pytest.fixture
def chip(gpio: SimulatedGpio, clock: PretendedClock) -> Callable[..., Hx711Chip]:
    def make(dout: int, counts: int = 1000, rate_sps: float = 80.0, **options: Any) -> Hx711Chip:
        return Hx711Chip(gpio, SCK, dout, lambda t_s: counts, clock=clock, rate_sps=rate_sps, **options)

    return make


@pytest.fixture
def bus(gpio: SimulatedGpio, clock: PretendedClock) -> Callable[..., Hx711Bus]:
    def make(*douts: int, **options: Any) -> Hx711Bus:
        return Hx711Bus(gpio, SCK, douts, rate_sps=80, clock=clock, sleep=clock.sleep, **options)

    return make


def read(bus: Hx711Bus, n: int) -> list[Frame]:
    return [bus.read_frame() for _ in range(n)]


def faults(frames: list[Frame], cell: int = 0) -> set[Fault | None]:
    return {f.samples[cell].fault for f in frames}


def test_nobody_at_the_pin_is_not_ready_by_the_deadline(bus, clock) -> None:
    alone = bus(A)
    began_s = clock.now_s
    frame = alone.read_frame()
    assert frame.samples[0].fault is Fault.NOT_READY
    assert frame.samples[0].counts is None
    assert clock.now_s - began_s < 1.5 * alone.frame_timeout_s


@pytest.mark.parametrize("level", [0, 1])
def test_a_data_line_stuck_at_a_level_never_gives_counts_nor_spins(bus, gpio, clock, level) -> None:
    gpio.drive(A, level)
    alone = bus(A)
    frames = read(alone, 500)
    assert None not in faults(frames)
    assert clock.now_s > 500 * 0.6 / 80
    assert alone.counters.resets <= 1


@pytest.mark.parametrize("level", [0, 1])
def test_a_dead_cell_does_not_stop_the_others(bus, chip, gpio, level) -> None:
    chip(A, 1000), chip(C, 3000)
    gpio.drive(B, level)
    frames = read(bus(A, B, C), 400)
    believed = [f for f in frames if f.samples[0].counts == 1000 and f.samples[2].counts == 3000]
    assert len(believed) > 380
    assert None not in faults(frames, 1)


def test_a_cell_comes_back_after_it_was_plugged_in_again_and_both_are_logged_once(bus, chip, clock, caplog) -> None:
    chip(A, 1000)
    loose = chip(B, 2000)
    both = bus(A, B)
    read(both, 20)
    loose.unplug()
    gone = read(both, 200)
    assert faults(gone[1:], 1) == {Fault.NOT_READY}
    clock.sleep(0.005)
    loose.plug_in()
    with caplog.at_level(logging.INFO):
        back = read(both, int(1.1 * RESET_PAUSE_S * 80))
    assert back[-1].samples[1].counts == 2000
    assert {f.samples[1].counts for f in back} <= {None, 2000}
    assert [r.message.endswith("is back") for r in caplog.records] == [False, True]


def test_saturation_is_a_fault_and_not_a_weight(bus, chip) -> None:
    chip(A, HIGHEST + 5), chip(B, LOWEST - 5)
    frames = read(bus(A, B), 10)
    assert frames[-1].samples[0].fault is Fault.SATURATED_HIGH
    assert frames[-1].samples[1].fault is Fault.SATURATED_LOW
    assert frames[-1].samples[0].counts is None


@pytest.mark.parametrize("counts", [-1, 255, 0x0FFFFF, 0])
def test_a_cell_that_rests_on_a_suspicious_number_is_still_heard(bus, chip, counts) -> None:
    chip(A, counts)
    frames = read(bus(A), 30)
    assert [f.samples[0].counts for f in frames[-20:]] == [counts] * 20


@pytest.mark.parametrize(("gain", "expected"), [(Gain.A128, 1000), (Gain.A64, 500), (Gain.B32, -77)])
@pytest.mark.parametrize("silent", [False, True])
def test_no_unsettled_conversion_is_believed_at_any_gain(bus, chip, gain, expected, silent) -> None:
    chip(A, 1000, channel_b=lambda t_s: -77, silent_settling=silent)
    cell = bus(A)
    before = read(cell, 12)
    cell.select(gain)
    after = read(cell, 12)
    assert {f.samples[0].counts for f in before} == {None, 1000}
    assert {f.samples[0].counts for f in after} - {None, expected} == set()
    assert after[-1].samples[0].counts == expected


@pytest.mark.parametrize("gain", [Gain.A128, Gain.A64])
@pytest.mark.parametrize("silent", [False, True])
def test_a_chip_that_powered_down_in_mid_read_recovers_by_itself(bus, chip, gpio, clock, gain, silent) -> None:
    wounded = chip(A, 1000, silent_settling=silent)
    cell = bus(A, gain=gain)
    expected = 1000 if gain is Gain.A128 else 500
    read(cell, 10)
    rises = iter(range(1000))
    gpio.attach(SCK, lambda level: clock.sleep(80e-6) if level and next(rises) == 8 else None)
    resets = wounded.resets
    frames = read(cell, 20)
    assert wounded.resets == resets + 1
    assert frames[0].samples[0].fault is Fault.PREEMPTED
    assert {f.samples[0].counts for f in frames} == {None, expected}
    assert frames[-1].samples[0].generation == frames[0].samples[0].generation


@pytest.mark.parametrize("rates", [(80.0, 80.3, 79.0), (93.4, 92.9, 94.1), (80.0, 79.999, 80.001)])
def test_cells_that_drift_past_each_other_never_give_torn_data(bus, chip, rates) -> None:
    chips = [chip(dout, 1000 * n, rate) for n, (dout, rate) in enumerate(zip((A, B, C), rates, strict=True), 1)]
    frames = read(bus(A, B, C), 1500)
    for n in range(3):
        assert {f.samples[n].counts for f in frames} == {None, 1000 * (n + 1)}
        assert sum(f.samples[n].fault is None for f in frames) > 0.7 * len(frames)
    if rates[0] == 80.0 and rates[1] == 80.3:
        assert sum(c.torn for c in chips) > 0, "the model must have torn some, or this proves nothing"


def test_a_chip_ten_times_slower_than_its_neighbour_costs_little_of_it(bus, chip) -> None:
    chip(A, 1000), chip(B, 2000, 10.0)
    frames = read(bus(A, B), 1000)
    assert sum(f.samples[0].counts == 1000 for f in frames) > 0.95 * len(frames)
    assert {f.samples[1].counts for f in frames} <= {None, 2000}


def test_a_bus_without_a_data_pin_of_each_cell_is_refused(bus) -> None:
    with pytest.raises(ValueError, match="SCK 5"):
        bus(A, SCK)
    with pytest.raises(ValueError, match="one DOUT pin per cell"):
        bus()


def test_the_chip_model_refuses_a_clock_that_is_too_fast(gpio, chip) -> None:
    gpio.setup(SCK, gpio.OUT, initial=gpio.LOW)
    Hx711Chip(gpio, SCK, A, lambda t_s: 0, clock=PretendedClock(step_s=0.01e-6))
    with pytest.raises(TimingViolation, match=r"T3|T4"):
        gpio.output(SCK, 1), gpio.output(SCK, 0)


async def test_what_the_pins_raise_reaches_the_reader_as_one_line(gpio) -> None:
    Hx711Chip(gpio, SCK, A, lambda t_s: 1000, clock=time.monotonic)
    bus = Hx711Bus(gpio, SCK, [A], rate_sps=80)
    with pytest.raises(SamplingStopped, match=r"HX711 on SCK 5.*OUTPUT"):
        async with asyncio.timeout(20), Sampler(bus) as frames:
            async for _ in frames:
                gpio.cleanup(SCK)


async def test_a_reader_that_lags_loses_the_oldest_frames_and_the_count_says_how_many(gpio) -> None:
    far_on = threading.Event()

    def counts(t_s: float) -> int:
        if t_s > 20 / 80:
            far_on.set()
        return 1000

    clock = PretendedClock()
    Hx711Chip(gpio, SCK, A, counts, clock=clock)
    bus = Hx711Bus(gpio, SCK, [A], rate_sps=80, clock=clock, sleep=clock.sleep)
    async with asyncio.timeout(20), Sampler(bus, limit=2) as frames:
        assert await asyncio.to_thread(far_on.wait, 10)
        oldest = await anext(frames)
    assert frames.dropped >= 10
    assert oldest.t_s > 10 / 80


class HangingGpio(SimulatedGpio):
    """Pins that nobody gets an answer from until they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.let_go = threading.Event(), threading.Event()

    def input(self, channel: int, /) -> int:
        self.asked.set()
        self.let_go.wait(30)
        return super().input(channel)


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[HangingGpio]:
    monkeypatch.setattr("drivers.hx711_sampler.STOP_MARGIN_S", 0.0)
    gpio = HangingGpio()
    gpio.setmode(gpio.BCM)
    yield gpio
    gpio.let_go.set()


async def test_pins_that_hang_are_told_on_leaving(hanging) -> None:
    with pytest.raises(SamplingStopped, match=r"HX711 on SCK 5.*the pins hang"):
        async with asyncio.timeout(20), Sampler(Hx711Bus(hanging, SCK, [A], rate_sps=80)):
            assert await asyncio.to_thread(hanging.asked.wait, 10)


async def test_pins_that_hang_do_not_swallow_a_cancellation(hanging, caplog: pytest.LogCaptureFixture) -> None:
    async def sample() -> None:
        async with Sampler(Hx711Bus(hanging, SCK, [A], rate_sps=80)) as frames:
            await anext(frames)

    task = asyncio.create_task(sample())
    async with asyncio.timeout(20):
        assert await asyncio.to_thread(hanging.asked.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert [r.getMessage() for r in caplog.records if "the pins hang" in r.getMessage()] != []
