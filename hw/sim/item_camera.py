"""A shelf's camera and the classifier behind it, as seen from outside: mostly right about what moved."""

import asyncio
from collections.abc import Mapping

import numpy as np

from firmware_py.session import Session
from hub.store import Store
from hw.sim.plan import Move
from wire.clock import Clock
from wire.messages import ItemEvidence

ACCURACY = 0.936
"""Top-1 among five candidates: measured on GroceryStoreDataset's validation photographs, nearest class mean on
MobileNet v1 features."""
SEEN = 0.85
"""Share of moves of which there is a picture with the item in it: an arm or a body hides the others."""
DELAY_S = (0.3, 1.0)
SURE = (0.5, 0.95)
OTHER = 0.02


class ItemCamera:
    """Posts its evidence through the shelf node's own session, as a camera on that node does."""

    def __init__(self, store: Store, sessions: Mapping[str, Session], clock: Clock, rng: np.random.Generator) -> None:
        """`sessions` by lane."""
        self._sessions = sessions
        self._clock = clock
        self._coming: list[asyncio.TimerHandle] = []
        self._rng = rng
        self._products = store.product.keys()
        self._beside = {
            lane.id: sorted({g for other in store.lanes if other.shelf == lane.shelf for g in other.products})
            for lane in store.lanes
        }

    def watch(self, moves: tuple[Move, ...], in_s: float) -> None:
        """These move in so many seconds; what the camera makes of each is posted a moment after that."""
        for move in moves:
            if self._rng.random() < SEEN:
                lane, t_s = move.lanes[0], self._clock.now() + in_s
                likelihoods = self._classify(lane, move.gtin)
                other = OTHER + (0.0 if move.gtin in self._products else likelihoods.pop(move.gtin))
                evidence = ItemEvidence(lane=lane, t_s=t_s, likelihoods=likelihoods, other=other)
                delay_s = in_s + float(self._rng.uniform(*DELAY_S))
                loop = asyncio.get_running_loop()
                self._coming = [timer for timer in self._coming if timer.when() > loop.time()]
                self._coming.append(loop.call_later(delay_s, self._sessions[lane].post, evidence))

    def close(self) -> None:
        """What is still to come will not be posted: its session may be closed by then."""
        for timer in self._coming:
            timer.cancel()

    def _classify(self, lane: str, gtin: str) -> dict[str, float]:
        others = [g for g in self._beside[lane] if g != gtin]
        if others and self._rng.random() > ACCURACY:
            mistaken = others[int(self._rng.integers(len(others)))]
            others = [gtin, *(g for g in others if g != mistaken)]
            gtin = mistaken
        sure = float(self._rng.uniform(*SURE))
        parts = self._rng.dirichlet(np.ones(len(others))) if others else np.empty(0)
        rest = ((1.0 - OTHER - sure) * parts).tolist()
        return {gtin: sure} | dict(zip(others, rest, strict=True))
