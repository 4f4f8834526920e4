"""People who came close: half a second later their ways tell who came out of it as whom."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.arrivals import WaysIn, recognise
from hub.core.crossing import AROUND_S, Crossings, SwapFrame
from hub.core.floor import Body, Place, Shuffle
from hub.core.swaps import SWAP_PER_FRAME, Swaps
from tests.unit.cameras import Camera, Scene, stands, walks
from wire.messages import Track

STEP_S, VARIANCE = 0.1, 0.07**2
SWAPPED = (1, 0)


def body(name: str, x_m: list[float], rng: random.Random, noise_m: float = 0.05) -> Body:
    """Seen every tenth of a second from 100 s on."""
    found = Body(name, 100.0, x_m[0], 0.0)
    for i, x in enumerate(x_m):
        found.seen(Place(100.0 + i * STEP_S, x + rng.gauss(0.0, noise_m), rng.gauss(0.0, noise_m), None, 0.08))
    return found


def frames_at(bodies: tuple[Body, ...], times_s: list[float], variance: float = VARIANCE) -> Crossings:
    """Crossings of two who may have swapped in each of these frames."""
    crossings = Crossings()
    for t_s in times_s:
        crossings.add(SwapFrame(t_s, bodies, variance, ((0.0, {}, (0, 1)), (-5.3, {1: 1.0}, SWAPPED))))
    return crossings


def swapped(shuffles: list[Shuffle]) -> float:
    """How likely it is that an odd number of these exchanged the two."""
    total = 0.0
    for shuffle in shuffles:
        p = sum(p for p, order in shuffle.outcomes if order == SWAPPED)
        total += p - 2 * total * p
    return total


@pytest.mark.parametrize("apart_m", [0.35, 0.42, 0.6])
def test_whose_ids_swap_side_by_side_are_told_apart_by_where_they_went_on_standing(apart_m: float) -> None:
    open_still = 0
    for seed in range(40):
        crowd = {"ann": stands(1, 1), "bob": stands(1 + apart_m, 1), "cat": stands(6, 6)}
        scene = Scene(crowd, [Camera("A")], rng=random.Random(seed))
        scene.play(10.0)
        scene.cameras[0].swaps("ann", "bob")
        scene.play(2.0)
        p = swapped(scene.people.shuffles)
        open_still += 0.05 < p < 0.95
        assert scene.everybody_is_who_they_were() == (p < 0.5)
    assert open_still <= 2


def test_whose_ids_swap_as_they_walk_past_each_other_went_straight_on() -> None:
    for seed in range(20):
        crowd = {"ann": walks((0, 0), (6, 0), 103.0), "bob": walks((6, 0.4), (0, 0.4), 103.0)}
        scene = Scene(crowd, [Camera("A")], rng=random.Random(seed))
        scene.play(3.4)
        scene.cameras[0].swaps("ann", "bob")
        scene.play(2.0)
        assert scene.everybody_is_who_they_were() and scene.confusion() < 0.05


@given(st.integers(0, 1_000), st.integers(8, 12), st.integers(1, 4))
def test_frames_in_which_they_may_have_swapped_are_one_crossing_though_only_one_of_them_is_right(
    seed: int, at: int, spurious: int
) -> None:
    rng = random.Random(seed)
    ways = [0.0] * at + [0.42] * (20 - at), [0.42] * at + [0.0] * (20 - at)
    bodies = body("1", ways[0], rng), body("2", ways[1], rng)
    frames = range(at, at + spurious) if seed % 2 else range(at - spurious + 1, at + 1)
    crossings = frames_at(bodies, [100.0 + i * STEP_S for i in frames])
    last_s = 100.0 + frames[-1] * STEP_S
    assert list(crossings.over(last_s + AROUND_S - STEP_S, Swaps())) == []
    assert swapped(list(crossings.over(last_s + AROUND_S, Swaps()))) > 0.9
    assert list(crossings.over(last_s + 10.0, Swaps())) == []


@given(st.integers(0, 1_000), st.integers(1, 6))
def test_who_stands_still_beside_somebody_is_not_exchanged_however_often_it_looked_so(seed: int, often: int) -> None:
    rng = random.Random(seed)
    bodies = body("1", [0.0] * 25, rng), body("2", [0.42] * 25, rng)
    crossings = frames_at(bodies, [100.8 + i * STEP_S for i in range(often)])
    assert swapped(list(crossings.over(103.0, Swaps()))) < 0.05


@pytest.mark.parametrize("aside_m", [0.17, 0.25, 0.3])
def test_who_makes_room_for_somebody_who_comes_in_is_hardly_taken_for_them(aside_m: float) -> None:
    """The new one stands where the other one stood until then."""
    wrong = 0.0
    for seed in range(40):
        rng = random.Random(seed)
        stood, new = body("1", [0.0] * 10 + [aside_m] * 15, rng), Body("2", 101.0, 0.0, 0.0)
        for i in range(10, 25):
            new.seen(Place(100.0 + i * STEP_S, rng.gauss(0.0, 0.05), rng.gauss(0.0, 0.05), None, 0.08))
        wrong += swapped(list(frames_at((stood, new), [101.0, 101.1, 101.3]).over(104.0, Swaps())))
    assert wrong / 40 < 0.3


@given(st.integers(0, 1_000))
def test_who_walks_on_as_somebody_comes_in_may_have_left_them_the_id(seed: int) -> None:
    """A new id goes on where the old one was going, and the old one stays at the door."""
    rng = random.Random(seed)
    went = [0.12 * i for i in range(25)]
    left, new = body("1", went[:10] + [0.3] * 15, rng), Body("2", 101.0, went[10], 0.0)
    for i in range(10, 25):
        new.seen(Place(100.0 + i * STEP_S, went[i] + rng.gauss(0.0, 0.05), rng.gauss(0.0, 0.05), None, 0.08))
    assert swapped(list(frames_at((left, new), [101.0]).over(104.0, Swaps()))) > 0.9


def test_ways_of_which_nothing_is_known_leave_it_as_likely_as_it_was() -> None:
    bodies = Body("1", 100.0, 0.0, 0.0), Body("2", 100.0, 0.4, 0.0)
    (shuffle,) = frames_at(bodies, [100.0]).over(103.0, Swaps())
    assert swapped([shuffle]) == pytest.approx(SWAP_PER_FRAME, rel=0.02)


def test_two_who_come_back_at_once_and_may_be_one_another_are_confused_once() -> None:
    scene = Scene({"ann": stands(1, 1), "bob": stands(1.5, 1)}, [Camera("A")])
    known = list(scene.people.bodies.values())
    tracks = [Track(id="x", x_m=1.2, y_m=1.0, sigma_m=0.08), Track(id="y", x_m=1.35, y_m=1.0, sigma_m=0.08)]
    found = recognise(scene.now_s + 1.0, "A", tracks, known, {}, scene.people._steps["A"], WaysIn())
    assert sorted(len(recognised.rivals) for recognised in found) == [0, 1]


@pytest.mark.parametrize("at", range(12, 22))
def test_a_swap_where_one_crossing_ends_and_the_next_begins_is_one_swap(at: int) -> None:
    """They stay so close for two seconds that it may have been in any frame."""
    wrong = 0
    for seed in range(40):
        rng = random.Random(seed)
        bodies = (
            body("1", [0.0] * at + [0.42] * (40 - at), rng, 0.1),
            body("2", [0.42] * at + [0.0] * (40 - at), rng, 0.1),
        )
        frames = frames_at(bodies, [100.0 + i * STEP_S for i in range(6, 30)], 2 * 0.1**2)
        wrong += swapped(list(frames.over(110.0, Swaps()))) < 0.5
    assert wrong <= 2


def test_what_is_open_about_somebody_is_open_about_whom_they_turn_out_to_be() -> None:
    rng = random.Random(1)
    one, two, three = (body(name, [x] * 20, rng) for name, x in (("1", 0.0), ("2", 0.02), ("3", 0.02)))
    crossings = frames_at((one, two), [100.8])
    crossings.renamed(two, three)
    (shuffle,) = crossings.over(102.0, Swaps())
    assert set(shuffle.bodies) == {"1", "3"}
    crossings = frames_at((one, two), [100.8])
    crossings.renamed(two, one)
    assert list(crossings.over(102.0, Swaps())) == []


def test_two_who_are_never_alone_teach_a_camera_nothing_and_break_nothing() -> None:
    """Two cameras with one clock, over two who came in together: many places at one time, and no steps learnt."""
    for seed in range(20):
        crowd = {"ann": stands(1, 1), "bob": stands(1.3, 1)}
        scene = Scene(crowd, [Camera("A"), Camera("B")], rng=random.Random(seed))
        scene.play(3.0)
        scene.cameras[0].swaps("ann", "bob")
        scene.play(2.0)
        assert len(scene.people.bodies) == 2


def test_what_a_camera_left_open_when_it_fell_silent_stays_open() -> None:
    said = 0.0
    for seed in range(10):
        crowd = {"ann": stands(1, 1), "bob": stands(1.2, 1), "cat": stands(6, 6)}
        cameras = [Camera("A", noise_m=0.12), Camera("B", sees=lambda at: at[0] > 5)]
        scene = Scene(crowd, cameras, rng=random.Random(seed))
        scene.play(10.0)
        scene.people.shuffles.clear()
        for _ in range(200):
            scene.play(0.1)
            if any(crossing.frames for crossing in scene.people._doubts["A"].crossings.open):
                break
        scene.people.shuffles.clear()
        cameras[0].next_s += 1e6
        scene.play(10.0)
        said += len(scene.people.shuffles)
    assert said > 5
