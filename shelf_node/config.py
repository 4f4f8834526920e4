"""A shelf node as data: one TOML file, read strictly."""

from collections.abc import Hashable, Iterator
from typing import Annotated, Literal

from msgspec import Meta, Struct

from firmware_py.config import BusConfig, NodeConfig
from wire.messages import Name

Pin = Annotated[int, Meta(ge=0, le=27)]
"""BCM numbers on a Raspberry Pi's 40-pin header."""


class CellConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A lane's load cell: the data pin of its HX711, and the serial that its calibration is filed under."""

    lane: Name
    dout: Pin
    cell: Name


class ClockLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """HX711 converters that share a clock pin. `rate_sps` is what their RATE pins are wired for."""

    name: Name
    sck: Pin
    rate_sps: Literal[10, 80]
    cells: Annotated[tuple[CellConfig, ...], Meta(min_length=1)]


class ShelfConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Section [shelf]. `calibrations` is the folder of the cells' records."""

    calibrations: str
    lines: Annotated[tuple[ClockLine, ...], Meta(min_length=1)]

    def __post_init__(self) -> None:
        claimed: dict[tuple[str, Hashable], str] = {}
        for kind, value, who in self._claims():
            if (kind, value) in claimed:
                raise ValueError(f"{who} and {claimed[kind, value]} both claim the {kind} {value}")
            claimed[kind, value] = who

    def _claims(self) -> Iterator[tuple[str, Hashable, str]]:
        for i, line in enumerate(self.lines):
            yield "name", line.name, f"lines[{i}]"
            yield "pin", line.sck, f"lines[{i}].sck"
            for j, cell in enumerate(line.cells):
                who = f"lines[{i}].cells[{j}]"
                yield "pin", cell.dout, f"{who}.dout"
                yield "lane", cell.lane, who
                yield "cell", cell.cell, who


class ShelfNodeConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file of a shelf node."""

    node: NodeConfig
    shelf: ShelfConfig
    bus: BusConfig = BusConfig()
