"""What is likely stays as likely when there are too many hypotheses to keep all of them."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.core.belief import Belief, Factor, Values
from hub.core.goods import Cart, Unit
from hub.core.thinning import KEEP, NEGLIGIBLE, normalised, thinned

weights = st.floats(0.02, 1.0)
carts = st.lists(weights, min_size=2, max_size=12) | st.integers(2, 12).map(lambda size: [1.0] * size)


def open_cart(belief: Belief, session: str, chances: list[float]) -> None:
    """A cart in which there may be none, one, two and so on."""
    ways: list[tuple[float, Values]] = [
        (math.log(p), {("cart", session): Cart(units=(Unit("cola", 350.0, 1.0),) * count)})
        for count, p in enumerate(chances)
    ]
    belief.update([("cart", session)], lambda _: ways)


def shares(belief: Belief, session: str) -> dict[int, float]:
    return {len(cart.units): p for p, cart in belief.cart(session)}


@settings(max_examples=100, deadline=None)
@given(st.lists(carts, min_size=2, max_size=4))
def test_each_cart_stays_as_likely_where_all_together_are_too_many(chances: list[list[float]]) -> None:
    belief = Belief()
    names = [f"v{i}" for i in range(len(chances))]
    for name, ps in zip(names, chances, strict=True):
        open_cart(belief, name, ps)
    belief.update([("cart", name) for name in names], lambda _: [(0.0, {})])
    for name, ps in zip(names, chances, strict=True):
        found = shares(belief, name)
        for count, p in enumerate(ps):
            assert found.get(count, 0.0) == pytest.approx(p / sum(ps), abs=0.15)


@given(st.lists(st.floats(1e-9, 1.0), min_size=1, max_size=3 * KEEP))
def test_no_more_than_so_many_are_kept_and_the_heavy_ones_as_they_are(chances: list[float]) -> None:
    rows = normalised([(p, i, 0.0) for i, p in enumerate(chances)])
    kept = {i: p for p, i, _ in thinned(rows)}
    assert len(kept) <= KEEP + 1
    assert sum(kept.values()) == pytest.approx(1.0)
    heaviest = max(p for p, _, _ in rows)
    for p, i, _ in rows:
        if p > 2 / KEEP:
            assert kept[i] == pytest.approx(p, rel=0.05)
        if p < 0.9 * NEGLIGIBLE * heaviest:
            assert i not in kept
    assert thinned(rows) == thinned(rows), "a replay is what was live"


@given(st.lists(st.floats(0.5, 1.0), min_size=2, max_size=3 * KEEP))
def test_what_stands_for_others_rests_on_one_draw_and_what_needs_not_does_not(chances: list[float]) -> None:
    rows = normalised([(p, i, 0.0) for i, p in enumerate(chances)])
    for p, i, drawn in thinned(rows):
        assert drawn == pytest.approx(max(0.0, 1 - rows[i][0] / p), abs=0.01)


@pytest.mark.parametrize(("drawn", "sure"), [(0.0, 1.0), (1 / 9, 0.9), (1.0, 0.5)])
def test_the_fewer_draws_an_answer_rests_on_the_more_of_all_else_stays_as_it_was(drawn: float, sure: float) -> None:
    """Either both hold a cola or neither, which is likelier; somebody says that the one does."""
    belief, keys = Belief(), (("cart", "v1"), ("cart", "v2"))
    cola = Cart(units=(Unit("cola", 350.0, 1.0),))
    both = Factor(keys, [(0.01, dict.fromkeys(keys, cola), drawn), (0.99, dict.fromkeys(keys, Cart()), 0.0)])
    belief.factors = dict.fromkeys(keys, both)
    belief.learn(("cart", "v1"), cola)
    before = 1 + 0.01**2 * drawn  # all of it rested on so many draws, squares of weights added up
    assert shares(belief, "v2").get(1, 0.0) == pytest.approx(sure * before)


def test_an_answer_that_rests_on_more_draws_than_all_else_is_just_believed() -> None:
    belief, keys = Belief(), (("cart", "v1"), ("cart", "v2"))
    cola = Cart(units=(Unit("cola", 350.0, 1.0),))
    both = Factor(keys, [(0.5, dict.fromkeys(keys, cola), 0.1), (0.5, dict.fromkeys(keys, Cart()), 1.0)])
    belief.factors = dict.fromkeys(keys, both)
    belief.learn(("cart", "v1"), cola)
    assert shares(belief, "v2") == {1: pytest.approx(1.0)}


def test_an_answer_is_believed_the_more_the_fewer_draws_all_else_rests_on_as_well() -> None:
    """One draw stands for both that one of them holds the cola, and that the other does."""
    keys = ("cart", "v1"), ("cart", "v2")
    cola, nothing = Cart(units=(Unit("cola", 350.0, 1.0),)), Cart()
    found = []
    for drawn in (0.0, 0.5):
        belief = Belief()
        of_one, of_other = dict(zip(keys, (cola, nothing), strict=True)), dict(zip(keys, (nothing, cola), strict=True))
        belief.factors = dict.fromkeys(keys, Factor(keys, [(0.1, of_one, 0.5), (0.9, of_other, drawn)]))
        belief.learn(("cart", "v1"), cola)
        found.append(shares(belief, "v2").get(0, 0.0))
    assert found[1] > found[0] + 0.1
