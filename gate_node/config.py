"""A gate node as data: one TOML file, read strictly."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct, structs

from drivers.turnstile import Pins
from firmware_py.config import BusConfig, NodeConfig
from wire.messages import Direction, Name

Positive = Annotated[float, Meta(gt=0)]

TURNSTILE_READINGS = {"fire", "alarm", "pass_in", "pass_out", "turnstile"}
"""Names of what a heartbeat says of the turnstile: no reader may be called so."""

HEADER_PINS = range(28)
"""BCM numbers on a Raspberry Pi's 40-pin header."""


class Scanner(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A serial QR scanner. `path` should survive unplugging: /dev/serial/by-id/…"""

    name: Name
    path: str
    baud: Literal[9600, 19200, 38400, 57600, 115200] = 9600


class Wiegand(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A card reader on Wiegand's two lines, at these pins (BCM numbers), each through a level shifter to 3.3 V."""

    name: Name
    d0: int
    d1: int


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
    wiegand: tuple[Wiegand, ...] = ()

    def __post_init__(self) -> None:
        used: dict[int, str] = {}
        for signal, pin in self._signals():
            if pin not in HEADER_PINS:
                raise ValueError(f"{signal} = {pin} is not on the header: BCM 0 to {HEADER_PINS[-1]}")
            if pin in used:
                raise ValueError(f"{signal} and {used[pin]} are both {pin}")
            used[pin] = signal
        names = [*(scanner.name for scanner in self.scanners), *(reader.name for reader in self.wiegand)]
        if twice := _twice(names):
            raise ValueError(f"two readers have the name {twice}")
        if taken := TURNSTILE_READINGS.intersection(names):
            raise ValueError(f"no reader can be called {min(taken)}: that is said of the turnstile")
        if twice := _twice([scanner.path for scanner in self.scanners]):
            raise ValueError(f"two scanners have the path {twice}")

    def _signals(self) -> Iterator[tuple[str, int]]:
        """Every signal at a pin, and that."""
        for signal, pin in structs.asdict(self.pins).items():
            yield f"pins.{signal}", pin
        for i, reader in enumerate(self.wiegand):
            yield f"wiegand[{i}].d0", reader.d0
            yield f"wiegand[{i}].d1", reader.d1


def _twice(names: Sequence[str]) -> str | None:
    return next((name for i, name in enumerate(names) if name in names[:i]), None)


class GateNodeConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file of a gate node."""

    node: NodeConfig
    gate: GateConfig
    bus: BusConfig = BusConfig()
