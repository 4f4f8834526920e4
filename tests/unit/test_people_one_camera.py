"""One ceiling camera: what its own tracks tell of who is who."""

import random

import pytest

from hub.core.arrivals import WaysIn, recognise, went_over
from hub.core.floor import LEAST_M2, Body, Place, Steps
from hub.core.tracking import close_groups
from tests.unit.cameras import Camera, Scene, stands, walks
from wire.messages import Track


def test_a_camera_that_is_steadier_than_it_says_is_believed_when_it_swaps_two_who_stand_together() -> None:
    """How steady it is, it shows by somebody who stands alone."""
    crowd = {"ann": stands(1, 1), "bob": stands(1.2, 1), "cat": stands(6, 6)}
    scene = Scene(crowd, [Camera("A", noise_m=0.02)])
    scene.play(30.0)
    scene.cameras[0].swaps("ann", "bob")
    scene.play(2.0)
    assert scene.everybody_is_who_they_were()
    assert scene.confusion() < 0.01


def test_a_camera_as_noisy_as_the_two_are_apart_leaves_it_open() -> None:
    crowd = {"ann": stands(1, 1), "bob": stands(1.2, 1), "cat": stands(6, 6)}
    scene = Scene(crowd, [Camera("A", noise_m=0.12)])
    scene.play(30.0)
    scene.cameras[0].swaps("ann", "bob")
    scene.play(2.0)
    assert scene.confusion() > 0.01


def test_two_who_stand_close_may_swap_though_a_noisy_camera_shows_them_far_apart_and_two_far_apart_may_not() -> None:
    for noise_m, apart_m, close in ((0.2, 0.6, True), (0.02, 0.6, True), (0.02, 1.0, False)):
        scene = Scene(
            {"ann": stands(1, 1), "bob": stands(1 + apart_m, 1), "cat": stands(6, 6)}, [Camera("A", noise_m=noise_m)]
        )
        scene.play(30.0)
        grouped = []
        for _ in range(200):
            scene.play(0.1)
            view, steps = scene.people._views["A"], scene.people._steps["A"]
            grouped.append(bool(close_groups(scene.now_s, view, {}, steps)))
        assert sum(grouped) > 195 if close else not any(grouped)


@pytest.mark.parametrize("gone_s", [0.6, 1.2])
def test_two_who_cross_out_of_sight_went_straight_on(gone_s: float) -> None:
    crowd = {"ann": walks((0, 0), (6, 0), 103.0), "bob": walks((6, 0.4), (0, 0.4), 103.0)}
    scene = Scene(crowd, [Camera("A")])
    scene.play(3.5 - gone_s / 2)
    scene.cameras[0].blind = {"ann", "bob"}
    scene.play(gone_s)
    scene.cameras[0].blind = set()
    scene.cameras[0].ids.clear()
    scene.play(2.0)
    assert scene.everybody_is_who_they_were()
    assert scene.confusion() < 0.05


def test_one_who_is_missing_is_not_whom_a_steady_track_follows() -> None:
    """A track goes on where it was, while the one beside it is missing: it did not change over in that very frame."""
    scene = Scene({"ann": stands(1, 1), "bob": stands(1.3, 1)}, [Camera("A")])
    scene.play(5.0)
    scene.people.shuffles.clear()
    scene.cameras[0].blind = {"bob"}
    scene.play(1.0)
    assert scene.confusion() < 0.02


def test_one_who_is_missing_beside_another_and_comes_back_further_on_was_not_whom_they_passed() -> None:
    """Bob walks past ann, and is lost there; she shifts a little, just where he might be. He comes back on his way."""
    confusions = []
    for seed in range(6):
        crowd = {"ann": stands(3, 1), "bob": walks((1.5, 1.2), (6, 1.2), 103.0, 0.7), "cat": stands(9, 9)}
        scene = Scene(crowd, [Camera("A")], rng=random.Random(seed))
        camera = scene.cameras[0]
        scene.play(2.9)
        camera.blind = {"bob"}
        scene.play(0.5)
        scene.crowd["ann"] = stands(3.2, 0.9)
        scene.play(1.0)
        camera.blind = set()
        camera.breaks("bob")
        scene.play(4.0)
        assert scene.everybody_is_who_they_were()
        confusions.append(scene.confusion())
    assert sum(confusions) / len(confusions) < 0.05


def test_an_id_that_goes_over_to_one_who_comes_back_leaves_its_owner_to_a_new_one() -> None:
    """The camera lost bob beside ann; when he is back it takes him for her, and her for somebody new."""
    scene = Scene({"ann": stands(1, 1), "bob": stands(1.6, 1)}, [Camera("A")])
    camera = scene.cameras[0]
    scene.play(5.0)
    camera.blind = {"bob"}
    scene.play(2.0)
    camera.blind = set()
    camera.ids["bob"] = camera.ids["ann"]
    camera.breaks("ann")
    scene.play(2.0)
    assert scene.everybody_is_who_they_were()
    assert scene.confusion() < 0.01


def test_who_is_new_beside_somebody_does_not_become_them() -> None:
    scene = Scene({"ann": stands(1, 1), "bob": stands(1.3, 1)}, [Camera("A")])
    camera = scene.cameras[0]
    scene.play(5.0)
    for _ in range(10):
        camera.breaks("bob")
        scene.play(1.0)
    assert scene.everybody_is_who_they_were()


def test_a_camera_without_any_noise_is_no_reason_to_believe_it_beyond_a_centimetre() -> None:
    scene = Scene({"ann": stands(1, 1), "bob": stands(1.5, 1), "cat": stands(6, 6)}, [Camera("A", noise_m=0.0)])
    scene.play(400.0)
    scene.crowd["bob"] = walks((1.5, 1), (1.1, 1), scene.now_s)
    scene.play(5.0)
    assert scene.everybody_is_who_they_were()
    assert scene.people._steps["A"].variance >= LEAST_M2


def test_after_a_pause_of_the_camera_its_ids_are_believed_and_what_moved_meanwhile_is_no_swap() -> None:
    crowd = {"ann": stands(1, 1), "bob": stands(1.4, 1), "cat": stands(6, 6)}
    scene = Scene(crowd, [Camera("A", noise_m=0.02)])
    scene.play(10.0)
    scene.cameras[0].next_s += 60.0
    scene.crowd |= {"ann": stands(3, 1), "bob": stands(3, 1.4)}
    scene.play(62.0)
    assert scene.everybody_is_who_they_were()
    assert scene.confusion() < 0.05


def test_who_comes_in_right_behind_somebody_who_walks_on_is_not_taken_for_them() -> None:
    """She starts off just as he appears where she was: at a way in people appear all the time."""
    for seed in range(30):
        scene = Scene({"ann": stands(0.6, 1.4)}, [Camera("A", noise_m=0.07)], rng=random.Random(seed))
        scene.people.ways_in.entries = ((0.5, 1.3),)
        scene.play(5.0)
        scene.crowd["ann"] = walks((0.6, 1.4), (3, 3), scene.now_s)
        scene.play(0.2)
        scene.crowd["bob"] = stands(0.55, 1.35)
        scene.play(2.0)
        exchanged = sum(p for shuffle in scene.people.shuffles for p, order in shuffle.outcomes if order == (1, 0))
        assert (scene.body_of("ann") is scene.known["ann"]) == (exchanged < 0.5)
        assert min(exchanged, 1 - exchanged) < 0.2


def test_whether_an_id_went_over_depends_on_where_people_appear() -> None:
    """Her track is off by a stride just as another appears where she was: she walked on, or was taken for him."""
    scene = Scene({"ann": stands(0.7, 1.5)}, [Camera("A", noise_m=0.04)])
    scene.play(5.0)
    (sight,) = scene.known["ann"].sights.values()
    track, new = (Track(id=i, x_m=x, y_m=1.5, sigma_m=0.06) for i, x in (("a", 0.9), ("b", 0.65)))
    steps = scene.people._steps["A"]
    found = [
        went_over(scene.now_s, "A", sight, track, [new], [], steps, WaysIn(entries))
        for entries in (((0.5, 1.4),), ((0.9, 1.5),), ())
    ]
    behind_her, before_her, nowhere = (over.p if over else 0.0 for over in found)
    assert behind_her < nowhere < before_her
    assert went_over(scene.now_s, "A", sight, track, [], [], steps, WaysIn()) is None


def test_whoever_has_just_come_in_is_awaited_at_the_gate_where_somebody_was_lost() -> None:
    for awaited, same in (((), True), (((1.5, 1.3),), False)):
        scene = Scene({"ann": stands(1, 1)}, [Camera("A", noise_m=0.02)])
        scene.play(5.0)
        scene.cameras[0].blind = {"ann"}
        scene.play(2.0)
        scene.cameras[0].blind = set()
        scene.cameras[0].breaks("ann")
        scene.crowd["ann"] = stands(1.5, 1.3)
        scene.people.ways_in.awaited = awaited
        scene.play(0.3)
        assert (scene.body_of("ann") is scene.known["ann"]) == same


@pytest.mark.parametrize("order", ["xy", "yx"])
def test_who_comes_back_beside_whom_comes_in_may_be_the_other_in_whatever_order_their_tracks_are(order: str) -> None:
    ann = Body("1", 100.0, 0.0, 0.0, bound=True)
    ann.seen(Place(100.0, 0.0, 0.0, None, 0.07))
    ways_in = WaysIn(entries=((0.0, 0.0),), awaited=((0.0, 0.0),))
    near = {"x": (0.02, 0.0), "y": (0.08, 0.12)}
    tracks = [Track(id=i, x_m=near[i][0], y_m=near[i][1], sigma_m=0.07) for i in order]
    found = recognise(101.0, "A", tracks, [ann], {}, Steps(step_s=0.1, variance=0.005), ways_in)
    ((p, rival),) = [rival for recognised in found for rival in recognised.rivals]
    assert {r.track.id: r.body for r in found} == {"x": ann, "y": None} and rival is None and 0.3 < p < 0.5


def back_near_a_way_in(let_in: bool) -> Scene:
    """Ann was lost for a moment at a way in; another track begins a step from there. Perhaps somebody was let in."""
    scene = Scene({"ann": stands(1, 1), "bob": stands(4, 4)}, [Camera("A", noise_m=0.02)])
    scene.people.ways_in.entries, scene.people.ways_in.let_in = ((1.0, 1.0),), let_in
    scene.play(5.0)
    scene.cameras[0].blind = {"ann"}
    scene.crowd["ann"] = stands(1.5, 1.4)
    scene.play(1.6)
    scene.cameras[0].blind = set()
    scene.cameras[0].breaks("ann")
    return scene


def test_a_stranger_who_did_not_come_in_is_whoever_was_lost_there() -> None:
    """She is lost near a way in, where somebody new is likelier: but nobody comes in."""
    scene = back_near_a_way_in(let_in=False)
    scene.play(1.0)
    assert scene.body_of("ann") is not scene.known["ann"]
    scene.play(6.0)
    assert scene.everybody_is_who_they_were()


def test_a_stranger_who_stood_there_beside_somebody_never_becomes_them_however_long_they_are_lost() -> None:
    scene = Scene({"ann": stands(1, 1), "cat": stands(8, 8)}, [Camera("A", noise_m=0.02)])
    scene.crowd["bob"] = stands(4, 4)
    scene.play(20.0)
    scene.cameras[0].blind = {"ann"}
    scene.play(250.0)
    stranger = scene.body_of("bob")
    assert stranger is not None and not stranger.bound and scene.known["ann"] in scene.people.lost


def test_while_somebody_was_let_in_and_not_heard_to_come_a_stranger_is_nobody_lost() -> None:
    for let_in in (True, False):
        scene = back_near_a_way_in(let_in)
        scene.play(7.0)
        assert (scene.body_of("ann") is scene.known["ann"]) != let_in
