"""One camera over the floor: who goes on as whom, what is remembered, and frames that are not as they should be."""

import random

from hypothesis import given
from hypothesis import strategies as st

from hub.core.people import MEMORY_S, People
from tests.unit.cameras import SIGMA_M, Camera, Scene, stands, walks
from wire.messages import Track, Tracks


def track(name: str, x_m: float, y_m: float = 0.0) -> Track:
    return Track(id=name, x_m=x_m, y_m=y_m, sigma_m=SIGMA_M)


def frame(t_s: float, *tracks: Track) -> Tracks:
    return Tracks(t_s=t_s, tracks=tracks)


def one(*people: str) -> Scene:
    """One camera over people who stand 0.6 m apart."""
    return Scene({person: stands(0.6 * i, 0.0) for i, person in enumerate(people)}, [Camera("A")])


def test_a_broken_track_goes_on_as_the_same_body() -> None:
    scene = one("ann")
    scene.cameras[0].blind = {"ann"}
    scene.play(3.0)
    assert scene.people.lost == [scene.known["ann"]] and not scene.people.bodies
    scene.cameras[0].blind = set()
    scene.cameras[0].breaks("ann")
    scene.play(1.0)
    assert scene.everybody_is_who_they_were() and scene.people.count == 1


def test_two_who_come_back_at_once_are_told_apart_together() -> None:
    """Taken one after the other, the first would take the place of whoever it is a little nearer to."""
    people = People()
    people.see("A", frame(1.0, track("a", 0.0), track("b", 0.5)))
    for body in people.bodies.values():
        body.bound = True
    ann, bob = people.bodies.values()
    people.see("A", frame(3.0))
    people.see("A", frame(3.1, track("c", 0.26), track("d", 0.76)))
    people.see("A", frame(3.2, track("c", 0.26), track("d", 0.76)))
    assert (ann.keys, bob.keys) == ({("A", "c")}, {("A", "d")})
    (shuffle,) = people.shuffles
    assert {ann.id, bob.id} == set(shuffle.bodies)


def test_a_swap_of_ids_in_the_only_camera_is_set_right_and_leaves_a_doubt() -> None:
    scene = one("ann", "bob")
    scene.cameras[0].swaps("ann", "bob")
    scene.play(1.0)
    assert scene.everybody_is_who_they_were()
    assert all(abs(sum(p for p, _ in s.outcomes) - 1) < 1e-9 for s in scene.people.shuffles)


def test_where_two_stand_in_one_place_it_stays_open_who_is_who() -> None:
    scene = Scene({"ann": walks((0, 0), (2, 0), 103.0), "bob": walks((4, 0), (2, 0), 103.0)}, [Camera("A")])
    scene.play(6.0)
    assert 0.01 < scene.confusion() < 0.5


def test_swaps_in_a_crowd_of_sixty_are_taken_in_too() -> None:
    crowd = {str(i): stands(0.5 * (i % 10), 0.5 * (i // 10)) for i in range(60)}
    scene = Scene(crowd, [Camera("A", noise_m=0.02)])
    scene.cameras[0].swaps("0", "1")
    scene.cameras[0].swaps("33", "34")
    scene.play(1.0)
    assert len(scene.people.bodies) == 60 and scene.everybody_is_who_they_were()


def test_who_went_out_stays_with_their_places_until_late_evidence_is_in() -> None:
    scene = one("ann", "bob")
    ann = scene.known["ann"]
    del scene.crowd["ann"]
    scene.people.gone(ann)
    assert list(scene.people.left) == [ann] and ann not in scene.people.all()
    scene.play(MEMORY_S - 5.0)
    assert list(scene.people.left) == [ann] and ann.places[0].t_s == 100.0
    scene.play(10.0)
    assert not scene.people.left and list(scene.people.all()) == [scene.known["bob"]]


def test_places_are_kept_for_as_long_as_evidence_may_come_and_no_longer() -> None:
    scene = one("ann", "bob")
    scene.cameras[0].period_s = 1.0
    scene.play(2 * MEMORY_S)
    bob = scene.known["bob"]
    assert bob.places[0].t_s >= bob.t_s - MEMORY_S
    scene.cameras[0].blind = {"bob"}
    scene.play(2 * MEMORY_S)
    assert scene.people.lost == [bob] and len(bob.places) == 1


def test_a_track_from_nowhere_is_a_body_and_forgotten_soon_after_it_vanishes() -> None:
    people = People()
    people.see("A", frame(1.0, track("a", 0.0)))
    assert len(people.bodies) == 1
    people.see("A", frame(3.0))
    people.see("A", frame(3.1))
    assert not list(people.all()) and not people.left


def test_frames_out_of_order_and_twice_say_nothing_new_and_are_counted() -> None:
    people = People()
    people.see("A", frame(2.0, track("a", 0.0)))
    people.see("A", frame(2.0, track("a", 0.1)))
    people.see("A", frame(1.9, track("a", 0.1)))
    (body,) = people.bodies.values()
    assert (body.x_m, len(body.places)) == (0.0, 1)
    assert people.counters["frames_stale"] == people.stale_frames == 2


def test_of_two_tracks_with_one_id_the_one_nearer_to_where_it_was_counts() -> None:
    people = People()
    people.see("A", frame(1.0, track("a", 0.0)))
    people.see("A", frame(1.1, track("a", 0.1), track("a", 5.0)))
    (body,) = people.bodies.values()
    assert body.x_m == 0.1 and people.counters["tracks_repeated"] == 1


def test_an_empty_frame_loses_nobody_at_once() -> None:
    scene = one("ann")
    scene.people.see("A", frame(scene.now_s))
    assert scene.everybody_is_who_they_were() and not scene.people.lost


TRACKS = st.lists(st.tuples(st.sampled_from("abcd"), st.floats(-1e4, 1e4), st.floats(-3, 3)), max_size=5)


@given(st.lists(st.tuples(st.sampled_from("AB"), st.floats(0, 1e11) | st.floats(0, 20), TRACKS), max_size=12))
def test_no_frames_whatever_make_it_fail(frames: list[tuple[str, float, list[tuple[str, float, float]]]]) -> None:
    people = People()
    for camera, t_s, tracks in frames:
        people.see(camera, frame(t_s, *(track(*t) for t in tracks)))
        for body in people.bodies.values():
            body.bound = True
            assert body.sights and all(s.body is body for s in body.sights.values())
    shown = [key for body in people.bodies.values() for key in body.keys]
    assert len(shown) == len(set(shown))


def test_many_who_come_back_at_once_where_many_were_lost_are_handled() -> None:
    people = People()
    people.see("A", frame(1.0, *(track(f"a{i}", 0.1 * i) for i in range(60))))
    for body in people.bodies.values():
        body.bound = True
    people.see("A", frame(9.0))
    people.see("A", frame(9.1, *(track(f"b{i}", 0.1 * i) for i in range(4))))
    people.see("A", frame(9.2, *(track(f"c{i}", 3.0 + 0.1 * i) for i in range(40))))
    assert people.count == 60 and len(people.bodies) + len(people.lost) == 60


def test_sixty_people_who_mill_about_under_two_cameras_are_handled() -> None:
    rng = random.Random(3)
    crowd = {
        str(i): walks((rng.uniform(0, 6), rng.uniform(0, 6)), (rng.uniform(0, 6), rng.uniform(0, 6)), 102.0)
        for i in range(60)
    }
    scene = Scene(crowd, [Camera("A"), Camera("B", phase_s=0.05, offset_m=(0.05, 0.0))])
    scene.play(2.0)
    assert 55 <= len(scene.people.bodies) <= 65
