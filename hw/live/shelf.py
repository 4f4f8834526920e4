"""Shelf nodes at their pins: the real node's code, and below it converters, load cells and plates."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np

from firmware_py.calibration import Calibration, CalibrationStore
from firmware_py.identity import Identity
from firmware_py.outbox import Outbox
from hub.store import Lane
from hw.sim.gpio import SimulatedGpio
from hw.sim.hx711_chip import Hx711Chip
from hw.sim.load_cell import Cell, LoadCell, Modelled
from hw.sim.plate import Plate
from hw.sim.shelf import CALIBRATION_SIGMA_G, SPAN_ERROR
from shelf_node import node
from shelf_node.config import BusConfig, CellConfig, ShelfConfig
from wire.bus import Bus
from wire.clock import Clock

RATE_SPS: Final = 10
CRYSTAL_SPREAD = 20e-6
"""Converters on one clock line are read together, so each has a crystal at XI: their own oscillators differ by
percents, and would fall out of step every few seconds."""
CELLS_PER_LINE = 4
"""Every converter that hears the simulated clock makes its pulses longer, which must stay below 50 µs (T3)."""
PINS = range(2, 28)
"""BCM numbers on the 40-pin header, without the two that belong to a HAT's EEPROM."""
ZERO_SPREAD_COUNTS, SPAN_SPREAD = 20_000.0, 0.02
"""How far cells of one make differ from each other."""


def wiring(lanes: Iterable[Lane]) -> dict[str, tuple[BusConfig, ...]]:
    """Clock lines by shelf node: a node per gondola, and another where one header has too few pins for it."""
    gondolas: dict[str, dict[str, list[Lane]]] = {}
    for lane in lanes:
        gondolas.setdefault(lane.shelf.split("-")[0], {}).setdefault(lane.shelf, []).append(lane)
    nodes: dict[str, tuple[BusConfig, ...]] = {}
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


def _line(name: str, row: Sequence[Lane], pins: Iterator[int]) -> BusConfig:
    cells = tuple(CellConfig(lane=lane.id, dout=next(pins), cell=f"cell-{lane.id}") for lane in row)
    return BusConfig(name=name, sck=next(pins), rate_sps=RATE_SPS, cells=cells)


class Link(NamedTuple):
    """What connects a node with the hub."""

    bus: Bus
    identity: Identity
    outbox: Outbox


class LiveShelf:
    """One shelf node and the cells on its wires."""

    def __init__(
        self, buses: tuple[BusConfig, ...], plates: Mapping[str, Plate], state_dir: Path, rng: np.random.Generator
    ) -> None:
        """Calibrates the cells that have no record below `state_dir` yet. Raises BadCalibration, OSError."""
        self._config = ShelfConfig(calibrations=str(state_dir / "calibrations"), buses=buses)
        self._gpio = SimulatedGpio()
        self._gpio.setmode(self._gpio.BCM)
        self._plates: list[tuple[Plate, LoadCell]] = []
        self._counts: list[int] = []
        records = CalibrationStore(Path(self._config.calibrations))
        for bus in buses:
            for cell in bus.cells:
                true = _cell(cell.cell)
                if records.current(cell.cell) is None:
                    records.add(_calibrated(cell.cell, true, rng))
                load_cell = LoadCell(true, Modelled(rng, RATE_SPS), rng, rate_sps=RATE_SPS)
                self._chip(bus.sck, cell.dout, len(self._plates), rng)
                self._plates.append((plates[cell.lane], load_cell))
                self._counts.append(0)
        self._weigh()

    def _chip(self, sck: int, dout: int, place: int, rng: np.random.Generator) -> None:
        rate_sps = RATE_SPS * (1 + float(rng.normal(0.0, CRYSTAL_SPREAD)))
        counts = self._counts  # looked up in the bus's thread; all else about plates belongs to the loop
        Hx711Chip(self._gpio, sck, dout, lambda t_s: counts[place], clock=time.monotonic, rate_sps=rate_sps)

    async def _press(self) -> None:
        """Let plates press on cells, conversion by conversion, until cancelled."""
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            due_s = max(due_s + 1 / RATE_SPS, loop.time())  # a loop that was held up converts nothing twice
            await asyncio.sleep(due_s - loop.time())
            self._weigh()

    def _weigh(self) -> None:
        now = np.array([asyncio.get_running_loop().time()])
        self._counts[:] = [int(cell.convert(plate.force_g(now))[0]) for plate, cell in self._plates]

    async def run(self, link: Link) -> None:
        """Work until cancelled."""
        name = link.identity.node
        async with asyncio.TaskGroup() as group:
            group.create_task(self._press(), name=f"{name}: plates")
            group.create_task(node.run(self._config, *link, self._gpio), name=f"{name}: node")


def _cell(serial: str) -> Cell:
    """The true figures of a cell: a serial's are always the same."""
    rng = np.random.default_rng(crc32(serial.encode()))
    usual = Cell()
    return Cell(
        counts_per_gram=usual.counts_per_gram * float(rng.normal(1.0, SPAN_SPREAD)),
        zero_counts=usual.zero_counts + float(rng.normal(0.0, ZERO_SPREAD_COUNTS)),
    )


def _calibrated(serial: str, true: Cell, rng: np.random.Generator) -> Calibration:
    """What a technician with reference weights finds of it."""
    return Calibration(
        cell=serial,
        utc_s=Clock().now(),
        zero_counts=true.zero_counts + true.counts_per_gram * float(rng.normal(0.0, CALIBRATION_SIGMA_G)),
        counts_per_gram=true.counts_per_gram * float(rng.normal(1.0, SPAN_ERROR)),
        sigma_g=CALIBRATION_SIGMA_G,
    )
