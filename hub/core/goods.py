"""What can be held and what can lie somewhere: units, carts and lanes as immutable values of a hypothesis."""

import math
from functools import cached_property
from typing import NamedTuple

from msgspec import Struct

UNKNOWN = "?"
"""The GTIN of something taken that fits no product."""
FOREIGN = "-"
"""The GTIN of something put down that the store does not sell: a bag, a phone."""


class Unit(NamedTuple):
    """One thing, and what it weighed when it last moved; lying across several lanes, it presses on each by `shares`."""

    gtin: str
    weight_g: float
    sigma_g: float
    shares: tuple[tuple[str, float], ...] = ()
    left_s: float = -math.inf
    """When it was left where it does not belong, if nobody has passed it over since."""


class Deed(NamedTuple):
    """Something a shopper did, as a reason for a line: `moved` units taken (positive) or put back (negative).

    `unweighed` says what showed of it where no scale tells, and there are no grams: hands that "met", one at the
    "floor", or one over a "lane".
    """

    gtin: str
    moved: int
    lanes: tuple[str, ...]
    delta_g: float
    sigma_g: float
    at_s: float
    within_reach: int
    unweighed: str = ""
    since_s: float = 0.0
    """From when on the lane was not at rest."""


Signature = tuple[tuple[str, int], ...]


def signature_of(units: tuple[Unit, ...]) -> Signature:
    """What is there, whatever each unit weighed: two hypotheses with equal signatures are one."""
    if len(units) < 2:
        return ((units[0].gtin, 1),) if units else ()
    counts: dict[str, int] = {}
    for unit in units:
        counts[unit.gtin] = counts.get(unit.gtin, 0) + 1
    return tuple(sorted(counts.items()))


def sold_of(signature: Signature) -> dict[str, int]:
    """How many of each product: what the store does not sell is on no receipt."""
    return {gtin: count for gtin, count in signature if gtin != FOREIGN}


class Cart(Struct, frozen=True, dict=True):
    """What somebody holds, and the deeds that say why. An employee's `restocks`: new units come out of it."""

    units: tuple[Unit, ...] = ()
    deeds: tuple[Deed, ...] = ()
    restocks: bool = False

    @cached_property
    def signature(self) -> Signature:
        return signature_of(self.units)

    def plus(self, units: tuple[Unit, ...], deed: Deed) -> "Cart":
        return Cart(self.units + units, (*self.deeds, deed), self.restocks)

    def minus(self, units: tuple[Unit, ...], deed: Deed) -> "Cart":
        return Cart(without(self.units, units), (*self.deeds, deed), self.restocks)

    def minus_any(self, gtin: str, deed: Deed) -> tuple["Cart", Unit]:
        """One of its units of a product less, nobody saw which: that one, and each that stays, may weigh what any of
        them weighed."""
        alike = [unit for unit in self.units if unit.gtin == gtin]
        if len(alike) == 1:
            return self.minus((alike[0],), deed), alike[0]
        any_of_them = _any_of(alike)
        others = tuple(unit for unit in self.units if unit.gtin != gtin)
        return Cart(others + (any_of_them,) * (len(alike) - 1), (*self.deeds, deed), self.restocks), any_of_them

    def explained(self, deed: Deed) -> "Cart":
        """The same things, with one more deed."""
        return Cart(self.units, (*self.deeds, deed), self.restocks)


class LaneContents(Struct, frozen=True, dict=True):
    """How a lane differs from how it began: net units taken by product, and what shoppers left there."""

    taken: tuple[tuple[str, int], ...] = ()
    left_here: tuple[Unit, ...] = ()

    @cached_property
    def signature(self) -> tuple[object, ...]:
        return (self.taken, signature_of(self.left_here))

    def less(self, gtin: str, count: int) -> "LaneContents":
        """`count` units of the lane's own product fewer (more, when negative)."""
        taken = dict(self.taken)
        taken[gtin] = taken.get(gtin, 0) + count
        return LaneContents(tuple(sorted([(g, n) for g, n in taken.items() if n])), self.left_here)

    def passed_over(self) -> "LaneContents":
        """Somebody has taken something else than what was left here."""
        if not self.left_here:
            return self
        return LaneContents(self.taken, tuple([unit._replace(left_s=-math.inf) for unit in self.left_here]))

    def with_left(self, unit: Unit) -> "LaneContents":
        """One thing more that does not belong here."""
        return LaneContents(self.taken, (*self.left_here, unit))

    def without_left(self, units: tuple[Unit, ...]) -> "LaneContents":
        return LaneContents(self.taken, without(self.left_here, units))


def without(units: tuple[Unit, ...], gone: tuple[Unit, ...]) -> tuple[Unit, ...]:
    """`units` less each of `gone`, once each."""
    rest = list(units)
    for unit in gone:
        rest.remove(unit)
    return tuple(rest)


def _any_of(units: list[Unit]) -> Unit:
    """One of them, whichever: its weight has their mean, and the variance of their mixture."""
    weight_g = sum(unit.weight_g for unit in units) / len(units)
    variance = sum(unit.sigma_g**2 + (unit.weight_g - weight_g) ** 2 for unit in units) / len(units)
    return Unit(units[0].gtin, weight_g, math.sqrt(variance))


NOBODY = ""
"""The session of whoever never came in through a gate."""


class Who(Struct, frozen=True):
    """Whose body it is."""

    session: str = NOBODY

    @property
    def signature(self) -> str:
        return self.session


Value = Cart | LaneContents | Who
Key = tuple[str, str]
"""("cart", session), ("lane", lane id) or ("who", body id)."""

BEGINNING: dict[str, Value] = {"cart": Cart(), "lane": LaneContents(), "who": Who()}
"""How every cart and every lane begins, and everybody before they come in."""
