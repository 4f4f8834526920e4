"""What a store learns about itself from who took what, and what it asks its staff to do about it."""

import random

import pytest
from msgspec import structs

from hub.core import learning
from hub.core.goods import FOREIGN, UNKNOWN, Cart, LaneContents, Unit
from hub.core.inventory import STRAYS_KEPT, TAKES_KEPT, TAKES_KEPT_S
from hub.core.learning import Weighed
from tests.store.scripted import CHIPS, COLA, TONIC, WATER
from tests.unit.days import LANE, NOON_S, Days, stocked


def test_a_store_in_order_leaves_nothing_to_do() -> None:
    days = Days(stocked(200))
    for _ in range(30):
        days.visit(*(days.deed(gtin) for gtin in LANE))
    assert days.texts() == []


def test_stock_is_what_was_counted_less_what_was_taken_and_more_by_what_was_filled_up() -> None:
    days = Days()
    days.visit(days.deed(COLA, 3), days.deed(COLA, -1))
    assert days.stock(COLA) == 18
    days.visit(days.deed(COLA, -6), staff=True)
    assert days.stock(COLA) == 24


def test_stock_is_not_known_before_anybody_counted_or_filled_a_lane() -> None:
    days = Days(stocked(None))
    days.visit(days.deed(COLA, 2))
    assert days.stock(COLA) is None
    assert days.tasks() == []
    days.visit(days.deed(COLA, -12), staff=True)
    days.visit(days.deed(COLA, 2))
    assert days.stock(COLA) == 10


def test_a_count_that_was_too_low_is_put_right_by_what_went() -> None:
    days = Days(stocked(3))
    days.visit(days.deed(COLA, 5))
    assert days.stock(COLA) == 0
    days.visit(days.deed(COLA, -8), staff=True)
    assert days.stock(COLA) == 8


def test_a_lane_that_runs_low_says_what_is_left_of_what_and_one_that_is_empty_says_so() -> None:
    days = Days()
    days.visit(days.deed(WATER, 16))
    assert days.texts() == ["Lane 1-1-4: 4 left of Water, of 20; 16 sold within the last hour"]
    days.now_s += 7_200
    assert days.texts() == ["Lane 1-1-4: 4 left of Water, of 20"]
    days.visit(days.deed(WATER, 4))
    (task,) = days.tasks()
    assert task.text == "Lane 1-1-4 is empty: Water; 4 sold within the last hour"
    assert (task.kind, task.lanes, task.gtins, task.since_s) == ("restock", ("1-1-4",), (WATER,), days.now_s - 30)
    assert task.numbers == {"left": 0, "fullest": 20, "an_hour": 4}


def test_a_lane_that_sells_fast_runs_low_while_there_is_still_time_to_fill_it() -> None:
    days = Days(stocked(60))
    for _ in range(20):
        days.visit(days.deed(COLA, 2))
    assert days.texts() == ["Lane 1-1-1: 20 left of Cola, of 60; 40 sold within the last hour"]
    days.now_s += 3_000
    assert days.tasks() == [], "it has sold less of late, and 20 last longer than half an hour"


def test_something_misplaced_says_where_since_when_by_whom_and_where_it_belongs() -> None:
    days = Days()
    days.visit(days.deed(COLA), days.deed(COLA, -1, "1-1-3"))
    assert days.texts() == ["Cola lies on lane 1-1-3 since 12:00, put there in visit v1: bring it back to 1-1-1"]
    days.now_s += 86_400
    days.visit(days.deed(COLA), days.deed(COLA, -1, "1-1-3"))
    (task,) = days.tasks()
    assert (
        task.text
        == "2 × Cola lie on lane 1-1-3 since 2 Mar 12:00, put there in visits v1 and v2: bring them back to 1-1-1"
    )
    assert (task.kind, task.lanes, task.gtins, task.numbers) == ("misplaced", ("1-1-3",), (COLA,), {"count": 2})


def test_what_is_no_longer_believed_to_lie_there_is_no_task() -> None:
    days = Days()
    days.visit(days.deed(COLA), days.deed(COLA, -1, "1-1-3"))
    days.belief.set(("lane", "1-1-3"), LaneContents())
    assert days.tasks() == []


def test_what_was_put_back_where_it_was_found_is_still_astray_by_the_one_who_brought_it() -> None:
    days = Days()
    days.visit(days.deed(COLA), days.deed(COLA, -1, "1-1-3"))
    found = days.deed(COLA, 1, "1-1-3")
    days.inventory.settled("v2", Cart(deeds=(found, found._replace(moved=-1))), days.now_s, staff=False)
    assert len(days.tasks("misplaced")) == 1


def test_something_unknown_that_never_left_its_lane_is_not_astray() -> None:
    days = Days()
    days.visit(days.deed(UNKNOWN, 1, "1-1-1", 400.0), days.deed(UNKNOWN, -1, "1-1-1", 400.0))
    assert days.tasks() == []
    days.visit(days.deed(UNKNOWN, 1, "1-1-1", 400.0), days.deed(UNKNOWN, -1, "1-1-4", 400.0))
    assert days.texts() == ["Something unknown lies on lane 1-1-4 since 12:01, put there in visit v2: take it away"]


def test_a_bag_on_a_lane_is_the_first_thing_to_see_to() -> None:
    days = Days()
    days.visit(days.deed(COLA, 19), days.deed(COLA, -1, "1-1-3"))
    days.leave("1-1-2", Unit(FOREIGN, 1_240.0, 1.0))
    assert [task.kind for task in days.tasks()] == ["foreign", "misplaced", "restock"]
    assert days.texts()[0].startswith("Something of 1240 g that this store does not sell lies on lane 1-1-2")


def test_a_lane_that_keeps_selling_what_is_planned_elsewhere_is_a_mistake_of_the_planogram() -> None:
    days = Days()
    for gtin in (WATER, COLA, COLA, CHIPS, COLA, COLA, COLA):
        days.visit(days.deed(gtin, 1, "1-1-4"))
    (task,) = days.tasks()
    assert task.text == "Lane 1-1-4 sells Cola, the planogram says Water: 5 of the last 6"
    assert (task.kind, task.gtins, task.since_s) == ("planogram", (COLA, WATER), NOON_S + 90)
    assert task.numbers["probability"] > 0.99
    for _ in range(4):
        days.visit(days.deed(WATER))
    assert days.tasks() == [], "somebody has put it right"


def test_two_products_of_about_one_weight_may_be_a_wrong_record_just_as_well() -> None:
    days = Days()
    for _ in range(5):
        days.visit(days.deed(TONIC, 1, "1-1-1"))
    text = "Lane 1-1-1 sells Tonic, the planogram says Cola: 5 of the last 5 (or Cola weighs about 351 g, not 350 g)"
    assert days.texts() == [text]


def test_one_visit_that_took_much_astray_proves_no_mistake_of_the_planogram() -> None:
    days = Days()
    days.visit(*[days.deed(COLA, 1, "1-1-4") for _ in range(8)])
    assert days.tasks() == []


def test_buying_what_others_misplaced_proves_no_mistake_of_the_planogram() -> None:
    days = Days()
    for _ in range(8):
        days.visit(days.deed(COLA), days.deed(COLA, -1, "1-1-4"))
        days.belief.set(("lane", "1-1-4"), LaneContents())
        days.inventory.settled("buyer", Cart(deeds=(days.deed(COLA, 1, "1-1-4"),)), days.now_s, staff=False)
    assert days.tasks() == []
    assert not days.inventory.strays


def test_two_lanes_that_sell_what_is_planned_for_each_other_are_one_task_and_count_what_they_hold() -> None:
    days = Days()
    for _ in range(10):
        days.visit(days.deed(COLA, 1, "1-1-4"), days.deed(WATER, 1, "1-1-1"))
    (task,) = days.tasks()
    assert task.text == (
        "Lanes 1-1-1 and 1-1-4 are swapped: 1-1-1 sells Water (10 of the last 10), 1-1-4 sells Cola (10 of the last 10)"
    )
    assert (task.lanes, task.gtins) == (("1-1-1", "1-1-4"), (WATER, COLA))
    assert (days.stock(COLA), days.stock(WATER)) == (10, 10)


@pytest.mark.parametrize("taken_for", [UNKNOWN, WATER, TONIC], ids=["nothing known", "itself", "its neighbour"])
def test_a_wrong_recorded_weight_shows_whatever_its_units_were_taken_for(taken_for: str) -> None:
    store = stocked(100)
    near = [structs.replace(p, weight_g=554.0) if p.gtin == TONIC else p for p in store.products]
    days = Days(structs.replace(store, products=tuple(near)))
    for _ in range(12):
        days.visit(days.deed(taken_for, 1, "1-1-4", 560.0))
        days.visit(days.deed(WATER, 2, weight_g=560.0))
    (task,) = days.tasks("weight")
    assert task.text.startswith("Water weighs 56")
    assert task.text.endswith(" ± 1 g in 12 takes, recorded are 538 g: correct the record")
    assert task.numbers["weight_g"] == pytest.approx(560.0, abs=3.0)
    assert (task.lanes, task.gtins) == (("1-1-4",), (WATER,))


def test_units_that_differ_as_units_do_are_no_wrong_record() -> None:
    days = Days(stocked(100))
    for _ in range(40):
        days.visit(days.deed(WATER, weight_g=540.0))
    assert days.tasks() == []


def test_pairs_of_something_light_are_no_mistake_of_the_planogram_but_perhaps_a_wrong_weight() -> None:
    store = stocked(100)
    light = [structs.replace(p, weight_g=280.0) if p.gtin == CHIPS else p for p in store.products]
    days = Days(structs.replace(store, products=tuple(light)))
    for _ in range(10):
        days.visit(days.deed(CHIPS, 2, "1-1-4", 280.5))
    assert [task.kind for task in days.tasks()] == ["weight"]
    assert days.tasks()[0].numbers["weight_g"] == pytest.approx(561.0, abs=5.0)


def test_what_a_swapped_lane_sells_is_seen_even_when_it_is_held_for_several_of_about_that_weight() -> None:
    days = Days()
    for heavy_lane in (COLA, TONIC, COLA, TONIC, COLA):
        days.visit(days.deed(heavy_lane, 1, "1-1-4"))
    (task,) = days.tasks()
    assert task.text == "Lane 1-1-4 sells Cola or Tonic, the planogram says Water: 5 of the last 5"
    for _ in range(5):
        days.visit(days.deed(WATER, 1, "1-1-2"))
    (task,) = days.tasks()
    assert task.text.startswith(
        "Lanes 1-1-2 and 1-1-4 are swapped: 1-1-2 sells Water (5 of the last 5), 1-1-4 sells Tonic"
    )


def test_swapped_lanes_are_no_wrong_weights() -> None:
    days = Days(stocked(100))
    for _ in range(20):
        days.visit(days.deed(CHIPS, 1, "1-1-4"))
    assert [task.kind for task in days.tasks()] == ["planogram"]


def test_a_weight_is_found_among_many_that_are_not_of_it() -> None:
    luck = random.Random(3)
    seen = [Weighed(luck.gauss(531.0, 3.0), 0.8, float(i)) for i in range(20)]
    others = [Weighed(luck.uniform(50.0, 1_200.0), 0.8, 0.0) for _ in range(14)]
    found = learning.weight([*others, *seen], 3.0)
    assert found is not None
    assert abs(found.weight_g - 531.0) < 3 * found.error_g < 4.0
    assert found.takes in range(19, 23)


def test_no_weight_is_given_for_what_has_been_seen_too_seldom_or_is_of_two_kinds() -> None:
    seldom = [Weighed(531.0, 0.8, 0.0)] * (learning.ENOUGH - 1)
    assert learning.weight(seldom, 3.0) is None
    kinds = [Weighed(weight_g, 0.8, 0.0) for weight_g in (200.0, 400.0, 600.0) for _ in range(8)]
    assert learning.weight(kinds, 3.0) is None


def test_honest_records_are_hardly_ever_called_wrong() -> None:
    luck = random.Random(4)
    wrong = 0
    for _ in range(2_000):
        found = learning.weight([Weighed(luck.gauss(500.0, 3.0), 0.8, 0.0) for _ in range(8)], 3.0)
        wrong += found is not None and found.differs(500.0, 3.0)
    assert wrong <= 2


def test_what_is_remembered_is_bounded() -> None:
    days = Days()
    for _ in range(STRAYS_KEPT + 10):
        days.visit(days.deed(COLA), days.deed(COLA, -1, "1-1-3"), days.deed(WATER))
    assert len(days.inventory.strays) == STRAYS_KEPT
    assert max(len(record.takes) for record in days.inventory.lanes.values()) == TAKES_KEPT


def test_what_was_sold_long_ago_says_nothing_about_now() -> None:
    days = Days(stocked(100))
    for _ in range(12):
        days.visit(days.deed(WATER, weight_g=560.0))
    days.now_s += TAKES_KEPT_S + 3_600
    days.visit(days.deed(WATER))
    assert days.tasks() == []
