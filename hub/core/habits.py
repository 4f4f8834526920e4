"""How often a hand that no scale saw moved something: learnt from what people answer."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.core.goods import Cart

FIRST: dict[str, tuple[float, float]] = {"met": (1.0, 1.0), "floor": (1.0, 8.0), "lane": (1.0, 1.0)}
"""Before any answer, something counts as seen so often, and nothing as so often: of hands that met, or were over a lane
that could not tell, one in two moved something (Laplace's rule of succession); of those at the floor, where people tie
shoelaces and put down bags, one in nine left something (an estimate)."""


@dataclass(slots=True)
class Habits:
    """Counts by what showed: hands that met, one at the floor, one over a lane that could not tell."""

    asked: Counter[str] = field(default_factory=Counter)
    something: Counter[str] = field(default_factory=Counter)

    def share(self, kind: str) -> float:
        """How likely it is that such a hand moved something."""
        something, nothing = FIRST[kind]
        return (self.something[kind] + something) / (self.asked[kind] + something + nothing)

    def answered(self, candidates: Sequence[Cart], chosen: Cart) -> None:
        """Somebody was shown these carts, and knew which it is: what may have been is, or is not."""
        for kind, at_s in {(d.unweighed, d.at_s) for cart in candidates for d in cart.deeds if d.unweighed}:
            self.asked[kind] += 1
            self.something[kind] += any(d.unweighed == kind and d.at_s == at_s for d in chosen.deeds)
