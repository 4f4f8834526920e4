"""A shelf node on simulated load cells: from frames of counts on, it is the real node."""

import asyncio
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from drivers.hx711 import Fault, Frame, Sample
from firmware_py.calibration import Calibration
from firmware_py.session import Session
from hw.sim.load_cell import STALL_CONVERSIONS, STALL_RATE, WRONG_AT_STALL, Cell, Floats, LoadCell, Modelled
from hw.sim.plate import Plate
from shelf_node.lane import Lane
from shelf_node.node import ShelfNode
from wire.clock import Clock

LINE = "cells"
BLOCK_S = 0.5
"""How much is converted at a time: what a lane reports comes so late at most, and arrays pay from some samples on."""
NOISE_AHEAD = 600
SPAN_ERROR = 5e-4
"""Relative standard deviation of a calibration's span: 0.5 g on a kilogram."""
CALIBRATION_SIGMA_G = 0.3


class _Rows:
    """The noise of several cells, one a row, drawn ahead."""

    def __init__(self, noises: Sequence[Modelled]) -> None:
        self._noises = noises
        self._ahead = np.empty((len(noises), 0))

    def draw(self, n: int) -> Floats:
        while self._ahead.shape[1] < n:
            more = np.stack([noise.draw(NOISE_AHEAD) for noise in self._noises])
            self._ahead = np.concatenate([self._ahead, more], axis=1)
        drawn, self._ahead = self._ahead[:, :n], self._ahead[:, n:]
        return drawn


class SimulatedShelf:
    """Plates, their cells, and the node behind them; its converters share one clock line."""

    def __init__(self, plates: dict[str, Plate], rate_sps: float, seed: Sequence[int], clock: Clock) -> None:
        """`plates` by lane."""
        self._rate_sps = rate_sps
        self._rng = np.random.default_rng(seed)
        self._plates = list(plates.values())
        self.node = ShelfNode({LINE: [Lane(name, self._calibrated(name)) for name in plates]}, clock)
        rows = _Rows([Modelled(np.random.default_rng([*seed, i]), rate_sps) for i in range(len(plates))])
        self._cells = LoadCell(Cell(), rows, self._rng, rate_sps=rate_sps)
        self._missing = np.zeros(len(plates), dtype=np.int64)

    def _calibrated(self, lane: str) -> Calibration:
        true = Cell()
        return Calibration(
            cell=lane,
            utc_s=0.0,
            zero_counts=true.zero_counts + true.counts_per_gram * float(self._rng.normal(0.0, CALIBRATION_SIGMA_G)),
            counts_per_gram=true.counts_per_gram * float(self._rng.normal(1.0, SPAN_ERROR)),
            sigma_g=CALIBRATION_SIGMA_G,
        )

    async def run(self, session: Session) -> None:
        """Weigh until cancelled, and post what changes."""
        loop = asyncio.get_running_loop()
        done = round(loop.time() * self._rate_sps)
        while True:
            await asyncio.sleep(BLOCK_S)
            due = int(loop.time() * self._rate_sps)
            times_s = np.arange(done + 1, due + 1) / self._rate_sps
            done = due
            for t_s, counts in zip(times_s.tolist(), zip(*self._read(times_s), strict=True), strict=True):
                samples = tuple(Sample(c, None if c is not None else Fault.SETTLING, 0) for c in counts)
                for change in self.node.feed(LINE, Frame(t_s, samples)):
                    session.post(change)

    def _read(self, times_s: Floats) -> list[list[int | None]]:
        """Counts by lane, as reads in user space give them: a stalled one may be wrong, and the chip then resets."""
        forces = np.stack([plate.force_g(times_s) for plate in self._plates])
        rows: list[list[int | None]] = self._cells.convert(forces).tolist()
        stalls = self._rng.random(forces.shape) < STALL_RATE
        if stalls.any() or self._missing.any():
            self._spoil(rows, stalls)
        return rows

    def _spoil(self, rows: list[list[int | None]], stalls: NDArray[np.bool_]) -> None:
        for i, row in enumerate(rows):
            for j in range(len(row)):
                if self._missing[i]:
                    self._missing[i] -= 1
                    row[j] = None
                elif stalls[i, j]:
                    self._missing[i] = STALL_CONVERSIONS - 1
                    row[j] = self._wrong(row[j]) if self._rng.random() < WRONG_AT_STALL else None

    def _wrong(self, counts: int | None) -> int | None:
        """SCK high for too long: every later bit reads 1."""
        return None if counts is None else counts | ((1 << int(self._rng.integers(12, 24))) - 1)
