"""The simulated ceiling camera: noise, misses, and ids that cannot be trusted."""

import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from hub.store import load_store
from hw.sim.ceiling import APART_M, BREAKS_ALONE_HZ, LOST_S, NOISE_M, Ceiling, views
from hw.sim.clothes import FRAME_NOISE, SHADE, WHITE, dress
from hw.sim.virtual_time import run
from hw.sim.walking import Body, Floor, Lab
from hw.simulate import DEMO_STORE
from wire.messages import Track, Tracks

SENSOR = (
    Path(os.environ.get("AISLE_DATA", Path(__file__).parents[3] / "shared" / "data"))
    / "tracks"
    / "ceiling_sensor_xovis.csv"
)
STORE = load_store(DEMO_STORE)
PERIOD_S = 0.1
HAND = (2.0, 2.4, 1.1)
"""In mid-air, where a hand is when it gives something to somebody."""

WHERE: dict[str, Callable[[Track], bool]] = {
    "A": lambda t: t.y_m < 1.5,
    "B": lambda t: 1.5 < t.y_m < 3.5,
    "C": lambda t: t.y_m > 3.5,
}


def _frames(
    bodies: list[tuple[float, float]],
    seconds: float,
    *,
    hands: bool = False,
    unseen_until_s: float = 0.0,
    wears: Sequence[Lab] = (),
) -> list[Tracks]:
    """With clothes for everybody, a camera that looks at them."""

    async def main() -> list[Tracks]:
        floor = Floor(STORE)
        floor.bodies += [Body(x_m, y_m, str(i)) for i, (x_m, y_m) in enumerate(bodies)]
        for body, colour in zip(floor.bodies, wears, strict=False):
            body.wears = colour
        floor.bodies[0].unseen_until_s = unseen_until_s
        floor.bodies[0].reaching = HAND
        camera = Ceiling(floor, PERIOD_S, hands, np.random.default_rng(1), colours=bool(wears))
        return [camera.frame(i * PERIOD_S, 1e9 + i * PERIOD_S) for i in range(round(seconds / PERIOD_S))]

    return run(main())


def test_a_person_alone_is_seen_within_centimetres_in_most_frames() -> None:
    frames = _frames([(2.0, 2.0)], 300.0)
    errors_m = np.array([(t.x_m - 2.0, t.y_m - 2.0) for f in frames for t in f.tracks])
    assert 0.05 < errors_m.std() < 0.10
    assert 0.95 < len(errors_m) / len(frames) < 1.0


def test_even_alone_somebody_gets_another_id_every_few_minutes() -> None:
    hour_s = 3600.0
    ids = len({t.id for f in _frames([(2.0, 2.0)], hour_s) for t in f.tracks})
    assert 0.4 < (ids - 1) / (BREAKS_ALONE_HZ * hour_s) < 2.0


def test_people_far_apart_are_never_mixed_up() -> None:
    frames = _frames([(1.0, 1.0), (4.0, 4.0)], 300.0)
    left = {t.id for f in frames for t in f.tracks if t.x_m < 2.0}
    right = {t.id for f in frames for t in f.tracks if t.x_m > 3.0}
    assert left
    assert right
    assert left.isdisjoint(right)


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


RED, BLUE = (45.0, 45.0, 25.0), (35.0, 4.0, -25.0)


def _colours(frames: list[Tracks], is_it: Callable[[Track], bool]) -> np.ndarray:
    colours = [t.colour for f in frames for t in f.tracks if t.colour is not None and is_it(t)]
    return np.array([(c.lightness, c.green_red, c.blue_yellow) for c in colours])


def test_colours_are_seen_only_by_a_camera_that_looks_for_them_and_change_nothing_else() -> None:
    where = [(2.0, 2.0), (2.4, 2.0)]
    plain, coloured = _frames(where, 60.0), _frames(where, 60.0, wears=(RED, BLUE))
    assert all(t.colour is None for f in plain for t in f.tracks)
    assert all(t.colour is not None for f in coloured for t in f.tracks)
    places = [[(t.id, t.x_m, t.y_m) for f in frames for t in f.tracks] for frames in (plain, coloured)]
    assert places[0] == places[1]


def test_what_somebody_wears_is_seen_with_noise_and_in_a_shade_that_lasts() -> None:
    seen = _colours(_frames([(2.0, 2.0)], 600.0, wears=(RED,)), lambda t: True)
    assert np.all(np.abs(seen.mean(axis=0) - RED) < 3 * WHITE + 1.0)
    assert seen.std(axis=0) == pytest.approx(np.hypot(FRAME_NOISE, SHADE), rel=0.3)
    lasting = np.corrcoef(seen[:-5, 0], seen[5:, 0])[0, 1]
    assert lasting > 0.5, "half a second later it is still as dark or as light"


def test_of_two_who_touch_some_of_the_ones_clothes_is_taken_for_the_others() -> None:
    near = _colours(_frames([(2.0, 2.0), (2.3, 2.0)], 120.0, wears=(RED, BLUE)), lambda t: t.x_m < 2.1)
    alone = _colours(_frames([(2.0, 2.0)], 120.0, wears=(RED,)), lambda t: True)
    assert BLUE[2] < near.mean(axis=0)[2] < alone.mean(axis=0)[2] - 3.0


def test_people_wear_dark_and_grey_and_many_look_alike() -> None:
    rng = np.random.default_rng(1)
    worn = np.array([dress(rng) for _ in range(600)])
    assert np.mean(worn[:, 0] < 50) > 0.7
    apart = np.linalg.norm(worn[:300] - worn[300:], axis=1)
    assert 0.1 < np.mean(apart < 10) < 0.35, "about one pair in eight differs by less than a camera's own noise"
    assert np.mean(apart > 20) > 0.4


def test_two_cameras_share_the_floor_and_overlap_in_its_middle() -> None:
    async def main() -> list[list[Tracks]]:
        floor, rng = Floor(STORE), np.random.default_rng(1)
        floor.bodies += [Body(2.0, 0.8, "A"), Body(2.0, 2.5, "B"), Body(2.0, 4.2, "C")]
        cameras = [Ceiling(floor, PERIOD_S, False, rng, view=view) for view in views(floor, 2, rng)]
        return [[c.frame(i * PERIOD_S, 1e9 + i * PERIOD_S) for i in range(500)] for c in cameras]

    def where(frames: list[Tracks], is_it: Callable[[Track], bool]) -> np.ndarray:
        return np.array([(t.x_m, t.y_m) for f in frames for t in f.tracks if is_it(t)])

    seen = [{who: where(frames, is_it) for who, is_it in WHERE.items()} for frames in run(main())]
    assert [{who for who, at in by_person.items() if at.size} for by_person in seen] == [{"A", "B"}, {"B", "C"}]
    apart_m = math.dist(*(by_person["B"].mean(axis=0) for by_person in seen))
    assert 0.0 < apart_m < 6 * APART_M


def test_who_leaves_a_cameras_view_comes_back_under_another_id() -> None:
    async def main() -> list[set[str]]:
        floor, rng = Floor(STORE), np.random.default_rng(1)
        left, _ = views(floor, 2, rng)
        camera, body = Ceiling(floor, PERIOD_S, False, rng, view=left), Body(2.0, 0.8, "A")
        floor.bodies.append(body)
        ids: list[set[str]] = []
        for i, body.y_m in enumerate([0.8, 4.2, 0.8]):
            frames = [camera.frame((10 * i + j) * PERIOD_S, 1e9) for j in range(10)]
            ids.append({t.id for f in frames for t in f.tracks})
        return ids

    before, away, after = run(main())
    assert away == set()
    assert len(before) == len(after) == 1
    assert before != after


@pytest.mark.skipif(not SENSOR.is_file(), reason=f"real ceiling sensor: none at {SENSOR} (AISLE_DATA)")
def test_the_simulated_camera_is_no_better_than_a_real_sensor() -> None:
    rows = [line.split(";") for line in SENSOR.read_text().splitlines()[1:]]
    tracks: dict[str, list[tuple[float, float, float]]] = {}
    for _, ms, track, x_cm, y_cm, *_ in rows:
        tracks.setdefault(track, []).append((int(ms) / 1e3, int(x_cm) / 100, int(y_cm) / 100))
    for sitting in ("27974", "27979", "27981"):
        assert 0.003 < np.array(tracks[sitting])[:, 1:].std(axis=0).max() < 0.02 < NOISE_M
    before, after = tracks["27966"], tracks["27984"]
    assert LOST_S[0] < after[0][0] - before[-1][0] < LOST_S[1]
    assert after[-1][0] - before[0][0] == pytest.approx(1 / BREAKS_ALONE_HZ, abs=1.0)
