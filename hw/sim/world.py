"""A store without its hub: plates, floor and goods on one side, the nodes that watch them on the other.

From the counts, contacts and frames on, the nodes are the real ones; `run` connects them to any bus, in virtual time
or in real time.
"""

import asyncio
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from zlib import crc32

import numpy as np

from firmware_py.identity import Identity
from firmware_py.outbox import Outbox
from firmware_py.session import Session, Vitals
from hub.store import Store
from hw.sim.ceiling import Ceiling, views
from hw.sim.conditions import Conditions
from hw.sim.gates import Doors, SimulatedGate
from hw.sim.goods import Goods
from hw.sim.hands import Hands
from hw.sim.item_camera import ItemCamera
from hw.sim.plan import Move, Plan
from hw.sim.shelf import SimulatedShelf
from hw.sim.shopper import Shopper
from hw.sim.walking import STEP_S, Floor
from wire.bus import Bus
from wire.clock import Clock

CEILING = "ceiling"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A store as its hub knows it, what really lies where at opening, and who comes to do what."""

    name: str
    store: Store
    stock: tuple[Move, ...]
    plans: tuple[Plan, ...]
    conditions: Conditions = field(default_factory=Conditions)
    sample_rate_hz: float = 10.0
    frame_rate_hz: float = 10.0


class World:
    """A scene, ready to run. Everything random in it comes from its name and the seed."""

    def __init__(self, scene: Scene, seed: int, clock: Clock, connect: Callable[[], Bus]) -> None:
        """`connect` gives each node its own connection to the bus."""
        self._scene, self._clock = scene, clock
        self._root = [seed, crc32(scene.name.encode())]
        store, seen = scene.store, scene.conditions
        self.goods = Goods(store, self._rng(1))
        for move in scene.stock:
            self.goods.stock(move.gtin, move.lanes)
        self._floor = Floor(store)
        self._hands = Hands(store, self.goods.plates, self._rng(2))
        boots = random.Random(seed)

        def session(node: str, vitals: Callable[[], Vitals] = Vitals) -> Session:
            return Session(connect(), Identity.at_start(store.name, node, boots), clock, Outbox(), vitals)

        self._shelves: list[tuple[SimulatedShelf, Session]] = []
        by_lane: dict[str, Session] = {}
        for i, (node, lanes) in enumerate(_shelf_nodes(store).items()):
            plates = {lane: self.goods.plates[lane] for lane in lanes}
            shelf = SimulatedShelf(plates, scene.sample_rate_hz, [*self._root, 4, i], clock, seen.wrong_reads)
            self._shelves.append((shelf, session(node, shelf.node.vitals)))
            by_lane |= dict.fromkeys(lanes, self._shelves[-1][1])
        gates = [SimulatedGate(gate, clock) for gate in store.gates]
        self._gates = [(gate, session(gate.gate.node, gate.node.vitals)) for gate in gates]
        self._eyes: list[tuple[Ceiling, Session]] = []
        for i, view in enumerate(views(self._floor, seen.ceilings, self._rng(7))):
            ceiling = Ceiling(
                self._floor,
                1 / scene.frame_rate_hz,
                seen.hands_seen,
                self._rng(3, i),
                view=view,
                noise_m=seen.track_noise_m,
                sigma_m=seen.track_sigma_m,
            )
            self._eyes.append((ceiling, session(f"{CEILING}-{i + 1}" if i else CEILING)))
        self._camera = ItemCamera(store, by_lane, clock, self._rng(5)) if seen.items_seen else None
        self._ways = [gate.way for gate in gates]
        self.shoppers: list[Shopper] = []

    async def run(self) -> None:
        """Run all nodes until cancelled."""
        async with asyncio.TaskGroup() as group:
            for session in [s for _, s in (*self._eyes, *self._shelves, *self._gates)]:
                group.create_task(session.run(), name="session")
            for shelf, session in self._shelves:
                group.create_task(shelf.run(session), name="shelf")
            for gate, session in self._gates:
                group.create_task(gate.run(session), name=gate.gate.node)
            group.create_task(self._watch(), name=CEILING)

    async def come(self, plans: Iterable[Plan]) -> None:
        """Carry out the plans of all who have to do with each other, from before the way in to beyond the way out."""
        plans = tuple(plans)
        doors = Doors(self._ways, plans)
        async with asyncio.TaskGroup() as people:
            for plan in plans:
                rng = self._rng(6, len(self.shoppers))
                shopper = Shopper(plan, self._scene.store, self._floor, self.goods, self._hands, rng, self._saw)
                self.shoppers.append(shopper)
                people.create_task(shopper.visit(doors), name=plan.payer)

    def _saw(self, moves: tuple[Move, ...], in_s: float) -> None:
        if self._camera is not None:
            self._camera.watch(moves, in_s)

    async def _watch(self) -> None:
        every = max(1, round(1 / (self._scene.frame_rate_hz * STEP_S)))
        for step in count(1):
            await self._floor.occupied.wait()
            await asyncio.sleep(STEP_S)
            self._floor.step()
            if step % every == 0 and self._floor.bodies:
                for ceiling, session in self._eyes:
                    await session.stream(ceiling.frame(asyncio.get_running_loop().time(), self._clock.now()))

    def _rng(self, *what: int) -> np.random.Generator:
        return np.random.default_rng([*self._root, *what])


def _shelf_nodes(store: Store) -> dict[str, list[str]]:
    """Lane ids by shelf node: one node for all the shelves of a gondola, which a shelf's name begins with."""
    nodes: dict[str, list[str]] = {}
    for lane in store.lanes:
        nodes.setdefault(f"shelf-{lane.shelf.split('-')[0]}", []).append(lane.id)
    return nodes
