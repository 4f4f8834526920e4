"""Mixed days of a whole store, under good conditions and bad ones: joint inference beside both baselines, each judging
the very inputs that one hub was told.
"""

import argparse
import os
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from msgspec import Struct
from msgspec.structs import replace

from benchmarks.outcomes import Outcomes, Rates, outcomes, rates
from benchmarks.table import print_table, write_report
from hub.store import Store, load_store
from hw.replay import METHODS, processors
from hw.sim.conditions import Conditions
from hw.sim.day import AT_ONCE, OPEN_H, VISITS_PER_DAY, Day
from hw.sim.mix import MIXES
from hw.sim.visit import VisitRecord, run_visit
from hw.sim.world import Scene
from hw.simulate import DEMO_STORE, stock_of

NOISY_M = 0.15
HONEST_M = 0.21
"""Frame by frame and the slow wander together."""
CONDITIONS = {
    "plain": Conditions(),
    "weight-only": Conditions(items_seen=False),
    "tracks-15cm": Conditions(track_noise_m=NOISY_M, track_sigma_m=HONEST_M),
    "tracks-15cm-unsaid": Conditions(track_noise_m=NOISY_M),
    "wrong-reads": Conditions(wrong_reads=0.05),
    "clothing-colour": Conditions(colours_seen=True),
    "all-degraded": Conditions(items_seen=False, track_noise_m=NOISY_M, track_sigma_m=HONEST_M, wrong_reads=0.05),
}
"""By name: everything at hand; no pictures of items; tracks three times as noisy, said so or not; one sample in twenty
wrong on every lane; the colour of clothes, which nodes send and the store wants only then; all bad ones together."""
GOALS = {"settled": "≥ 995", "asked": "≤ 20", "wrong_unasked": "≤ 2"}
"""Per 1,000 visits of a plain day."""


class Played(Struct, frozen=True, kw_only=True):
    """One day, judged by every method. `wall_s` is what playing it took, its own hub included, judging not."""

    outcomes: Outcomes
    store_s: float
    wall_s: float
    missed: int
    """Moves that somebody meant to make and could not."""
    kept: int
    """People whom a gate did not let in, or not out, in time."""


class Report(Struct, kw_only=True):
    """What `--report` writes."""

    visits: int
    mix: str
    rates: dict[str, dict[str, Rates]] = {}
    """By conditions and method."""
    days_per_hour: float = 0.0


def store_of(name: str) -> Store:
    """The demo store, as it is under these conditions."""
    return replace(load_store(DEMO_STORE), clothing_colour=CONDITIONS[name].colours_seen)


def run_day(name: str, mix: str, visits: int, seed: int) -> VisitRecord:
    """A day of the demo store under the conditions of that name."""
    store = store_of(name)
    day = Day(store=store, visits=visits, mix=MIXES[mix], seed=seed)
    scene = Scene(
        name=f"day-{mix}-{visits}",
        store=store,
        stock=stock_of(store),
        plans=(),
        conditions=CONDITIONS[name],
        faults=day.faults(),
    )
    return run_visit(scene, seed, visitors=day.come_and_go)


def play_day(name: str, mix: str, visits: int, seed: int) -> Played:
    """Such a day, judged by every method."""
    begun_s = time.perf_counter()
    record = run_day(name, mix, visits, seed)
    wall_s = time.perf_counter() - begun_s
    return Played(
        outcomes=outcomes(record, store_of(name)),
        store_s=record.seconds,
        wall_s=wall_s,
        missed=len(record.missed),
        kept=len(record.kept_out) + len(record.kept_in),
    )


def play_days(names: Sequence[str], mix: str, visits: int, days: int) -> dict[str, list[Played]]:
    """So many days, seeds 1 to N, under each of the conditions, on all processors."""
    with processors() as pool:
        jobs = [(name, pool.submit(play_day, name, mix, visits, seed)) for name in names for seed in range(1, days + 1)]
        found: dict[str, list[Played]] = defaultdict(list)
        for name, job in jobs:
            found[name].append(job.result())
    return found


def print_mix(mix: str) -> None:
    """What people come to do, and why so often."""
    rows = [(name, f"{share.percent:g}", share.why) for name, share in MIXES[mix].items()]
    rows.append(("errand", f"{100 - sum(s.percent for s in MIXES[mix].values()):g}", "the rest: one to six items"))
    print_table(f"Mix {mix}", ("what", "% of those who come", "why so many"), rows)


def main(arguments: Sequence[str] = ()) -> None:
    """Print what becomes of 1,000 visits under each of the conditions, and how long it took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.day")
    parser.add_argument("--visits", type=int, default=VISITS_PER_DAY, help="in a day; fewer make a shorter day")
    parser.add_argument("--days", type=int, default=1, help="so many days, seeds 1 to N, under each of the conditions")
    parser.add_argument("--mix", choices=MIXES, default="everyday")
    parser.add_argument("--conditions", nargs="+", choices=CONDITIONS, help="only these; all of them otherwise")
    parser.add_argument("--report", type=Path, help="write the figures as JSON")
    options = parser.parse_args(arguments)
    print_mix(options.mix)
    names = options.conditions or list(CONDITIONS)
    found = play_days(names, options.mix, options.visits, options.days)
    report = Report(visits=options.visits * options.days, mix=options.mix)
    rows = []
    for name, days in found.items():
        of: dict[str, Rates] = {method: rates(day.outcomes[method] for day in days) for method in METHODS}
        report.rates[name] = of
        joint = (f"{1000 * getattr(of['joint'], figure):.1f}" for figure in GOALS)
        beside = (f"{1000 * of[m].right:.1f}" for m in ("nearest", "mps"))
        rows.append((name, *joint, *beside, f"{fmean(d.wall_s for d in days):.0f} s"))
    rows.append(("goal (plain)", *GOALS.values(), "", "", ""))
    title = f"{report.visits} visits, up to {AT_ONCE} people at once, per 1,000, semi-synthetic"
    joint_head = ("right or settled", "asked", "wrong, unasked")
    print_table(title, ("conditions", *joint_head, "nearest right", "mps right", "wall per day"), rows)
    played = [day for days in found.values() for day in days]
    whole_s = fmean(d.wall_s for d in played) * VISITS_PER_DAY / options.visits
    cores = os.cpu_count() or 1
    report.days_per_hour = 3600.0 * cores / whole_s
    print(
        f"{report.days_per_hour:.1f} store-days of {OPEN_H} h and {VISITS_PER_DAY} visits per hour on {cores} cores; "
        f"{fmean(d.store_s / d.wall_s for d in played):.0f} times as fast as the store. "
        f"Moves missed: {sum(d.missed for d in played)}; people kept in or out: {sum(d.kept for d in played)}"
    )
    write_report(report, options.report)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
