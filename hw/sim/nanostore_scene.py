"""Scenes from labelled visits. Labels are real, the signals made here are not: what comes of them is semi-synthetic.

A label says what left which plates in which second. Here, an item lies across all the plates of its event; several
products taken at once each lie where the planogram says; what is taken lies there beforehand.
"""

import math
from collections.abc import Sequence
from zlib import crc32

import numpy as np

from hub.store import Gate, Lane, Product, Store
from hw.sim.conditions import Conditions
from hw.sim.nanostore import Case, Event, PlateStore, lane_id
from hw.sim.plan import Deed, Move, Plan
from hw.sim.walking import stand
from hw.sim.world import Scene

UNITS_PER_PLATE = 2
HANDS_APART_S = 0.8
"""Two reaches of one shopper, or for one product, are at least so far apart within their labelled second or after."""
EARLY_S, APART_S = 12.0, 4.0
"""Shoppers come in about this long before their first event, and so far apart."""
OPENING_S = 8.0
"""How long the store lies quiet first, for its nodes to learn their lanes' noise."""
GATE_OUT_M, GATE_SIDE_M = 2.0, 1.0


def store_of(plates: PlateStore, case: Case) -> Store:
    """The store as the hub gets it: the case's planogram, right or wrong, and a way in and out across from the shelves.

    Plates do not say where their front is: a gondola's plates stand in a row, and it faces that side of the row on
    which the middle of all plates lies (to the right of the row's direction, should it lie exactly in it).
    """
    holds: dict[str, list[str]] = {}
    for gtin, positions in case.planogram.items():
        for position in positions:
            holds.setdefault(lane_id(position), []).append(gtin)
    facing = _facings(plates)
    lanes = tuple(
        Lane(
            id=(name := lane_id((p.gondola, p.shelf, p.plate))),
            shelf=f"{p.gondola}-{p.shelf}",
            position=p.plate,
            x_m=p.x_m,
            y_m=p.y_m,
            z_m=p.z_m,
            width_m=p.width_m,
            depth_m=p.depth_m,
            facing_deg=facing[p.gondola],
            products=tuple(holds.get(name, ())),
        )
        for p in plates.plates
    )
    products = tuple(
        Product(gtin=p.gtin, name=p.name, weight_g=p.weight_g, price_cents=round(100 * p.price))
        for p in plates.products
    )
    return Store(name="labelled-visits", products=products, lanes=lanes, gates=_gates(lanes))


def scene_of(plates: PlateStore, case: Case, seed: int) -> Scene:
    """The visit as a scene; what labels leave open (where in its second, which way round) is drawn from the seed."""
    rng = np.random.default_rng([seed, crc32(case.name.encode())])
    store = store_of(plates, case)
    moves = [_moves(case, event) for event in case.events]
    names = sorted({e.shopper for e in case.events})
    opening_s = OPENING_S + APART_S * len(names)
    deeds: dict[str, list[Deed]] = {name: [] for name in names}
    for event, what, at_s in zip(case.events, moves, _times(case.events, rng), strict=True):
        deeds[event.shopper].append(
            Deed(
                lanes=tuple(lane_id((event.gondola, event.shelf, p)) for p in event.plates),
                takes=what if event.action == "take" else (),
                puts=what if event.action == "put_back" else (),
                at_s=opening_s + EARLY_S + at_s,
                hold_s=0.0 if what else float(rng.uniform(0.3, 1.5)),
            )
        )
    plans: list[Plan] = []
    for name in sorted(names, key=lambda n: deeds[n][0].at_s or 0.0):
        first_s = deeds[name][0].at_s or 0.0
        arrives_s = max(first_s - EARLY_S - APART_S * len(names), OPENING_S + APART_S * len(plans))
        plans.append(Plan(payer=name, deeds=tuple(deeds[name]), arrives_s=arrives_s))
    return Scene(
        name=case.name,
        store=store,
        stock=_shelved(store) + _as_labelled(case.events, moves),
        plans=tuple(plans),
        conditions=Conditions(hands_seen=False, items_seen=False),
    )


def _times(events: Sequence[Event], rng: np.random.Generator) -> list[float]:
    """Seconds within each event's second, never before what the same shopper, or the same product, did before."""
    times: list[float] = []
    for i, event in enumerate(events):
        at_s = event.t_s + float(rng.uniform(0.0, 0.9))
        for earlier, earlier_s in zip(events[:i], times, strict=True):
            if earlier.shopper == event.shopper or earlier.items.keys() & event.items.keys():
                at_s = max(at_s, earlier_s + HANDS_APART_S)
        times.append(at_s)
    return times


def _moves(case: Case, event: Event) -> tuple[Move, ...]:
    moves: list[Move] = []
    for gtin, count in event.items.items():
        touched = [(event.gondola, event.shelf, plate) for plate in event.plates]
        if len(event.items) > 1:
            touched = [p for p in touched if p in case.planogram.get(gtin, ())] or touched
        moves += [Move(gtin=gtin, lanes=tuple(lane_id(p) for p in touched))] * count
    return tuple(moves)


def _shelved(store: Store) -> tuple[Move, ...]:
    return tuple(
        Move(gtin=gtin, lanes=(lane.id,))
        for lane in store.lanes
        for gtin in lane.products
        for _ in range(UNITS_PER_PLATE)
    )


def _as_labelled(events: Sequence[Event], moves: Sequence[tuple[Move, ...]]) -> tuple[Move, ...]:
    """What must lie there at opening so that every take of the labels finds its item: all but what was put there."""
    there: list[Move] = []
    missing: list[Move] = []
    for event, what in zip(events, moves, strict=True):
        if event.action == "put_back":
            there += what
            continue
        for move in what:
            if move in there:
                there.remove(move)
            else:
                missing.append(move)
    return tuple(missing)


def _facings(plates: PlateStore) -> dict[int, float]:
    """Degrees by gondola."""
    everywhere = np.array([(p.x_m, p.y_m) for p in plates.plates])
    facings = {}
    for gondola in {p.gondola for p in plates.plates}:
        row = np.array([(p.x_m, p.y_m) for p in plates.plates if p.gondola == gondola])
        centred = row - row.mean(axis=0)
        along = np.linalg.eigh(centred.T @ centred)[1][:, 1]
        along = along if (along[0], along[1]) > (0.0, 0.0) else -along
        front = np.array([along[1], -along[0]])
        if front @ (everywhere.mean(axis=0) - row.mean(axis=0)) < -1e-9:
            front = -front
        facings[gondola] = round(math.degrees(math.atan2(front[1], front[0])), 3)
    return facings


def _gates(lanes: Sequence[Lane]) -> tuple[Gate, Gate]:
    """Side by side, across the floor from the shelves."""
    fronts = np.array([stand(lane, 0.45, 0.0) for lane in lanes])
    angles = np.radians([lane.facing_deg for lane in lanes])
    away = np.array([np.cos(angles).mean(), np.sin(angles).mean()])
    away /= max(float(np.hypot(*away)), 1e-6)
    middle = fronts.mean(axis=0) + GATE_OUT_M * away
    side = GATE_SIDE_M * np.array([-away[1], away[0]])
    (in_x, in_y), (out_x, out_y) = middle + side, middle - side
    return (
        Gate(name="in", node="gate-in", direction="in", x_m=float(in_x), y_m=float(in_y)),
        Gate(name="out", node="gate-out", direction="out", x_m=float(out_x), y_m=float(out_y)),
    )
