"""What the configuration of every node has, whatever its role: who it is, and where its broker listens."""

from pathlib import Path
from typing import Literal

from msgspec import Struct

from wire.messages import Name
from wire.mqtt import Address
from wire.settings import load_toml

HUB_NAME = "hub"


class NodeConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Section [node]. `state_dir` holds what must survive a restart, such as the outbox."""

    name: Name
    store: Name
    role: Literal["shelf", "gate"]
    state_dir: str

    def __post_init__(self) -> None:
        if self.name == HUB_NAME:
            raise ValueError(f"a node cannot be named {HUB_NAME!r}: that is the hub's own place on the bus")


class _Who(Struct, frozen=True):
    role: Literal["shelf", "gate"]


class _AnyNode(Struct, frozen=True):
    node: _Who


def role_of(path: Path) -> Literal["shelf", "gate"]:
    """What kind of node a file is for; all else in it is for that kind to read. Raises BadSettings."""
    return load_toml(path, _AnyNode).node.role


class BusConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Section [bus]: `mqtt://[user[:password]@]host[:port]`."""

    url: str = "mqtt://127.0.0.1:1883"

    def __post_init__(self) -> None:
        Address.parse(self.url)
