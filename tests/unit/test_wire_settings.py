from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from firmware_py.config import BusConfig, NodeConfig
from wire.errors import BadSettings
from wire.settings import load_toml


class Lane(Struct, forbid_unknown_fields=True):
    pins: dict[str, int] = {}


class ShelfConfig(Struct, forbid_unknown_fields=True):
    """A room composes its own file from what every node has, like this."""

    node: NodeConfig
    bus: BusConfig = BusConfig()
    lanes: dict[str, Lane] = {}
    cameras: list[Lane] = []


NODE = '[node]\nname = "shelf-1"\nstore = "demo"\nrole = "shelf"\nstate_dir = "/var/lib/aisle"\n'


def read(directory: Path, text: str) -> ShelfConfig:
    path = directory / "node.toml"
    path.write_text(text)
    return load_toml(path, ShelfConfig)


def test_a_file_becomes_a_typed_configuration(tmp_path: Path) -> None:
    config = read(tmp_path, NODE + '[bus]\nurl = "mqtt://hub.local"\n[lanes.l1.pins]\nsck = 5\n')
    assert config.node == NodeConfig(name="shelf-1", store="demo", role="shelf", state_dir="/var/lib/aisle")
    assert (config.bus.url, config.lanes["l1"].pins) == ("mqtt://hub.local", {"sck": 5})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (NODE + "colour = 1", "unknown key `colour` in [node]"),
        (NODE + "[buss]", "unknown key `buss` at the top of the file"),
        (NODE + "[lanes.a]\n[lanes.b]\npin = 1\n[lanes.c]\npin = 1", "unknown key `pin` in [lanes.b]"),
        (NODE + "[lanes.a.pins]\nx = 1\n[lanes.b.pins]\nx = 1\ny = 'no'", "got `str` - at `$.lanes.b.pins.y`"),
        (NODE + "[[cameras]]\n[[cameras]]\nlens = 1", "unknown key `lens` in [cameras[1]]"),
        (NODE.replace('role = "shelf"', ""), "missing key `role` in [node]"),
        (NODE.replace("shelf-1", "shelf/1"), "at `$.node.name`"),
        (NODE.replace("shelf-1", "hub"), "a node cannot be named 'hub'"),
        (
            NODE + '[bus]\nurl = "hub.local"',
            "is no broker's URL: expected mqtt://[user[:password]@]host[:port] - at `$.bus`",
        ),
        (NODE + "[bus\n", "not TOML: Expected ']' at the end of a table declaration (at line 6, column 5)"),
        ("", "missing key `node` at the top of the file"),
    ],
)
def test_what_is_wrong_is_said_with_file_section_and_key_in_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(BadSettings) as caught:
        read(tmp_path, text)
    line = str(caught.value)
    assert line.startswith(f"{tmp_path / 'node.toml'}: ") and complaint in line and "\n" not in line


def test_a_file_that_is_not_there_or_is_a_directory_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"none\.toml: no such file"):
        load_toml(tmp_path / "none.toml", ShelfConfig)
    with pytest.raises(BadSettings, match="cannot be read: Is a directory"):
        load_toml(tmp_path, ShelfConfig)


@given(content=st.binary(max_size=200))
def test_any_bytes_are_a_configuration_or_a_clear_refusal(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(content)
    with pytest.raises(BadSettings, match=r"any\.toml: "):
        load_toml(path, ShelfConfig)
