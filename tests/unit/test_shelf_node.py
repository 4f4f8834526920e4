"""The shelf node: its file, its lanes over frames, and the whole of it at simulated pins in real time."""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from drivers.hx711 import Fault, Frame, Sample
from firmware_py.calibration import Calibration, CalibrationStore
from firmware_py.config import NodeConfig
from hw.sim.gpio import SimulatedGpio
from hw.sim.hx711_chip import Hx711Chip
from hw.sim.load_cell import Cell, LoadCell
from hw.sim.noise import Modelled
from shelf_node.config import CellConfig, ClockLine, ShelfConfig, ShelfNodeConfig
from shelf_node.lane import Lane
from shelf_node.node import ShelfNode, run
from wire import topics
from wire.bus import MemoryBroker, MemoryBus
from wire.clock import Clock
from wire.errors import BadSettings
from wire.messages import Heartbeat, Reading, WeightChange, decode
from wire.settings import load_toml

TRUE = Cell()
DEADLINE_S = 30.0
FILE = """
[node]
name = "shelf-1"
store = "s"
role = "shelf"
state_dir = "state"

[shelf]
calibrations = "calibrations"

[[shelf.lines]]
name = "left"
sck = 5
rate_sps = 80
cells = [{lane = "A1", dout = 6, cell = "LC-1"}, {lane = "A2", dout = 13, cell = "LC-2"}]
"""


def calibration(cell: str) -> Calibration:
    return Calibration(
        cell=cell, utc_s=0.0, zero_counts=TRUE.zero_counts, counts_per_gram=TRUE.counts_per_gram, sigma_g=0.4
    )


def test_a_file_names_lines_pins_lanes_and_cells(tmp_path: Path) -> None:
    (tmp_path / "shelf.toml").write_text(FILE)
    [line] = load_toml(tmp_path / "shelf.toml", ShelfNodeConfig).shelf.lines
    assert line == ClockLine(
        name="left",
        sck=5,
        rate_sps=80,
        cells=(CellConfig(lane="A1", dout=6, cell="LC-1"), CellConfig(lane="A2", dout=13, cell="LC-2")),
    )


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("dout = 13", "dout = 6", r"lines\[0\].cells\[1\].dout and lines\[0\].cells\[0\].dout both claim the pin 6"),
        ("dout = 13", "dout = 5", "both claim the pin 5"),
        ("dout = 13", "dout = 28", "<= 27"),
        ('lane = "A2"', 'lane = "A1"', "both claim the lane A1"),
        ('cell = "LC-2"', 'cell = "LC-1"', "both claim the cell LC-1"),
        ("rate_sps = 80", "rate_sps = 50", "rate_sps"),
        ("sck = 5", "sck = 5\ngain = 64", "gain"),
    ],
)
def test_a_file_that_cannot_be_says_where_and_why(tmp_path: Path, right: str, wrong: str, complaint: str) -> None:
    (tmp_path / "shelf.toml").write_text(FILE.replace(right, wrong))
    with pytest.raises(BadSettings, match=complaint) as e:
        load_toml(tmp_path / "shelf.toml", ShelfNodeConfig)
    assert "shelf.toml" in str(e.value) and "\n" not in str(e.value)


def play(
    node: ShelfNode, seconds: float, force_g: tuple[Callable[[float], float], ...], dead: Callable[[int, float], bool]
) -> list[WeightChange]:
    """Feed frames of a line at 10 SPS, up to now; `dead(cell, t_s)` says which cells do not answer."""
    begin_s = asyncio.get_running_loop().time() - seconds
    rngs = [np.random.default_rng(seed) for seed in range(len(force_g))]
    cells = [
        LoadCell(TRUE, Modelled(rng, 10.0), rng, rate_sps=10.0).at_pin(force)
        for rng, force in zip(rngs, force_g, strict=True)
    ]
    changes = []
    for i in range(round(10 * seconds)):
        t_s = i / 10
        samples = tuple(
            Sample(None, Fault.NOT_READY, 1) if dead(n, t_s) else Sample(cell(t_s), None, 1)
            for n, cell in enumerate(cells)
        )
        changes += node.feed("left", Frame(begin_s + t_s, samples))
    return changes


async def test_a_dead_cell_shows_in_its_reading_and_once_in_the_log_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock(1_800_000_000.0)
    node = ShelfNode({"left": [Lane("A1", calibration("LC-1")), Lane("A2", calibration("LC-2"))]}, clock)
    with caplog.at_level(logging.WARNING):
        [taken] = play(
            node,
            30.0,
            (lambda t: 900.0, lambda t: 700.0 if t < 25.0 else 350.0),
            lambda cell, t_s: cell == 0 and t_s > 20.0,
        )
    assert taken.lane == "A2"
    assert -5.5 < taken.t0_s - clock.now() < taken.t1_s - clock.now() < -4.0
    readings = node.vitals().readings
    assert readings["A1"] == Reading(value=None, fault="not_ready")
    assert readings["A2"] == Reading(value=pytest.approx(350.0, abs=8.0))
    assert [record.getMessage() for record in caplog.records] == ["lane A1 does not weigh: not_ready"]


async def test_a_cell_that_comes_back_says_so_once_and_tells_what_changed(caplog: pytest.LogCaptureFixture) -> None:
    node = ShelfNode({"left": [Lane("A1", calibration("LC-1"))]}, Clock(1_800_000_000.0))
    with caplog.at_level(logging.WARNING):
        [change] = play(node, 40.0, (lambda t: 900.0 if t < 25 else 400.0,), lambda cell, t_s: 20.0 < t_s < 30.0)
    assert change.fault == "not_ready"
    assert change.delta_g == pytest.approx(-500.0, abs=3.0 * change.sigma_g)
    assert [record.getMessage() for record in caplog.records] == [
        "lane A1 does not weigh: not_ready",
        "lane A1 weighs again",
    ]
    assert node.vitals().counters["A1_changes"] == 1


async def test_a_line_that_falls_silent_takes_its_readings_with_it() -> None:
    loop = asyncio.get_running_loop()
    clock = Clock(1_800_000_000.0)
    node = ShelfNode({"left": [Lane("A1", calibration("LC-1"))]}, clock)
    node.feed("left", Frame(loop.time() - 10.0, (Sample(200_000, None, 1),)))
    assert node.vitals().readings["A1"] == Reading(value=None, fault="no frames")


async def test_from_the_pins_to_the_hub_in_real_time(tmp_path: Path) -> None:
    """A line of two cells at 80 SPS, one of them never calibrated."""
    load_g = [3000.0]
    gpio, broker = SimulatedGpio(), MemoryBroker()
    gpio.setmode(gpio.BCM)
    for n, dout in enumerate((6, 13)):
        rng = np.random.default_rng(n)
        cell = LoadCell(TRUE, Modelled(rng, 80.0), rng, rate_sps=80.0)
        Hx711Chip(gpio, 5, dout, cell.at_pin(lambda t_s: load_g[0]), clock=time.monotonic, rate_sps=92.0)
    CalibrationStore(tmp_path / "calibrations").add(calibration("LC-1"))
    cells = (CellConfig(lane="A1", dout=6, cell="LC-1"), CellConfig(lane="A2", dout=13, cell="LC-2"))
    config = ShelfNodeConfig(
        node=NodeConfig(name="shelf-1", store="s", role="shelf", state_dir=str(tmp_path)),
        shelf=ShelfConfig(
            calibrations=str(tmp_path / "calibrations"),
            lines=(ClockLine(name="left", sck=5, rate_sps=80, cells=cells),),
        ),
    )
    beats = 0
    async with asyncio.timeout(DEADLINE_S), MemoryBus(broker).subscribe(f"{topics.ROOT}/s/shelf-1/+") as inbox:
        node = asyncio.create_task(run(config, gpio, MemoryBus(broker)))
        async for delivery in inbox:
            body = decode(delivery.payload).body
            if isinstance(body, Heartbeat) and body.readings["A1"].value is not None:
                assert body.readings["A1"].value == pytest.approx(load_g[0], abs=30.0)
                assert body.readings["A2"] == Reading(value=None, fault="uncalibrated")
                beats += 1
                if beats == 3:
                    load_g[0] = 2462.0
            elif isinstance(body, WeightChange):
                break
        node.cancel()
        with pytest.raises(asyncio.CancelledError):
            await node
    assert body.lane == "A1"
    assert body.delta_g == pytest.approx(-538.0, abs=5.0)
    assert abs(body.t1_s - time.time()) < DEADLINE_S
