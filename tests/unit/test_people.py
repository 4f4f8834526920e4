"""Who can be sent into a live store, and as whom."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import numpy as np
import pytest
from msgspec import structs

from hub.pages.controls import ControlRefused
from hub.store import Store, load_store
from hw.live.people import PLAYABLE, People
from hw.sim.behaviours import BEHAVIOURS, FAULTS
from hw.sim.gates import SimulatedGate
from hw.sim.goods import Goods
from hw.sim.hands import Hands
from hw.sim.plan import Plan
from hw.sim.virtual_time import run
from hw.sim.walking import Floor
from hw.simulate import DEMO_STORE, stock_of
from wire.clock import Clock

STORE = load_store(DEMO_STORE)


def _sent(store: Store, *behaviours: str) -> list[list[Plan]]:
    """The plans of those who are sent in, one behaviour after the other; they stay before the gate."""

    async def main() -> list[list[Plan]]:
        def start(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
            work.close()
            return asyncio.create_task(asyncio.sleep(0), name=name)

        clock, rng = Clock(0.0), np.random.default_rng(1)
        goods = Goods(store, rng)
        for move in stock_of(store):
            goods.stock(move.gtin, move.lanes)
        ways = [SimulatedGate(gate, clock).way for gate in store.gates]
        hands = Hands(store, goods.plates, rng)
        people = People(store, Floor(store), goods, hands, ways, lambda moves, in_s: None, start, rng)
        return [[shopper.plan for shopper in people.send(name)] for name in behaviours]

    return run(main())


def test_everything_that_needs_no_fault_can_be_done() -> None:
    assert set(PLAYABLE) == BEHAVIOURS.keys() - FAULTS.keys()
    for name, plans in zip(PLAYABLE, _sent(STORE, *PLAYABLE), strict=True):
        assert plans and all(plan.deeds for plan in plans), name


def test_who_comes_twice_is_somebody_else_but_an_employee_stays_who_they_are() -> None:
    payers = [{plan.payer for plan in plans} for plans in _sent(STORE, "fill", "fill")]
    assert payers[0] & payers[1] == set(STORE.staff)
    assert len(payers[0] | payers[1]) > 2


def test_a_store_without_employees_is_not_filled() -> None:
    with pytest.raises(ControlRefused, match="fill: this store has not"):
        _sent(structs.replace(STORE, staff=()), "fill")
