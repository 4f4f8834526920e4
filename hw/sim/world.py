"""A store without its hub: plates, floor and goods on one side, the nodes that watch them on the other.

From the counts, contacts and frames on, the nodes are the real ones; `run` connects them to a bus in memory, in virtual
time or in real time.
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
from hw.sim.faults import ClockOff, DeadCell, Drift, Fault, Offline, WrongReads
from hw.sim.gates import Doors, SimulatedGate
from hw.sim.goods import Goods
from hw.sim.hands import Hands
from hw.sim.item_camera import ItemCamera
from hw.sim.plan import Move, Plan
from hw.sim.shelf import SimulatedShelf, shelf_node
from hw.sim.shopper import Room, Shopper
from hw.sim.walking import STEP_S, Floor
from wire.bus import MemoryBus
from wire.clock import Clock

CEILING = "ceiling"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A store as its hub knows it, what really lies where at opening, and who comes to do what."""

    name: str
    store: Store
    stock: tuple[Move, ...]
    plans: tuple[Plan, ...]
    faults: tuple[Fault, ...] = ()
    conditions: Conditions = field(default_factory=Conditions)
    sample_rate_hz: float = 10.0
    frame_rate_hz: float = 10.0


class World:
    """A scene, ready to run. Everything random in it comes from its name and the seed."""

    def __init__(self, scene: Scene, seed: int, clock: Clock, connect: Callable[[], MemoryBus]) -> None:
        """`connect` gives each node its own connection to the bus."""
        self.store = scene.store
        self._scene, self._clock = scene, clock
        self._root = [seed, crc32(scene.name.encode())]
        store, seen = scene.store, scene.conditions
        self.goods = Goods(store, self._rng(1))
        for move in scene.stock:
            self.goods.stock(move.gtin, move.lanes)
        for fault in scene.faults:
            if isinstance(fault, Drift):
                fault.press(self.goods.plates[fault.lane])
        self._floor = Floor(store)
        hands = Hands(store, self.goods.plates, self._rng(2))
        self._room = Room(store=store, floor=self._floor, goods=self.goods, hands=hands, on_move=self._saw)
        self._connect = connect
        self._buses: dict[str, MemoryBus] = {}
        self._sessions: dict[str, Session] = {}
        self._boots = random.Random(seed)
        wrong = {fault.lane: fault.share for fault in scene.faults if isinstance(fault, WrongReads)}
        dead = {fault.lane: fault.from_s for fault in scene.faults if isinstance(fault, DeadCell)}
        self._shelves: list[tuple[SimulatedShelf, Session]] = []
        self._cameras: dict[str, ItemCamera] = {}
        pictures_rng = self._rng(5)
        for i, (node, lanes) in enumerate(_shelf_nodes(store).items()):
            shelf = SimulatedShelf(
                {lane: self.goods.plates[lane] for lane in lanes},
                scene.sample_rate_hz,
                [*self._root, 4, i],
                self._clock_of(node),
                np.array([seen.wrong_reads + wrong.get(lane, 0.0) for lane in lanes]),
                {lane: dead[lane] for lane in lanes if lane in dead},
            )
            session = self._session(node, shelf.node.vitals)
            self._shelves.append((shelf, session))
            if seen.items_seen:
                camera = ItemCamera(store, dict.fromkeys(lanes, session), self._clock_of(node), pictures_rng)
                self._cameras |= dict.fromkeys(lanes, camera)
        gates = [SimulatedGate(gate, self._clock_of(gate.node)) for gate in store.gates]
        self._gates = [(gate, self._session(gate.gate.node, gate.node.vitals)) for gate in gates]
        self._ways = [gate.way for gate in gates]
        self._eyes: list[tuple[Ceiling, Session, Clock]] = []
        for i, view in enumerate(views(self._floor, seen.ceilings, self._rng(7))):
            ceiling = Ceiling(
                self._floor,
                1 / scene.frame_rate_hz,
                seen.hands_seen,
                self._rng(3, i),
                colours=seen.colours_seen,
                view=view,
                noise_m=seen.track_noise_m,
                sigma_m=seen.track_sigma_m,
            )
            node = f"{CEILING}-{i + 1}" if i else CEILING
            self._eyes.append((ceiling, self._session(node), self._clock_of(node)))
        self.shoppers: list[Shopper] = []

    async def run(self) -> None:
        """Run all nodes until cancelled."""
        async with asyncio.TaskGroup() as group:
            for node, session in self._sessions.items():
                group.create_task(session.run(), name=f"{node}: session")
            for shelf, session in self._shelves:
                group.create_task(shelf.run(session), name="shelf")
            for gate, session in self._gates:
                group.create_task(gate.run(session), name=gate.gate.node)
            for fault in self._scene.faults:
                if isinstance(fault, Offline):
                    group.create_task(_unplug(self._buses[fault.node], fault), name=f"{fault.node}: cable")
            group.create_task(self._watch(), name=CEILING)

    async def come(self, plans: Iterable[Plan]) -> None:
        """Carry out the plans of all who have to do with each other, from before the way in to beyond the way out."""
        plans = tuple(plans)
        doors = Doors(self._ways, plans)
        async with asyncio.TaskGroup() as people:
            for plan in plans:
                shopper = Shopper(plan, self._room, self._rng(6, len(self.shoppers)))
                self.shoppers.append(shopper)
                people.create_task(shopper.visit(doors), name=plan.payer)

    def _session(self, node: str, vitals: Callable[[], Vitals] = Vitals) -> Session:
        bus = self._buses[node] = self._connect()
        identity = Identity.at_start(self._scene.store.name, node, self._boots)
        session = self._sessions[node] = Session(bus, identity, self._clock_of(node), Outbox(), vitals)
        return session

    def _clock_of(self, node: str) -> Clock:
        ahead_s = sum(f.ahead_s for f in self._scene.faults if isinstance(f, ClockOff) and f.node == node)
        return Clock(self._clock.now() + ahead_s)

    def _saw(self, moves: tuple[Move, ...], in_s: float) -> None:
        for move in moves:
            if (camera := self._cameras.get(move.lanes[0])) is not None:
                camera.watch((move,), in_s)

    async def _watch(self) -> None:
        every = max(1, round(1 / (self._scene.frame_rate_hz * STEP_S)))
        for step in count(1):
            await self._floor.occupied.wait()
            await asyncio.sleep(STEP_S)
            self._floor.step()
            if step % every == 0 and self._floor.bodies:
                for ceiling, session, clock in self._eyes:
                    await session.stream(ceiling.frame(asyncio.get_running_loop().time(), clock.now()))

    def _rng(self, *what: int) -> np.random.Generator:
        return np.random.default_rng([*self._root, *what])


async def _unplug(bus: MemoryBus, fault: Offline) -> None:
    """Pull a node's plug, and put it back."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(fault.from_s - loop.time())
    bus.online.clear()
    await asyncio.sleep(fault.to_s - loop.time())
    bus.online.set()


def _shelf_nodes(store: Store) -> dict[str, list[str]]:
    """Lane ids by shelf node."""
    nodes: dict[str, list[str]] = {}
    for lane in store.lanes:
        nodes.setdefault(shelf_node(lane), []).append(lane.id)
    return nodes
