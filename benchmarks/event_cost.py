"""What one weight change costs the core, with 10 and with 300 shoppers in stores of the same density, and at best."""

import argparse
import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean, quantiles

from msgspec import Struct

from benchmarks.driver import Driver
from benchmarks.table import print_table, write_report
from hub.store import Gate, Lane, Product, Store
from wire.messages import Tap, Track, Tracks, WeightChange

LANES_PER_SHOPPER = 4
CHANGES = 1_000
PAIRS_EACH = 10
FRAME_S, FRAMES = 0.48, 3
"""So many frames before each change and after it, until the core no longer waits for its neighbours (1.5 s)."""
HAND = ((0.0, 12), (0.0, 40), (0.1, 55), (0.6, 30), (1.0, 8), (1.0, 0))
"""What a lane's trace shows of a take or a putting back: how much of it has moved, and what the hand presses by."""
RATE_GOAL, RATIO_GOAL = 5_000, 1.5


class Cost(Struct, frozen=True, kw_only=True):
    """Microseconds: of a weight change, arrival and explanation together, and of each person in a camera frame."""

    shoppers: int
    change_us: float
    p50_us: float
    p99_us: float
    track_us: float


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


class Crowd:
    """Everybody stands where they are going to shop."""

    def __init__(self, store: Store, shoppers: int) -> None:
        self.core = Driver(store)
        self.now_s = 0.0
        self._tracks = tuple(Track(id=str(j), x_m=place(j)[0], y_m=place(j)[1], sigma_m=0.07) for j in range(shoppers))
        self.frame()
        for i in range(shoppers):
            tap = Tap(gate=f"in-{i}", reader="qr", kind="qr", credential=f"token-{i}", t_s=self.now_s)
            self.core.say("gate-in", tap, self.now_s)
            self.core.pass_gate("gate-in", f"in-{i}", self.now_s)

    def frame(self) -> None:
        """FRAME_S later, everybody is seen."""
        self.now_s += FRAME_S
        self.core.say("ceiling", Tracks(t_s=self.now_s, tracks=self._tracks), self.now_s)

    def change(self, lane: str, delta_g: float) -> None:
        """A lane weighs something else from now on."""
        trace = tuple([round(share * delta_g) + hand_g for share, hand_g in HAND])
        change = WeightChange(
            lane=lane, delta_g=delta_g, sigma_g=0.3, t0_s=self.now_s - 0.6, t1_s=self.now_s, trace=trace
        )
        self.core.say("shelf", change, self.now_s)

    def explain(self) -> None:
        """Time passes until the change is explained, short of the next frame."""
        self.core.wait(self.now_s + 0.9 * FRAME_S)


def place(shopper: int) -> tuple[float, float]:
    """Two metres apart along the shelf, in front of it."""
    return 2.0 * shopper + 1.0, -0.35


def cost(shoppers: int) -> Cost:
    """Everybody takes what lies in front of them, and puts it back, in turn at random. Nobody does it often, for nobody
    has a cart that was changed hundreds of times."""
    store, rng = store_for(shoppers), random.Random(2)
    changes_s: list[float] = []
    frames_s: list[float] = []
    while len(changes_s) < CHANGES:
        crowd = Crowd(store, shoppers)
        for _ in range(min(CHANGES // 2, shoppers * PAIRS_EACH)):
            lane = store.lanes[LANES_PER_SHOPPER * rng.randrange(shoppers) + 2]
            weight_g = store.product[lane.products[0]].weight_g
            for delta_g in (-weight_g, weight_g):
                frames_s += (_timed(crowd.frame) for _ in range(FRAMES))
                told_s = _timed(partial(crowd.change, lane.id, delta_g))
                frames_s += (_timed(crowd.frame) for _ in range(FRAMES))
                changes_s.append(told_s + _timed(crowd.explain))
                assert not crowd.core.state.pending.clusters, "a change that was never explained costs too little"
    hundredths = quantiles(changes_s, n=100)
    return Cost(
        shoppers=shoppers,
        change_us=fmean(changes_s) * 1e6,
        p50_us=hundredths[49] * 1e6,
        p99_us=hundredths[98] * 1e6,
        track_us=fmean(frames_s) / shoppers * 1e6,
    )


def _timed(work: Callable[[], None]) -> float:
    """Seconds that it takes."""
    before_s = time.perf_counter()
    work()
    return time.perf_counter() - before_s


def main(arguments: Sequence[str] = ()) -> None:
    """Print cost per event with one shopper, with 10 and with 300, and their ratio beside the goal."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.event_cost")
    parser.add_argument("--report", type=Path, help="write the figures as JSON")
    options = parser.parse_args(arguments)
    one, few, many = (cost(n) for n in (1, 10, 300))
    rows = [
        (name, *(f"{getattr(c, figure):.1f} µs" for c in (one, few, many)), f"{ratio:.2f}", f"≤ {RATIO_GOAL}")
        for name, figure in (
            ("weight change, explained: mean", "change_us"),
            ("p50", "p50_us"),
            ("p99", "p99_us"),
            ("one person in a camera frame", "track_us"),
        )
        for ratio in (getattr(many, figure) / getattr(few, figure),)
    ]
    rates = (f"{1e6 / c.change_us:.0f}" for c in (one, few, many))
    rows.append(("changes a second on one core", *rates, "", f"≥ {RATE_GOAL} (one shopper)"))
    head = ("", "1 shopper", "10 shoppers", "300 shoppers", "300 : 10", "goal")
    print_table("Cost of an event by shoppers in the store, each before a lane with one product", head, rows)
    write_report([one, few, many], options.report)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
