"""Days in the simulated store: who comes when, to do what."""

from collections.abc import Iterable

import numpy as np
import pytest

from hub.core.events import Answered, AnyInput, Observed
from hub.service import Hub
from hub.store import load_store
from hw.replay import METHODS, verdicts
from hw.sim.behaviours import BEHAVIOURS, OPENING_S
from hw.sim.conditions import Conditions
from hw.sim.day import HOURLY, OPEN_H, VISITS_PER_DAY, Day, stocked
from hw.sim.faults import Offline, WrongReads
from hw.sim.goods import Goods
from hw.sim.mix import EVERYDAY, MIXES, MOST_ITEMS, Share
from hw.sim.plan import Deed
from hw.sim.staff import round_of
from hw.sim.visit import run_visit
from hw.sim.world import Scene, World
from hw.simulate import DEMO_STORE, stock_of
from wire.messages import Tracks

STORE = load_store(DEMO_STORE)


def _most_seen(inputs: Iterable[AnyInput]) -> int:
    return max(len(i.body.tracks) for i in inputs if isinstance(i, Observed) and isinstance(i.body, Tracks))


def test_every_mix_names_behaviours_that_there_are_and_leaves_room_for_errands() -> None:
    for mix in MIXES.values():
        assert mix.keys() <= BEHAVIOURS.keys()
        assert sum(share.percent for share in mix.values()) < 100.0
    assert sum(share.percent for share in MIXES["adversarial"].values()) == pytest.approx(40.0)


def test_a_day_has_its_two_peaks_and_ends_after_fourteen_hours() -> None:
    day = Day(store=STORE, visits=VISITS_PER_DAY, mix=EVERYDAY, seed=1)
    hours = (np.array(day.arrivals_s(np.random.default_rng(1))) - OPENING_S) / 3600.0
    assert (np.diff(hours) >= 0.0).all()
    assert hours.max() < OPEN_H
    counts = np.bincount(hours.astype(int), minlength=OPEN_H)
    expected = np.array(HOURLY) / sum(HOURLY) * VISITS_PER_DAY
    assert (np.abs(counts - expected) < 4.0 * np.sqrt(expected)).all()


def test_fewer_visits_make_a_shorter_day_and_not_an_emptier_one() -> None:
    day = Day(store=STORE, visits=VISITS_PER_DAY // 10, mix=EVERYDAY, seed=1)
    assert OPEN_H * 300.0 < max(day.arrivals_s(np.random.default_rng(1))) < OPEN_H * 360.0 + OPENING_S


def test_people_choose_among_lanes_that_hold_enough() -> None:
    goods = Goods(STORE, np.random.default_rng(1))
    full, scarce = STORE.lanes[:2]
    for _ in range(5):
        goods.stock(full.products[0], (full.id,))
    for _ in range(4):
        goods.stock(scarce.products[0], (scarce.id,))
    assert stocked(STORE, goods, 5) == (full,)


def test_a_day_fills_the_store_to_its_limit_and_lets_everybody_shop() -> None:
    visits, at_once = 6, 2
    busy = {"take_back": Share(40.0, "for this test")}
    day = Day(store=STORE, visits=visits, mix=busy, seed=2, at_once=at_once)
    scene = Scene(name="busy", store=STORE, stock=stock_of(STORE), plans=())
    record = run_visit(scene, 2, visitors=day.come_and_go)
    assert len(record.truth) == visits
    assert not record.missed
    assert not record.kept_in
    assert all(1 <= cart.total() <= MOST_ITEMS for cart in record.truth.values())
    assert _most_seen(record.inputs) == at_once


def test_more_payers_than_have_yet_to_come_do_not_come() -> None:
    day = Day(store=STORE, visits=1, mix={"same_moment": Share(100.0, "for this test")}, seed=1)
    record = run_visit(Scene(name="one", store=STORE, stock=stock_of(STORE), plans=()), 1, visitors=day.come_and_go)
    assert len(record.truth) == 1


def test_questions_are_answered_with_the_truth_where_it_is_among_the_candidates() -> None:
    """Shoulder to shoulder, without pictures and hands, somebody must be asked whose item it was."""
    close = {"very_close": Share(100.0, "for this test")}
    day = Day(store=STORE, visits=2, mix=close, seed=1)
    blind = Conditions(hands_seen=False, items_seen=False)
    scene = Scene(name="close", store=STORE, stock=stock_of(STORE), plans=(), conditions=blind)
    record = run_visit(scene, 1, visitors=day.come_and_go)
    asked = [v for v in verdicts(STORE, record.inputs, METHODS["joint"]) if v.candidates]
    assert asked
    answered = sum(isinstance(i, Answered) for i in record.inputs)
    assert 1 <= answered <= len(asked)  # an answer to one may settle the other
    for verdict in asked:
        payer = verdict.receipt.credential
        assert verdict.could_be(record.truth[payer])
        assert record.receipts[payer] == record.truth[payer]


def test_an_employee_fills_up_the_lowest_lanes_and_carries_home_what_strayed_there() -> None:
    goods = Goods(STORE, np.random.default_rng(1))
    low, other, *full = STORE.lanes
    for lane in (*full, other):
        for _ in range(lane.stock or 0):
            goods.stock(lane.products[0], (lane.id,))
    assert low.stock == 16
    goods.stock(low.products[0], (low.id,))
    goods.stock(other.products[0], (low.id,))
    plan = round_of(STORE, goods, 100.0)
    assert plan is not None
    assert plan.payer in STORE.staff
    assert plan.brings == (low.products[0],) * 15
    deeds = [act for act in plan.deeds if isinstance(act, Deed)]
    assert sum(len(deed.puts) for deed in deeds if deed.lanes == (low.id,)) == 15
    assert [move.gtin for deed in deeds for move in deed.takes] == [other.products[0]]
    assert deeds[-1].lanes == (other.id,)


def test_nobody_goes_round_where_the_lanes_are_full() -> None:
    goods = Goods(STORE, np.random.default_rng(1))
    for move in stock_of(STORE):
        goods.stock(move.gtin, move.lanes)
    assert round_of(STORE, goods, 100.0) is None


def test_the_store_is_kept_full_while_people_shop() -> None:
    first = STORE.lanes[0]
    scarce = tuple(m for m in stock_of(STORE) if m.lanes != (first.id,))
    day = Day(store=STORE, visits=2, mix={}, seed=1)
    worlds: list[World] = []

    async def come_and_go(world: World, hub: Hub) -> None:
        worlds.append(world)
        await day.come_and_go(world, hub)

    record = run_visit(Scene(name="low", store=STORE, stock=scarce, plans=()), 1, visitors=come_and_go)
    assert worlds[0].goods.on(first.id)[first.products[0]] >= 14
    assert len(record.truth) == 2


def test_every_shelf_node_is_offline_once_and_a_few_lanes_read_wrong() -> None:
    faults = Day(store=STORE, visits=100, mix=EVERYDAY, seed=1).faults()
    offline = [fault for fault in faults if isinstance(fault, Offline)]
    assert sorted(fault.node for fault in offline) == ["shelf-A", "shelf-B"]
    assert all(0.0 < fault.from_s < fault.to_s for fault in offline)
    assert sum(isinstance(fault, WrongReads) for fault in faults) == 2


def test_under_several_cameras_everybody_is_still_one_person() -> None:
    """Each has ids of its own, and somebody in the middle of the floor is seen by both."""
    day = Day(store=STORE, visits=2, mix={}, seed=3)
    two = Conditions(ceilings=2)
    scene = Scene(name="two cameras", store=STORE, stock=stock_of(STORE), plans=(), conditions=two)
    record = run_visit(scene, 3, visitors=day.come_and_go)
    frames = [i for i in record.inputs if isinstance(i, Observed) and isinstance(i.body, Tracks) and i.body.tracks]
    assert {frame.node for frame in frames} == {"ceiling", "ceiling-2"}
    assert record.receipts == record.truth
