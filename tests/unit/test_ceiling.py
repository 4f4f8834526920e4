"""The simulated ceiling camera: noise, misses, and ids that cannot be trusted."""

import math

import numpy as np
import pytest

from hub.store import load_store
from hw.sim.ceiling import Ceiling
from hw.sim.virtual_time import run
from hw.sim.walking import Body, Floor
from hw.simulate import DEMO_STORE
from wire.messages import Tracks

STORE = load_store(DEMO_STORE)
PERIOD_S = 0.1
HAND = (2.0, 2.4, 1.1)
"""In mid-air, where a hand is when it gives something to somebody."""


def _frames(
    bodies: list[tuple[float, float]], seconds: float, *, hands: bool = False, unseen_until_s: float = 0.0
) -> list[Tracks]:
    async def main() -> list[Tracks]:
        floor = Floor(STORE)
        floor.bodies += [Body(x_m, y_m, str(i)) for i, (x_m, y_m) in enumerate(bodies)]
        floor.bodies[0].unseen_until_s = unseen_until_s
        floor.bodies[0].reaching = HAND
        camera = Ceiling(floor, PERIOD_S, hands, np.random.default_rng(1))
        return [camera.frame(i * PERIOD_S, 1e9 + i * PERIOD_S) for i in range(round(seconds / PERIOD_S))]

    return run(main())


def test_a_person_alone_keeps_one_id_and_is_seen_within_centimetres() -> None:
    frames = _frames([(2.0, 2.0)], 300.0)
    tracks = [t for f in frames for t in f.tracks]
    errors_m = np.array([(t.x_m - 2.0, t.y_m - 2.0) for t in tracks])
    assert {t.id for t in tracks} == {"1"}
    assert 0.05 < errors_m.std() < 0.10
    assert 0.95 < len(tracks) / len(frames) < 1.0


def test_people_far_apart_are_never_mixed_up() -> None:
    frames = _frames([(1.0, 1.0), (4.0, 4.0)], 300.0)
    assert all(t.x_m < 2.0 if t.id == "1" else t.x_m > 3.0 for f in frames for t in f.tracks)


def test_people_close_together_swap_ids_and_get_lost() -> None:
    frames = _frames([(2.0, 2.0), (2.3, 2.0)], 300.0)
    first = [min(f.tracks, key=lambda t: t.x_m).id for f in frames if len(f.tracks) == 2]
    assert len(set(first)) > 3


def test_who_comes_out_of_a_blind_spot_has_another_id() -> None:
    frames = _frames([(2.0, 2.0)], 20.0, unseen_until_s=5.0)
    assert all(not f.tracks for f in frames[:50])
    assert {t.id for f in frames[51:] for t in f.tracks} == {"2"}


@pytest.mark.parametrize("hands", [True, False])
def test_reaching_hands_are_found_most_of_the_time_by_a_camera_that_looks_for_them(hands: bool) -> None:
    frames = _frames([(2.0, 2.0)], 100.0, hands=hands)
    found = [t.hand for f in frames for t in f.tracks if t.hand is not None]
    share = len(found) / len(frames)
    assert (0.6 < share < 0.8) if hands else share == 0.0
    assert all(math.dist((hand.x_m, hand.y_m, hand.z_m), HAND) < 0.8 for hand in found)
