"""A shelf node on simulated load cells: from frames of counts on, it is the real node."""

import asyncio
from collections.abc import Mapping, Sequence

import numpy as np

from drivers.hx711 import Fault, Frame, Sample
from firmware_py.calibration import Calibration
from firmware_py.session import Session
from hub.store import Lane as StoreLane
from hw.sim.load_cell import Cell, LoadCell
from hw.sim.noise import Floats, Noise, noise_at_hand
from hw.sim.plate import Plate
from shelf_node.lane import Lane
from shelf_node.node import ShelfNode
from wire.clock import Clock

LINE = "cells"
REST_S = 0.5
"""How much is converted at a time while all lanes are at rest. At 10 SPS a lane that leaves rest has a change to tell
six samples later at the earliest (shelf_node.steps, MIN_SAMPLES), so that nothing is told late."""
NOISE_AHEAD = 600
SPAN_ERROR = 5e-4
"""Relative standard deviation of a calibration's span: 0.5 g on a kilogram."""
CALIBRATION_SIGMA_G = 0.3
MISSING = Sample(None, Fault.SETTLING, 0)
"""What the node gets while a chip settles after a reset."""
SILENT = Sample(None, Fault.NOT_READY, 0)
"""What it gets of a chip that says nothing any more."""


def shelf_node(lane: StoreLane) -> str:
    """The node that weighs a lane: one for all the shelves of a gondola, which a shelf's name begins with."""
    return f"shelf-{lane.shelf.split('-')[0]}"


class _Rows:
    """The noise of several cells, one a row, drawn ahead."""

    def __init__(self, noises: Sequence[Noise]) -> None:
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

    def __init__(
        self,
        plates: dict[str, Plate],
        rate_sps: float,
        seed: Sequence[int],
        clock: Clock,
        wrong_rate: float | Floats = 0.0,
        dead_from_s: Mapping[str, float] | None = None,
    ) -> None:
        """`plates` by lane; `wrong_rate` is the share of single wrong samples, of all lanes or of each.

        `dead_from_s` says from when on, in seconds of the run, a lane's converter is silent.
        """
        self._rate_sps = rate_sps
        self._dead = [(list(plates).index(lane), from_s) for lane, from_s in (dead_from_s or {}).items()]
        self._rng = np.random.default_rng(seed)
        self._plates = list(plates.values())
        self._lanes = [Lane(name, self._calibrated(name)) for name in plates]
        self.node = ShelfNode({LINE: self._lanes}, clock)
        rows = _Rows([noise_at_hand(np.random.default_rng([*seed, i]), rate_sps) for i in range(len(plates))])
        self._cells = LoadCell(Cell(), rows, self._rng, rate_sps=rate_sps, wrong_rate=wrong_rate)

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
        at_rest = round(REST_S * self._rate_sps)
        while True:
            due = done + (at_rest if all(lane.at_rest for lane in self._lanes) else 1)
            await asyncio.sleep(due / self._rate_sps - loop.time())
            times_s = np.arange(done + 1, due + 1) / self._rate_sps
            done = due
            for t_s, samples in zip(times_s.tolist(), self._read(times_s), strict=True):
                for change in self.node.feed(LINE, Frame(t_s, tuple(samples))):
                    session.post(change)

    def _read(self, times_s: Floats) -> list[list[Sample]]:
        """The samples of all lanes at each of the times."""
        counts, got = self._cells.read(self._forces_g(times_s))
        rows = [[Sample(c, None, 0) for c in row] for row in counts.T.tolist()]
        if not got.all():
            for lane, i in np.argwhere(~got):
                rows[i][lane] = MISSING
        for lane, from_s in self._dead:
            for i in np.flatnonzero(times_s >= from_s):
                rows[i][lane] = SILENT
        return rows

    def _forces_g(self, times_s: Floats) -> Floats:
        """What presses on each plate at each of the times, one plate a row."""
        forces = np.empty((len(self._plates), times_s.size))
        forces.T[:] = [plate.settled_g for plate in self._plates]
        for i, plate in enumerate(self._plates):
            if plate.moving:
                forces[i] = plate.force_g(times_s)
        return forces
