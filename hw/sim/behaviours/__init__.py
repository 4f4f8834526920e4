"""What shoppers do: named behaviours that a store must survive.

Each is a function from a store to plans; the first line of its docstring says what it is. Some come with faults of
nodes or cells, which are the scene's. Times are seconds of the run.
"""

from collections.abc import Callable, Sequence

from hub.store import Store
from hw.sim.behaviours.alone import (
    bag_rest,
    close_weights,
    hold_long,
    leave_on_floor,
    misplace,
    quick_series,
    simple,
    take_back,
    take_n,
    touch_only,
    track_lost,
)
from hw.sim.behaviours.among import (
    buy_misplaced,
    child,
    crossed_hands,
    fill,
    group,
    hand_over,
    lane_shift,
    misplace_same_weight,
    same_moment,
    very_close,
)
from hw.sim.behaviours.chaos import chaos
from hw.sim.behaviours.faulty import (
    clock_skew,
    cut_off,
    drift,
    full_lanes,
    late_node,
    poor_cells,
    wrong_clock,
    wrong_reads,
)
from hw.sim.behaviours.parts import APART_S, OPENING_S, Rng
from hw.sim.faults import Fault
from hw.sim.plan import Plan

__all__ = ["APART_S", "BEHAVIOURS", "FAULTS", "OPENING_S", "Rng", "faults_of", "sentence", "simple"]

Behaviour = Callable[[Store, Rng], tuple[Plan, ...]]
"""Raises ValueError where a store has not what it takes."""

BEHAVIOURS: dict[str, Behaviour] = {
    b.__name__: b
    for b in (
        simple,
        take_back,
        take_n,
        quick_series,
        close_weights,
        misplace,
        misplace_same_weight,
        buy_misplaced,
        hold_long,
        touch_only,
        same_moment,
        crossed_hands,
        very_close,
        hand_over,
        group,
        child,
        bag_rest,
        fill,
        lane_shift,
        leave_on_floor,
        track_lost,
        late_node,
        clock_skew,
        wrong_reads,
        drift,
        chaos,
    )
}

FAULTS: dict[str, Callable[[Store, Sequence[Plan], Rng], tuple[Fault, ...]]] = {
    "late_node": cut_off,
    "clock_skew": wrong_clock,
    "wrong_reads": poor_cells,
    "drift": full_lanes,
}
"""What goes wrong with nodes and cells while the plans of such a behaviour are carried out."""


def faults_of(name: str, store: Store, plans: Sequence[Plan], rng: Rng) -> tuple[Fault, ...]:
    """What goes wrong while these plans of a behaviour are carried out: nothing, for most behaviours."""
    return FAULTS[name](store, plans, rng) if name in FAULTS else ()


def sentence(name: str) -> str:
    """What the behaviour is, in one line."""
    return (BEHAVIOURS[name].__doc__ or "").splitlines()[0]
