"""A shelf node as data: one TOML file, read strictly."""

from collections.abc import Hashable, Iterator
from typing import Annotated, Literal

from msgspec import Meta, Struct

from shelf_node.errors import BadShelf
from wire.messages import Name

Pin = Annotated[int, Meta(ge=0, le=27)]
"""BCM numbers on a Raspberry Pi's 40-pin header."""


class CellConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A lane's load cell: the data pin of its HX711, and the serial that its calibration is filed under."""

    lane: Name
    dout: Pin
    cell: Name


class BusConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """HX711 converters that share a clock pin. `rate_sps` is what their RATE pin is wired for."""

    name: Name
    sck: Pin
    rate_sps: Literal[10, 80]
    cells: Annotated[tuple[CellConfig, ...], Meta(min_length=1)]


class ShelfConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The lanes of one node. `calibrations` is the folder of its cells' records."""

    calibrations: str
    buses: Annotated[tuple[BusConfig, ...], Meta(min_length=1)]

    def check(self, source: str) -> None:
        """Raises BadShelf if two things claim the same pin, lane, cell or name."""
        claimed: dict[tuple[str, Hashable], str] = {}
        for kind, value, who in self._claims():
            if (kind, value) in claimed:
                raise BadShelf(f"{source}: {who} and {claimed[kind, value]} both claim the {kind} {value}")
            claimed[kind, value] = who

    def _claims(self) -> Iterator[tuple[str, Hashable, str]]:
        for i, bus in enumerate(self.buses):
            yield "name", bus.name, f"buses[{i}]"
            yield "pin", bus.sck, f"buses[{i}].sck"
            for j, cell in enumerate(bus.cells):
                who = f"buses[{i}].cells[{j}]"
                yield "pin", cell.dout, f"{who}.dout"
                yield "lane", cell.lane, who
                yield "cell", cell.cell, who
