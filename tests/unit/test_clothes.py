"""The colour of clothes, where a store wants it: another thing by which people are kept apart."""

import math
import pickle
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.clothes import UNLIKE, Clothes, wear
from hub.core.events import Observed
from hub.core.floor import Body, Sight
from hub.core.fold import apply
from hub.core.people import People
from hub.core.state import State
from hub.store import load_store
from hw.simulate import DEMO_STORE
from tests.unit.cameras import BLACK, BLUE, RED, Camera, Lab, Scene, stands, walks
from wire.messages import Colour, Track, Tracks

STORE = load_store(DEMO_STORE)
DIFFERENT = {"ann": RED, "bob": BLUE, "cat": BLACK}
ALIKE = {"ann": BLACK, "bob": BLACK, "cat": RED}


def side_by_side(wears: dict[str, Lab], wanted: bool = True) -> Scene:
    """Two who stand so close together that positions hardly tell, and one elsewhere; all for a while."""
    crowd = {"ann": stands(1, 1), "bob": stands(1.25, 1), "cat": stands(6, 6)}
    scene = Scene(crowd, [Camera("A", wears=wears)], people=People(clothes=Clothes() if wanted else None))
    scene.play(20.0)
    scene.people.shuffles.clear()
    return scene


def change_places_unseen(scene: Scene) -> None:
    """The camera loses both for longer than a hiccup, and they come back where the other one was."""
    camera, crowd = scene.cameras[0], scene.crowd
    camera.blind = {"ann", "bob"}
    scene.play(1.8)
    crowd["ann"], crowd["bob"] = crowd["bob"], crowd["ann"]
    camera.blind = set()
    camera.ids.clear()
    scene.play(2.0)


def test_two_whose_ids_are_swapped_side_by_side_are_told_apart_by_what_they_wear() -> None:
    scene = side_by_side(DIFFERENT)
    scene.cameras[0].swaps("ann", "bob")
    scene.play(2.0)
    assert scene.everybody_is_who_they_were()
    assert scene.confusion() < 0.001


def test_two_who_change_places_out_of_sight_are_told_apart_by_what_they_wear() -> None:
    scene = side_by_side(DIFFERENT)
    change_places_unseen(scene)
    assert scene.everybody_is_who_they_were()
    assert scene.confusion() < 0.001


@pytest.mark.parametrize(("wears", "wanted"), [(ALIKE, True), (DIFFERENT, False)], ids=["alike", "not wanted"])
def test_where_clothes_say_nothing_it_stays_open_who_is_who(wears: dict[str, Lab], wanted: bool) -> None:
    scene = side_by_side(wears, wanted)
    change_places_unseen(scene)
    assert scene.confusion() > 0.1


def test_light_and_shade_that_go_on_for_seconds_do_not_add_up_to_a_confusion() -> None:
    """Two dressed alike, of whom now one and now the other stands in the dark: what each looks like wanders."""
    scene = side_by_side(ALIKE)
    scene.play(30.0)
    assert scene.confusion() < 0.02


def test_somebody_lost_who_comes_back_in_other_clothes_is_more_likely_somebody_else() -> None:
    def found_again(wears: Lab) -> bool:
        crowd = {"ann": walks((1, 1), (4, 1), 106.0), "cat": stands(6, 6)}
        camera = Camera("A", wears={"ann": RED, "cat": BLACK})
        scene = Scene(crowd, [camera], people=People(clothes=Clothes()))
        scene.play(5.0)
        camera.blind, camera.wears = {"ann"}, {"ann": wears, "cat": BLACK}
        scene.play(6.0)
        camera.blind = set()
        camera.ids.pop("ann")
        scene.play(1.0)
        return scene.everybody_is_who_they_were()

    assert found_again(RED)
    assert not found_again(BLUE)


def test_how_steady_colours_are_is_learnt_from_people_with_nobody_near() -> None:
    scene = Scene({"cat": stands(6, 6)}, [Camera("A", wears={"cat": RED})], people=People(clothes=Clothes()))
    scene.play(120.0)
    clothes = scene.people.clothes
    assert clothes is not None
    assert all(4.0 < variance < 10.0 for variance in clothes.frame), "2 units of noise, rounded, and what is smoothed"
    assert clothes.shade[0] > 2 * clothes.shade[1], "the light changes more than the colour"


COLOURS = st.builds(
    Colour, lightness=st.integers(0, 100), green_red=st.integers(-128, 127), blue_yellow=st.integers(-128, 127)
)


def track(colour: Colour | None) -> Track:
    return Track(id="1", x_m=1.0, y_m=1.0, sigma_m=0.1, colour=colour)


@given(st.lists(COLOURS, min_size=1, max_size=80), COLOURS, st.floats(0.0, 100.0))
def test_no_look_rules_anybody_out(looks: list[Colour], colour: Colour, gone_s: float) -> None:
    """Whatever somebody looked like so far: they may be half hidden now, or under a lamp."""
    clothes = Clothes()
    body = Body("1", 100.0, 1.0, 1.0)
    sight = body.sights["A"] = Sight(body, "A", "1", 100.0, 100.0, 1.0, 1.0)
    for i, look in enumerate(looks, 1):
        clothes.learn(100.0 + i / 10, sight, track(look))
        wear(100.0 + i / 10, sight, track(look))
        sight.seen(100.0 + i / 10, track(look))
    fit_log = clothes.fit_log(sight.t_s + gone_s, body, "A", track(colour))
    assert math.log(UNLIKE) <= fit_log < math.inf
    assert clothes.fit_log(sight.t_s + gone_s, body, "A", track(None)) == 0.0
    assert clothes.fit_log(sight.t_s + gone_s, body, "B", track(colour)) == 0.0


def test_what_somebody_wore_is_forgotten_when_they_have_left() -> None:
    scene = side_by_side(DIFFERENT)
    ann = scene.known["ann"]
    assert ann.worn
    scene.people.gone(ann)
    assert not ann.worn
    assert not ann.sights


def frames(wears: dict[str, Lab]) -> list[Tracks]:
    crowd = {"ann": stands(1, 1), "bob": stands(1.25, 1), "cat": walks((3, 2), (5, 3), 102.0)}
    camera, rng = Camera("A", wears=wears), random.Random(1)
    seen = [camera.frame(100.0 + i / 10, crowd, rng) for i in range(60)]
    camera.swaps("ann", "bob")
    return seen + [camera.frame(106.0 + i / 10, crowd, rng) for i in range(60)]


def played(seen: list[Tracks], wanted: bool) -> State:
    state = State(msgspec.structs.replace(STORE, clothing_colour=wanted))
    for frame in seen:
        apply(state, Observed(at_s=frame.t_s, node="ceiling", body=frame))
    return state


def test_a_store_that_does_not_want_colours_keeps_none_and_uses_none() -> None:
    """What it knows is the same to the byte, whether a node sends them or not."""
    coloured = frames(DIFFERENT)
    plain = [
        Tracks(t_s=f.t_s, tracks=tuple(msgspec.structs.replace(t, colour=None) for t in f.tracks)) for f in coloured
    ]
    assert pickle.dumps(played(coloured, False)) == pickle.dumps(played(plain, False))
    assert pickle.dumps(played(coloured, True)) != pickle.dumps(played(plain, True))


def test_colours_are_not_wanted_unless_the_store_says_so() -> None:
    assert not STORE.clothing_colour
    assert State(STORE).people.clothes is None
