"""What one weight change costs the core, with 10 and with 300 shoppers in stores of the same density."""

import random
import time
from collections.abc import Iterator

from benchmarks.table import print_table
from hub.core.events import Authorised, Observed
from hub.core.fold import State, apply
from hub.store import Gate, Lane, Product, Store
from wire.messages import Passage, Tap, Track, Tracks, WeightChange

LANES_PER_SHOPPER = 4
CHANGES = 2_000
FRAME_S = 0.1


def store_for(shoppers: int) -> Store:
    """A long shelf of as many lanes as keep the density, 0.5 m apart, with a product of its own in each."""
    count = shoppers * LANES_PER_SHOPPER
    rng = random.Random(1)
    products = tuple(
        Product(gtin=f"{i:013d}", name=f"product {i}", weight_g=rng.uniform(50, 1200), price_cents=100)
        for i in range(count)
    )
    lanes = tuple(
        Lane(
            id=f"1-1-{i}",
            shelf="1-1",
            position=2 * i,
            x_m=0.5 * i,
            y_m=0.3,
            z_m=1.0,
            width_m=0.2,
            depth_m=0.4,
            facing_deg=-90.0,
            products=(products[i].gtin,),
        )
        for i in range(count)
    )
    ways_in = [
        Gate(name=f"in-{i}", node="gate-in", direction="in", x_m=place(i)[0], y_m=place(i)[1]) for i in range(shoppers)
    ]
    gates = (*ways_in, Gate(name="out", node="gate-out", direction="out", x_m=-6.0, y_m=-2.0))
    return Store(name="long", products=products, lanes=lanes, gates=gates)


def fill(state: State, shoppers: int) -> Iterator[float]:
    """Let everybody in where they are going to stand, and go on showing them there; yields the time."""
    everybody = tuple(Track(id=str(j), x_m=place(j)[0], y_m=place(j)[1], sigma_m=0.07) for j in range(shoppers))
    now_s = FRAME_S
    apply(state, Observed(at_s=now_s, node="c", body=Tracks(t_s=now_s, tracks=everybody)))
    for i in range(shoppers):
        tap = Tap(gate=f"in-{i}", reader="qr", kind="qr", credential=f"token-{i}", t_s=now_s)
        apply(state, Observed(at_s=now_s, node="gate-in", body=tap))
        apply(state, Authorised(at_s=now_s, session=f"v{i + 1}", hold="hold"))
        passage = Passage(gate=f"in-{i}", direction="in", outcome="passed", command=f"v{i + 1}-in-{i}-1", t_s=now_s)
        apply(state, Observed(at_s=now_s, node="gate-in", body=passage))
    while True:
        now_s += FRAME_S
        apply(state, Observed(at_s=now_s, node="c", body=Tracks(t_s=now_s, tracks=everybody)))
        yield now_s


def place(shopper: int) -> tuple[float, float]:
    """Two metres apart along the shelf, in front of it."""
    return 2.0 * shopper + 1.0, -0.35


def cost_us(shoppers: int) -> tuple[float, float]:
    """Microseconds per weight change, arrival and explanation together, and per person in a camera frame."""
    store = store_for(shoppers)
    state, rng = State(store), random.Random(2)
    frames = fill(state, shoppers)
    next(frames)
    spent = frames_s = 0.0
    for _ in range(CHANGES):
        before = time.perf_counter()
        now_s = next(frames)
        frames_s += time.perf_counter() - before
        shopper = rng.randrange(shoppers)
        lane = store.lanes[LANES_PER_SHOPPER * shopper + 2]
        weight_g = store.product[lane.products[0]].weight_g
        change = WeightChange(lane=lane.id, delta_g=-weight_g, sigma_g=0.3, t0_s=now_s - 0.6, t1_s=now_s)
        before = time.perf_counter()
        apply(state, Observed(at_s=now_s, node="s", body=change))
        back = WeightChange(lane=lane.id, delta_g=weight_g, sigma_g=0.3, t0_s=now_s - 0.05, t1_s=now_s)
        apply(state, Observed(at_s=now_s + 2.0, node="s", body=back))
        spent += time.perf_counter() - before
    return spent / (2 * CHANGES) * 1e6, frames_s / CHANGES / shoppers * 1e6


def main() -> None:
    """Print cost per event at 10 and at 300 shoppers, and their ratio beside the goal."""
    few, few_track = cost_us(10)
    many, many_track = cost_us(300)
    print_table(
        "Cost of an event by shoppers in the store",
        ("", "10 shoppers", "300 shoppers", "ratio", "goal"),
        [
            ("weight change, explained", f"{few:.0f} µs", f"{many:.0f} µs", f"{many / few:.2f}", "≤ 1.5"),
            (
                "track of one person in a frame",
                f"{few_track:.1f} µs",
                f"{many_track:.1f} µs",
                f"{many_track / few_track:.2f}",
                "≤ 1.5",
            ),
            ("weight changes per second, one core", f"{1e6 / few:.0f}", f"{1e6 / many:.0f}", "", ""),
        ],
    )


if __name__ == "__main__":
    main()
