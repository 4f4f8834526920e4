"""The store's plan as the page draws it: lanes from above, and gondolas as a shopper in front of them sees them."""

import math

from msgspec import Struct

from hub.store import Lane, Store

SAME_WAY_DEG = 10.0
"""Shelves of one gondola look the same way to within this."""


class PlannedLane(Struct, frozen=True):
    """One plate from above: centre and size in metres, where its front looks, and what should lie there."""

    id: str
    x_m: float
    y_m: float
    width_m: float
    depth_m: float
    facing_deg: float
    name: str


class Shelf(Struct, frozen=True):
    """One shelf, its lanes from left to right as indices into the plan's lanes."""

    name: str
    lanes: tuple[int, ...]


class PlannedGate(Struct, frozen=True):
    name: str
    direction: str
    x_m: float
    y_m: float


class Sold(Struct, frozen=True):
    """A product, for whoever says what somebody took."""

    gtin: str
    name: str
    price_cents: int


class Plan(Struct, frozen=True):
    """What of a store does not change while it is open. Products are in the order of their names, gondolas are shelves
    from top to bottom."""

    store: str
    currency: str
    products: tuple[Sold, ...]
    lanes: tuple[PlannedLane, ...]
    gondolas: tuple[tuple[Shelf, ...], ...]
    gates: tuple[PlannedGate, ...]


def plan(store: Store) -> Plan:
    """The plan of a store."""
    return Plan(
        store.name,
        store.currency,
        tuple(Sold(p.gtin, p.name, p.price_cents) for p in sorted(store.products, key=lambda p: p.name.casefold())),
        tuple(
            PlannedLane(
                lane.id, lane.x_m, lane.y_m, lane.width_m, lane.depth_m, lane.facing_deg, _products(store, lane)
            )
            for lane in store.lanes
        ),
        gondolas(store),
        tuple(PlannedGate(g.name, g.direction, g.x_m, g.y_m) for g in store.gates),
    )


def gondolas(store: Store) -> tuple[tuple[Shelf, ...], ...]:
    """Shelves that stand above each other, from top to bottom, each with its lanes from left to right."""
    shelves: dict[str, list[Lane]] = {}
    for lane in store.lanes:
        shelves.setdefault(lane.shelf, []).append(lane)
    groups: list[list[list[Lane]]] = []
    for lanes in shelves.values():
        above = next((g for g in groups if _same_gondola(g[0], lanes)), None)
        if above is None:
            groups.append([lanes])
        else:
            above.append(lanes)
    index = {lane.id: i for i, lane in enumerate(store.lanes)}
    return tuple(
        tuple(
            Shelf(lanes[0].shelf, tuple(index[lane.id] for lane in sorted(lanes, key=_across_m)))
            for lanes in sorted(group, key=lambda lanes: -lanes[0].z_m)
        )
        for group in groups
    )


def _products(store: Store, lane: Lane) -> str:
    return ", ".join(store.product[gtin].name for gtin in lane.products)


def _across_m(lane: Lane) -> float:
    """How far to the right a lane is for somebody who looks at its front."""
    a = math.radians(lane.facing_deg)
    return -lane.x_m * math.sin(a) + lane.y_m * math.cos(a)


def _span_m(lanes: list[Lane]) -> tuple[float, float]:
    """From the left end of a shelf to its right end."""
    return (
        min(_across_m(lane) - lane.width_m / 2 for lane in lanes),
        max(_across_m(lane) + lane.width_m / 2 for lane in lanes),
    )


def _same_gondola(a: list[Lane], b: list[Lane]) -> bool:
    """Two shelves look the same way and cover, seen from above, more or less the same place."""
    turned_deg = abs((a[0].facing_deg - b[0].facing_deg + 180) % 360 - 180)
    (left_a, right_a), (left_b, right_b) = _span_m(a), _span_m(b)
    common_m = min(right_a, right_b) - max(left_a, left_b)
    angle = math.radians(a[0].facing_deg)
    apart_m = abs((a[0].x_m - b[0].x_m) * math.cos(angle) + (a[0].y_m - b[0].y_m) * math.sin(angle))
    return (
        turned_deg < SAME_WAY_DEG
        and common_m > min(right_a - left_a, right_b - left_b) / 2
        and apart_m < max(a[0].depth_m, b[0].depth_m)
    )
