"""Labelled visits as data: a store of weighing plates, and what shoppers did there.

The schema is that of the AutoCheckout competition (CPS-IoT Week 2020), as JSON: a store file (plates in metres,
products in grams and whole units of money) and a file of cases (seconds, shopper, plates, items, and the planogram of
that season). `hw.sim.nanostore_scene` makes signals from the labels.
"""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from hw.errors import BadCases

T = TypeVar("T")
Count = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(ge=0, le=86_400)]
Metres = Annotated[float, Meta(gt=0)]
Position = tuple[int, int, int]
"""Gondola, shelf, plate."""


class Plate(Struct, frozen=True, forbid_unknown_fields=True):
    """One weighing plate: its centre and size."""

    gondola: int
    shelf: int
    plate: int
    x_m: float
    y_m: float
    z_m: float
    width_m: Metres
    depth_m: Metres


class Item(Struct, frozen=True, forbid_unknown_fields=True):
    """One product."""

    gtin: str
    name: str
    weight_g: Annotated[float, Meta(gt=0)]
    price: Annotated[float, Meta(ge=0)]


class PlateStore(Struct, frozen=True, forbid_unknown_fields=True):
    """The store file."""

    name: str
    plates: Annotated[tuple[Plate, ...], Meta(min_length=1)]
    products: tuple[Item, ...]
    units: str = ""
    plate_capacity_g: Annotated[float, Meta(gt=0)] = 20_000.0
    sample_rate_hz: Annotated[float, Meta(gt=0)] = 60.0


class Event(Struct, frozen=True, forbid_unknown_fields=True):
    """What one shopper did at one second; without items, a touch."""

    t_s: Seconds
    shopper: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,12}$")]
    action: Literal["take", "put_back"]
    gondola: int
    shelf: int
    plates: Annotated[tuple[int, ...], Meta(min_length=1)]
    items: dict[str, Count]
    time_estimated: bool = False


class Case(Struct, frozen=True, forbid_unknown_fields=True):
    """One labelled visit of one or more shoppers."""

    name: str
    shoppers: Count
    events: tuple[Event, ...]
    planogram: dict[str, tuple[Position, ...]]
    winner_f1: float | None = None


def load_plate_store(path: Path) -> PlateStore:
    """Raises BadCases in one line."""
    store = _load(path, PlateStore)
    for kind, names in (
        ("plate", Counter(lane_id((p.gondola, p.shelf, p.plate)) for p in store.plates)),
        ("product", Counter(p.gtin for p in store.products)),
    ):
        for name, times in names.items():
            if times > 1:
                raise BadCases(f"{path}: {kind} {name} stands there {times} times")
    return store


def load_cases(path: Path, store: PlateStore) -> list[Case]:
    """Cases that can be played in `store`. Raises BadCases naming file, case, event and cause."""
    cases = [_convert(path, i, raw) for i, raw in enumerate(_load(path, list[dict[str, Any]]))]
    lanes = {lane_id((p.gondola, p.shelf, p.plate)) for p in store.plates}
    gtins = {p.gtin for p in store.products}
    for case in cases:
        for gtin, positions in case.planogram.items():
            if gtin not in gtins:
                raise BadCases(f"{path}: case {case.name}: planogram: the store sells no product {gtin}")
            for position in positions:
                if lane_id(position) not in lanes:
                    raise BadCases(f"{path}: case {case.name}: planogram of {gtin}: no plate {lane_id(position)}")
        held: Counter[tuple[str, str]] = Counter()
        for i, event in enumerate(case.events):
            where = f"{path}: case {case.name}: event {i}"
            for plate in event.plates:
                if (lane := lane_id((event.gondola, event.shelf, plate))) not in lanes:
                    raise BadCases(f"{where}: the store has no plate {lane} (gondola-shelf-plate)")
            for gtin, count in event.items.items():
                if gtin not in gtins:
                    raise BadCases(f"{where}: the store sells no product {gtin}")
                held[event.shopper, gtin] += count if event.action == "take" else -count
                if held[event.shopper, gtin] < 0:
                    raise BadCases(f"{where}: {event.shopper} puts back {gtin} without having so many of it")
        names = {e.shopper for e in case.events}
        if len(names) > case.shoppers:
            raise BadCases(f"{path}: case {case.name}: {case.shoppers} shoppers, but events of {len(names)}")
    return cases


def _convert(path: Path, index: int, raw: dict[str, Any]) -> Case:
    name = raw.get("name", f"number {index}")
    try:
        return msgspec.convert(raw, Case)
    except msgspec.ValidationError as e:
        raise BadCases(f"{path}: case {name}: {e}") from None


def _load(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        raise BadCases(f"{path}: no such file") from None
    except OSError as e:
        raise BadCases(f"{path}: cannot be read: {e.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise BadCases(f"{path}: {e}") from None


def lane_id(position: Position) -> str:
    """The lane's name in the store that the hub gets: gondola-shelf-plate."""
    return "-".join(map(str, position))
