"""What a shelf node of twelve lanes at 80 SPS costs, beside its limits and beside the simplest detector there is.

The node runs in a process of its own, in real time, from counts over frames, lanes and session to a bus in memory. The
pins are left out: reading them is the driver's cost. What the process must not carry is imported where it is used.
"""

import asyncio
import sys
import time
from array import array
from collections import deque
from pathlib import Path

from drivers.hx711 import Frame, Sample
from firmware_py.calibration import Calibration
from firmware_py.identity import Identity
from firmware_py.outbox import Outbox
from firmware_py.session import Session
from shelf_node.lane import Lane
from shelf_node.node import ShelfNode
from wire.bus import MemoryBroker, MemoryBus
from wire.clock import Clock

LANES, LINES, RATE_SPS, SECONDS = 12, 2, 80, 20
TAKEN_AT_S = (3.0, 7.0, 11.0, 15.0)
LIMIT_MB, LIMIT_CORES = 60.0, 0.5
PI_ZERO_FACTOR = 15.0
"""How much slower one 1 GHz Cortex-A53 of a Pi Zero 2 W runs Python: an assumption on the slow side, from Geekbench 5
single-core scores of about 100 (Pi 3, the same core) against 1,000 to 1,300 of server cores such as these."""
ZERO_COUNTS, COUNTS_PER_GRAM = 80_000.0, 209.7


class MovingAverage:
    """The baseline: the mean of the last half second, and a change whenever it has moved by 8 g and stays there."""

    def __init__(self) -> None:
        self._window: deque[float] = deque(maxlen=RATE_SPS // 2)
        self._sum = self._level_g = 0.0
        self._stays = 0

    def push(self, counts: int) -> float | None:
        window, grams = self._window, (counts - ZERO_COUNTS) / COUNTS_PER_GRAM
        if len(window) == window.maxlen:
            self._sum -= window[0]
        window.append(grams)
        self._sum += grams
        moved_g = self._sum / len(window) - self._level_g
        self._stays = self._stays + 1 if abs(moved_g) > 8.0 else 0
        if self._stays < RATE_SPS // 2:
            return None
        self._level_g += moved_g
        self._stays = 0
        return moved_g


def lane(number: int) -> Lane:
    known = Calibration(
        cell=f"LC-{number}", utc_s=0.0, zero_counts=ZERO_COUNTS, counts_per_gram=COUNTS_PER_GRAM, sigma_g=0.4
    )
    return Lane(f"lane-{number}", known)


async def live(counts: list[list[int]]) -> dict[str, float]:
    """The node fed in real time; gives its share of a core and how many changes it found."""
    loop, clock, each = asyncio.get_running_loop(), Clock(), LANES // LINES
    lines = {f"line-{n}": [lane(n * each + i) for i in range(each)] for n in range(LINES)}
    node, broker = ShelfNode(lines, clock), MemoryBroker()
    session = Session(MemoryBus(broker), Identity.at_start("bench", "shelf-1"), clock, Outbox(), node.vitals)
    talking = asyncio.create_task(session.run())
    changes, begin_s, spent_s = 0, loop.time(), time.process_time()
    async with MemoryBus(broker).subscribe("#"):
        for tick in range(RATE_SPS * SECONDS):
            await asyncio.sleep(begin_s + tick / RATE_SPS - loop.time())
            for n, line in enumerate(lines):
                samples = tuple(Sample(row[tick], None, 1) for row in counts[n * each : (n + 1) * each])
                for change in node.feed(line, Frame(loop.time(), samples)):
                    session.post(change)
                    changes += 1
    share = (time.process_time() - spent_s) / (loop.time() - begin_s)
    talking.cancel()
    return {"cores": share, "changes": float(changes)}


def cost_us(push_one: str, counts: list[list[int]]) -> float:
    """CPU microseconds per sample of `lane` or `average`, the best of three rounds over all lanes."""
    best = float("inf")
    for _ in range(3):
        spent_s = 0.0
        for number, row in enumerate(counts):
            if push_one == "lane":
                weigh, times_s = lane(number).push, [i / RATE_SPS for i in range(len(row))]
                start_s = time.process_time()
                for t_s, n in zip(times_s, row, strict=True):
                    weigh(t_s, n)
            else:
                average = MovingAverage().push
                start_s = time.process_time()
                for n in row:
                    average(n)
            spent_s += time.process_time() - start_s
        best = min(best, spent_s)
    return best / sum(len(row) for row in counts) * 1e6


def child(file: str) -> None:
    """What runs in the measured process."""
    import msgspec

    flat = array("i", Path(file).read_bytes())
    each = RATE_SPS * SECONDS
    counts = [flat[i * each : (i + 1) * each].tolist() for i in range(LANES)]
    figures = asyncio.run(live(counts))
    status = dict(row.split(":", 1) for row in Path("/proc/self/status").read_text().splitlines())
    figures["mb"] = int(status["VmHWM"].split()[0]) / 1024.0
    figures |= {"lane_us": cost_us("lane", counts), "average_us": cost_us("average", counts)}
    sys.stdout.write(msgspec.json.encode(figures).decode())


def recorded_counts() -> bytes:
    """Counts of all lanes: half of them quiet, on the others a hand takes an item every few seconds."""
    import numpy as np

    from hw.sim.load_cell import Cell, LoadCell, hand_force
    from hw.sim.noise import Floats, Modelled

    rows = []
    for number in range(LANES):
        rng = np.random.default_rng(number)
        times_s = np.arange(RATE_SPS * SECONDS) / RATE_SPS
        force_g: Floats = np.full(times_s.size, 5_000.0)
        if number % 2:
            for at_s in (t_s + number / 10 for t_s in TAKEN_AT_S):
                force_g -= 350.0 * (times_s > at_s + 0.9)
                force_g += hand_force(times_s, at_s, at_s + 1.0, 200.0, number)
        true = Cell(counts_per_gram=COUNTS_PER_GRAM, zero_counts=ZERO_COUNTS)
        rows.append(LoadCell(true, Modelled(rng, RATE_SPS), rng, rate_sps=RATE_SPS).read(force_g)[0])
    return np.concatenate(rows).astype(np.int32).tobytes()


def main() -> None:
    import subprocess
    import tempfile

    import msgspec

    from benchmarks.table import print_table

    with tempfile.NamedTemporaryFile() as file:
        file.write(recorded_counts())
        file.flush()
        done = subprocess.run(
            [sys.executable, "-c", f"from benchmarks.shelf_node import child; child({file.name!r})"],
            stdout=subprocess.PIPE,
            timeout=10.0 * SECONDS,
            check=True,
        )
    figures = msgspec.json.decode(done.stdout, type=dict[str, float])
    pi = figures["cores"] * PI_ZERO_FACTOR
    us, baseline_us = figures["lane_us"], figures["average_us"]
    found = f"{figures['changes']:.0f} of {LANES // 2 * len(TAKEN_AT_S)} changes found"
    print_table(
        f"Shelf node: {LANES} lanes at {RATE_SPS} SPS for {SECONDS} s, {found}",
        ["", "measured", "held against", "ratio"],
        [
            [
                "resident memory",
                f"{figures['mb']:.0f} MB",
                f"limit {LIMIT_MB:.0f} MB",
                f"{figures['mb'] / LIMIT_MB:.2f}",
            ],
            [
                "share of a core",
                f"{figures['cores']:.3f}",
                f"limit {LIMIT_CORES}",
                f"{figures['cores'] / LIMIT_CORES:.2f}",
            ],
            [
                f"on a Pi Zero 2 W (× {PI_ZERO_FACTOR:.0f}, assumed)",
                f"{pi:.2f}",
                f"limit {LIMIT_CORES}",
                f"{pi / LIMIT_CORES:.2f}",
            ],
            [
                "counts to change, a sample",
                f"{us:.2f} µs",
                f"moving average {baseline_us:.2f} µs",
                f"{us / baseline_us:.1f}",
            ],
        ],
    )


if __name__ == "__main__":
    main()
