"""A store simulated whole: from forces on plates and people at gates to receipts, in virtual time."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from hub.core.events import Observed
from hub.store import load_store
from hw.errors import UnknownBehaviour
from hw.replay import METHODS, judge, replay_cases
from hw.report import Report
from hw.sim.behaviours import BEHAVIOURS, sentence
from hw.sim.nanostore import load_cases, load_plate_store
from hw.sim.plan import Deed, Meet, Stoop
from hw.sim.visit import VisitRecord, run_visit
from hw.sim.world import Scene
from hw.simulate import DEMO_STORE, behaviour_scene, simulate
from wire.messages import ItemEvidence, Passage, Tracks, WeightChange

NANOSTORE = Path(os.environ.get("AISLE_DATA", Path(__file__).parents[3] / "shared" / "data")) / "nanostore"
STORE = load_store(DEMO_STORE)


def _bodies(record: VisitRecord, kind: type) -> list[object]:
    return [i.body for i in record.inputs if isinstance(i, Observed) and isinstance(i.body, kind)]


def planned(scene: Scene) -> dict[str, Counter[str]]:
    """What the payers of a scene have in the end when everything goes as planned."""
    carts = {plan.payer: Counter[str]() for plan in scene.plans}
    taker = {
        act.key: plan.payer for plan in scene.plans for act in plan.deeds if isinstance(act, Meet) and not act.gives
    }
    for plan in scene.plans:
        carts[plan.payer].update(thing for thing in plan.brings if isinstance(thing, str))
        for act in plan.deeds:
            match act:
                case Deed():
                    carts[plan.payer].update(move.gtin for move in act.takes if move.gtin in STORE.product)
                    carts[plan.payer].subtract(move.gtin for move in act.puts if move.gtin in STORE.product)
                case Meet():
                    carts[plan.payer].subtract(act.gives)
                    carts[taker[act.key]].update(act.gives)
                case Stoop():
                    carts[plan.payer].subtract([act.leaves] if act.leaves else [])
    assert not any(-cart for cart in carts.values()), "somebody parts with what they never had"
    return {payer: +cart for payer, cart in carts.items() if payer not in STORE.staff}


def _digest(seed: int) -> str:
    return hashlib.sha256(repr(run_visit(behaviour_scene(STORE, "same_moment", 0, 2, seed), seed)).encode()).hexdigest()


def test_a_simple_visit_ends_in_the_right_receipt() -> None:
    record = run_visit(behaviour_scene(STORE, "simple", 0, 1, 3), 3)
    assert record.truth["A"].total() >= 2
    assert record.receipts == record.truth
    assert record.missed == ()
    assert record.kept_in == ()


def test_nothing_is_short_circuited() -> None:
    """What the core heard came from the nodes: weights by lane, frames, pictures, and one passage for each command."""
    record = run_visit(behaviour_scene(STORE, "simple", 0, 1, 3), 3)
    weighed = [c for c in _bodies(record, WeightChange) if isinstance(c, WeightChange)]
    taken = sorted(STORE.product[gtin].weight_g for gtin in record.truth["A"].elements())
    assert sorted(-c.delta_g for c in weighed) == pytest.approx(taken, abs=8.0)
    passages = [p for p in _bodies(record, Passage) if isinstance(p, Passage)]
    assert [(p.gate, p.outcome, p.command is not None) for p in passages] == [
        ("in", "passed", True),
        ("out", "passed", True),
    ]
    assert len(_bodies(record, Tracks)) > 50
    assert _bodies(record, ItemEvidence)


def test_the_same_seed_gives_the_same_run_and_another_seed_another() -> None:
    assert _digest(1) == _digest(1)
    assert _digest(1) != _digest(2)


def test_a_run_does_not_depend_on_the_hash_seed_of_the_process() -> None:
    program = "from tests.store.test_simulated_store import _digest; print(_digest(1))"
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(said) == 1


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_every_behaviour_is_carried_out_as_planned(name: str) -> None:
    """Whatever the hub makes of it, the shoppers end up with what their plans say."""
    scene = behaviour_scene(STORE, name, 0, 0, 5)
    record = run_visit(scene, 5)
    assert record.missed == ()
    assert record.kept_in == ()
    assert record.truth == planned(scene)
    assert record.receipts.keys() == record.truth.keys()
    assert sentence(name).endswith(".")


def test_a_group_enters_on_one_tap_and_pays_once() -> None:
    scene = behaviour_scene(STORE, "group", 0, 0, 1)
    record = run_visit(scene, 1)
    assert [p.outcome for p in _bodies(record, Passage) if isinstance(p, Passage) and p.gate == "in"] == [
        "passed",
        *("tailgating" for plan in scene.plans if plan.follows),
    ]
    assert set(record.truth) == {"A"}


def test_a_report_is_the_same_however_many_scenes_are_played_beside_it() -> None:
    alone = simulate(["simple"], 2, 1, 7)
    among = simulate(["take_back", "simple"], 2, 1, 7)
    assert isinstance(alone, Report)
    assert alone.cases[0].name == "simple-1"
    assert set(alone.cases[0].truth) == {"A", "other-2"}
    assert msgspec.json.encode(alone.cases[0]) == msgspec.json.encode(among.cases[1])


def test_the_inputs_folded_again_give_the_receipts_that_the_hub_gave() -> None:
    record = run_visit(behaviour_scene(STORE, "simple", 0, 1, 3), 3)
    receipts, asked = judge(STORE, record.inputs, METHODS["joint"])
    assert receipts == record.receipts
    assert asked == record.asked


def test_an_unknown_behaviour_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UnknownBehaviour, match=r"dance: no such behaviour; there are simple, take_back"):
        simulate(["dance"], 1, 1, 0)


@pytest.mark.skipif(not NANOSTORE.is_dir(), reason=f"labelled visits: none at {NANOSTORE} (AISLE_DATA)")
def test_labelled_visits_are_played_as_labelled() -> None:
    plates = load_plate_store(NANOSTORE / "store.json")
    cases = [c for c in load_cases(NANOSTORE / "cases.json", plates) if len(c.events) <= 2][:2]
    heard: list[str] = []
    report = replay_cases(cases, plates, 1, on_case=lambda case: heard.append(case.name))
    assert heard == [case.name for case in cases]
    for case, played in zip(cases, report.cases, strict=True):
        labelled: dict[str, Counter[str]] = {event.shopper: Counter() for event in case.events}
        for event in case.events:
            for gtin, count in event.items.items():
                labelled[event.shopper][gtin] += count if event.action == "take" else -count
        assert played.truth == {shopper: dict(+cart) for shopper, cart in labelled.items()}
