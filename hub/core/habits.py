"""How often a hand that no scale saw moved something: learnt from what people answer."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.core.goods import Cart

FIRST = 1.0
"""Before any answer, something counts as seen once, and nothing as once (Laplace's rule of succession)."""


@dataclass(slots=True)
class Habits:
    """Counts by what showed: hands that met, one at the floor, one over a lane that could not tell."""

    asked: Counter[str] = field(default_factory=Counter)
    something: Counter[str] = field(default_factory=Counter)

    def share(self, kind: str) -> float:
        """How likely it is that such a hand moved something."""
        return (self.something[kind] + FIRST) / (self.asked[kind] + 2 * FIRST)

    def answered(self, candidates: Sequence[Cart], chosen: Cart) -> None:
        """Somebody was shown these carts, and knew which it is: what may have been is, or is not."""
        for kind, at_s in {(d.unweighed, d.at_s) for cart in candidates for d in cart.deeds if d.unweighed}:
            self.asked[kind] += 1
            self.something[kind] += any(d.unweighed == kind and d.at_s == at_s for d in chosen.deeds)
