"""Named behaviours in a store that is simulated whole: receipts beside the truth."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import numpy as np

from hub.store import Store, load_store
from hw.errors import UnknownBehaviour
from hw.replay import MethodName, score
from hw.report import CaseReport, Report
from hw.sim.behaviours import APART_S, BEHAVIOURS, OPENING_S, faults_of, simple
from hw.sim.behaviours.habits import with_habits
from hw.sim.plan import Move
from hw.sim.world import Scene

DEMO_STORE = Path(__file__).parent / "stores" / "demo.toml"
UNITS_PER_LANE = 6
"""On a lane that does not say how many lie there."""


def simulate(
    behaviours: Sequence[str],
    shoppers: int,
    visits: int,
    seed: int,
    method: MethodName = "joint",
    on_case: Callable[[CaseReport], None] = lambda case: None,
    store: Store | None = None,
) -> Report:
    """Play each behaviour `visits` times, with so many others shopping at the same time that there are `shoppers`.

    Raises UnknownBehaviour. Without names, all behaviours are played; without a store, in the demo store.
    """
    for name in behaviours:
        if name not in BEHAVIOURS:
            raise UnknownBehaviour(f"{name}: no such behaviour; there are {', '.join(BEHAVIOURS)}")
    place = store or load_store(DEMO_STORE)
    scenes = (
        behaviour_scene(place, name, n, shoppers, seed) for name in behaviours or BEHAVIOURS for n in range(visits)
    )
    return score(scenes, seed, method, on_case)


def behaviour_scene(store: Store, name: str, n: int, shoppers: int, seed: int) -> Scene:
    """The n-th playing of a behaviour."""
    scene_name = f"{name}-{n + 1}"
    rng = np.random.default_rng([seed, crc32(scene_name.encode())])
    plans = list(BEHAVIOURS[name](store, rng))
    for i in range(len(plans), shoppers):
        (other,) = simple(store, rng)
        plans.append(replace(other, payer=f"other-{i + 1}", arrives_s=OPENING_S + APART_S * i))
    return Scene(
        name=scene_name,
        store=store,
        stock=stock_of(store),
        plans=with_habits(plans, store, rng),
        faults=faults_of(name, store, plans, rng),
    )


def stock_of(store: Store) -> tuple[Move, ...]:
    """What lies on the lanes at opening, when everything lies where it should."""
    return tuple(
        Move(gtin=gtin, lanes=(lane.id,))
        for lane in store.lanes
        for gtin in lane.products
        for _ in range(UNITS_PER_LANE if lane.stock is None else lane.stock)
    )
