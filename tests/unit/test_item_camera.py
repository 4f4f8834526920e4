"""The simulated classifier is as good as it says, and no better."""

import asyncio

import numpy as np
import pytest

from firmware_py.identity import Identity
from firmware_py.outbox import Outbox
from firmware_py.session import Session
from hub.store import load_store
from hw.sim.item_camera import ACCURACY, DELAY_S, SEEN, ItemCamera
from hw.sim.plan import Move
from hw.sim.virtual_time import run
from hw.simulate import DEMO_STORE
from wire import topics
from wire.bus import MemoryBroker, MemoryBus
from wire.clock import Clock
from wire.messages import ItemEvidence, decode

STORE = load_store(DEMO_STORE)


def _evidence(gtin: str, lane: str, times: int, in_s: float = 0.0) -> list[tuple[float, ItemEvidence]]:
    """What the hub would hear, and when, of so many moves a second apart."""

    async def main() -> list[tuple[float, ItemEvidence]]:
        clock, broker = Clock(0.0), MemoryBroker()
        session = Session(MemoryBus(broker), Identity("demo", "shelf", "1"), clock, Outbox())
        camera = ItemCamera(STORE, {lane: session}, clock, np.random.default_rng(1))
        heard: dict[int, tuple[float, ItemEvidence]] = {}

        async def listen() -> None:
            async with MemoryBus(broker).subscribe(topics.events("demo", "shelf")) as inbox:
                async for delivery in inbox:
                    envelope = decode(delivery.payload)
                    if isinstance(envelope.body, ItemEvidence):
                        heard.setdefault(envelope.seq, (clock.now(), envelope.body))

        running = [asyncio.create_task(listen()), asyncio.create_task(session.run())]
        for _ in range(times):
            camera.watch((Move(gtin=gtin, lanes=(lane,)),), in_s)
            await asyncio.sleep(1.0)
        await asyncio.sleep(in_s + 2.0)
        for task in running:
            task.cancel()
        return list(heard.values())

    return run(main())


def test_likelihoods_are_of_products_of_the_shelf_and_never_more_than_certain() -> None:
    lane = STORE.lanes[0]
    beside = {g for other in STORE.lanes if other.shelf == lane.shelf for g in other.products}
    for _, evidence in _evidence(lane.products[0], lane.id, 60):
        assert evidence.likelihoods.keys() == beside
        assert sum(evidence.likelihoods.values()) + evidence.other == pytest.approx(1.0)


def test_it_is_right_as_often_as_it_says() -> None:
    camera = ItemCamera(STORE, {}, None, np.random.default_rng(2))  # type: ignore[arg-type]  # neither posts nor tells time
    lane = STORE.lanes[3]
    said = [camera._classify(lane.id, lane.products[0]) for _ in range(3000)]
    right = sum(max(s, key=s.__getitem__) == lane.products[0] for s in said) / len(said)
    assert right == pytest.approx(ACCURACY, abs=0.03)


def test_a_stray_product_is_known_for_what_it_is() -> None:
    stray, lane = STORE.lanes[-1].products[0], STORE.lanes[0].id
    best = [max(e.likelihoods, key=e.likelihoods.__getitem__) for _, e in _evidence(stray, lane, 60)]
    assert best.count(stray) > 0.8 * len(best)


def test_a_picture_comes_after_the_move_and_says_when_it_was() -> None:
    heard = _evidence(STORE.lanes[0].products[0], STORE.lanes[0].id, 60, in_s=5.0)
    assert SEEN * 60 - 12 < len(heard) <= 60
    for at_s, evidence in heard:
        assert evidence.t_s % 1.0 == pytest.approx(0.0, abs=1e-3)
        assert evidence.t_s >= 5.0
        assert DELAY_S[0] <= at_s - evidence.t_s <= DELAY_S[1] + 2.5
