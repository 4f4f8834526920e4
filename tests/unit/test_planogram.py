"""How far a planogram is believed, as settled visits show it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.goods import FOREIGN, LaneContents, Unit
from hub.core.planogram import JUST_S, NEXT_DOOR, Planogram
from tests.store.scripted import CHIPS, COLA, TONIC, small_store

STORE = small_store()
COLAS, TONICS = STORE.lanes[:2]


def test_what_is_planned_beside_is_thought_of_less_the_longer_it_never_left_the_lane() -> None:
    planogram = Planogram(STORE)
    beside = [planogram.prior(COLAS).planned[TONIC]]
    for _ in range(3):
        for lane in STORE.lanes:
            for _ in range(30):
                planogram.sold(lane, lane.products[0], 1)
        beside.append(planogram.prior(COLAS).planned[TONIC])
    assert beside == sorted(beside, reverse=True)
    assert beside[0] == pytest.approx(NEXT_DOOR / 2) and beside[-1] < beside[0] / 10


def test_a_lane_that_sells_something_else_is_believed_after_a_few_times_and_again_when_it_is_put_right() -> None:
    planogram = Planogram(STORE)
    for _ in range(40):
        planogram.sold(TONICS, TONIC, 1)
    for _ in range(5):
        planogram.sold(TONICS, COLA, 1)
    wrong = planogram.prior(TONICS).planned
    assert wrong[COLA] > 0.05
    assert planogram.prior(STORE.lanes[3]).planned.get(COLA, 0.0) < 0.05, "other lanes are as they were"
    for _ in range(300):
        planogram.sold(TONICS, TONIC, 1)
    assert planogram.prior(TONICS).planned[COLA] < 0.01


def test_how_many_go_at_once_and_where_things_are_put_back_is_learnt() -> None:
    planogram = Planogram(STORE)
    first = planogram.prior(COLAS)
    assert first.count_log(1) == 0.0
    assert first.count_log(3) == pytest.approx(first.log_another + first.log_more)
    for _ in range(200):
        planogram.sold(COLAS, COLA, 3)
        planogram.put(home=True)
    then = planogram.prior(COLAS)
    assert then.count_log(3) > first.count_log(3) and then.log_astray < first.log_astray


def test_where_things_astray_are_let_lie_they_are_held_to_be_taken_less_often_but_a_bag_is_come_for() -> None:
    planogram = Planogram(STORE)
    goods, bag = Unit(TONIC, 351.0, 1.0), Unit(FOREIGN, 900.0, 1.0)
    first = planogram.prior(COLAS)
    assert first.left_log(goods, 0.0) == pytest.approx(first.left_log(bag, 0.0))
    for _ in range(10):
        planogram.chose(left=False, just=False)
    then = planogram.prior(COLAS)
    assert then.left_log(goods, 0.0) < first.left_log(goods, 0.0) - 1.0
    assert then.left_log(bag, 0.0) == first.left_log(bag, 0.0)
    for _ in range(30):
        planogram.chose(left=True, just=False)
    assert planogram.prior(COLAS).left_log(goods, 0.0) > 0.0


def test_what_was_just_left_is_taken_as_often_as_such_things_are_until_somebody_has_passed_it_over() -> None:
    planogram = Planogram(STORE)
    for _ in range(30):
        planogram.chose(left=False, just=False)
        planogram.chose(left=True, just=True)
    left = Unit(TONIC, 351.0, 1.0, left_s=1_000.0)
    prior, contents = planogram.prior(COLAS), LaneContents().with_left(left)
    (passed,) = contents.less(COLA, 1).passed_over().left_here
    assert contents.less(COLA, -1).left_here == (left,), "somebody fills up"
    assert prior.left_log(left, 1_000.0 + JUST_S - 1.0) > 0.0
    assert prior.left_log(left, 1_000.0 + JUST_S + 1.0) < -2.0
    assert prior.left_log(passed, 1_010.0) < -2.0


@given(
    st.lists(st.tuples(st.sampled_from(STORE.lanes), st.sampled_from([COLA, TONIC, CHIPS]), st.integers(1, 6))),
    st.lists(st.booleans()),
)
def test_whatever_a_store_sells_its_planogram_stays_a_probability(
    sales: list[tuple[object, str, int]], homes: list[bool]
) -> None:
    planogram = Planogram(STORE)
    for lane, gtin, units in sales:
        planogram.sold(lane, gtin, units)  # type: ignore[arg-type]
    for home in homes:
        planogram.put(home)
    for lane in STORE.lanes:
        prior = planogram.prior(lane)
        assert all(0.0 < p <= 1.0 + NEXT_DOOR for p in prior.planned.values())
        assert prior.count_log(6) < prior.count_log(2) < 0.0
        assert prior.log_home < 0.0 and prior.log_astray < 0.0


def test_after_years_of_the_same_nothing_is_held_to_be_impossible() -> None:
    planogram = Planogram(STORE)
    for _ in range(100_000):
        planogram.sold(COLAS, COLA, 1)
        planogram.put(home=True)
    prior = planogram.prior(COLAS)
    assert prior.planned[TONIC] > 0.0
    assert min(prior.log_another, prior.log_more, prior.log_astray) > -10.0
