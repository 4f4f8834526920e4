"""Shoppers: plans on their way through the store."""

import asyncio
from collections import Counter
from collections.abc import Callable

import numpy as np

from hub.store import Gate, Lane, Store
from hw.sim.gates import Doors
from hw.sim.goods import Goods, Unit
from hw.sim.hands import Hands
from hw.sim.plan import Deed, Move, Plan
from hw.sim.walking import SPEED_MPS, SPEED_SPREAD_MPS, Body, Floor, stand

FRONT_M = (0.3, 0.6)
"""How far in front of a plate's front edge people stand."""
SIDE_SPREAD_M = 0.12
LOOKING_S = (0.5, 2.5)
"""How long people look before they reach out, when nothing hurries them."""
BROWSING_S = 6.0
"""Who has more time than this before the next reach does not stand at the shelf all the while."""
PATIENCE_S = 30.0
"""Nobody waits longer than this for a place in a crowd; one then takes what is within reach from where one is."""
REACH_M = 1.1
GRIP_S = 0.4
"""A hand is on its way to the plate for about so long before the goods move."""


class Shopper:
    """A plan on its way through the store."""

    def __init__(
        self,
        plan: Plan,
        store: Store,
        floor: Floor,
        goods: Goods,
        hands: Hands,
        rng: np.random.Generator,
        on_move: Callable[[tuple[Move, ...], float], None],
    ) -> None:
        self.plan = plan
        self.basket: list[Unit] = []
        self.missed: list[Move] = []
        """What was meant to be moved and was not there, or not within reach."""
        self.entered = self.left = False
        self._store = store
        self._floor = floor
        self._goods = goods
        self._hands = hands
        self._rng = rng
        self._on_move = on_move
        self._pace_mps = float(np.clip(rng.normal(SPEED_MPS, SPEED_SPREAD_MPS), 0.5, 1.8))

    async def visit(self, doors: Doors) -> None:
        """From the way in to the way out. The basket is final then; somebody whom no gate lets in stays out."""
        await _until(self.plan.arrives_s)
        self.entered = await doors.enter(self.plan)
        if not self.entered:
            return
        body = Body(*self._near(doors.way_in.gate), self.plan.together or self.plan.payer)
        self._floor.enter(body)
        for deed in self.plan.deeds:
            if await self._approach(body, deed):
                await self._do(body, deed)
            else:
                self.missed += deed.takes + deed.puts
        await self._walk(body, *self._near(doors.way_out.gate), PATIENCE_S)
        self.left = await doors.leave()
        self._floor.leave(body)

    def _near(self, gate: Gate) -> tuple[float, float]:
        return gate.x_m + float(self._rng.normal(0.0, 0.1)), gate.y_m + float(self._rng.normal(0.0, 0.1))

    async def _approach(self, body: Body, deed: Deed) -> bool:
        """Stand before the shelf when it is time to reach out. False when a crowd kept one away from it."""
        lane = _middle(self._store, deed)
        place = stand(lane, float(self._rng.uniform(*FRONT_M)), float(self._rng.normal(0.0, SIDE_SPREAD_M)))
        if deed.at_s is None:
            await self._walk(body, *place, PATIENCE_S)
            await asyncio.sleep(float(self._rng.uniform(*LOOKING_S)))
            return body.distance_m(*place) < REACH_M
        reach_s = deed.at_s - deed.hold_s - GRIP_S
        await self._browse(body, reach_s - _now() - body.distance_m(*place) / self._pace_mps)
        await self._walk(body, *place, reach_s - _now())
        if body.distance_m(*place) > REACH_M:
            await self._walk(body, *place, PATIENCE_S)
        await _until(reach_s)
        return body.distance_m(*place) < REACH_M

    async def _browse(self, body: Body, spare_s: float) -> None:
        """Pass the time: stay a while, or step back from the shelves and look around."""
        if spare_s > BROWSING_S:
            x_m, y_m = self._floor.somewhere(self._rng)
            away_s = 2 * body.distance_m(x_m, y_m) / self._pace_mps
            if away_s < spare_s:
                body.go(x_m, y_m, self._pace_mps)
                await asyncio.sleep(spare_s - away_s / 2)
                return
        await asyncio.sleep(max(0.0, spare_s) * float(self._rng.uniform(0.0, 0.9)))

    async def _walk(self, body: Body, x_m: float, y_m: float, within_s: float) -> None:
        """Walk there, faster when there is little time, until there or until the time is up."""
        body.go(x_m, y_m, max(self._pace_mps, body.distance_m(x_m, y_m) / max(within_s, 0.1)))
        try:
            async with asyncio.timeout(max(within_s, 0.0)):
                await body.arrived.wait()
        except TimeoutError:
            pass

    async def _do(self, body: Body, deed: Deed) -> None:
        if deed.unseen_s:
            body.unseen_until_s = _now() + deed.unseen_s
        lane = _middle(self._store, deed)
        body.reaching = lane.x_m, lane.y_m, lane.z_m
        if not deed.takes and not deed.puts:
            await _until(self._hands.press(deed.lanes, _now(), deed.hold_s))
        self._on_move(deed.puts + deed.takes, deed.hold_s)
        if deed.puts:
            await _until(self._hands.put(self._lay(deed.puts), _now()))
        if deed.takes:
            await _until(self._hands.take(self._lift(deed.takes), _now(), deed.hold_s))
        body.reaching = None

    def _lift(self, moves: tuple[Move, ...]) -> Counter[str]:
        """Into the basket; gives what each plate loses, in grams."""
        lost_g: Counter[str] = Counter()
        for move in moves:
            unit = self._goods.find(move.gtin, move.lanes)
            if unit is None:
                self.missed.append(move)
            else:
                lost_g.update(self._goods.lift(unit))
                self.basket.append(unit)
        return lost_g

    def _lay(self, moves: tuple[Move, ...]) -> Counter[str]:
        """Out of the basket; gives what each plate gains, in grams."""
        gained_g: Counter[str] = Counter()
        for move in moves:
            unit = next((u for u in self.basket if u.gtin == move.gtin), None)
            if unit is None:
                self.missed.append(move)
            else:
                self.basket.remove(unit)
                gained_g.update(self._goods.lay(unit, move.lanes))
        return gained_g


def _middle(store: Store, deed: Deed) -> Lane:
    return store.lane[deed.lanes[len(deed.lanes) // 2]]


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _until(at_s: float) -> None:
    await asyncio.sleep(max(0.0, at_s - _now()))
