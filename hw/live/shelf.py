"""Shelf nodes at their pins: the real driver and node, and below them converters, load cells and plates."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final
from zlib import crc32

import numpy as np

from drivers.hx711_bus import Hx711Bus
from drivers.hx711_sampler import Sampler
from firmware_py.calibration import Calibration, CalibrationStore
from firmware_py.session import Session
from hub.store import Lane
from hw.live.pace import every
from hw.sim.gpio import SimulatedGpio
from hw.sim.hx711_chip import Hx711Chip
from hw.sim.load_cell import Cell, LoadCell
from hw.sim.noise import noise_at_hand
from hw.sim.plate import Plate
from hw.sim.shelf import CALIBRATION_SIGMA_G, SPAN_ERROR
from shelf_node.config import CellConfig, ClockLine
from shelf_node.lane import Lane as WeighedLane
from shelf_node.node import ShelfNode
from wire.clock import Clock

RATE_SPS: Final = 10
CRYSTAL_SPREAD = 20e-6
"""Converters on one clock line are read together, so each has a crystal at XI: their own oscillators differ by
percents, and would fall out of step every few seconds."""
CELLS_PER_LINE = 6
"""A longer shelf has more than one clock line."""
HELD_UP_S = 5e-6
PINS = range(2, 28)
"""BCM numbers on the 40-pin header, without the two that belong to a HAT's EEPROM."""
ZERO_SPREAD_COUNTS, SPAN_SPREAD = 20_000.0, 0.02
"""How far cells of one make differ from each other."""


def wiring(lanes: Iterable[Lane]) -> dict[str, tuple[ClockLine, ...]]:
    """Clock lines by shelf node: a node per gondola, and another where one header has too few pins for it."""
    gondolas: dict[str, dict[str, list[Lane]]] = {}
    for lane in lanes:
        gondolas.setdefault(lane.shelf.split("-")[0], {}).setdefault(lane.shelf, []).append(lane)
    nodes: dict[str, tuple[ClockLine, ...]] = {}
    for gondola, shelves in gondolas.items():
        for n, rows in enumerate(_headers(shelves.values())):
            pins = iter(PINS)
            name = f"shelf-{gondola}-{n + 1}" if n else f"shelf-{gondola}"
            nodes[name] = tuple(_line(f"{name}-{i + 1}", row, pins) for i, row in enumerate(rows))
    return nodes


def _headers(shelves: Iterable[Sequence[Lane]]) -> list[list[Sequence[Lane]]]:
    """Rows of lanes that share a clock line, by the header on which they find pins."""
    headers: list[list[Sequence[Lane]]] = []
    free = 0
    for lanes in shelves:
        for i in range(0, len(lanes), CELLS_PER_LINE):
            row = lanes[i : i + CELLS_PER_LINE]
            if free < len(row) + 1:
                headers.append([])
                free = len(PINS)
            headers[-1].append(row)
            free -= len(row) + 1
    return headers


def _line(name: str, row: Sequence[Lane], pins: Iterator[int]) -> ClockLine:
    cells = tuple(CellConfig(lane=lane.id, dout=next(pins), cell=f"cell-{lane.id}") for lane in row)
    return ClockLine(name=name, sck=next(pins), rate_sps=RATE_SPS, cells=cells)


class _Scale:
    """A plate on its load cell. `counts` is the newest conversion: all of it that a converter's thread may look at."""

    def __init__(self, plate: Plate, cell: Cell, rng: np.random.Generator) -> None:
        self._plate = plate
        self._cell = LoadCell(cell, noise_at_hand(rng, RATE_SPS), rng, rate_sps=RATE_SPS)
        self.counts = 0

    def convert(self, t_s: float) -> None:
        """The next conversion, of what presses on the plate at this time."""
        self.counts = int(self._cell.convert(self._plate.force_g(np.array([t_s])))[0])


class _PinTime:
    """Real time, as the pins of a Pi that nothing holds up would have it. For one clock line and its one thread.

    A simulated pulse lasts several times as long as a Pi's, and a virtual machine may stop for 50 µs hundreds of times
    a second: every tenth read would lose its chip to too long a pulse. So between two looks at this clock no more
    than HELD_UP_S goes by; the rest counts from the next sleep on. What the driver does about pulses that are too long
    is for its contract tests to show.
    """

    def __init__(self) -> None:
        self._seen_s = time.monotonic()
        self._behind_s = 0.0

    def __call__(self) -> float:
        now_s = time.monotonic()
        if now_s - self._seen_s > HELD_UP_S:
            self._behind_s += now_s - self._seen_s - HELD_UP_S
        self._seen_s = now_s
        return now_s - self._behind_s

    def sleep(self, seconds: float) -> None:
        """Sleep, and catch up."""
        time.sleep(seconds)
        self._seen_s = time.monotonic()
        self._behind_s = 0.0


class LiveShelf:
    """One shelf node, and what is wired to its pins."""

    def __init__(
        self,
        lines: tuple[ClockLine, ...],
        plates: Mapping[str, Plate],
        records: CalibrationStore,
        clock: Clock,
        rng: np.random.Generator,
    ) -> None:
        """`plates` by lane. Cells without a record are calibrated. Raises BadCalibration, OSError."""
        self._gpio = SimulatedGpio()
        self._gpio.setmode(self._gpio.BCM)
        self._times = {line: _PinTime() for line in lines}
        self._scales: list[_Scale] = []
        for line, pin_time in self._times.items():
            for cell in line.cells:
                true = _cell(cell.cell)
                if records.current(cell.cell) is None:
                    records.add(_calibrated(cell.cell, true, clock.now(), rng))
                scale = _Scale(plates[cell.lane], true, rng)
                self._scales.append(scale)
                self._wire(scale, line.sck, cell.dout, pin_time, RATE_SPS * float(rng.normal(1.0, CRYSTAL_SPREAD)))
        lanes = {
            line.name: [WeighedLane(cell.lane, records.current(cell.cell)) for cell in line.cells] for line in lines
        }
        self.node = ShelfNode(lanes, clock)

    def _wire(self, scale: _Scale, sck: int, dout: int, pin_time: _PinTime, rate_sps: float) -> None:
        Hx711Chip(self._gpio, sck, dout, lambda t_s: scale.counts, clock=pin_time, rate_sps=rate_sps)

    async def run(self, session: Session) -> None:
        """Work until cancelled, all but the session."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._press(), name="plates")
            for line, pin_time in self._times.items():
                group.create_task(self._read(line, pin_time, session), name=f"line {line.name}")

    async def _press(self) -> None:
        """Let plates press on their cells."""
        async for t_s in every(1 / RATE_SPS):
            for scale in self._scales:
                scale.convert(t_s)

    async def _read(self, line: ClockLine, pin_time: _PinTime, session: Session) -> None:
        douts = [cell.dout for cell in line.cells]
        bus = Hx711Bus(self._gpio, line.sck, douts, rate_sps=line.rate_sps, clock=pin_time, sleep=pin_time.sleep)
        async with Sampler(bus) as frames:
            async for frame in frames:
                for change in self.node.feed(line.name, frame):
                    session.post(change)


def _cell(serial: str) -> Cell:
    """The true figures of a cell: a serial's are always the same."""
    rng = np.random.default_rng(crc32(serial.encode()))
    usual = Cell()
    return Cell(
        counts_per_gram=usual.counts_per_gram * float(rng.normal(1.0, SPAN_SPREAD)),
        zero_counts=usual.zero_counts + float(rng.normal(0.0, ZERO_SPREAD_COUNTS)),
    )


def _calibrated(serial: str, true: Cell, utc_s: float, rng: np.random.Generator) -> Calibration:
    """What a technician with reference weights finds of it."""
    return Calibration(
        cell=serial,
        utc_s=utc_s,
        zero_counts=true.zero_counts + true.counts_per_gram * float(rng.normal(0.0, CALIBRATION_SIGMA_G)),
        counts_per_gram=true.counts_per_gram * float(rng.normal(1.0, SPAN_ERROR)),
        sigma_g=CALIBRATION_SIGMA_G,
    )
