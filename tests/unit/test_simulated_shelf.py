"""A shelf of simulated cells in virtual time: its node tells what changed when the samples do, not when it suits us."""

import asyncio
import random

import pytest

from firmware_py.identity import Identity
from firmware_py.outbox import Outbox
from firmware_py.session import Session
from hw.sim.plate import Plate
from hw.sim.shelf import SimulatedShelf
from hw.sim.virtual_time import run
from shelf_node.steps import CONFIRM_S
from wire import topics
from wire.bus import MemoryBroker, MemoryBus
from wire.clock import Clock
from wire.messages import WeightChange, decode

RATE_SPS = 10.0
UTC_S = 1.75e9


async def told(plates: dict[str, Plate], until_s: float, seed: int) -> list[tuple[float, WeightChange]]:
    """What the node tells until then, and when, on its way to a hub that is not there: so the first sending counts."""
    clock, broker = Clock(UTC_S), MemoryBroker()
    session = Session(MemoryBus(broker), Identity.at_start("s", "shelf", random.Random(1)), clock, Outbox())
    shelf = SimulatedShelf(plates, RATE_SPS, [seed], clock)
    heard: dict[WeightChange, float] = {}
    async with MemoryBus(broker).subscribe(topics.events("s", "+")) as inbox, asyncio.TaskGroup() as group:
        nodes = [group.create_task(session.run()), group.create_task(shelf.run(session))]
        try:
            async with asyncio.timeout(until_s):
                async for delivery in inbox:
                    change = decode(delivery.payload).body
                    assert isinstance(change, WeightChange)
                    heard.setdefault(change, clock.now())
        except TimeoutError:
            for node in nodes:
                node.cancel()
    return [(at_s, change) for change, at_s in heard.items()]


@pytest.mark.parametrize("seed", range(8))
def test_a_change_is_told_with_the_sample_that_shows_it(seed: int) -> None:
    taken_s = 20.0 + 0.13 * seed
    still, lighter = Plate(800.0), Plate(1000.0)
    lighter.add([taken_s, taken_s + 0.1], [0.0, -300.0])
    [(told_s, change)] = run(told({"A1": still, "A2": lighter}, 30.0, seed), seed)
    assert change.lane == "A2"
    assert change.delta_g == pytest.approx(-300.0, abs=8.0)
    assert UTC_S + taken_s - 1.0 < change.t0_s < change.t1_s
    assert told_s - change.t1_s < CONFIRM_S + 2 / RATE_SPS
    assert told_s > change.t1_s + CONFIRM_S
