"""What one may put back at once."""

import pytest

from hub.core.goods import Unit
from hub.core.putting import _handfuls
from tests.store.scripted import COLA, WATER

LIGHT, HEAVY, BOTTLE = Unit(COLA, 347.0, 1.0), Unit(COLA, 353.0, 1.0), Unit(WATER, 538.0, 1.0)


@pytest.mark.parametrize(
    ("held", "handfuls"),
    [
        ((), []),
        ((LIGHT,), [(LIGHT,)]),
        ((LIGHT, LIGHT), [(LIGHT,), (LIGHT, LIGHT)]),
        ((LIGHT, HEAVY), [(LIGHT,), (HEAVY,), (LIGHT, HEAVY)]),
        ((LIGHT, BOTTLE), [(LIGHT,), (BOTTLE,), (LIGHT, BOTTLE)]),
        ((LIGHT, HEAVY, LIGHT), [(LIGHT,), (HEAVY,), (HEAVY, LIGHT), (LIGHT, LIGHT), (LIGHT, HEAVY, LIGHT)]),
    ],
    ids=["nothing", "one", "two that weigh alike", "two of a kind", "two kinds", "three of a kind"],
)
def test_no_handful_is_thought_of_twice(held: tuple[Unit, ...], handfuls: list[tuple[Unit, ...]]) -> None:
    assert sorted(_handfuls(held)) == sorted(handfuls)
