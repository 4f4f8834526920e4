"""How often ids swap, learnt by how near two people are."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.swaps import BANDS, LEAST, MOST, SWAP_PER_FRAME, Swaps, band
from tests.unit.cameras import Camera, Scene, stands

NEAR = st.integers(0, BANDS - 1)
APART_M = 0.4


def watched(every_s: float | None, noise_m: float = 0.05) -> Swaps:
    """Two stand side by side for two minutes, and their ids swap every so often; what that teaches."""
    crowd = {"ann": stands(1, 1), "bob": stands(1 + APART_M, 1), "cat": stands(6, 6)}
    scene = Scene(crowd, [Camera("A", noise_m=noise_m)], rng=random.Random(1))
    for _ in range(round(120.0 / (every_s or 120.0))):
        scene.play(every_s or 120.0)
        if every_s is not None:
            scene.cameras[0].swaps("ann", "bob")
    return scene.people._steps["A"].swaps


def test_a_camera_that_swaps_ids_is_known_by_it_and_one_that_does_not_as_well() -> None:
    often, never = watched(every_s=5.0), watched(every_s=None)
    near = band(APART_M)
    assert often.shares[near] == pytest.approx((24 + 500 * SWAP_PER_FRAME) / 1700, rel=0.2)
    assert never.shares[near] < SWAP_PER_FRAME / 2
    assert often.shares[band(1.0)] == SWAP_PER_FRAME, "nobody was so far apart"


def test_a_camera_that_only_misses_people_is_known_not_to_give_their_ids_to_others_meanwhile() -> None:
    crowd = {"ann": stands(1, 1), "bob": stands(1 + APART_M, 1), "cat": stands(6, 6)}
    scene = Scene(crowd, [Camera("A")])
    for _ in range(60):
        scene.cameras[0].blind = {"bob"}
        scene.play(1.0)
        scene.cameras[0].blind = set()
        scene.play(1.0)
    assert scene.people._steps["A"].swaps.shares[band(APART_M, missed=True)] < SWAP_PER_FRAME / 2


def test_where_places_tell_little_what_is_believed_feeds_on_itself_neither_way() -> None:
    """Places that are off by as much as two are apart: what cannot be told counts as what it was believed to be."""
    unclear = watched(every_s=None, noise_m=APART_M)
    assert LEAST < unclear.shares[band(APART_M)] < 2 * SWAP_PER_FRAME


@given(st.lists(st.tuples(NEAR, st.floats(-1.0, 1.0)), max_size=200))
def test_a_share_is_never_none_nor_all_whatever_is_told(told: list[tuple[int, float]]) -> None:
    swaps = Swaps()
    for near, p in told:
        swaps.close([near])
        swaps.swapped(p, {near: 2.0})
        assert all(LEAST <= share <= MOST for share in swaps.shares)
