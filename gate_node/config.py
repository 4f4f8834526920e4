"""A gate node as data: one TOML file, read strictly."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, structs

from drivers.turnstile import Pins
from firmware_py.config import BusConfig, NodeConfig
from wire.messages import Direction, Name

Positive = Annotated[float, Meta(gt=0)]

HEADER_PINS = range(28)
"""BCM numbers on a Raspberry Pi's 40-pin header."""


class Scanner(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A serial QR scanner. `path` should survive unplugging: /dev/serial/by-id/…"""

    name: Name
    path: str
    baud: Literal[9600, 19200, 38400, 57600, 115200] = 9600


class GateConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Section [gate]: a gate by its name in the store's file, which the hub opens towards `direction`.

    `passage_s` is how long the way stays open for one passage (as a PERCo ST-01 in pulse control does, 8 s). Once the
    hub has not been heard for `free_egress_after_s`, the way out is held open.
    """

    gate: Name
    direction: Direction
    pins: Pins
    passage_s: Positive = 8.0
    free_egress_after_s: Positive = 3.0
    scanners: tuple[Scanner, ...] = ()

    def __post_init__(self) -> None:
        used: dict[int, str] = {}
        for signal, pin in structs.asdict(self.pins).items():
            if pin not in HEADER_PINS:
                raise ValueError(f"pins.{signal} = {pin} is not on the header: BCM 0 to {HEADER_PINS[-1]}")
            if pin in used:
                raise ValueError(f"pins.{signal} and pins.{used[pin]} are both {pin}")
            used[pin] = signal
        for key in ("name", "path"):
            values = [getattr(scanner, key) for scanner in self.scanners]
            if twice := sorted({v for v in values if values.count(v) > 1}):
                raise ValueError(f"two scanners have the {key} {twice[0]}")


class GateNodeConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file of a gate node."""

    node: NodeConfig
    gate: GateConfig
    bus: BusConfig = BusConfig()
