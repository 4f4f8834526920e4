"""A gate's file is read strictly: what cannot be is one line that names file and place."""

from pathlib import Path

import pytest

from drivers.turnstile import Pins
from gate_node.config import GateConfig, GateNodeConfig, Scanner
from wire.errors import BadSettings
from wire.settings import load_toml

FILE = """
[node]
name = "gate-1"
store = "demo"
role = "gate"
state_dir = "/var/lib/aisle"

[gate]
gate = "entry"
direction = "in"

[gate.pins]
unlock_in = 5
unlock_out = 17
pass_in = 22
pass_out = 23
alarm = 24
fire = 25

[[gate.scanners]]
name = "left"
path = "/dev/serial/by-id/usb-left"
"""


def read(tmp_path: Path, text: str) -> GateNodeConfig:
    path = tmp_path / "gate.toml"
    path.write_text(text)
    return load_toml(path, GateNodeConfig)


def test_what_is_not_said_is_the_reference_turnstile(tmp_path: Path) -> None:
    assert read(tmp_path, FILE).gate == GateConfig(
        gate="entry",
        direction="in",
        pins=Pins(unlock_in=5, unlock_out=17, pass_in=22, pass_out=23, alarm=24, fire=25),
        passage_s=8.0,
        free_egress_after_s=3.0,
        scanners=(Scanner(name="left", path="/dev/serial/by-id/usb-left", baud=9600),),
    )


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("fire = 25", "fire = 24", "pins.fire and pins.alarm are both 24"),
        ("fire = 25", "fire = 41", "pins.fire = 41 is not on the header"),
        ("[[gate", '[[gate.scanners]]\nname = "left"\npath = "/dev/b"\n[[gate', "two readers have the name left"),
        ("[[gate", '[[gate.wiegand]]\nname = "left"\nd0 = 6\nd1 = 12\n[[gate', "two readers have the name left"),
        (
            "[[gate",
            '[[gate.scanners]]\nname = "right"\npath = "/dev/serial/by-id/usb-left"\n[[gate',
            "have the path /dev",
        ),
        (
            "[[gate",
            '[[gate.wiegand]]\nname = "card"\nd0 = 6\nd1 = 24\n[[gate',
            r"wiegand\[0\].d1 and pins.alarm are both 24",
        ),
        (
            "[[gate",
            '[[gate.wiegand]]\nname = "card"\nd0 = 6\n[[gate',
            r"missing key `d1` in \[gate.wiegand\[0\]\]",
        ),
        ('name = "left"', 'name = "fire"', "no reader can be called fire"),
        ('"in"', '"both"', r"Invalid enum value 'both' - at `\$.gate.direction`"),
        ("[gate]", "[gate]\nmood = 1", r"unknown key `mood` in \[gate\]"),
        ("fire = 25", "", r"missing key `fire` in \[gate.pins\]"),
        ('name = "left"', 'name = "left"\nbaud = 9601', r"gate.scanners\[0\].baud"),
        ("[gate]", "[gate]\nfree_egress_after_s = 0", "gate.free_egress_after_s"),
    ],
)
def test_what_cannot_be_is_refused_by_its_place(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    with pytest.raises(BadSettings, match=f"gate.toml: .*{complaint}"):
        read(tmp_path, FILE.replace(old, new, 1))
