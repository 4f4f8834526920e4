"""Nodes and cells that let people down, and what people do meanwhile."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from hub.store import Lane, Store
from hw.sim.behaviours.parts import INSIDE_S, Rng, one, put, some, take, visit
from hw.sim.faults import ClockOff, DeadCell, Drift, Fault, Offline, WrongReads
from hw.sim.load_cell import Cell
from hw.sim.plan import Deed, Plan
from hw.sim.shelf import shelf_node
from hw.sim.world import CEILING

OFFLINE_S = 60.0
AHEAD_S = 2.0
WRONG_SHARES = (0.01, 0.05)
"""Users see 1 to 5 % (bogde/HX711 issues 83 and 216, google/periph 439)."""
DRIFTS_FASTER = 60.0
WARMER_C = (2.0, 6.0)
"""How far a day's temperature swings to either side in a store: an estimate."""
CREEP_SPREAD = 0.5
"""Cheap cells keep to no class: their creep is lognormal about the figure of class C3."""


def late_node(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """A shelf node is offline for a minute while people shop from it, then delivers its backlog."""
    gondola = _gondola(one(store.lanes, rng), store)
    early, late = (some(gondola, int(rng.integers(2, 4)), rng) for _ in range(2))
    first = [take(lane, at_s=INSIDE_S + 7.0 * i) for i, lane in enumerate(early)]
    second = [take(lane, at_s=INSIDE_S + 15.0 + 9.0 * i) for i, lane in enumerate(late)]
    return visit("A", *first), visit("B", *second, take(one(store.lanes, rng)), n=1)


def cut_off(store: Store, plans: Sequence[Plan], rng: Rng) -> tuple[Fault, ...]:
    """The node that most is taken from is offline, from before or amid that."""
    nodes = Counter(shelf_node(lane) for lane in _touched(store, plans))
    from_s = INSIDE_S - 10.0 + float(rng.uniform(0.0, 20.0))
    return (Offline(node=nodes.most_common(1)[0][0], from_s=from_s, to_s=from_s + OFFLINE_S),)


def clock_skew(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """A node's clock is off by 2 s."""
    gondola = _gondola(one(store.lanes, rng), store)
    plans = []
    for n, payer in enumerate(("A", "B")):
        moments = INSIDE_S + 6.0 * np.arange(3) + rng.uniform(0.0, 4.0, 3)
        takes = [take(lane, at_s=float(at_s)) for lane, at_s in zip(some(gondola, 3, rng), moments, strict=True)]
        plans.append(visit(payer, *takes, n=n))
    return tuple(plans)


def wrong_clock(store: Store, plans: Sequence[Plan], rng: Rng) -> tuple[Fault, ...]:
    """Half of the time the shelf's at which they shop, else the ceiling's or a gate's."""
    others = (CEILING, *(gate.node for gate in store.gates))
    node = shelf_node(_touched(store, plans)[0]) if rng.random() < 0.5 else one(others, rng)
    return (ClockOff(node=node, ahead_s=one((-AHEAD_S, AHEAD_S), rng)),)


def wrong_reads(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Cells that give single wrong reads (1–5 % of samples), or one that goes dead."""
    lanes = some(store.lanes, int(rng.integers(3, 5)), rng)
    takes = [take(lane, at_s=INSIDE_S + 8.0 * i) for i, lane in enumerate(lanes)]
    return (visit("A", *takes, *([put(lanes[0])] if rng.random() < 0.5 else [])),)


def poor_cells(store: Store, plans: Sequence[Plan], rng: Rng) -> tuple[Fault, ...]:
    """Half of the time several lanes read wrong; else one cell is dead from some time on."""
    touched = _touched(store, plans)
    if rng.random() < 0.5:
        lanes = {lane.id for lane in (*some(touched, 2, rng), *some(store.lanes, 4, rng))}
        return tuple(WrongReads(lane=lane, share=float(rng.uniform(*WRONG_SHARES))) for lane in sorted(lanes))
    dead = one(touched if rng.random() < 0.6 else store.lanes, rng)
    return (DeadCell(lane=dead.id, from_s=INSIDE_S + float(rng.uniform(-20.0, 30.0))),)


def drift(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Full lanes creep and drift with temperature while somebody shops elsewhere.

    A day is too long to play: hours of it pass in the minutes of a visit, DRIFTS_FASTER times as fast.
    """
    lanes = some(store.lanes, int(rng.integers(2, 5)), rng)
    return (visit("A", *(take(lane, at_s=INSIDE_S + 50.0 * i) for i, lane in enumerate(lanes))),)


def full_lanes(store: Store, plans: Sequence[Plan], rng: Rng) -> tuple[Fault, ...]:
    """All lanes that nobody touches: the store was filled just now, and it warms up or cools down."""
    touched = _touched(store, plans)
    return tuple(_drift(lane, store, rng) for lane in store.lanes if lane not in touched)


def _drift(lane: Lane, store: Store, rng: Rng) -> Drift:
    cell = Cell()
    load_g = (lane.stock or 0) * store.product[lane.products[0]].weight_g
    swing_g = float(rng.uniform(*WARMER_C)) * (cell.zero_g_per_c + cell.span_per_c * load_g)
    return Drift(
        lane=lane.id,
        creep_g=cell.creep * load_g * float(rng.lognormal(0.0, CREEP_SPREAD)),
        swing_g=swing_g * one((-1.0, 1.0), rng),
        phase=float(rng.uniform(-0.3, 0.3)),
        faster=DRIFTS_FASTER,
    )


def _gondola(lane: Lane, store: Store) -> list[Lane]:
    return [other for other in store.lanes if shelf_node(other) == shelf_node(lane)]


def _touched(store: Store, plans: Sequence[Plan]) -> list[Lane]:
    deeds = (act for plan in plans for act in plan.deeds if isinstance(act, Deed))
    return [store.lane[lane] for lane in dict.fromkeys(lane for deed in deeds for lane in deed.lanes)]
