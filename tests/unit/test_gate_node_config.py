"""A gate's file is read strictly: what cannot be is one line that names file and place."""

from pathlib import Path

import pytest

from drivers.turnstile import Pins
from gate_node.config import GateConfig, Scanner
from gate_node.errors import BadGate
from wire.errors import BadSettings
from wire.settings import load_toml

GATE = """
gate = "entry"
direction = "in"

[pins]
unlock_in = 5
unlock_out = 17
pass_in = 22
pass_out = 23
alarm = 24
fire = 25

[[scanners]]
name = "left"
path = "/dev/serial/by-id/usb-left"
"""


def read(tmp_path: Path, text: str) -> GateConfig:
    path = tmp_path / "gate.toml"
    path.write_text(text)
    config = load_toml(path, GateConfig)
    config.check(str(path))
    return config


def test_what_is_not_said_is_the_reference_turnstile(tmp_path: Path) -> None:
    assert read(tmp_path, GATE) == GateConfig(
        gate="entry",
        direction="in",
        pins=Pins(unlock_in=5, unlock_out=17, pass_in=22, pass_out=23, alarm=24, fire=25),
        mode="pulse",
        passage_s=8.0,
        free_egress_after_s=3.0,
        scanners=(Scanner(name="left", path="/dev/serial/by-id/usb-left", baud=9600),),
    )


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("fire = 25", "fire = 24", "pins.fire and pins.alarm are both 24"),
        ("fire = 25", "fire = 41", "pins.fire = 41: not on the header"),
        ("[[sc", '[[scanners]]\nname = "left"\npath = "/dev/b"\n[[sc', "two scanners have the name left"),
    ],
)
def test_pins_and_scanners_that_cannot_be_are_refused(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    with pytest.raises(BadGate, match=f"gate.toml: {complaint}"):
        read(tmp_path, GATE.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('"in"', '"both"', r"\$.direction"),
        ('gate = "entry"', 'gate = "entry"\nmood = 1', "mood"),
        ("fire = 25", "", "fire"),
        ('name = "left"', 'name = "left"\nbaud = 9601', r"scanners\[0\].baud"),
        ('gate = "entry"', 'gate = "entry"\nfree_egress_after_s = 0', "free_egress_after_s"),
    ],
)
def test_a_wrong_key_or_value_is_refused_by_its_place(tmp_path: Path, old: str, new: str, place: str) -> None:
    with pytest.raises(BadSettings, match=f"gate.toml: .*{place}"):
        read(tmp_path, GATE.replace(old, new))
