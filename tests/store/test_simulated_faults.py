"""Nodes and cells that fail in a simulated store: what travels shows the fault, and nothing else."""

import asyncio
from typing import TypeVar

import numpy as np
import pytest

from hub.core.events import Observed
from hub.service import Hub
from hub.store import load_store
from hw.sim.faults import ClockOff, DeadCell, Drift, Fault, Offline, WrongReads
from hw.sim.plate import Plate
from hw.sim.visit import ANCHOR_UTC_S, VisitRecord, run_visit
from hw.sim.world import Scene, World
from hw.simulate import DEMO_STORE, stock_of
from wire import topics
from wire.bus import Bus
from wire.clock import Clock
from wire.messages import Envelope, Heartbeat, Message, WeightChange, decode

STORE = load_store(DEMO_STORE)
LANE, OTHER = "A-1-1", "A-1-4"
NODE = "shelf-A"
M = TypeVar("M", bound=Message)


class Playing:
    """A store in which units of one lane vanish at given times, its wire listened to."""

    def __init__(self, *faults: Fault, taken_s: tuple[float, ...], for_s: float) -> None:
        self.heard: list[tuple[float, Envelope]] = []
        self._taken_s, self._for_s = taken_s, for_s
        scene = Scene(name="faults", store=STORE, stock=stock_of(STORE), plans=(), faults=faults)
        self.record: VisitRecord = run_visit(scene, 1, self._listen, self._take)

    def of(self, kind: type[M]) -> list[tuple[float, M]]:
        """What the node said, and when it came, in seconds of the run; a resent message counts once."""
        said = {e.seq: (at_s, e.body) for at_s, e in reversed(self.heard) if isinstance(e.body, kind)}
        return [said[seq] for seq in sorted(said)]

    async def _listen(self, bus: Bus, clock: Clock) -> None:
        async with bus.subscribe(topics.events(STORE.name, NODE), topics.stream(STORE.name, NODE)) as inbox:
            async for delivery in inbox:
                self.heard.append((clock.now() - ANCHOR_UTC_S, decode(delivery.payload)))

    async def _take(self, world: World, hub: Hub) -> None:
        for at_s in self._taken_s:
            await asyncio.sleep(at_s - asyncio.get_running_loop().time())
            unit = world.goods.find(STORE.lane[LANE].products[0], (LANE,))
            assert unit is not None
            for lane, grams in world.goods.lift(unit).items():
                world.goods.plates[lane].add([at_s, at_s + 0.2], [0.0, -grams])
        await asyncio.sleep(self._for_s - asyncio.get_running_loop().time())


def test_an_offline_node_is_silent_and_then_delivers_what_it_saw() -> None:
    playing = Playing(Offline(node=NODE, from_s=20.0, to_s=50.0), taken_s=(15.0, 30.0, 40.0), for_s=60.0)
    assert not [at_s for at_s, _ in playing.heard if 20.01 < at_s < 49.99]
    assert [round(change.t0_s - ANCHOR_UTC_S) for _, change in playing.of(WeightChange)] == [15, 30, 40]
    late_s = [
        i.at_s - ANCHOR_UTC_S for i in playing.record.inputs if isinstance(i, Observed) and i.at_s > ANCHOR_UTC_S + 20
    ]
    assert len(late_s) == 2 and all(50.0 <= at_s < 53.0 for at_s in late_s)


@pytest.mark.parametrize("ahead_s", [-2.0, 2.0])
def test_a_node_whose_clock_is_wrong_stamps_all_it_says_with_that(ahead_s: float) -> None:
    playing = Playing(ClockOff(node=NODE, ahead_s=ahead_s), taken_s=(20.0,), for_s=30.0)
    ((at_s, change),) = playing.of(WeightChange)
    assert change.t0_s - ANCHOR_UTC_S == pytest.approx(20.0 + ahead_s, abs=0.6)
    assert at_s < 22.0
    assert all(
        beat.t_s - ANCHOR_UTC_S - at_s == pytest.approx(ahead_s, abs=0.01) for at_s, beat in playing.of(Heartbeat)
    )


def test_a_lane_with_wrong_reads_counts_about_so_many_of_them_and_still_tells_what_was_taken() -> None:
    share, for_s = 0.04, 120.0
    playing = Playing(WrongReads(lane=LANE, share=share), taken_s=(20.0, 60.0), for_s=for_s)
    counters = playing.of(Heartbeat)[-1][1].counters
    assert 0.5 * share * for_s * 10 < counters[f"{LANE}_wrong_reads"] < 1.5 * share * for_s * 10
    assert counters[f"{OTHER}_wrong_reads"] < 5
    grams = STORE.product[STORE.lane[LANE].products[0]].weight_g
    assert [c.delta_g for _, c in playing.of(WeightChange)] == pytest.approx([-grams, -grams], abs=10.0)


def test_a_dead_cell_tells_nothing_more_and_says_so() -> None:
    playing = Playing(DeadCell(lane=LANE, from_s=25.0), taken_s=(15.0, 40.0), for_s=50.0)
    ((_, change),) = playing.of(WeightChange)
    assert change.t1_s - ANCHOR_UTC_S < 25.0
    readings = playing.of(Heartbeat)[-1][1].readings
    assert (readings[LANE].value, readings[LANE].fault) == (None, "not_ready")
    assert readings[OTHER].value is not None


def test_a_lane_that_drifts_tells_no_change_but_weighs_something_else() -> None:
    drift = Drift(lane=OTHER, creep_g=4.0, swing_g=6.0, phase=0.0, faster=120.0)
    playing = Playing(drift, taken_s=(20.0,), for_s=180.0)
    assert [change.lane for _, change in playing.of(WeightChange)] == [LANE]
    values = [beat.readings[OTHER].value for _, beat in playing.of(Heartbeat)]
    assert values[-1] is not None and values[5] is not None
    assert values[-1] - values[5] > 4.0


def test_a_day_of_drift_creeps_once_and_swings_to_both_sides() -> None:
    plate = Plate(1000.0)
    Drift(lane="any", creep_g=3.0, swing_g=5.0, phase=0.0, faster=60.0).press(plate)
    hours = plate.force_g(np.arange(0.0, 1440.0, 60.0)) - 1000.0
    assert hours[0] == pytest.approx(0.0)
    assert (hours[6], hours[18]) == pytest.approx((8.0, -2.0), abs=0.01)
