"""What came of visits, for every benchmark of receipts: each method judges the very inputs that one hub was told.

All of it is semi-synthetic: labels or plans are played in a simulated store.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from typing import NamedTuple

from msgspec import Struct

from hub.store import Store
from hw.replay import METHODS, MethodName, Verdict, processors, verdicts
from hw.report import case_report
from hw.sim.visit import VisitRecord, run_visit
from hw.sim.world import Scene

AHEAD = 32
"""So many scenes wait for a processor at a time: thousands of them need not be in memory at once."""


class Visit(NamedTuple):
    """One payer's visit as one method judged it."""

    right: bool
    asked: bool
    settled: bool
    """Right, or a person was asked and the true cart was among the candidates."""
    probability: float | None
    """Of the whole cart, as stated; None when there was never a receipt."""
    lines: tuple[tuple[float, bool], ...]
    """Of each line: its probability as stated, and whether it is right."""


class Outcome(Struct, frozen=True, kw_only=True):
    """One method's judgement of one scene."""

    f1: float
    visits: tuple[Visit, ...]


class Rates(Struct, frozen=True, kw_only=True):
    """Shares of all visits."""

    visits: int
    right: float
    asked: float
    settled: float
    wrong_unasked: float


Outcomes = dict[MethodName, Outcome]


def outcomes(record: VisitRecord, store: Store) -> Outcomes:
    """What every method makes of one record."""
    return {name: _outcome(record, store, name) for name in METHODS}


def _outcome(record: VisitRecord, store: Store, method: MethodName) -> Outcome:
    said = {v.receipt.credential: v for v in verdicts(store, record.inputs, METHODS[method])}
    carts = {payer: said[payer].cart if payer in said else Counter[str]() for payer in record.truth}
    f1 = case_report("", record.truth, carts, (), record.seconds).f1
    assert f1 is not None, "there is a truth to compare with"
    return Outcome(f1=f1, visits=tuple(visit_of(said.get(payer), truth) for payer, truth in record.truth.items()))


def visit_of(verdict: Verdict | None, truth: Counter[str]) -> Visit:
    """A verdict beside the truth; without one, nothing was charged."""
    if verdict is None:  # charged nothing
        nothing_taken = not truth
        return Visit(right=nothing_taken, asked=False, settled=nothing_taken, probability=None, lines=())
    right, asked = verdict.cart == truth, bool(verdict.candidates)
    return Visit(
        right=right,
        asked=asked,
        settled=verdict.could_be(truth) if asked else right,
        probability=verdict.receipt.probability,
        lines=tuple((line.probability, truth[line.gtin] == line.count) for line in verdict.receipt.lines),
    )


def rates(found: Iterable[Outcome]) -> Rates:
    """Over all visits of all scenes."""
    visits = [v for outcome in found for v in outcome.visits]
    n = len(visits)
    return Rates(
        visits=n,
        right=sum(v.right for v in visits) / n,
        asked=sum(v.asked for v in visits) / n,
        settled=sum(v.settled for v in visits) / n,
        wrong_unasked=sum(not v.right and not v.asked for v in visits) / n,
    )


def play(scenes: Iterable[tuple[Scene, int]]) -> Iterator[tuple[str, Outcomes]]:
    """Play scenes with their seeds on all processors: names and outcomes in order, as they are done."""
    with processors() as pool:
        waiting: list[Future[tuple[str, Outcomes]]] = []
        for scene, seed in scenes:
            waiting.append(pool.submit(_play, scene, seed))
            if len(waiting) == AHEAD:
                yield waiting.pop(0).result()
        for job in waiting:
            yield job.result()


def _play(scene: Scene, seed: int) -> tuple[str, Outcomes]:
    return scene.name, outcomes(run_visit(scene, seed), scene.store)


def columns(found: Sequence[Outcome]) -> tuple[str, str, str, str]:
    """Right, asked, right without or after a question, wrong and unasked, for a table."""
    r = rates(found)
    return f"{r.right:.3f}", f"{r.asked:.3f}", f"{r.settled:.3f}", f"{r.wrong_unasked:.3f}"
