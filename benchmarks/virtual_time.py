"""How fast virtual time passes: an hour of the demo store with 20 shoppers, every lane sampled, beside its limit."""

import time
from collections import Counter
from dataclasses import replace

import numpy as np

from benchmarks.table import print_table
from hub.store import Store, load_store
from hw.replay import processors
from hw.sim.behaviours import BEHAVIOURS
from hw.sim.plan import Plan
from hw.sim.visit import VisitRecord, run_visit
from hw.sim.world import Scene
from hw.simulate import DEMO_STORE, stock_of

SHOPPERS = 20
HOUR_S = 3600.0
LIMIT_S = 20.0
ALONE = ("simple", "take_back", "take_n", "misplace", "hold_long", "touch_only", "track_lost")
"""Behaviours of one person, in turn."""


def store_hour(store: Store, together: int) -> Scene:
    """Shoppers who come in groups of `together` at even intervals over the hour."""
    rng = np.random.default_rng(1)
    plans: list[Plan] = []
    for i in range(SHOPPERS):
        (plan,) = BEHAVIOURS[ALONE[i % len(ALONE)]](store, rng)
        arrives_s = 10.0 + (i // together) * (HOUR_S - 120.0) * together / SHOPPERS + 6.0 * (i % together)
        deeds = tuple(replace(deed, at_s=None) for deed in plan.deeds)
        plans.append(replace(plan, payer=f"p{i}", arrives_s=arrives_s, deeds=deeds))
    return Scene(
        name=f"hour-{together}",
        store=store,
        stock=stock_of(store),
        plans=tuple(plans),
    )


def timed(scene: Scene) -> tuple[VisitRecord, float]:
    """What came of the scene, and how many seconds it took, in a process that has imported everything already."""
    begun = time.perf_counter()
    record = run_visit(scene, 1)
    return record, time.perf_counter() - begun


def main() -> None:
    """Print wall seconds for the hour beside the limit, and how many receipts were right on the way."""
    store = load_store(DEMO_STORE)
    rows = []
    for together in (1, 5):
        with processors() as pool:
            record, wall_s = pool.submit(timed, store_hour(store, together)).result()
        right = sum(record.receipts.get(p, Counter()) == cart for p, cart in record.truth.items())
        rows.append(
            (
                f"{SHOPPERS} shoppers, {together} at a time",
                f"{record.seconds:.0f} s",
                f"{wall_s:.1f} s",
                f"{LIMIT_S * record.seconds / HOUR_S:.1f} s",
                f"{wall_s / (LIMIT_S * record.seconds / HOUR_S):.2f}",
                f"{record.seconds / wall_s:.0f}×",
                f"{right} of {SHOPPERS}",
            )
        )
    head = ("24 lanes at 10 SPS, tracks at 10 Hz", "store time", "wall", "limit", "ratio", "speed", "receipts right")
    print_table("Virtual time", head, rows)


if __name__ == "__main__":
    main()
