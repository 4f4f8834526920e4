"""The benches that a contract suite runs on: simulated pins always, real ones with `--rig FILE`."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from drivers.gpio import Gpio, load_gpio
from drivers.hx711_bus import Hx711Bus
from hw.sim.gpio import SimulatedGpio
from hw.sim.hx711_chip import Hx711Chip, PretendedClock
from wire.settings import load_toml


class Hx711Wiring(msgspec.Struct, forbid_unknown_fields=True):
    """Cells at rest, on one clock line."""

    sck: int
    douts: list[int]
    rate_sps: float


class Rig(msgspec.Struct):
    """What this suite needs of a rig file: its section `[hx711]`."""

    hx711: Hx711Wiring


@dataclass
class Bench:
    """A bus with its cells, and the time it lives in."""

    gpio: Gpio
    wiring: Hx711Wiring
    clock: Callable[[], float]
    sleep: Callable[[float], None]

    def bus(self) -> Hx711Bus:
        w = self.wiring
        return Hx711Bus(self.gpio, w.sck, w.douts, rate_sps=w.rate_sps, clock=self.clock, sleep=self.sleep)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rig", metavar="FILE", help="TOML of a bench with real parts: run the contract suites on it too")


def simulated(clock: Callable[[], float], sleep: Callable[[float], None]) -> Bench:
    """Three cells at 80 SPS, a little apart as real ones are; the n-th weighs n × 100 000 counts."""
    gpio = SimulatedGpio()
    gpio.setmode(gpio.BCM)
    wiring = Hx711Wiring(5, [6, 13, 19], 80.0)
    for n, (dout, rate_sps) in enumerate(zip(wiring.douts, (93.4, 93.1, 92.5), strict=True), start=1):
        Hx711Chip(gpio, wiring.sck, dout, lambda t_s, n=n: n * 100_000, clock=clock, rate_sps=rate_sps)
    return Bench(gpio, wiring, clock, sleep)


def real(config: pytest.Config) -> Bench:
    rig = config.getoption("--rig", default=None)
    if rig is None:
        pytest.skip("rig: needs real HX711s: give --rig FILE")
    return Bench(load_gpio(), load_toml(Path(rig), Rig).hx711, time.monotonic, time.sleep)


@pytest.fixture(params=["simulated", "rig"])
def bench(request: pytest.FixtureRequest) -> Bench:
    """A bench in whose time nothing else happens: pretended on simulated pins."""
    if request.param == "rig":
        return real(request.config)
    clock = PretendedClock()
    return simulated(clock, clock.sleep)


@pytest.fixture(params=["simulated", "rig"])
def live_bench(request: pytest.FixtureRequest) -> Bench:
    """A bench in real time, for what runs in threads."""
    return real(request.config) if request.param == "rig" else simulated(time.monotonic, time.sleep)


@pytest.fixture
def bus(bench: Bench) -> Iterator[Hx711Bus]:
    bus = bench.bus()
    yield bus
    bus.close()
