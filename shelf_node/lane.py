"""One lane, from counts on: the same code behind a real converter and in the simulated store."""

from math import hypot

from firmware_py.calibration import Calibration
from shelf_node.grams import grams
from shelf_node.steps import LOST_S, StepDetector
from wire.messages import Reading, WeightChange


class Lane:
    """A load cell under a lane: its counts in, its changes of weight out, and how it is doing."""

    def __init__(self, lane_id: str, calibration: Calibration | None) -> None:
        self.id = lane_id
        self.calibration = calibration
        self._steps = StepDetector()
        self._grams: float | None = None
        self._good_s: float | None = None  # when the newest good sample came, or the first bad one before any
        self.fault: str | None = "uncalibrated" if calibration is None else None
        """Why it does not weigh, once that is sure."""
        self._counters = {"samples": 0, "faults": 0, "changes": 0}

    def push(
        self, t_s: float, counts: int | None, fault: str | None = None, temperature_c: float | None = None
    ) -> WeightChange | None:
        """One sample, in the order of time; `counts` is None when the converter had none, and `fault` says why.

        The times come out as they went in: a node gives UTC.
        """
        self._counters["samples"] += 1
        if counts is None:
            self._counters["faults"] += 1
            if self._good_s is None:
                self._good_s = t_s
            if t_s - self._good_s > LOST_S and self.calibration is not None:
                self.fault, self._grams = fault or "no samples", None
            self._steps.push(t_s, None, fault)
            return None
        if self.calibration is None:
            return None
        self._good_s, self.fault = t_s, None
        self._grams = grams(self.calibration, counts, temperature_c)
        step = self._steps.push(t_s, self._grams)
        if step is None:
            return None
        self._counters["changes"] += 1
        return WeightChange(
            lane=self.id,
            delta_g=step.delta_g,
            sigma_g=hypot(step.sigma_g, self.calibration.sigma_g),
            t0_s=step.t0_s,
            t1_s=step.t1_s,
            fault=step.fault,
            trace=step.trace,
        )

    @property
    def at_rest(self) -> bool:
        """Whether nothing moves on it, as far as is known."""
        return self._steps.at_rest

    def reading(self, now_s: float) -> Reading:
        """What lies on the lane now: its level at rest, else the newest sample; None and a fault when not known."""
        if self._grams is None:
            return Reading(value=None, fault=self.fault or "no samples yet")
        level = self._steps.level
        grams = level.grams if level is not None and self.at_rest else self._grams
        return Reading(value=grams, unrest_s=round(self._steps.unrest_s(now_s), 1))

    @property
    def counters(self) -> dict[str, int]:
        """Counts that only grow: samples, faulted samples, wrong reads left out, changes reported."""
        return {**self._counters, "wrong_reads": self._steps.wrong_reads}
