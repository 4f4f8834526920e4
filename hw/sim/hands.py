"""What hands do to weighing plates: they touch, grip, lift, set down, lean on the shelf, and brush the neighbour.

No recording of load cells with labelled picks is public, so durations and forces here are estimates: tens to hundreds
of grams over 0.3 to 1 s around the moment at which the goods move.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from hub.store import Lane, Store
from hw.sim.plate import Plate

TOUCH_G, TOUCH_SPREAD = 45.0, 0.7
"""Median and log-deviation of a hand's force on a plate while it takes something."""
PRESS_G = 180.0
NEIGHBOUR_BRUSHED = 0.2


class Hands:
    """Reaches into the shelf, as forces over time. Times are those of the loop; all lie at `now_s` or later."""

    def __init__(self, store: Store, plates: Mapping[str, Plate], rng: np.random.Generator) -> None:
        self._plates = plates
        self._rng = rng
        place = {(lane.shelf, lane.position): lane.id for lane in store.lanes}
        self._beside = {lane.id: _beside(lane, place) for lane in store.lanes}

    def take(self, lost_g: Mapping[str, float], now_s: float, hold_s: float = 0.0) -> float:
        """Grip and lift what weighs so much by plate. Gives when the hand is gone.

        `hold_s`: hold it while it is still on the shelf for so long first.
        """
        lifted_s = now_s + max(hold_s, float(self._rng.uniform(0.2, 0.6)))
        over_s = float(self._rng.uniform(0.1, 0.35))
        for lane, grams in lost_g.items():
            if hold_s > 0:
                self._lean(lane, now_s, lifted_s, -0.2 * grams, 0.5 * grams)
            self._touch(lane, now_s, lifted_s + over_s / 2)
            self._plates[lane].add([lifted_s, lifted_s + over_s], [0.0, -grams])
        return self._withdraw(lost_g, lifted_s + over_s)

    def put(self, gained_g: Mapping[str, float], now_s: float) -> float:
        """Set down what weighs so much by plate, and let go. Gives when the hand is gone."""
        down_s = now_s + float(self._rng.uniform(0.1, 0.4))
        for lane, grams in gained_g.items():
            thud = 1.0 + float(self._rng.exponential(0.3))
            self._plates[lane].add([down_s, down_s + 0.1, down_s + 0.3], [0.0, thud * grams, grams])
            self._touch(lane, down_s, down_s + float(self._rng.uniform(0.4, 0.8)))
        return self._withdraw(gained_g, down_s + 0.8)

    def roll(self, lost_g: Mapping[str, float], gained_g: Mapping[str, float], now_s: float) -> None:
        """Let something roll over from plates that lose so much to plates that gain so much; no hand is on it."""
        over_s = float(self._rng.uniform(0.2, 0.6))
        for lane, grams in lost_g.items():
            self._plates[lane].add([now_s, now_s + over_s], [0.0, -grams])
        for lane, grams in gained_g.items():
            thud = 1.0 + float(self._rng.exponential(0.2))
            there_s = now_s + 0.7 * over_s
            self._plates[lane].add([there_s, there_s + 0.1, there_s + 0.3], [0.0, thud * grams, grams])

    def press(self, lanes: tuple[str, ...], now_s: float, for_s: float) -> float:
        """Touch or lean on plates without moving anything. Gives when the hand is gone."""
        for lane in lanes:
            self._lean(lane, now_s, now_s + for_s, PRESS_G, 0.4 * PRESS_G)
        return now_s + for_s

    def _touch(self, lane: str, from_s: float, to_s: float) -> None:
        peak_g = TOUCH_G * float(self._rng.lognormal(0.0, TOUCH_SPREAD))
        rise = float(self._rng.uniform(0.2, 0.7))
        middle_s = from_s + rise * (to_s - from_s)
        self._plates[lane].add([from_s, middle_s, to_s], [0.0, peak_g, 0.0])

    def _lean(self, lane: str, from_s: float, to_s: float, mean_g: float, spread_g: float) -> None:
        """A hand that does not keep still: it leans on what lies there, or carries part of it."""
        inner = np.arange(from_s + 0.15, to_s - 0.1, 0.25)
        forces = self._rng.normal(mean_g, spread_g, inner.size)
        self._plates[lane].add([from_s, *inner, to_s], [0.0, *forces, 0.0])

    def _withdraw(self, lanes: Iterable[str], moved_s: float) -> float:
        """The hand leaves, and may brush these plates or the ones beside them."""
        gone_s = moved_s
        for lane in lanes:
            for touched in (lane, *self._beside[lane]):
                if self._rng.random() < NEIGHBOUR_BRUSHED:
                    until_s = moved_s + float(self._rng.uniform(0.2, 0.5))
                    self._plates[touched].add(
                        [moved_s, (moved_s + until_s) / 2, until_s], [0.0, float(self._rng.uniform(5, 60)), 0.0]
                    )
                    gone_s = max(gone_s, until_s)
        return gone_s


def _beside(lane: Lane, place: dict[tuple[str, int], str]) -> tuple[str, ...]:
    around = ((lane.shelf, lane.position - 1), (lane.shelf, lane.position + 1))
    return tuple(place[p] for p in around if p in place)
