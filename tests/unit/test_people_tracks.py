"""Real people on a real floor, under cameras that are made up: how often does a body come to be somebody else?"""

import csv
import os
import random
from collections import defaultdict
from pathlib import Path

import pytest

from tests.unit.cameras import At, Camera, Scene, Walk

TRACKS = Path(os.environ.get("AISLE_DATA", Path(__file__).parents[2].parent / "shared" / "data")) / "tracks"
FRAME_S = 0.5
FOR_S = 40
CLOSE_M = 0.5
SWAPS, BREAKS = 0.04, 0.025
"""Share of half-seconds in which a camera mixes up two who are so close, or gives one of them another id."""

pytestmark = pytest.mark.skipif(not TRACKS.is_dir(), reason=f"ground tracks: none in {TRACKS}; set AISLE_DATA")


def through(places: dict[int, At], first: int) -> Walk:
    """From place to place in straight lines; nowhere before, after, and where the annotation has a gap."""

    def at(t_s: float) -> At | None:
        frame, share = divmod((t_s - 100.0) / FRAME_S, 1.0)
        here, there = places.get(first + int(frame)), places.get(first + int(frame) + 1)
        if here is None or there is None:
            return None
        return here[0] + share * (there[0] - here[0]), here[1] + share * (there[1] - here[1])

    return at


def wildtrack() -> dict[str, Walk]:
    """By person; WILDTRACK's frames are numbered in steps of five and taken twice a second."""
    places: dict[str, dict[int, At]] = defaultdict(dict)
    with (TRACKS / "wildtrack_ground.csv").open() as file:
        for row in csv.DictReader(file):
            places[row["person_id"]][int(row["frame"]) // 5] = float(row["x_m"]), float(row["y_m"])
    return {person: through(own, 0) for person, own in places.items() if min(own) <= FOR_S / FRAME_S}


def mixed_up(cameras: list[Camera]) -> tuple[int, int]:
    """Identity switches, and seconds that people were followed."""
    rng = random.Random(5)
    scene = Scene(wildtrack(), cameras, rng=rng)
    who: dict[str, str] = {}
    switches = followed = 0
    for _ in range(2 * (FOR_S - 2)):
        for camera in cameras:
            here = [(p, at) for p in camera.ids if (at := scene.crowd[p](scene.now_s)) is not None]
            for i, (one, (x_m, y_m)) in enumerate(here):
                for two, (other_x_m, other_y_m) in here[:i]:
                    if (x_m - other_x_m) ** 2 + (y_m - other_y_m) ** 2 < CLOSE_M**2:
                        chance = rng.random()
                        if chance < SWAPS:
                            camera.swaps(one, two)
                        elif chance < SWAPS + BREAKS:
                            camera.breaks(one)
        scene.play(FRAME_S)
        body_of = {key: body for body in scene.people.bodies.values() for key in body.keys}
        for body in body_of.values():
            body.bound = True
        for person in scene.crowd:
            keys = [(c.name, c.ids[person]) for c in cameras if person in c.ids]
            if bodies := {body_of[key].id for key in keys if key in body_of}:
                followed += 1
                switches += person in who and who[person] not in bodies
                who[person] = who[person] if who.get(person) in bodies else min(bodies)
    return switches, followed // 2


def test_a_second_camera_makes_identity_switches_rarer() -> None:
    alone, followed_s = mixed_up([Camera("A", period_s=0.125)])
    both, _ = mixed_up([Camera("A", period_s=0.125), Camera("B", period_s=0.125, phase_s=0.05, offset_m=(0.05, 0.05))])
    assert followed_s > 500
    assert both < alone < followed_s / 20
