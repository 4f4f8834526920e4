"""A store as data: products, lanes, gates, thresholds. One TOML file, read strictly."""

import math
from functools import cached_property
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from hub.errors import BadStore
from wire.messages import Direction, Name
from wire.settings import load_toml

Positive = Annotated[float, Meta(gt=0)]


def spread_g(weight_g: float) -> float:
    """How far units of a pre-packed product usually differ (one standard deviation, grams): 0.5 % and half a gram.

    They may fall short of their label by 1.5 to 9 % depending on size (OIML R 87, table 2); fillers keep well inside.
    """
    return 0.5 + 0.005 * weight_g


class Product(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """What is sold. `weight_sigma_g` is how far units of it differ from each other."""

    gtin: Annotated[str, Meta(min_length=1, max_length=32)]
    name: str
    weight_g: Positive
    price_cents: Annotated[int, Meta(ge=0)]
    weight_sigma_g: Positive | None = None

    @cached_property
    def spread_g(self) -> float:
        """Standard deviation of one unit's weight in grams: as recorded, else as usual."""
        return self.weight_sigma_g if self.weight_sigma_g is not None else spread_g(self.weight_g)


class Lane(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """One weighing plate: its centre and size in metres, where its front looks, and what should lie there.

    `facing_deg` is the direction from the plate towards the shopper, counter-clockwise from the x axis.
    `position` counts along the shelf: lanes of one shelf whose positions differ by one are neighbours.
    """

    id: Name
    shelf: str
    position: int
    x_m: float
    y_m: float
    z_m: float
    width_m: Positive
    depth_m: Positive
    facing_deg: float
    products: tuple[str, ...] = ()
    stock: Annotated[int, Meta(ge=0)] | None = None

    def is_beside(self, other: "Lane") -> bool:
        """Whether the two are neighbours on one shelf."""
        return self.shelf == other.shelf and abs(self.position - other.position) == 1

    def offset_m(self, x_m: float, y_m: float) -> tuple[float, float]:
        """Where a point of the floor lies as seen from the plate's front edge: metres in front, metres to the side."""
        east, north = self._facing
        dx, dy = x_m - self.x_m, y_m - self.y_m
        return dx * east + dy * north - self.depth_m / 2, -dx * north + dy * east

    @cached_property
    def _facing(self) -> tuple[float, float]:
        """A step of one metre to the front, along x and along y."""
        a = math.radians(self.facing_deg)
        return math.cos(a), math.sin(a)


class Gate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A way through: where it stands, which node drives it, and which way the hub opens it."""

    name: Name
    node: Name
    direction: Direction
    x_m: float
    y_m: float
    radius_m: Positive = 0.8


class Thresholds(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a person is asked, and what is held at entry."""

    ask_below: Annotated[float, Meta(gt=0, le=1)] = 0.85
    pre_authorise_cents: Annotated[int, Meta(ge=0)] = 3000


class Store(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """The whole store."""

    name: Name
    products: tuple[Product, ...]
    lanes: tuple[Lane, ...]
    gates: tuple[Gate, ...]
    currency: str = "EUR"
    staff: tuple[str, ...] = ()
    """Credentials of employees: they come and go without a receipt, and what they lay down is stock."""
    thresholds: Thresholds = Thresholds()
    clothing_colour: bool = False
    """Whether the colour of clothes, where ceiling nodes send it, helps to keep people apart until they leave."""

    @cached_property
    def product(self) -> dict[str, Product]:
        """Products by GTIN."""
        return {p.gtin: p for p in self.products}

    @cached_property
    def lane(self) -> dict[str, Lane]:
        """Lanes by id."""
        return {lane.id: lane for lane in self.lanes}

    @cached_property
    def gate(self) -> dict[str, Gate]:
        """Gates by name."""
        return {g.name: g for g in self.gates}

    def check(self, source: str) -> None:
        """Raises BadStore if names repeat or refer to nothing."""
        for kind, names in (
            ("product", [p.gtin for p in self.products]),
            ("lane", [lane.id for lane in self.lanes]),
            ("gate", [g.name for g in self.gates]),
        ):
            twice = sorted({n for n in names if names.count(n) > 1})
            if twice:
                raise BadStore(f"{source}: {kind} {twice[0]} stands there more than once")
        for lane in self.lanes:
            for gtin in lane.products:
                if gtin not in self.product:
                    raise BadStore(f"{source}: lane {lane.id} holds product {gtin}, which is not among [[products]]")
        if not self.products or not self.lanes:
            raise BadStore(f"{source}: a store needs at least one product and one lane")
        if not any(g.direction == "in" for g in self.gates) or not any(g.direction == "out" for g in self.gates):
            raise BadStore(f"{source}: a store needs at least one gate in and one gate out")


def load_store(path: Path) -> Store:
    """The store in a TOML file. Raises BadSettings or BadStore in one line."""
    store = load_toml(path, Store)
    store.check(str(path))
    return store
