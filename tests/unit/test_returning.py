"""Who comes back into sight where it may be somebody else: judged when the other is seen again, too."""

import pytest

from hub.core.returning import WAITS_S
from tests.unit.cameras import Camera, Scene, stands, walks


def side_by_side(apart_m: float) -> Scene:
    scene = Scene({"ann": stands(1, 1), "bob": stands(1 + apart_m, 1)}, [Camera("A")])
    scene.play(10.0)
    scene.people.shuffles.clear()
    return scene


def themselves(scene: Scene) -> float:
    """How likely ann is held to be ann, and bob bob."""
    even = 1.0
    for shuffle in scene.people.shuffles:
        even *= 1 - 2 * sum(p for p, order in shuffle.outcomes if order == (1, 0))
    return (1 + even) / 2 if scene.everybody_is_who_they_were() else (1 - even) / 2


@pytest.mark.parametrize("apart_m", [0.5, 0.7])
def test_an_id_that_is_replaced_at_once_is_not_a_lost_neighbour_who_came_back_in_that_very_frame(
    apart_m: float,
) -> None:
    scene = side_by_side(apart_m)
    camera = scene.cameras[0]
    camera.blind = {"bob"}
    scene.play(0.6)
    camera.breaks("ann")
    scene.play(0.5)
    assert not scene.people.shuffles
    scene.play(0.7)
    camera.blind = set()
    camera.ids.pop("bob")
    scene.play(WAITS_S + 1.0)
    assert themselves(scene) > 0.95


def test_who_was_only_missed_in_one_frame_is_whoever_has_their_id_again() -> None:
    """In that frame bob, who was lost, came back where ann should have been."""
    scene = Scene({"ann": stands(1, 1), "bob": walks((1.8, 1), (1.1, 1), 112.2, speed_mps=0.7)}, [Camera("A")])
    scene.play(10.0)
    scene.people.shuffles.clear()
    camera = scene.cameras[0]
    camera.blind = {"bob"}
    scene.play(1.2)
    camera.blind = {"ann"}
    camera.ids.pop("bob")
    scene.play(0.1)
    camera.blind = set()
    scene.play(WAITS_S + 1.0)
    assert themselves(scene) > 0.95


def test_of_two_who_come_back_one_after_the_other_the_second_tells_who_the_first_was() -> None:
    """Both were lost as bob walked past ann; she is back where she stood, and he where he was going."""
    scene = Scene({"ann": stands(1, 1), "bob": walks((-1, 1.2), (5, 1.2), 110.0)}, [Camera("A")])
    scene.play(9.5)
    scene.people.shuffles.clear()
    camera = scene.cameras[0]
    camera.blind = {"ann", "bob"}
    scene.play(0.9)
    camera.blind = {"bob"}
    camera.ids.clear()
    scene.play(0.8)
    (open_,) = scene.people._doubts["A"].returns.open
    camera.blind = set()
    scene.play(WAITS_S + 1.0)
    assert themselves(scene) > 1 - open_.p / 3


def test_whoever_does_not_come_back_is_not_waited_for_for_ever() -> None:
    scene = side_by_side(0.3)
    camera = scene.cameras[0]
    camera.blind = {"ann", "bob"}
    scene.play(1.0)
    camera.blind = {"bob"}
    camera.ids.clear()
    scene.play(WAITS_S + 0.3)
    assert scene.confusion() > 0.01
    assert scene.people.shuffles[0].t_s < scene.now_s - WAITS_S


def test_what_was_open_when_the_camera_fell_silent_stays_open() -> None:
    scene = Scene({"ann": stands(1, 1), "bob": stands(1.3, 1)}, [Camera("A"), Camera("B", sees=lambda at: at[0] > 5)])
    scene.play(5.0)
    scene.people.shuffles.clear()
    scene.cameras[0].blind = {"ann", "bob"}
    scene.play(1.0)
    scene.cameras[0].blind = {"bob"}
    scene.cameras[0].ids.clear()
    scene.play(0.3)
    assert scene.confusion() == 0.0
    scene.cameras[0].next_s = 1e9
    scene.play(10.0)
    assert scene.confusion() > 0.01
