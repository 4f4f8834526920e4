"""Who comes into a live store: shoppers that somebody sends in, and those who come and go by themselves."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from secrets import token_hex
from typing import Any

import numpy as np
from msgspec import structs

from hub.pages.controls import ControlRefused
from hub.store import Lane, Store
from hw.sim.behaviours import BEHAVIOURS, FAULTS
from hw.sim.behaviours.habits import with_habits
from hw.sim.day import from_now, stocked
from hw.sim.gates import Doors, Way
from hw.sim.goods import Goods
from hw.sim.hands import Hands
from hw.sim.plan import Move, Plan
from hw.sim.shopper import Room, Shopper
from hw.sim.walking import Floor

log = logging.getLogger(__name__)

PLAYABLE = tuple(name for name in BEHAVIOURS if name not in FAULTS)
"""What people can be sent in to do; whoever wants a node to fail pulls its plug."""

FEWEST, MOST = 2, 5
"""So many are in the store, or on their way to it, while people come and go by themselves."""
NEXT_AFTER_S = 12.0
"""Mean time from one arrival to the next; they come independently of each other."""
SOON_S = 2.0
"""Mean time when there are too few."""
PLAIN = 0.5
"""Share of those who simply take things; the others do anything."""
WELL_STOCKED = 3
"""Shoppers choose among lanes on which so many of the lane's own product are left, so that few find it gone."""
FEWEST_LANES = 6
"""With fewer than these to choose from, the store is sold out."""


class People:
    """Carries out behaviours in real time, each shopper in a task of their own that `start` starts."""

    def __init__(
        self,
        store: Store,
        floor: Floor,
        goods: Goods,
        hands: Hands,
        ways: Sequence[Way],
        on_move: Callable[[tuple[Move, ...], float], None],
        start: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]],
        rng: np.random.Generator,
    ) -> None:
        self._room = Room(store=store, floor=floor, goods=goods, hands=hands, on_move=on_move)
        self._ways = ways
        self._start = start
        self._rng = rng
        self._present: set[asyncio.Task[None]] = set()

    def send(self, behaviour: str) -> list[Shopper]:
        """Let those who show this behaviour come to the way in now. Raises ControlRefused.

        A shopper's `plan` and `basket` are the truth about it; the basket is final once it has `left`.
        """
        return self._let_come(self._plans(behaviour))

    def _let_come(self, meant: Sequence[Plan]) -> list[Shopper]:
        plans = from_now(meant, self._room.store, token_hex(4))
        doors = Doors(self._ways, plans)
        shoppers = []
        for plan in plans:
            (rng,) = self._rng.spawn(1)
            shopper = Shopper(plan, self._room, rng)
            task = self._start(shopper.visit(doors), f"shopper {plan.payer}")
            self._present.add(task)
            task.add_done_callback(self._present.discard)
            shoppers.append(shopper)
        return shoppers

    async def come_and_go(self) -> None:
        """Let people come, until cancelled or until too little is left to choose from."""
        others = [name for name in PLAYABLE if name != "simple"]
        while len(self._stocked()) > FEWEST_LANES:
            mean_s = NEXT_AFTER_S if len(self._present) >= FEWEST else SOON_S
            await asyncio.sleep(float(self._rng.exponential(mean_s)))
            plain = self._rng.random() < PLAIN
            with suppress(ControlRefused):
                plans = self._plans("simple" if plain else others[int(self._rng.integers(len(others)))])
                if len(self._present) + len(plans) <= MOST:
                    self._let_come(plans)
        log.warning("The shelves are nearly empty: nobody comes by themselves any more; a new start fills them")

    def _plans(self, behaviour: str) -> tuple[Plan, ...]:
        place = structs.replace(self._room.store, lanes=self._stocked())
        try:
            return with_habits(BEHAVIOURS[behaviour](place, self._rng), place, self._rng)
        except ValueError:  # a choice among too few lanes, or among employees where there are none
            raise ControlRefused(f"{behaviour}: this store has not, or no longer, what it takes") from None

    def _stocked(self) -> tuple[Lane, ...]:
        return stocked(self._room.store, self._room.goods, WELL_STOCKED)
