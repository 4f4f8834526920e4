"""Two people who hold out their hands to each other, and may give each other something."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from hw.sim.goods import Unit
from hw.sim.walking import Body

PATIENCE_S = 60.0
"""Nobody waits longer than this for the other."""
HEIGHT_M = 1.1
"""Of hands that give and take: about elbow height of a standing adult."""


@dataclass(frozen=True, kw_only=True)
class Partner:
    """One of the two, and what they give out of their basket."""

    body: Body
    basket: list[Unit]
    gives: Sequence[Unit]


class Meetings:
    """Where two find each other who have something to give: the first who comes waits for the second."""

    def __init__(self) -> None:
        self._first: dict[int, tuple[Partner, asyncio.Event]] = {}

    async def meet(self, key: int, me: Partner, for_s: float) -> bool:
        """Return when it is over; hands touch for as long as the second to come has it. False when nobody came."""
        if key not in self._first:
            return await self._wait(key, me)
        other, over = self._first.pop(key)
        x_m, y_m = ((me.body.at + other.body.at) / 2).tolist()
        me.body.reaching = other.body.reaching = x_m, y_m, HEIGHT_M
        await asyncio.sleep(for_s)
        for giver, taker in ((me, other), (other, me)):
            for unit in giver.gives:
                giver.basket.remove(unit)
                taker.basket.append(unit)
        me.body.reaching = other.body.reaching = None
        over.set()
        return True

    async def _wait(self, key: int, me: Partner) -> bool:
        over = asyncio.Event()
        self._first[key] = me, over
        try:
            async with asyncio.timeout(PATIENCE_S):
                await over.wait()
        except TimeoutError:
            if self._first.pop(key, None) is not None:
                return False
            await over.wait()  # the other came at the last moment: their hands are out
        return True
