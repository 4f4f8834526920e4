"""How what came of visits is counted."""

from collections import Counter

import pytest

from benchmarks.outcomes import METHODS, Outcome, Visit, outcomes, rates
from hub.core.events import Line, Receipt
from hub.core.goods import FOREIGN
from hub.store import load_store
from hw.replay import Verdict
from hw.sim.visit import run_visit
from hw.simulate import DEMO_STORE, behaviour_scene

COLA = Line("1", "Cola", 2, 120, 0.8, "")


def verdict(*candidates: tuple[tuple[str, int], ...]) -> Verdict:
    receipt = Receipt("v1", "alice", (COLA,), 240, 0.8, bool(candidates), 0.0)
    return Verdict(receipt=receipt, candidates=candidates)


def test_a_question_is_as_good_as_its_candidates() -> None:
    asked = verdict((("1", 2),), (("1", 1), (FOREIGN, 1)))
    assert asked.cart == Counter({"1": 2})
    assert asked.could_be(Counter({"1": 1}))
    assert not asked.could_be(Counter({"2": 1}))
    assert not verdict().could_be(Counter({"1": 2}))


def test_shares_are_of_all_visits_of_all_scenes() -> None:
    def visit(right: bool, asked: bool, settled: bool) -> Visit:
        return Visit(right=right, asked=asked, settled=settled, probability=0.9, lines=())

    found = [
        Outcome(f1=1.0, visits=(visit(True, False, True), visit(False, True, True))),
        Outcome(f1=0.0, visits=(visit(False, True, False), visit(False, False, False))),
    ]
    shares = rates(found)
    assert (shares.visits, shares.right, shares.asked) == (4, 0.25, 0.5)
    assert (shares.settled, shares.wrong_unasked) == (0.5, 0.25)


def test_every_method_judges_the_same_visits() -> None:
    store = load_store(DEMO_STORE)
    record = run_visit(behaviour_scene(store, "simple", 0, 1, 1), 1)
    found = outcomes(record, store)
    assert found.keys() == METHODS.keys()
    (visit,) = found["joint"].visits
    assert visit.right
    assert found["joint"].f1 == pytest.approx(1.0)
    assert len(visit.lines) == len(record.truth["A"])
    assert all(right and 0.5 < probability <= 1.0 for probability, right in visit.lines)
