"""Plates, goods and hands: what a simulated store weighs is what lies in it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.store import Store, load_store
from hw.sim.goods import Goods
from hw.sim.hands import Hands
from hw.sim.plate import Plate
from hw.simulate import DEMO_STORE


@pytest.fixture(scope="module")
def store() -> Store:
    return load_store(DEMO_STORE)


@pytest.fixture
def goods(store: Store) -> Goods:
    return Goods(store, np.random.default_rng(1))


def _resting_g(goods: Goods, lanes: tuple[str, ...], at_s: float) -> dict[str, float]:
    return {lane: float(goods.plates[lane].force_g(np.array([at_s]))[0]) for lane in lanes}


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0.01, 5), st.floats(-500, 500)), max_size=8), st.integers(1, 40))
def test_forces_do_not_depend_on_how_often_a_plate_is_sampled(
    forces: list[tuple[float, float, float]], block: int
) -> None:
    at_once, in_blocks = Plate(1000.0), Plate(1000.0)
    for start_s, over_s, grams in forces:
        for plate in (at_once, in_blocks):
            plate.add([start_s, start_s + over_s], [0.0, grams])
    times_s = np.arange(0.0, 60.0, 0.1)
    pieces = [in_blocks.force_g(times_s[i : i + block]) for i in range(0, times_s.size, block)]
    assert np.allclose(np.concatenate(pieces), at_once.force_g(times_s))
    assert at_once.force_g(np.array([61.0]))[0] == pytest.approx(1000.0 + sum(grams for _, _, grams in forces))


def test_a_unit_across_plates_weighs_on_all_of_them_and_on_nothing_once_lifted(store: Store, goods: Goods) -> None:
    lanes = ("A-1-1", "A-1-2", "A-1-3")
    unit = goods.stock(store.products[0].gtin, lanes)
    before = _resting_g(goods, lanes, 1.0)
    assert sum(before.values()) == pytest.approx(unit.weight_g)
    assert all(grams > 0.02 * unit.weight_g for grams in before.values())
    assert goods.lift(unit) == pytest.approx(before)
    assert goods.find(unit.gtin, lanes) is None


def test_the_unit_that_lies_exactly_there_is_found_before_its_neighbours(store: Store, goods: Goods) -> None:
    gtin = store.products[0].gtin
    exact = goods.stock(gtin, ("A-1-1", "A-1-2"))
    goods.stock(gtin, ("A-1-2",))
    assert goods.find(gtin, ("A-1-2", "A-1-1")) is exact
    assert goods.find(gtin, ("A-2-1",)) is None


def test_units_weigh_about_what_their_product_weighs(store: Store, goods: Goods) -> None:
    product = store.products[0]
    weights = np.array([goods.make(product.gtin).weight_g for _ in range(2000)])
    assert abs(weights.mean() - product.weight_g) < 0.3
    assert 1.0 < weights.std() < 5.0


@pytest.mark.parametrize("hold_s", [0.0, 6.0])
def test_a_hand_that_takes_leaves_the_plate_lighter_by_what_it_took(store: Store, goods: Goods, hold_s: float) -> None:
    unit = goods.stock(store.products[0].gtin, ("A-1-1",))
    goods.stock(store.products[0].gtin, ("A-1-1",))
    hands = Hands(store, goods.plates, np.random.default_rng(2))
    before_g = _resting_g(goods, ("A-1-1",), 1.0)["A-1-1"]
    gone_s = hands.take(goods.lift(unit), 10.0, hold_s)
    assert gone_s >= 10.0 + hold_s
    during_g = goods.plates["A-1-1"].force_g(np.arange(10.0, gone_s, 0.05))
    assert np.ptp(during_g) > 10.0
    assert _resting_g(goods, ("A-1-1",), gone_s + 1.0)["A-1-1"] == pytest.approx(before_g - unit.weight_g)


def test_a_hand_that_puts_down_leaves_the_plate_heavier_by_that(store: Store, goods: Goods) -> None:
    unit = goods.make(store.products[0].gtin)
    hands = Hands(store, goods.plates, np.random.default_rng(2))
    gone_s = hands.put(goods.lay(unit, ("A-1-4",)), 10.0)
    assert _resting_g(goods, ("A-1-4",), gone_s + 1.0)["A-1-4"] == pytest.approx(unit.weight_g)


def test_a_hand_that_only_presses_changes_nothing_for_good(store: Store, goods: Goods) -> None:
    goods.stock(store.products[0].gtin, ("A-1-1",))
    hands = Hands(store, goods.plates, np.random.default_rng(2))
    before_g = _resting_g(goods, ("A-1-1",), 1.0)
    gone_s = hands.press(("A-1-1",), 10.0, 3.0)
    assert goods.plates["A-1-1"].force_g(np.array([11.5]))[0] != pytest.approx(before_g["A-1-1"], abs=5.0)
    assert _resting_g(goods, ("A-1-1",), gone_s + 1.0) == pytest.approx(before_g)


def test_the_demo_store_sells_what_a_scale_alone_cannot_tell_apart(store: Store) -> None:
    lanes = {(lane.shelf, lane.position): store.product[lane.products[0]].weight_g for lane in store.lanes}
    close = [k for k, g in lanes.items() if abs(g - lanes.get((k[0], k[1] + 1), 1e9)) <= 2.0]
    assert len(store.lanes) == 24
    assert len(close) >= 5


def test_every_gtin_of_the_demo_store_has_its_check_digit(store: Store) -> None:
    for product in store.products:
        *digits, check = map(int, product.gtin)
        assert (sum(digits[0::2]) + 3 * sum(digits[1::2]) + check) % 10 == 0, product.gtin
