"""The reader is preempted while SCK is high: no wrong number may pass. A check of the trailing bits is not enough."""

import logging
import random
from collections import deque

import pytest

from drivers.hx711 import DATA_BITS, Fault, signed
from drivers.hx711_bus import Hx711Bus
from hw.sim.gpio import SimulatedGpio
from hw.sim.hx711_chip import Hx711Chip, PretendedClock

log = logging.getLogger(__name__)

SCK, DOUT = 5, 6


class Bench:
    """One cell whose load wanders, and a scheduler that stretches SCK in one read of twenty, at any of its bits."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.clock = PretendedClock()
        self.gpio = SimulatedGpio()
        self.gpio.setmode(self.gpio.BCM)
        self.truth: deque[int] = deque(maxlen=1)
        self.stretched = 0
        self._edges_to_stretch = 0
        self.chip = Hx711Chip(self.gpio, SCK, DOUT, self._load, clock=self.clock)
        self.gpio.attach(SCK, self._schedule)

    def _load(self, t_s: float) -> int:
        self.truth.append(self.random.randint(-400_000, 1_500_000))
        return self.truth[-1]

    def _schedule(self, level: int) -> None:
        if level:
            self._edges_to_stretch -= 1
            if self._edges_to_stretch == 0:
                self.stretched += 1
                self.clock.sleep(self.random.uniform(55e-6, 400e-6))

    def maybe_preempt_next_read(self) -> None:
        self._edges_to_stretch = self.random.randint(1, 25) if self.random.random() < 0.05 else 0


def wrong_by_driver(reads: int, seed: int) -> tuple[int, Bench, Hx711Bus]:
    bench = Bench(seed)
    bus = Hx711Bus(bench.gpio, SCK, [DOUT], rate_sps=80, clock=bench.clock, sleep=bench.clock.sleep)
    wrong = 0
    for _ in range(reads):
        bench.maybe_preempt_next_read()
        sample = bus.read_frame().samples[0]
        wrong += sample.counts is not None and sample.counts != bench.truth[-1]
    return wrong, bench, bus


def wrong_by_trailing_bits_alone(reads: int, seed: int) -> int:
    """The check that most libraries make: ready, 25 pulses, and the last bit must be 1."""
    bench = Bench(seed)
    gpio, wrong = bench.gpio, 0
    gpio.setup(SCK, gpio.OUT, initial=gpio.LOW)
    gpio.setup(DOUT, gpio.IN)
    for _ in range(reads):
        bench.maybe_preempt_next_read()
        while gpio.input(DOUT):
            bench.clock.sleep(1e-3)
        bits = 0
        for _ in range(DATA_BITS + 1):
            gpio.output(SCK, gpio.HIGH)
            gpio.output(SCK, gpio.LOW)
            bits = bits << 1 | gpio.input(DOUT)
        wrong += bits & 1 and signed(bits >> 1) != bench.truth[-1]
    return wrong


def campaign(reads: int, seed: int) -> None:
    wrong, bench, bus = wrong_by_driver(reads, seed)
    c = bus.counters
    plain = wrong_by_trailing_bits_alone(reads // 10, seed)
    log.info(
        "%d reads, %d stretched, %d resets: %d wrong let through, %d verified, %s; trailing bits alone: %d wrong in %d",
        *(reads, bench.stretched, bench.chip.resets, wrong, c.verified, dict(c.rejected), plain, reads // 10),
    )
    assert wrong == 0
    assert bench.chip.resets > 0.03 * reads, "the campaign must hurt"
    assert c.rejected[Fault.PREEMPTED] == bench.stretched
    assert c.verified > 0.7 * reads
    assert plain > 0.01 * (reads // 10)


def test_no_wrong_number_passes_when_one_read_in_twenty_is_preempted() -> None:
    campaign(20_000, seed=711)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_no_wrong_number_passes_in_a_longer_campaign(seed: int) -> None:
    campaign(100_000, seed)
