"""Visits to a small store that are settled one after another."""

import random
from datetime import UTC, datetime

from msgspec import structs

from hub.core.belief import Belief
from hub.core.goods import UNKNOWN, Cart, Deed, LaneContents, Unit
from hub.core.inventory import Inventory
from hub.core.planogram import Planogram
from hub.core.tasks import Task
from hub.store import Store, spread_g
from tests.store.scripted import CHIPS, COLA, TONIC, WATER, small_store

NOON_S = datetime(2026, 3, 2, 12, 0, tzinfo=UTC).timestamp()
LANE = {COLA: "1-1-1", TONIC: "1-1-2", CHIPS: "1-1-3", WATER: "1-1-4"}


def stocked(units: int | None = 20) -> Store:
    store = small_store()
    return structs.replace(store, lanes=tuple(structs.replace(lane, stock=units) for lane in store.lanes))


class Days:
    """Lets visits be settled one after another, a minute apart, as the fold would; the belief goes with them."""

    def __init__(self, store: Store | None = None) -> None:
        self.store = store or stocked()
        self.inventory = Inventory(Planogram(self.store))
        self.belief = Belief()
        self.now_s = NOON_S
        self.visits = 0
        self.luck = random.Random(1)

    def visit(self, *deeds: Deed, staff: bool = False) -> str:
        self.visits += 1
        self.now_s += 60.0
        session = f"v{self.visits}"
        for deed in deeds:
            self._move(deed)
        self.inventory.settled(session, Cart(deeds=deeds), self.now_s, staff=staff)
        return session

    def deed(self, gtin: str, moved: int = 1, lane: str | None = None, weight_g: float | None = None) -> Deed:
        """Something that was done to a lane; a product's own, unless another is named."""
        if weight_g is None:
            weight_g = self.store.product[gtin].weight_g
        weighed_g = moved * self.luck.gauss(weight_g, spread_g(weight_g))
        return Deed(gtin, moved, (lane or LANE[gtin],), -weighed_g, 0.5, self.now_s + 30.0, 1)

    def tasks(self, kind: str | None = None) -> list[Task]:
        return [t for t in self.inventory.tasks(self.belief, self.now_s) if kind in (None, t.kind)]

    def texts(self) -> list[str]:
        return [task.text for task in self.tasks()]

    def stock(self, gtin: str) -> int | None:
        return self.inventory.stock(self.belief, self.store.lane[LANE[gtin]])

    def leave(self, lane: str, *units: Unit) -> None:
        """So many more things lie on a lane that are not its own."""
        contents = self._contents(lane)
        for unit in units:
            contents = contents.with_left(unit)
        self.belief.set(("lane", lane), contents)

    def _move(self, deed: Deed) -> None:
        lane = self.store.lane[deed.lanes[0]]
        contents = self._contents(lane.id)
        if deed.gtin in lane.products or (deed.moved > 0 and deed.gtin != UNKNOWN):
            self.belief.set(("lane", lane.id), contents.less(deed.gtin, deed.moved))
        elif deed.moved < 0:
            self.leave(lane.id, *[Unit(deed.gtin, abs(deed.delta_g), 1.0)] * -deed.moved)

    def _contents(self, lane: str) -> LaneContents:
        return self.belief.lane(lane)[0][1]
