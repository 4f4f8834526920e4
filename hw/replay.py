"""Labelled visits and simulated scenes → receipts beside the truth, scene by scene on all processors."""

import logging
import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Literal

from hub.core.baselines import mps, nearest
from hub.core.checkout import held_back
from hub.core.events import AnyInput, Ask, Capture, Effect, Receipt, Void
from hub.core.explain import joint
from hub.core.fold import Method, State, apply
from hub.core.goods import sold_of
from hub.store import Store
from hw.report import CaseReport, Report, case_report, overall
from hw.sim.nanostore import Case, PlateStore
from hw.sim.nanostore_scene import scene_of
from hw.sim.visit import run_visit
from hw.sim.world import Scene

MethodName = Literal["joint", "nearest", "mps"]
METHODS: dict[MethodName, Method] = {"joint": joint, "nearest": nearest, "mps": mps}


def replay_cases(
    cases: Iterable[Case],
    plates: PlateStore,
    seed: int,
    method: MethodName = "joint",
    on_case: Callable[[CaseReport], None] = lambda case: None,
) -> Report:
    """Play labelled visits; `on_case` hears of each as it is done, in their order."""
    return score((scene_of(plates, case, seed) for case in cases), seed, method, on_case)


def score(
    scenes: Iterable[Scene],
    seed: int,
    method: MethodName = "joint",
    on_case: Callable[[CaseReport], None] = lambda case: None,
) -> Report:
    """Play scenes. What happens in one depends on its name and the seed alone, not on which others are played."""
    done: list[CaseReport] = []
    with processors() as pool:
        jobs = [pool.submit(_score_one, scene, seed, method) for scene in scenes]
        try:
            for job in jobs:
                done.append(job.result())
                on_case(done[-1])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()  # or whoever pressed Ctrl-C would wait for scenes that nobody wants any more
            raise
    return overall(method, seed, done)


def processors() -> ProcessPoolExecutor:
    """A process for each processor, fresh ones: a forked one would inherit whatever threads the caller has.

    What simulated nodes log there is of no use to whoever waits for the report, and is not shown.
    """
    quiet = logging.NullHandler()
    return ProcessPoolExecutor(
        mp_context=multiprocessing.get_context("spawn"), initializer=logging.getLogger().addHandler, initargs=(quiet,)
    )


def _score_one(scene: Scene, seed: int, method: MethodName) -> CaseReport:
    record = run_visit(scene, seed)
    receipts, asked = record.receipts, record.asked
    if method != "joint":
        receipts, asked = judge(scene.store, record.inputs, METHODS[method])
        receipts = {payer: receipts.get(payer, Counter()) for payer in record.truth}
    return case_report(scene.name, record.truth, receipts, asked, record.seconds)


def judge(store: Store, inputs: Iterable[AnyInput], method: Method) -> tuple[dict[str, Counter[str]], tuple[str, ...]]:
    """What another method makes of the very inputs that a hub saw: receipts by payer, and whom it would ask about."""
    receipts: dict[str, Counter[str]] = {}
    asked: set[str] = set()
    for verdict in verdicts(store, inputs, method):
        payer = verdict.receipt.credential
        receipts.setdefault(payer, Counter()).update(verdict.cart)
        if verdict.candidates:
            asked.add(payer)
    return receipts, tuple(sorted(asked))


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a method made of one visit by itself: an answer that a person gave later is not in it."""

    receipt: Receipt
    candidates: tuple[tuple[tuple[str, int], ...], ...] = ()
    """The carts among which a person was to choose; none when nobody was asked."""

    @property
    def cart(self) -> Counter[str]:
        """GTIN → count."""
        return Counter({line.gtin: line.count for line in self.receipt.lines})

    def could_be(self, cart: Counter[str]) -> bool:
        """Whether a person who was asked could choose this cart."""
        return any(Counter(sold_of(c)) == cart for c in self.candidates)


def verdicts(store: Store, inputs: Iterable[AnyInput], method: Method) -> list[Verdict]:
    """What a method makes of the very inputs that a hub saw, visit by visit, in the order of leaving."""
    state = State(store, method)
    found: dict[str, Verdict] = {}
    at_s = 0.0
    for event in inputs:
        at_s = event.at_s
        for effect in apply(state, event):
            if (verdict := verdict_of(effect)) is not None:
                found.setdefault(verdict.receipt.session, verdict)
    for question in held_back(state, at_s):  # nobody has answered what comes first
        found.setdefault(question.receipt.session, Verdict(receipt=question.receipt, candidates=question.candidates))
    return list(found.values())


def verdict_of(effect: Effect) -> Verdict | None:
    """What an effect says of a visit, if it is about one."""
    if not isinstance(effect, Capture | Ask | Void) or effect.receipt is None:
        return None
    return Verdict(receipt=effect.receipt, candidates=effect.candidates if isinstance(effect, Ask) else ())
