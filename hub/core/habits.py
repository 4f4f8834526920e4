"""How often a hand that no scale saw moved something: learnt from what people answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.core.goods import Cart
from hub.core.learning import Learnt

FIRST_ANSWERS, LAST_ANSWERS = 1.0, 500.0
"""What is believed before any answer counts as one (Jeffreys' prior, where it is one in two); of answers, so many are
remembered."""


def _first() -> dict[str, Learnt]:
    """Before any answer, of hands that met, or were over a lane that could not tell, or two over one that weighs what
    it weighed, one in two moved something; of those at the floor, where people tie shoelaces and put down bags, one in
    four: estimates."""
    return {
        "met": Learnt(1 / 2, FIRST_ANSWERS, LAST_ANSWERS),
        "floor": Learnt(1 / 4, FIRST_ANSWERS, LAST_ANSWERS),
        "lane": Learnt(1 / 2, FIRST_ANSWERS, LAST_ANSWERS),
        "swapped": Learnt(1 / 2, FIRST_ANSWERS, LAST_ANSWERS),
    }


@dataclass(slots=True)
class Habits:
    """Shares by what showed: hands that met, one at the floor, one over a lane that could not tell, two over one."""

    moved: dict[str, Learnt] = field(default_factory=_first)

    def share(self, kind: str) -> float:
        """How likely it is that such a hand moved something."""
        return self.moved[kind].share

    def answered(self, candidates: Sequence[Cart], chosen: Cart) -> None:
        """Somebody was shown these carts, and knew which it is: what may have been is, or is not."""
        for kind, at_s in sorted({(d.unweighed, d.at_s) for cart in candidates for d in cart.deeds if d.unweighed}):
            self.moved[kind].take_in(any(d.unweighed == kind and d.at_s == at_s for d in chosen.deeds))
