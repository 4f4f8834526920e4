"""Receipts beside the truth, for joint inference and both baselines on the very same signals. All are semi-synthetic:
labels or plans are played in a simulated store, and only what the hub was told is judged.
"""

import argparse
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import fmean

from benchmarks.table import print_table
from hub.store import load_store
from hw.replay import METHODS, judge, processors
from hw.report import CaseReport, case_report
from hw.sim.behaviours import BEHAVIOURS
from hw.sim.nanostore import load_cases, load_plate_store
from hw.sim.nanostore_scene import scene_of
from hw.sim.visit import run_visit
from hw.sim.world import Scene
from hw.simulate import DEMO_STORE, behaviour_scene

DATA = Path(os.environ.get("AISLE_DATA", "../shared/data"))
Verdicts = dict[str, CaseReport]
"""The case's report by method."""


def verdicts(scene: Scene, seed: int) -> Verdicts:
    """Play a scene once, and let every method judge what the hub was told."""
    record = run_visit(scene, seed)
    found: Verdicts = {}
    for name, method in METHODS.items():
        receipts, asked = judge(scene.store, record.inputs, method)
        carts = {payer: receipts.get(payer, Counter()) for payer in record.truth}
        found[name] = case_report(scene.name, record.truth, carts, asked, record.seconds)
    return found


def labelled(seeds: Iterable[int]) -> Iterator[tuple[Scene, int]]:
    """The labelled visits, once per seed. None where the data is absent."""
    if not (DATA / "nanostore").is_dir():
        print(f"labelled visits are left out: no {DATA / 'nanostore'} (see AISLE_DATA)")
        return
    plates = load_plate_store(DATA / "nanostore" / "store.json")
    cases = load_cases(DATA / "nanostore" / "cases.json", plates)
    yield from ((scene_of(plates, case, seed), seed) for seed in seeds for case in cases)


def behaviours(times: int) -> Iterator[tuple[Scene, int]]:
    """Every behaviour, so many times, in the demo store."""
    store = load_store(DEMO_STORE)
    yield from ((behaviour_scene(store, name, n, 1, 1), 1) for name in BEHAVIOURS for n in range(times))


def play(scenes: Iterable[tuple[Scene, int]]) -> list[Verdicts]:
    """On all processors, in order."""
    with processors() as pool:
        return [job.result() for job in [pool.submit(verdicts, scene, seed) for scene, seed in scenes]]


def rates(cases: Sequence[CaseReport]) -> tuple[float, float, float]:
    """Of all receipts: the share that is right, was asked about, and is wrong without having been asked about."""
    visits = [(case, payer) for case in cases for payer in case.truth]
    right = [case.receipts[payer] == case.truth[payer] for case, payer in visits]
    asked = [payer in case.asked for case, payer in visits]
    unasked = [not r and not a for r, a in zip(right, asked, strict=True)]
    return fmean(right), fmean(asked), fmean(unasked)


def main(arguments: Sequence[str] = ()) -> None:
    """Print F1 of the labelled visits and a line per behaviour."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.receipts")
    parser.add_argument("--seeds", type=int, default=5, help="labelled visits are played with seeds 1 to N")
    parser.add_argument("--times", type=int, default=50, help="each behaviour is played so often")
    options = parser.parse_args(arguments)
    visits = play(labelled(range(1, options.seeds + 1)))
    if visits:
        rows = []
        for method in METHODS:
            cases = [v[method] for v in visits]
            right, asked, unasked = rates(cases)
            scores = [c.f1 for c in cases if c.f1 is not None]
            row = (fmean(scores), min(scores), right, asked, unasked)
            rows.append((method, *(f"{x:.3f}" for x in row)))
        head = ("method", "mean F1 (goal ≥ 0.95)", "worst F1", "right", "asked", "wrong, unasked")
        print_table(f"{len(visits)} labelled visits, seeds 1–{options.seeds}, semi-synthetic", head, rows)
    by_name: dict[str, list[Verdicts]] = defaultdict(list)
    for verdict in play(behaviours(options.times)):
        by_name[verdict["joint"].name.rpartition("-")[0]].append(verdict)
    rows = []
    for name, found in by_name.items():
        right, asked, unasked = rates([v["joint"] for v in found])
        beside = (f"{rates([v[m] for v in found])[0]:.3f}" for m in ("nearest", "mps"))
        rows.append((name, f"{right:.3f}", f"{asked:.3f}", f"{unasked:.3f}", *beside))
    head = ("behaviour", "joint right", "asked", "wrong, unasked", "nearest right", "mps right")
    print_table(f"Behaviours, {options.times} seeds each, semi-synthetic (goal for simple: ≥ 0.98 right)", head, rows)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
