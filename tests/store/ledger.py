"""What must hold of a belief at every step: nothing is lost or doubled in any hypothesis, and probabilities add up."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import pytest

from hub.core.belief import Belief, Expand, Values
from hub.core.goods import FOREIGN, UNKNOWN, Cart, Key, LaneContents, Value, Who

ADDED_UP = pytest.approx(1.0, abs=1e-9)


class Ledger(Belief):
    """A belief that looks at every way in which something may have gone on, in every hypothesis."""

    def update(self, touched: Iterable[Key], expand: Expand) -> None:
        def checked(values: Mapping[Key, Value]) -> Iterator[tuple[float, Values]]:
            for log_p, changes in expand(values):
                assert math.isfinite(log_p)
                balances({key: values[key] for key in changes}, changes)
                yield log_p, changes

        super().update(touched, checked)


def balances(before: Values, after: Values) -> None:
    """What is in carts or was left somewhere came off a lane, and nothing else did; what comes from outside the store
    or goes out of sight says so. Whoever is taken for somebody else, that one is taken for them."""
    held, left = in_carts(after), lying(after)
    held.subtract(in_carts(before))
    left.subtract(lying(before))
    gone = off_lanes(after)
    gone.subtract(off_lanes(before))
    laid_down, dropped = Counter[str](), Counter[str]()
    for key, cart in after.items():
        was = before[key]
        if isinstance(cart, Cart) and isinstance(was, Cart):
            moved, told = Counter(u.gtin for u in cart.units), Counter[str]()
            moved.subtract(u.gtin for u in was.units)
            for deed in cart.deeds[len(was.deeds) :]:
                told[deed.gtin] += deed.moved
                if deed.unweighed == "floor":
                    dropped[deed.gtin] -= deed.moved
            untold = {gtin: n for gtin in {*moved, *told} if (n := moved[gtin] - told[gtin])}
            assert cart.restocks or not untold, f"moved without a deed that says so: {untold}"
            laid_down.update(untold)
    for gtin in {*held, *left, *gone} - {FOREIGN, UNKNOWN}:
        assert held[gtin] + left[gtin] - gone[gtin] == laid_down[gtin] - dropped[gtin], gtin
    assert min(laid_down.values(), default=0) >= 0 and min(dropped.values(), default=0) >= 0
    assert held[FOREIGN] == gone[FOREIGN] == gone[UNKNOWN] == 0, "what the store does not sell came off no lane's stock"
    assert held[UNKNOWN] + left[UNKNOWN] + dropped[UNKNOWN] >= 0, "it comes from nowhere, and stays"
    assert people_of(before) == people_of(after)


def in_carts(values: Values) -> Counter[str]:
    return Counter(u.gtin for v in values.values() if isinstance(v, Cart) for u in v.units)


def lying(values: Values) -> Counter[str]:
    return Counter(u.gtin for v in values.values() if isinstance(v, LaneContents) for u in v.left_here)


def off_lanes(values: Values) -> Counter[str]:
    gone = Counter[str]()
    for value in values.values():
        if isinstance(value, LaneContents):
            gone.update(dict(value.taken))
    return gone


def people_of(values: Values) -> list[str]:
    return sorted(v.session for v in values.values() if isinstance(v, Who))


def is_whole(belief: Belief) -> None:
    """Every key stands in one place, and what is said of it adds up."""
    assert belief.known.keys().isdisjoint(belief.factors)
    for factor in {id(f): f for f in belief.factors.values()}.values():
        assert sum(p for p, _, _ in factor.hypotheses) == ADDED_UP
        assert all(belief.factors[key] is factor for key in factor.keys)
        assert all(0 < p <= 1 and values.keys() == set(factor.keys) for p, values, _ in factor.hypotheses)
    for key in belief.factors:
        marginal = belief.marginal(key)
        assert sum(p for p, _ in marginal) == ADDED_UP
        assert [p for p, _ in marginal] == sorted((p for p, _ in marginal), reverse=True)
