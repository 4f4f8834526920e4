"""The goods of a simulated store: single units with their own weights, and where each of them really is."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from hub.store import Product, Store
from hw.sim.plate import Plate

SPREAD_G = 0.3
SPREAD_SHARE = 0.005
"""Units of one product weigh normally around nominal, so far apart: filling machines hold about half a percent."""


class Unit:
    """One thing that can be taken. `shares` says where it lies: plate → part of its weight; empty while it is held."""

    __slots__ = ("gtin", "shares", "weight_g")

    def __init__(self, gtin: str, weight_g: float) -> None:
        self.gtin = gtin
        self.weight_g = weight_g
        self.shares: dict[str, float] = {}


class Goods:
    """Every unit in the store by the plates it lies on, and the plates themselves."""

    def __init__(self, store: Store, rng: np.random.Generator) -> None:
        self._store = store
        self._rng = rng
        self._lying: dict[str, list[Unit]] = {lane.id: [] for lane in store.lanes}
        self.plates = {lane.id: Plate() for lane in store.lanes}

    def make(self, gtin: str) -> Unit:
        """A new unit, lying nowhere."""
        product: Product = self._store.product[gtin]
        spread_g = float(np.hypot(SPREAD_G, SPREAD_SHARE * product.weight_g))
        return Unit(gtin, max(0.5 * product.weight_g, float(self._rng.normal(product.weight_g, spread_g))))

    def stock(self, gtin: str, lanes: Iterable[str]) -> Unit:
        """Lay a new unit across these plates before the store opens."""
        unit = self.make(gtin)
        for lane, grams in self.lay(unit, lanes).items():
            self.plates[lane].add([0.0], [grams])
        return unit

    def find(self, gtin: str, lanes: Iterable[str]) -> Unit | None:
        """A unit that lies on exactly these plates, else one that touches any of them; the last laid lies in front."""
        wanted = dict.fromkeys(lanes)
        near = [u for lane in wanted for u in self._lying[lane] if u.gtin == gtin]
        exactly = [u for u in near if u.shares.keys() == wanted.keys()]
        return (exactly or near)[-1] if near else None

    def lay(self, unit: Unit, lanes: Iterable[str]) -> dict[str, float]:
        """Let it lie across these plates; gives what each of them gains, in grams: that depends on how it fell."""
        on = list(lanes)
        parts = self._rng.dirichlet([6.0] * len(on))
        unit.shares = {lane: float(part) for lane, part in zip(on, parts, strict=True)}
        for lane in on:
            self._lying[lane].append(unit)
        return {lane: share * unit.weight_g for lane, share in unit.shares.items()}

    def lift(self, unit: Unit) -> dict[str, float]:
        """Take it off its plates; gives what each of them loses, in grams."""
        shares, unit.shares = unit.shares, {}
        for lane in shares:
            self._lying[lane].remove(unit)
        return {lane: share * unit.weight_g for lane, share in shares.items()}

    def on(self, lane: str) -> Counter[str]:
        """What lies on a plate, wholly or in part."""
        return Counter(u.gtin for u in self._lying[lane])
