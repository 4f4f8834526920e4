"""How far pictures of what moved are believed: learnt from lanes whose weight tells what it was."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.pictures import POWERS, Pictures, believed
from tests.store.scripted import CHIPS, COLA, TONIC, WATER, small_store
from wire.messages import ItemEvidence, WeightChange

STORE = small_store()
LANE = next(lane for lane in STORE.lanes if COLA in lane.products)
LIFTED = WeightChange(lane=LANE.id, delta_g=-STORE.product[COLA].weight_g, sigma_g=0.5, t0_s=99.0, t1_s=100.0)


def picture(gtin: str, sure: float, t_s: float = 99.2) -> ItemEvidence:
    others = [other for other in (COLA, CHIPS, WATER) if other != gtin]
    likelihoods = {gtin: sure, **dict.fromkeys(others, (1 - sure) / 3)}
    return ItemEvidence(lane=LANE.id, t_s=t_s, likelihoods=likelihoods, other=(1 - sure) / 3)


def taught(right: float, sure: float) -> Pictures:
    """By a camera that is right so often, and says that it is sure so far."""
    pictures, rng = Pictures(), random.Random(1)
    for _ in range(300):
        pictures.learn(STORE, LIFTED, [picture(COLA if rng.random() < right else CHIPS, sure)])
    return pictures


@pytest.mark.parametrize(("right", "sure"), [(0.95, 0.6), (0.7, 0.7), (0.6, 0.9)])
def test_a_camera_is_believed_as_far_as_it_is_right_whatever_it_says(right: float, sure: float) -> None:
    power = taught(right, sure).power
    assert believed(picture(COLA, sure), power)[0][COLA] == pytest.approx(right, abs=0.1)
    assert (power > 1) == (right > sure) and (power < 1) == (right < sure)


def test_what_no_weight_tells_teaches_nothing_about_it() -> None:
    """Two products of one weight; a planogram that says otherwise; something unknown."""
    alike = ItemEvidence(lane=LANE.id, t_s=99.2, likelihoods={COLA: 0.1, TONIC: 0.9})
    astray = WeightChange(lane=LANE.id, delta_g=-STORE.product[CHIPS].weight_g, sigma_g=0.5, t0_s=99.0, t1_s=100.0)
    unknown = WeightChange(lane=LANE.id, delta_g=-1234.0, sigma_g=0.5, t0_s=99.0, t1_s=100.0)
    pictures = Pictures()
    for change, seen in ((LIFTED, alike), (astray, picture(CHIPS, 0.9)), (unknown, picture(COLA, 0.9))):
        pictures.learn(STORE, change, [seen])
    assert pictures.scores == Pictures().scores


def test_how_many_moves_are_pictured_is_learnt() -> None:
    never, always = Pictures(), Pictures()
    for _ in range(200):
        never.learn_when(100.0, [])
        always.learn_when(100.0, [picture(COLA, 0.8, t_s=99.7)])
        never.learn_when(100.0, [picture(COLA, 0.8, t_s=97.0)])  # of something before
    assert never.shown.share < 0.03 and always.shown.share > 0.97


@given(
    st.dictionaries(st.sampled_from([COLA, CHIPS, WATER]), st.floats(0.0, 1.0)),
    st.floats(0.0, 1.0),
    st.sampled_from(POWERS),
)
def test_whatever_a_picture_says_it_is_a_probability(likelihoods: dict[str, float], other: float, power: float) -> None:
    by_product, none_of_them = believed(
        ItemEvidence(lane=LANE.id, t_s=0.0, likelihoods=likelihoods, other=other), power
    )
    assert sum(by_product.values()) + none_of_them == pytest.approx(1.0)
    assert all(p > 0 for p in by_product.values())


def test_when_pictures_are_taken_is_learnt_where_there_are_some_of_one_moment_only() -> None:
    pictures, rng = Pictures(), random.Random(1)
    for _ in range(500):
        pictures.learn_when(100.0, [picture(COLA, 0.8, t_s=rng.gauss(99.6, 0.15))])
        pictures.learn_when(100.0, [picture(COLA, 0.8, t_s=99.2), picture(COLA, 0.8, t_s=100.3)])
        pictures.learn_when(100.0, [picture(COLA, 0.8, t_s=97.0)])  # of something before
    assert pictures.camera.after_s == pytest.approx(-0.4, abs=0.03)
    assert pictures.camera.sigma_s == pytest.approx(0.15, abs=0.03)
