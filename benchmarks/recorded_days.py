"""Plain days recorded once and judged again: two versions of the core on the very same inputs.

A live day is another one with every version, since the hub's own word changes when people and staff go where.

    python -m benchmarks.recorded_days record DIR --seeds 5 6 7    # some minutes and 30 MB each
    python -m benchmarks.recorded_days judge DIR                   # what this core makes of them, and what is wrong
"""

import argparse
import gzip
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean

import msgspec
from msgspec import Struct

from benchmarks.day import GOALS, run_day, store_of
from benchmarks.outcomes import visit_of
from benchmarks.table import print_table, write_report
from hub.core.checkout import held_back
from hub.core.events import Answered, AnyInput, Effect
from hub.core.explain import joint
from hub.core.fold import State, apply
from hub.store import Store
from hw.replay import METHODS, Verdict, judge, processors, verdict_of
from hw.sim.day import VISITS_PER_DAY
from hw.sim.staff import LOOKS_EVERY_S, said_of

PLAIN, MIX = "plain", "everyday"
Truth = Mapping[str, Mapping[str, int]]
"""Payer → GTIN → count."""


class Wrong(Struct, frozen=True, kw_only=True):
    """A receipt that was wrong, and about which nobody was asked."""

    day: str
    payer: str
    probability: float | None
    """That it is right, as stated; None when there was never a receipt."""
    missing: dict[str, int]
    too_many: dict[str, int]


class Judged(Struct, frozen=True, kw_only=True):
    """What came of one day."""

    day: str
    visits: int
    settled: int
    """Right, or asked about with the true cart among the candidates."""
    asked: int
    wrong: tuple[Wrong, ...]
    nearest_right: int
    """Of the simplest method, on the same inputs."""


def record_day(path: Path, visits: int, seed: int) -> None:
    """Play a plain day and write down what its hub was told: the truth on the first line, an input on each other one.
    A day that is not played to its end is not there."""
    record = run_day(PLAIN, MIX, visits, seed)
    encode, part = msgspec.json.Encoder().encode, path.with_suffix(".part")
    with gzip.open(part, "wb", compresslevel=1) as file:
        file.writelines(encode(line) + b"\n" for line in (record.truth, *record.inputs))
    part.rename(path)


def read_day(path: Path) -> tuple[Truth, Sequence[AnyInput]]:
    """The truth, and the inputs. Exits with a line if that is no such file, or not all of it."""
    decode, inputs = msgspec.json.Decoder(AnyInput).decode, list[AnyInput]()
    try:
        with gzip.open(path, "rb") as file:
            truth = msgspec.json.decode(file.readline(), type=dict[str, dict[str, int]])
            inputs.extend(map(decode, file))
    except (OSError, EOFError, zlib.error, msgspec.MsgspecError) as e:
        what = f"cut short or damaged after line {len(inputs) + 1}" if inputs else "no recorded day"
        raise SystemExit(f"{path}: {what}: {e}") from None
    return truth, inputs


class _Desk:
    """Receipts as they come, and somebody who knows the truth and answers questions now and then, as on a live day."""

    def __init__(self, store: Store, truth: Truth) -> None:
        self.state, self.truth = State(store, joint), truth
        self.found: dict[str, Verdict] = {}
        self.open: dict[str, Verdict] = {}

    def tell(self, event: AnyInput) -> None:
        self._take(apply(self.state, event))

    def answer(self, at_s: float) -> None:
        for session in list(self.open):
            if (asked := self.open.get(session)) is not None:  # an answer to one may settle another
                choice = said_of(asked.candidates, Counter(self.truth[asked.receipt.credential]))
                self.tell(Answered(at_s=at_s, session=session, choice=choice))

    def close(self, at_s: float) -> None:
        self._take(held_back(self.state, at_s))

    def _take(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if (verdict := verdict_of(effect)) is not None:
                session = verdict.receipt.session
                self.found.setdefault(session, verdict)
                self.open.pop(session, None)
                if verdict.candidates:
                    self.open[session] = verdict


def verdicts(store: Store, inputs: Iterable[AnyInput], truth: Truth) -> list[Verdict]:
    """What the core makes of each visit by itself, where its own questions are answered; the answers to those of the
    core that recorded the day are left out."""
    desk, at_s, looks_s = _Desk(store, truth), 0.0, 0.0
    for event in inputs:
        if not isinstance(event, Answered):
            at_s = event.at_s
            if at_s > looks_s + LOOKS_EVERY_S:
                looks_s = at_s
                desk.answer(at_s)
            desk.tell(event)
    desk.close(at_s)
    return list(desk.found.values())


def judge_day(path: Path) -> Judged:
    """What this core makes of a recorded day."""
    store, name = store_of(PLAIN), path.name.removesuffix(".ndjson.gz")
    truth, inputs = read_day(path)
    said = {v.receipt.credential: v for v in verdicts(store, inputs, truth)}
    came, wrong = [], []
    for payer, units in truth.items():
        true, verdict = Counter(units), said.get(payer)
        visit = visit_of(verdict, true)
        came.append(visit)
        if not visit.right and not visit.asked:
            cart = verdict.cart if verdict is not None else Counter[str]()
            lines = dict(true - cart), dict(cart - true)
            wrong.append(
                Wrong(day=name, payer=payer, probability=visit.probability, missing=lines[0], too_many=lines[1])
            )
    nearest, _ = judge(store, inputs, METHODS["nearest"])
    return Judged(
        day=name,
        visits=len(truth),
        settled=sum(visit.settled for visit in came),
        asked=sum(visit.asked for visit in came),
        wrong=tuple(wrong),
        nearest_right=sum(nearest.get(payer, Counter()) == Counter(units) for payer, units in truth.items()),
    )


def print_days(days: Sequence[Judged]) -> None:
    """Each day and all of them per 1,000 visits, beside the goals and the simplest method; then what was wrong."""

    def row(name: str, *figures: float) -> tuple[str, ...]:
        return name, *(f"{figure:.1f}" for figure in figures)

    per_day = [[1000 * n / max(1, d.visits) for n in (d.settled, d.asked, len(d.wrong), d.nearest_right)] for d in days]
    rows = [row(day.day, *figures) for day, figures in zip(days, per_day, strict=True)]
    rows.append(row(f"{len(days)} days", *map(fmean, zip(*per_day, strict=True))))
    rows.append(("goal", *GOALS.values(), ""))
    head = ("day", "right or settled", "asked", "wrong, unasked", "nearest right")
    print_table("Recorded days, judged by this core, per 1,000 visits, semi-synthetic", head, rows)
    units = [
        (
            w.day,
            w.payer,
            "–" if w.probability is None else f"{w.probability:.3f}",
            str(w.missing or "–"),
            str(w.too_many or "–"),
        )
        for day in days
        for w in day.wrong
    ]
    print_table("Wrong and unasked", ("day", "payer", "stated", "missing", "too many"), units)


def main(arguments: Sequence[str] = ()) -> None:
    """Record days, or judge those that were."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recorded_days")
    what = parser.add_subparsers(dest="what", required=True)
    recording = what.add_parser("record", help="play plain days")
    recording.add_argument("--seeds", type=int, nargs="+", required=True)
    recording.add_argument("--visits", type=int, default=VISITS_PER_DAY, help="in a day; fewer make a shorter day")
    judging = what.add_parser("judge", help="let this core judge them")
    judging.add_argument("--report", type=Path, help="write the figures as JSON")
    for command in (recording, judging):
        command.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    with processors() as pool:
        if options.what == "record":
            options.folder.mkdir(parents=True, exist_ok=True)
            paths = [options.folder / f"day-{seed}.ndjson.gz" for seed in options.seeds]
            jobs = [
                pool.submit(record_day, path, options.visits, seed)
                for path, seed in zip(paths, options.seeds, strict=True)
            ]
            for path, job in zip(paths, jobs, strict=True):
                job.result()
                print(f"{path}: {path.stat().st_size / 1e6:.0f} MB", flush=True)
        else:
            recorded = sorted(options.folder.glob("day-*.ndjson.gz"))
            if not recorded:
                raise SystemExit(f"{options.folder}: no recorded days (day-*.ndjson.gz): record some first")
            days = list(pool.map(judge_day, recorded))
            print_days(days)
            write_report(days, options.report)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
