"""What shoppers do to each other, to the floor and to the shelves, as the store's sensors see it."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from hub.core.events import Observed
from hub.store import load_store
from hw.sim.behaviours.parts import meet, take
from hw.sim.meeting import HEIGHT_M
from hw.sim.plan import Act, Deed, Meet, Move, Plan, Roll, Stoop, Thing
from hw.sim.visit import VisitRecord, run_visit
from hw.sim.world import Scene
from hw.simulate import DEMO_STORE, stock_of
from wire.messages import Hand, ItemEvidence, Tracks, WeightChange

STORE = load_store(DEMO_STORE)
LANE, NEXT, OTHER = (STORE.lane[name] for name in ("A-1-1", "A-1-2", "A-2-4"))
ITEM = LANE.products[0]
PLACE = (2.5, 2.5)
(STAFF,) = STORE.staff


def _visit(*plans: Plan) -> VisitRecord:
    return run_visit(Scene(name="people", store=STORE, stock=stock_of(STORE), plans=plans), 2)


def _plan(payer: str, *acts: Act, arrives_s: float = 8.0) -> Plan:
    return Plan(payer=payer, deeds=acts, arrives_s=arrives_s)


def _hands(record: VisitRecord, low_m: float, high_m: float) -> list[dict[str, Hand]]:
    """Frame by frame, the hands at such heights by track."""
    frames = [i.body.tracks for i in record.inputs if isinstance(i, Observed) and isinstance(i.body, Tracks)]
    seen = [{t.id: t.hand for t in tracks if t.hand and low_m < t.hand.z_m < high_m} for tracks in frames]
    return [hands for hands in seen if hands]


def _changes(record: VisitRecord) -> dict[str, list[WeightChange]]:
    found: dict[str, list[WeightChange]] = {}
    for i in record.inputs:
        if isinstance(i, Observed) and isinstance(i.body, WeightChange):
            found.setdefault(i.body.lane, []).append(i.body)
    return found


def test_who_is_given_something_has_it_and_two_hands_are_seen_close_together_in_mid_air() -> None:
    gives, accepts = meet(PLACE, (ITEM,), 40.0, np.random.default_rng(1))
    record = _visit(_plan("A", take(LANE), gives), _plan("B", accepts, arrives_s=12.0))
    assert record.truth == {"A": Counter(), "B": Counter([ITEM])}
    both = [tuple(hands.values()) for hands in _hands(record, HEIGHT_M - 0.4, HEIGHT_M + 0.6) if len(hands) == 2]
    assert both
    for a, b in both:
        assert math.dist((a.x_m, a.y_m, a.z_m), (b.x_m, b.y_m, b.z_m)) < 0.8
        assert math.dist((a.x_m, a.y_m), PLACE) < 0.8


def test_who_waits_for_somebody_who_does_not_come_keeps_what_they_have() -> None:
    record = _visit(_plan("A", take(LANE), Meet(key=1, place=PLACE, gives=(ITEM,))))
    assert record.truth == {"A": Counter([ITEM])}
    assert [move.gtin for move in record.missed] == [ITEM]
    assert record.kept_in == ()


@pytest.mark.parametrize("leaves", [ITEM, None])
def test_a_hand_at_the_floor_may_leave_something_there_or_not(leaves: str | None) -> None:
    record = _visit(_plan("A", take(LANE), Stoop(place=PLACE, leaves=leaves)))
    assert record.truth == {"A": Counter() if leaves else Counter([ITEM])}
    low = [hand for hands in _hands(record, -0.5, 0.5) for hand in hands.values()]
    assert len(low) > 2
    assert all(math.dist((hand.x_m, hand.y_m), PLACE) < 1.2 for hand in low)


def test_an_employee_lays_down_what_they_bring_and_is_on_no_receipt() -> None:
    stack = (Move(gtin=ITEM, lanes=(LANE.id,)),) * 3
    work = replace(_plan(STAFF, Deed(lanes=(LANE.id,), puts=stack)), brings=(ITEM,) * 3)
    record = _visit(work, _plan("A", take(OTHER), arrives_s=12.0))
    assert record.missed == ()
    assert record.truth.keys() == record.receipts.keys() == {"A"}
    (change,) = _changes(record)[LANE.id]
    assert change.delta_g == pytest.approx(3 * STORE.product[ITEM].weight_g, abs=15.0)


def test_what_rolls_over_is_lost_by_one_lane_and_gained_by_the_next_within_a_second() -> None:
    what = Move(gtin=ITEM, lanes=(LANE.id,))
    rolls = Deed(lanes=(OTHER.id,), takes=take(OTHER).takes, rolls=(Roll(what=what, to=(NEXT.id,), after_s=10.0),))
    there = Deed(lanes=(NEXT.id,), takes=(Move(gtin=ITEM, lanes=(NEXT.id,)),), at_s=60.0)
    record = _visit(_plan("A", rolls), _plan("B", there, arrives_s=12.0))
    assert record.truth["B"] == Counter([ITEM])
    lost, (gained, taken) = _changes(record)[LANE.id][0], _changes(record)[NEXT.id]
    assert gained.delta_g == pytest.approx(-lost.delta_g, abs=8.0)
    assert taken.delta_g == pytest.approx(lost.delta_g, abs=8.0)
    assert abs(gained.t1_s - lost.t1_s) < 1.5


def test_a_bag_on_two_lanes_weighs_on_both_and_is_no_product_to_the_camera() -> None:
    bag = Thing(name="bag", weight_g=2500.0)
    lanes = (LANE.id, NEXT.id)
    what = (Move(gtin=bag.name, lanes=lanes),)
    down, up = Deed(lanes=lanes, puts=what, at_s=30.0), Deed(lanes=lanes, takes=what, at_s=40.0)
    record = _visit(replace(_plan("A", down, up), brings=(bag,)))
    assert record.truth == {"A": Counter()}
    changes = _changes(record)
    assert sum(changes[lane][0].delta_g for lane in lanes) == pytest.approx(bag.weight_g, abs=20.0)
    assert all(down.delta_g == pytest.approx(-up.delta_g, abs=10.0) for down, up in changes.values())
    pictures = [i.body for i in record.inputs if isinstance(i, Observed) and isinstance(i.body, ItemEvidence)]
    assert pictures
    assert all(picture.likelihoods.keys() <= STORE.product.keys() for picture in pictures)
    assert max(picture.other for picture in pictures) > 0.5
