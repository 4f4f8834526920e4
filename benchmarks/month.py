"""What the core remembers after a month of visits: it must level off, whatever the store has seen."""

import argparse
import gc
import math
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from types import FunctionType, ModuleType

from msgspec import Struct

from benchmarks.driver import Driver
from benchmarks.table import print_table, write_report
from hub.store import Gate, Lane, Product, Store
from wire.messages import Tap, Track, Tracks, WeightChange

DAYS, VISITS = 30, 1_000
LOOKS = 50
"""So often a day it is measured: what is remembered of the last few minutes depends on what they were like."""
EVERY_S, FRAME_S, SPEED_MPS = 40.0, 0.25, 1.2
LANES, LANE_M = 12, 0.45
ENTRY, EXIT = (-2.0, -3.0), (7.0, -3.0)
GROWTH_GOAL = 1.05
"""Of the last ten days over the ten before them."""
PUT_BACK, COMPANY = 0.15, 0.3
"""Shares of visits in which something is put back, and in which a second shopper stands close by."""


class Day(Struct, frozen=True, kw_only=True):
    """What the core's state took up, with all it refers to, in the mean over the day; and the process at its end."""

    state_bytes: float
    process_bytes: int
    objects: float


def store() -> Store:
    """One shelf with a product of its own in each lane."""
    rng = random.Random(1)
    products = tuple(
        Product(gtin=f"{i:013d}", name=f"product {i}", weight_g=rng.uniform(50, 900), price_cents=100)
        for i in range(LANES)
    )
    lanes = tuple(
        Lane(
            id=f"1-1-{i}",
            shelf="1-1",
            position=i,
            x_m=LANE_M * i,
            y_m=0.0,
            z_m=1.0,
            width_m=0.43,
            depth_m=0.4,
            facing_deg=-90.0,
            products=(products[i].gtin,),
        )
        for i in range(LANES)
    )
    gates = (
        Gate(name="in", node="gate-in", direction="in", x_m=ENTRY[0], y_m=ENTRY[1]),
        Gate(name="out", node="gate-out", direction="out", x_m=EXIT[0], y_m=EXIT[1]),
    )
    return Store(name="month", products=products, lanes=lanes, gates=gates)


class Month:
    """One visit after the other, told to a core."""

    def __init__(self) -> None:
        self.core = Driver(store())
        self._rng = random.Random(2)
        self._places: dict[str, tuple[float, float]] = {}
        self._now_s = 0.0
        self._count = 0

    def visit(self) -> None:
        """One shopper, or two side by side: in, a few things off the shelf, perhaps one back, and out."""
        begun_s, places = self._now_s, self._places
        people = [f"p{self._count + i}" for i in range(1 + (self._rng.random() < COMPANY))]
        self._count += len(people)
        first = self._rng.randrange(2, LANES - 2)
        for name in people:
            tap = Tap(gate="in", reader="qr", kind="qr", credential=name, t_s=self._now_s)
            self.core.say("gate-in", tap, self._now_s)
            places[name] = ENTRY
            self._show()
            self.core.pass_gate("gate-in", "in", self._now_s)
            self._walk(name, (LANE_M * first, -2.0))
        for lane, name in enumerate(people, first):
            self._walk(name, (LANE_M * lane, -0.65))
            self._show(4)
            self._change(lane, -1)
            if self._rng.random() < PUT_BACK:
                self._show(4)
                self._change(lane, 1)
            self._show(4)
        for name in people:
            self._walk(name, EXIT)
            self._show(2)
            self.core.pass_gate("gate-out", "out", self._now_s)
            del places[name]
            self._show(6)
        self._now_s = max(self._now_s, begun_s + EVERY_S)

    def _walk(self, name: str, to: tuple[float, float]) -> None:
        """At a walking pace, seen on the way."""
        begin = self._places[name]
        steps = max(1, round(math.dist(begin, to) / (SPEED_MPS * FRAME_S)))
        for done in (step / steps for step in range(1, steps + 1)):
            self._places[name] = begin[0] + done * (to[0] - begin[0]), begin[1] + done * (to[1] - begin[1])
            self._show()

    def _show(self, frames: int = 1) -> None:
        for _ in range(frames):
            self._now_s += FRAME_S
            seen = tuple(Track(id=name, x_m=x_m, y_m=y_m, sigma_m=0.08) for name, (x_m, y_m) in self._places.items())
            self.core.say("ceiling", Tracks(t_s=self._now_s, tracks=seen), self._now_s)

    def _change(self, lane: int, sign: int) -> None:
        product = self.core.state.store.products[lane]
        delta_g = sign * self._rng.gauss(product.weight_g, product.spread_g)
        change = WeightChange(
            lane=f"1-1-{lane}", delta_g=delta_g, sigma_g=0.5, t0_s=self._now_s - 0.6, t1_s=self._now_s
        )
        self.core.say("shelf", change, self._now_s)


def size(root: object) -> tuple[int, int]:
    """Bytes and number of all objects that `root` holds on to, classes, modules and functions aside."""
    seen: set[int] = set()
    waiting, total = [root], 0
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, type | ModuleType | FunctionType):
            continue
        seen.add(id(thing))
        total += sys.getsizeof(thing)
        waiting += gc.get_referents(thing)
    return total, len(seen)


def process_bytes() -> int:
    """What of this process lies in memory (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def main(arguments: Sequence[str] = ()) -> None:
    """Print what the core remembers at the end of some days, and by how much it still grows."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.month")
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--visits", type=int, default=VISITS, help="a day")
    parser.add_argument("--report", type=Path, help="write the figures as JSON")
    options = parser.parse_args(arguments)
    month, days = Month(), []
    begun_s = time.perf_counter()
    every = max(1, options.visits // LOOKS)
    for _ in range(options.days):
        sizes = []
        for visit in range(options.visits):
            month.visit()
            if visit % every == 0:
                sizes.append(size(month.core.state))
        gc.collect()
        state_bytes, objects = map(fmean, zip(*sizes, strict=True))
        days.append(Day(state_bytes=state_bytes, process_bytes=process_bytes(), objects=objects))
    wall_s = time.perf_counter() - begun_s
    shown = sorted({1, 2, 5, 10, 20, options.days} & set(range(1, options.days + 1)))
    rows = [
        (
            f"day {n}",
            f"{days[n - 1].state_bytes / 1024:.0f} kB",
            f"{days[n - 1].objects:.0f}",
            f"{days[n - 1].process_bytes / 2**20:.0f} MB",
        )
        for n in shown
    ]
    third = max(1, options.days // 3)
    growth = fmean(d.state_bytes for d in days[-third:]) / fmean(
        d.state_bytes for d in days[-2 * third : -third] or days
    )
    rows.append(("growth, last third over the one before", f"{growth:.3f}", "", f"goal ≤ {GROWTH_GOAL}"))
    title = f"A month: {options.days} days of {options.visits} visits, {month.core.asked} asked, {wall_s:.0f} s"
    print_table(title, ("in the mean over", "the core's state", "objects", "the process at its end"), rows)
    write_report(days, options.report)


if __name__ == "__main__":
    main(sys.argv[1:])
