"""Receipts beside the truth, for joint inference and both baselines on the very same signals, and beside the winner of
the competition where it published its score.
"""

import argparse
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import fmean

from msgspec import Struct

from benchmarks.outcomes import Outcome, Outcomes, Rates, columns, play, rates
from benchmarks.table import print_table, write_report
from hub.store import load_store
from hw.replay import METHODS
from hw.sim.behaviours import BEHAVIOURS
from hw.sim.nanostore import Case, load_cases, load_plate_store
from hw.sim.nanostore_scene import scene_of
from hw.sim.world import Scene
from hw.simulate import DEMO_STORE, behaviour_scene

NANOSTORE = Path(os.environ.get("AISLE_DATA", "../shared/data")) / "nanostore"
F1_GOAL, WORST_GOAL, WRONG_GOAL = 0.98, 0.9, 0.02
WINNER: dict[str, str] = {
    "simple": "1.0",
    "take_back": "1.0",
    "take_n": "0.67–1.0",
    "quick_series": "0.85",
    "close_weights": "0.8–1.0",
    "misplace": "0.5–0.67",
    "misplace_same_weight": "0.5–0.67",
    "hold_long": "0.28–0.33",
    "same_moment": "0.67",
    "crossed_hands": "0.83",
    "very_close": "0.83",
    "hand_over": "0.28–0.5",
    "leave_on_floor": "0.8",
    "chaos": "0.28",
}
"""F1 of the AutoCheckout winner on its own cases of such a behaviour, in its own store, from recorded sensors."""


class Report(Struct, kw_only=True):
    """What `--report` writes: F1 by method and visit, rates by behaviour and method."""

    labelled: dict[str, dict[str, float]] = {}
    labelled_rates: dict[str, Rates] = {}
    behaviours: dict[str, dict[str, Rates]] = {}


def labelled_visits(cases: Sequence[Case], seeds: int) -> Iterator[tuple[Scene, int]]:
    """The labelled visits, once per seed."""
    plates = load_plate_store(NANOSTORE / "store.json")
    yield from ((scene_of(plates, case, seed), seed) for seed in range(1, seeds + 1) for case in cases)


def behaviours(times: int) -> Iterator[tuple[Scene, int]]:
    """Every behaviour, so many times, in the demo store."""
    store = load_store(DEMO_STORE)
    yield from ((behaviour_scene(store, name, n, 1, 1), 1) for name in BEHAVIOURS for n in range(times))


def by_name(found: Iterable[tuple[str, Outcomes]]) -> dict[str, list[Outcomes]]:
    """Outcomes of each scene, its playings together."""
    names: dict[str, list[Outcomes]] = defaultdict(list)
    for name, outcomes in found:
        names[name].append(outcomes)
    return names


def of(method: str, found: Iterable[Outcomes]) -> list[Outcome]:
    """One method's share of it."""
    return [outcome for outcomes in found for name, outcome in outcomes.items() if name == method]


def print_labelled(cases: Sequence[Case], seeds: int, report: Report) -> None:
    """Every labelled visit beside the winner, and all of them together."""
    found = by_name(play(labelled_visits(cases, seeds)))
    rows = []
    for case in cases:
        f1: dict[str, float] = {method: fmean(o.f1 for o in of(method, found[case.name])) for method in METHODS}
        report.labelled[case.name] = f1
        winner = "–" if case.winner_f1 is None else f"{case.winner_f1:.2f}"
        rows.append((case.name, *(f"{x:.3f}" for x in f1.values()), winner))
    head = ("visit", *(f"{method} F1" for method in METHODS), "winner's F1")
    title = f"Labelled visits, mean over seeds 1–{seeds}, semi-synthetic (goal: each ≥ {WORST_GOAL})"
    print_table(title, head, rows)
    known = {case.name: case.winner_f1 for case in cases if case.winner_f1 is not None}
    rows = []
    for method in METHODS:
        every = [o for outcomes in found.values() for o in of(method, outcomes)]
        report.labelled_rates[method] = rates(every)
        f1 = {name: of_visit[method] for name, of_visit in report.labelled.items()}
        figures = fmean(f1.values()), min(f1.values()), fmean(f1[name] for name in known)
        rows.append((method, *(f"{x:.3f}" for x in figures), *columns(every)))
    rows.append(("winner", "–", "–", f"{fmean(known.values()):.3f}", *"––––"))
    f1_head = f"mean F1 (goal ≥ {F1_GOAL})", "worst visit", f"the {len(known)} visits with the winner's F1"
    head = ("method", *f1_head, "right", "asked", "right or settled", "wrong, unasked")
    print_table(f"All {len(cases)} labelled visits, seeds 1–{seeds}, semi-synthetic", head, rows)


def print_behaviours(times: int, report: Report) -> None:
    """A line per behaviour."""
    playings = ((name.rpartition("-")[0], outcomes) for name, outcomes in play(behaviours(times)))
    rows = []
    for name, found in by_name(playings).items():
        report.behaviours[name] = {method: rates(of(method, found)) for method in METHODS}
        beside = (f"{report.behaviours[name][m].right:.3f}" for m in ("nearest", "mps"))
        rows.append((name, *columns(of("joint", found)), *beside, WINNER.get(name, "–")))
    joint = ("right", "asked", "right or settled", f"wrong, unasked (goal ≤ {WRONG_GOAL})")
    head = ("behaviour", *joint, "nearest right", "mps right", "winner's F1")
    print_table(f"Behaviours in the demo store, {times} times each, semi-synthetic", head, rows)


def main(arguments: Sequence[str] = ()) -> None:
    """Print F1 of the labelled visits and a line per behaviour."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.receipts")
    parser.add_argument("--seeds", type=int, default=20, help="labelled visits are played with seeds 1 to N")
    parser.add_argument("--times", type=int, default=200, help="each behaviour is played so often")
    parser.add_argument("--report", type=Path, help="write the figures as JSON")
    options = parser.parse_args(arguments)
    report = Report()
    if not NANOSTORE.is_dir():
        print(f"labelled visits are left out: no {NANOSTORE} (see AISLE_DATA)")
    elif options.seeds:
        cases = load_cases(NANOSTORE / "cases.json", load_plate_store(NANOSTORE / "store.json"))
        print_labelled(cases, options.seeds, report)
    if options.times:
        print_behaviours(options.times, report)
    write_report(report, options.report)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
