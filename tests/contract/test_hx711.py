"""What any bus of HX711 cells does, on simulated pins and on real ones."""

import asyncio
import threading

import pytest

from drivers.errors import DeviceClosed
from drivers.hx711 import LONGEST_PERIOD, SETTLING_CONVERSIONS, SHORTEST_PERIOD, Fault, Frame, Gain
from drivers.hx711_bus import Hx711Bus
from drivers.hx711_sampler import Sampler
from tests.contract.conftest import Bench


def verified(frame: Frame) -> bool:
    return all(s.fault is None for s in frame.samples)


def until_verified(bus: Hx711Bus, limit: int = 60) -> list[Frame]:
    """The frames up to and with the first in which every cell is believed."""
    frames = []
    for _ in range(limit):
        frames.append(bus.read_frame())
        if verified(frames[-1]):
            return frames
    raise AssertionError(f"no verified frame in {limit}: {frames[-1]}")


def test_every_cell_settles_and_then_gives_counts(bus: Hx711Bus) -> None:
    frames = until_verified(bus)
    for frame in frames[:SETTLING_CONVERSIONS]:
        assert {s.fault for s in frame.samples} == {Fault.SETTLING}
    assert all(s.counts is not None for s in frames[-1].samples)
    assert bus.counters.verified >= len(frames[-1].samples)


def test_frames_come_at_the_rate_of_the_cells(bench: Bench, bus: Hx711Bus) -> None:
    times = [bus.read_frame().t_s for _ in range(21)]
    period_s = (times[-1] - times[0]) / 20
    assert SHORTEST_PERIOD < period_s * bench.wiring.rate_sps < LONGEST_PERIOD


def test_most_reads_of_healthy_cells_are_believed(bench: Bench, bus: Hx711Bus) -> None:
    until_verified(bus)
    before = bus.counters.verified
    for _ in range(200):
        bus.read_frame()
    assert bus.counters.verified - before >= 0.8 * 200 * len(bench.wiring.douts)


@pytest.mark.parametrize("gain", [Gain.A64, Gain.B32])
def test_a_change_of_gain_settles_again_in_a_new_generation(bus: Hx711Bus, gain: Gain) -> None:
    before = until_verified(bus)[-1]
    bus.select(gain)
    after = until_verified(bus)
    for old, new in zip(before.samples, after[-1].samples, strict=True):
        assert new.generation > old.generation
    for frame in after[:SETTLING_CONVERSIONS]:
        assert all(s.counts is None for s in frame.samples)
    bus.select(Gain.A128)
    assert len(until_verified(bus)) > SETTLING_CONVERSIONS


def test_a_bus_that_was_powered_down_wakes_and_settles(bench: Bench, bus: Hx711Bus) -> None:
    before = until_verified(bus)[-1]
    bus.power_down()
    bench.sleep(1.0)
    after = until_verified(bus)
    assert len(after) > SETTLING_CONVERSIONS
    assert all(b.generation > a.generation for a, b in zip(before.samples, after[-1].samples, strict=True))


def test_a_closed_bus_says_so(bus: Hx711Bus) -> None:
    bus.close()
    bus.close()
    with pytest.raises(DeviceClosed, match=r"SCK \d+.*read_frame\(\) after close"):
        bus.read_frame()


async def test_the_sampler_hands_frames_from_its_thread_to_the_loop_and_ends_with_its_context(
    live_bench: Bench,
) -> None:
    bus = live_bench.bus()
    frames = []
    async with asyncio.timeout(30), Sampler(bus) as sampler:
        async for frame in sampler:
            frames.append(frame)
            if bus.counters.verified >= 3 * len(live_bench.wiring.douts):
                break
        assert frames[0].t_s < frames[-1].t_s <= asyncio.get_running_loop().time()
    assert not [t for t in threading.enumerate() if t.name.startswith("hx711")]
    with pytest.raises(DeviceClosed):
        bus.read_frame()
