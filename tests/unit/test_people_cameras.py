"""Several ceiling cameras over one floor."""

import math
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.cameras import Camera, Scene, stands, walks


def two(**differing: object) -> list[Camera]:
    """A camera, and another at another rate; what is given is said of the other."""
    return [Camera("A"), Camera("B", period_s=0.13, phase_s=0.04, **differing)]  # type: ignore[arg-type]


def test_two_cameras_that_see_one_person_see_one_body() -> None:
    scene = Scene({"ann": stands(1, 1)}, two())
    (body,) = scene.people.bodies.values()
    assert {camera for camera, _ in body.keys} == {"A", "B"}
    scene.play(10.0)
    assert scene.people.bodies == {body.id: body} and scene.people.count == 1
    assert [p.t_s for p in body.places] == sorted(p.t_s for p in body.places)


@pytest.mark.parametrize("offset_m", [(0.1, 0.0), (0.0, -0.1), (0.08, 0.08)])
@pytest.mark.parametrize("late_s", [-0.05, 0.05])
def test_cameras_that_differ_by_an_offset_and_some_time_still_see_one_body(
    offset_m: tuple[float, float], late_s: float
) -> None:
    scene = Scene({"ann": walks((0, 0), (12, 0), 101.0)}, two(offset_m=offset_m, late_s=late_s))
    scene.play(12.0)
    assert scene.most == 1 and scene.people.count == 1


@pytest.mark.parametrize("overlap_m", [2.0, 0.3, -2.0])
def test_a_person_walks_out_of_one_view_into_another_and_stays_one_body(overlap_m: float) -> None:
    cameras = two(sees=lambda at: at[0] > 5.0)
    cameras[0].sees = lambda at: at[0] < 5.0 + overlap_m
    scene = Scene({"ann": walks((0, 0), (10, 0), 103.0), "bob": stands(1, 3)}, cameras)
    scene.play(15.0)
    assert scene.everybody_is_who_they_were()
    assert {camera for camera, _ in scene.known["ann"].keys} == {"B"}
    assert len(scene.people.bodies) == 2 and not scene.people.lost


def test_a_track_that_breaks_in_one_camera_while_the_other_goes_on_means_nothing() -> None:
    scene = Scene({"ann": stands(1, 1), "bob": stands(1.5, 1)}, two())
    for _ in range(5):
        scene.cameras[0].breaks("ann")
        scene.play(1.0)
        scene.cameras[1].blind = {"bob"}
        scene.play(2.5)
        scene.cameras[1].blind = set()
        scene.cameras[1].breaks("bob")
    scene.play(2.0)
    assert scene.everybody_is_who_they_were() and scene.most == 2
    assert scene.confusion() < 0.01


@pytest.mark.parametrize("offset_m", [0.0, 0.1, -0.1])
def test_two_people_shoulder_to_shoulder_under_two_cameras_stay_two(offset_m: float) -> None:
    crowd = {
        "ann": walks((0, 0.0), (8, 0.0), 103.0),
        "bob": walks((0, 0.45), (8, 0.45), 103.0),
    }
    scene = Scene(crowd, two(offset_m=(0.0, offset_m)))
    scene.play(20.0)
    assert len(scene.known) == 2 and scene.most == 2
    assert scene.everybody_is_who_they_were()
    assert scene.confusion() < 0.02


def test_what_one_camera_swaps_the_other_settles() -> None:
    crowd = {"ann": stands(0, 0), "bob": stands(0.5, 0)}
    scene = Scene(crowd, two())
    for camera in scene.cameras:
        camera.swaps("ann", "bob")
        scene.play(3.0)
        assert scene.everybody_is_who_they_were()
    assert scene.confusion() < 0.01


def test_a_swap_while_two_cross_is_settled_by_the_camera_that_saw_them_apart() -> None:
    """The one is too noisy to tell them apart where they meet; the other is not, and does not let itself be misled."""
    crowd = {"ann": walks((0, 0), (4, 0.3), 103.0), "bob": walks((4, 0), (0, -0.3), 103.0)}
    scene = Scene(crowd, two(noise_m=0.02))
    scene.play(2.4)
    scene.cameras[0].swaps("ann", "bob")
    scene.play(5.0)
    assert scene.everybody_is_who_they_were()
    assert scene.most == 2 and scene.confusion() < 0.1


def test_when_neither_camera_can_know_it_stays_open() -> None:
    """They stand in one place for a while; then one camera says that they went on as they came, the other that not."""
    ann, bob = walks((0, 0), (2, 0), 103.0), walks((4, 0), (2, 0), 103.0)
    scene = Scene({"ann": ann, "bob": bob}, two())
    scene.play(5.0)
    scene.cameras[0].swaps("ann", "bob")
    scene.crowd = {"ann": walks((2, 0), (2, 2), scene.now_s), "bob": walks((2, 0), (2, -2), scene.now_s)}
    scene.play(5.0)
    assert len(scene.people.bodies) == 2
    assert sum(p for s in scene.people.shuffles for p, order in s.outcomes if order == (1, 0)) > 0.02


def test_who_was_followed_along_with_somebody_else_becomes_a_body_of_their_own() -> None:
    """Each camera sees only one of the two, side by side; then they part."""
    scene = Scene({"ann": stands(0, 0)}, two())
    scene.cameras[0].blind, scene.cameras[1].blind = {"bob"}, {"ann"}
    scene.crowd["bob"] = walks((0, 0.3), (3, 3), 106.0)
    scene.play(2.0)
    scene.play(6.0)
    assert len(scene.people.bodies) == 2 and scene.body_of("ann") is scene.known["ann"]
    assert scene.people.counters["tracks_parted"] == 1


def test_whom_two_cameras_see_in_one_place_for_a_while_is_one_person_after_all() -> None:
    """The other camera sees its person too far off at first, and comes right by and by."""
    scene = Scene({"ann": stands(0, 0)}, two())
    scene.cameras[1].blind = {"ann"}
    scene.play(3.0)
    scene.cameras[1].blind, scene.cameras[1].offset_m = set(), (1.2, 0.0)
    scene.play(1.0)
    assert len(scene.people.bodies) == 2
    for offset_m in (0.9, 0.6, 0.3, 0.05):
        scene.cameras[1].offset_m = (offset_m, 0.0)
        scene.play(0.5)
    scene.play(2.0)
    assert scene.people.bodies == {scene.known["ann"].id: scene.known["ann"]}
    assert scene.people.counters["bodies_joined"] == 1


def test_a_camera_that_falls_silent_holds_nobody_in_sight() -> None:
    scene = Scene({"ann": stands(0, 0), "bob": stands(6, 0)}, two(sees=lambda at: at[0] < 3))
    del scene.cameras[0]
    scene.play(8.0)
    assert scene.people.bodies == {scene.known["ann"].id: scene.known["ann"]}
    assert scene.people.lost == [scene.known["bob"]]


CAMERAS = st.builds(
    Camera,
    name=st.uuids().map(str),
    period_s=st.sampled_from([0.1, 0.13, 0.2]),
    phase_s=st.floats(0, 0.09),
    offset_m=st.tuples(st.floats(-0.05, 0.05), st.floats(-0.05, 0.05)),
    late_s=st.floats(-0.05, 0.05),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(CAMERAS, min_size=1, max_size=3), st.integers(1, 6), st.floats(0, 0.3), st.integers(0, 2**32))
def test_after_any_mess_there_are_as_many_bodies_as_people(
    cameras: list[Camera], count: int, mess: float, seed: int
) -> None:
    """They walk about at random under cameras that miss them, break and swap their ids; in the end they stand apart."""
    rng = random.Random(seed)
    crowd = {str(i): stands(1.5 * i, 0.0) for i in range(count)}
    scene = Scene(crowd, cameras, rng=rng)
    at = {person: (1.5 * i, 0.0) for i, person in enumerate(crowd)}
    for _ in range(8):
        for person, (x_m, y_m) in at.items():
            at[person] = min(max(x_m + rng.gauss(0, 0.8), 0), 9), min(max(y_m + rng.gauss(0, 0.8), -2), 2)
            crowd[person] = walks((x_m, y_m), at[person], scene.now_s)
        for camera in cameras:
            camera.blind = {person for person in crowd if rng.random() < mess}
            for person in crowd:
                if rng.random() < mess:
                    camera.breaks(person)
            if count > 1 and rng.random() < mess:
                camera.swaps(*rng.sample(sorted(crowd), 2))
        scene.play(0.9)
    for i, person in enumerate(crowd):
        crowd[person] = walks(at[person], (1.5 * i, 0.0), scene.now_s)
    for camera in cameras:
        camera.blind = set()
    scene.play(12.0)
    assert len(scene.people.bodies) == count
    assert all(scene.body_of(person) is not None for person in crowd)
    for shuffle in scene.people.shuffles:
        places = list(range(len(shuffle.bodies)))
        assert all(sorted(order) == places for _, order in shuffle.outcomes)
        assert math.isclose(sum(p for p, _ in shuffle.outcomes), 1.0)
    assert [s.t_s for s in scene.people.shuffles] == sorted(s.t_s for s in scene.people.shuffles)
