"""Shoppers: plans on their way through the store."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from hub.store import Gate, Lane, Store
from hw.sim.clothes import dress
from hw.sim.gates import Doors
from hw.sim.goods import Goods, Unit
from hw.sim.hands import Hands
from hw.sim.meeting import Meetings, Partner
from hw.sim.plan import Act, Deed, Meet, Move, Plan, Roll, Stoop, Thing
from hw.sim.walking import SPEED_MPS, SPEED_SPREAD_MPS, Body, Floor, stand

FRONT_M, CHILD_FRONT_M = (0.3, 0.6), (0.15, 0.35)
"""How far in front of a plate's front edge people stand, and children, whose arms are shorter."""
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
PUSHED_S = 0.5
"""What is pushed over while somebody takes its neighbour moves within so long of it."""
WAITS_M = 1.2
"""Whoever wants out waits so far from the gate until it is their turn."""
GIVING_S = (0.6, 1.6)
STOOPING_S = (0.8, 2.0)
FLOOR_M = 0.1
"""How high a hand is that reaches to the floor."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """What all shoppers of a store find there. `on_move` hears of goods before a hand moves them, and in how long."""

    store: Store
    floor: Floor
    goods: Goods
    hands: Hands
    on_move: Callable[[tuple[Move, ...], float], None]
    meetings: Meetings = field(default_factory=Meetings)


class Shopper:
    """A plan on its way through the store."""

    def __init__(self, plan: Plan, room: Room, rng: np.random.Generator) -> None:
        self.plan = plan
        self.basket = [_brought(thing, room.goods) for thing in plan.brings]
        self.missed: list[Move] = []
        """What was meant to be moved and was not there, or not within reach."""
        self.entered = self.left = False
        self._room = room
        self._rng = rng
        self._pace_mps = float(np.clip(rng.normal(SPEED_MPS, SPEED_SPREAD_MPS), 0.5, 1.8))

    async def visit(self, doors: Doors) -> None:
        """From the way in to the way out. The basket is final then; somebody whom no gate lets in stays out."""
        await _until(self.plan.arrives_s)
        self.entered = await doors.enter(self.plan)
        if not self.entered:
            return
        # A generator of its own: what they wear changes nothing of what they do.
        wears = dress(self._rng.spawn(1)[0])
        body = Body(*self._near(doors.way_in.gate), self.plan.together or self.plan.payer, wears)
        self._room.floor.enter(body)
        for act in self.plan.deeds:
            await self._act(body, act)
        way_out = doors.way_out.gate
        await self._walk(body, *self._room.floor.before(way_out, WAITS_M), PATIENCE_S)
        self.left = await doors.leave(lambda: self._walk(body, *self._near(way_out), PATIENCE_S))
        self._room.floor.leave(body)

    def _near(self, gate: Gate) -> tuple[float, float]:
        return gate.x_m + float(self._rng.normal(0.0, 0.1)), gate.y_m + float(self._rng.normal(0.0, 0.1))

    async def _act(self, body: Body, act: Act) -> None:
        match act:
            case Deed():
                lane = _middle(self._room.store, act)
                front_m = float(self._rng.uniform(*(CHILD_FRONT_M if self.plan.child else FRONT_M)))
                place = stand(lane, front_m, act.aside_m + float(self._rng.normal(0.0, SIDE_SPREAD_M)))
                reach_s = None if act.at_s is None else act.at_s - act.hold_s - GRIP_S
                await self._approach(body, place, reach_s, act.pause_s)
                if body.distance_m(*place) < REACH_M:
                    await self._do(body, act, lane)
                else:  # a crowd kept one away from it
                    self.missed += act.takes + act.puts
            case Meet():
                await self._approach(body, act.place, act.at_s)
                await self._meet(body, act)
            case Stoop():
                x_m, y_m = body.at.tolist()
                await self._approach(body, act.place or (x_m, y_m), act.at_s)
                await self._stoop(body, act)

    async def _approach(self, body: Body, place: tuple[float, float], by_s: float | None, pause_s: float = 0.0) -> None:
        """Be there when it is time; when there is no hurry, look around first."""
        if by_s is None:
            await self._walk(body, *place, PATIENCE_S)
            await asyncio.sleep(max(pause_s, float(self._rng.uniform(*LOOKING_S))))
            return
        await self._browse(body, by_s - _now() - body.distance_m(*place) / self._pace_mps)
        await self._walk(body, *place, by_s - _now())
        if body.distance_m(*place) > REACH_M:
            await self._walk(body, *place, PATIENCE_S)
        await _until(by_s)

    async def _browse(self, body: Body, spare_s: float) -> None:
        """Pass the time: stay a while, or step back from the shelves and look around."""
        if spare_s > BROWSING_S:
            x_m, y_m = self._room.floor.somewhere(self._rng)
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

    async def _do(self, body: Body, deed: Deed, lane: Lane) -> None:
        hands, loop = self._room.hands, asyncio.get_running_loop()
        if deed.unseen_s:
            body.unseen_until_s = _now() + deed.unseen_s
        body.reaching = lane.x_m, lane.y_m, lane.z_m
        if not deed.takes and not deed.puts:
            await _until(hands.press(deed.lanes, _now(), deed.hold_s))
        self._room.on_move(deed.puts + deed.takes, deed.hold_s)
        for roll in deed.rolls:
            delay_s = deed.hold_s + roll.after_s + float(self._rng.uniform(0.0, PUSHED_S))
            loop.call_later(delay_s, self._roll, roll)
        if deed.puts:
            await _until(hands.put(self._lay(deed.puts), _now()))
        if deed.takes:
            await _until(hands.take(self._lift(deed.takes), _now(), deed.hold_s))
        body.reaching = None

    async def _meet(self, body: Body, meet: Meet) -> None:
        gives: list[Unit] = []
        for gtin in meet.gives:
            unit = next((u for u in self.basket if u.gtin == gtin and u not in gives), None)
            if unit is None:
                self.missed.append(Move(gtin=gtin, lanes=()))
            else:
                gives.append(unit)
        me = Partner(body=body, basket=self.basket, gives=gives)
        if not await self._room.meetings.meet(meet.key, me, float(self._rng.uniform(*GIVING_S))):
            self.missed += (Move(gtin=unit.gtin, lanes=()) for unit in gives)

    async def _stoop(self, body: Body, stoop: Stoop) -> None:
        x_m, y_m = (body.at + self._rng.normal(0.0, 0.15, 2)).tolist()
        body.reaching = x_m, y_m, FLOOR_M
        await asyncio.sleep(float(self._rng.uniform(*STOOPING_S)))
        if stoop.leaves is not None:
            self._part_with(stoop.leaves, ())
        body.reaching = None

    def _lift(self, moves: tuple[Move, ...]) -> Counter[str]:
        """Into the basket; gives what each plate loses, in grams."""
        lost_g: Counter[str] = Counter()
        for move in moves:
            unit = self._room.goods.find(move.gtin, move.lanes)
            if unit is None:
                self.missed.append(move)
            else:
                lost_g.update(self._room.goods.lift(unit))
                self.basket.append(unit)
        return lost_g

    def _lay(self, moves: tuple[Move, ...]) -> Counter[str]:
        """Out of the basket; gives what each plate gains, in grams."""
        gained_g: Counter[str] = Counter()
        for move in moves:
            if (unit := self._part_with(move.gtin, move.lanes)) is not None:
                gained_g.update(self._room.goods.lay(unit, move.lanes))
        return gained_g

    def _part_with(self, gtin: str, lanes: tuple[str, ...]) -> Unit | None:
        unit = next((u for u in self.basket if u.gtin == gtin), None)
        if unit is None:
            self.missed.append(Move(gtin=gtin, lanes=lanes))
        else:
            self.basket.remove(unit)
        return unit

    def _roll(self, roll: Roll) -> None:
        goods = self._room.goods
        unit = goods.find(roll.what.gtin, roll.what.lanes)
        if unit is None:
            self.missed.append(roll.what)
        else:
            lost_g = goods.lift(unit)
            self._room.hands.roll(lost_g, goods.lay(unit, roll.to), _now())


def _brought(thing: str | Thing, goods: Goods) -> Unit:
    return Unit(thing.name, thing.weight_g) if isinstance(thing, Thing) else goods.make(thing)


def _middle(store: Store, deed: Deed) -> Lane:
    return store.lane[deed.lanes[len(deed.lanes) // 2]]


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _until(at_s: float) -> None:
    await asyncio.sleep(max(0.0, at_s - _now()))
