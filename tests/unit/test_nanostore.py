"""Labelled visits as data: what is read, what is refused in one line, and what becomes of it."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from hw.errors import BadCases
from hw.sim.nanostore import Case, PlateStore, load_cases, load_plate_store
from hw.sim.nanostore_scene import scene_of, store_of

STORE: dict[str, Any] = {
    "name": "corner",
    "units": "metres, grams",
    "plates": [
        {
            "gondola": g,
            "shelf": 1,
            "plate": p,
            "x_m": 0.1 * p if g == 1 else 2.0,
            "y_m": 0.3 if g == 1 else -1.0 - 0.1 * p,
            "z_m": 1.0,
            "width_m": 0.1,
            "depth_m": 0.4,
        }
        for g in (1, 2)
        for p in (1, 2, 3, 4)
    ],
    "products": [
        {"gtin": "4001", "name": "Tea", "weight_g": 120.0, "price": 3},
        {"gtin": "4002", "name": "Rice", "weight_g": 500.0, "price": 1.5},
    ],
}


def _event(
    t_s: float, shopper: str, action: str, gondola: int, plates: list[int], items: dict[str, int]
) -> dict[str, Any]:
    where = {"gondola": gondola, "shelf": 1, "plates": plates}
    return {"t_s": t_s, "shopper": shopper, "action": action, **where, "items": items}


CASES: list[dict[str, Any]] = [
    {
        "name": "first",
        "shoppers": 2,
        "planogram": {"4001": [[1, 1, 1], [1, 1, 2]], "4002": [[2, 1, 1], [1, 1, 2]]},
        "events": [
            _event(0.0, "A", "take", 1, [1, 2], {"4001": 2}),
            _event(4.0, "A", "put_back", 2, [3], {"4001": 1}),
            _event(9.0, "B", "take", 2, [3], {"4001": 1}),
            _event(9.0, "A", "take", 2, [2], {}),
        ],
    }
]


def _write(folder: Path, store: Any = STORE, cases: Any = CASES) -> tuple[Path, Path]:
    (folder / "store.json").write_text(json.dumps(store))
    (folder / "cases.json").write_text(json.dumps(cases))
    return folder / "store.json", folder / "cases.json"


def _load(folder: Path, store: Any = STORE, cases: Any = CASES) -> tuple[PlateStore, list[Case]]:
    at_store, at_cases = _write(folder, store, cases)
    plates = load_plate_store(at_store)
    return plates, load_cases(at_cases, plates)


def _changed(event: int, **fields: Any) -> Any:
    cases = copy.deepcopy(CASES)
    cases[0]["events"][event].update(fields)
    return cases


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        (_changed(0, items={"9": 1}), "case first: event 0: the store sells no product 9"),
        (_changed(1, plates=[9]), "case first: event 1: the store has no plate 2-1-9"),
        (_changed(2, t_s=-1.0), r"case first: .*>= 0.*events\[2\].t_s"),
        (_changed(2, colour="red"), r"case first: .*unknown field `colour`.*events\[2\]"),
        (_changed(0, items={"4001": 0}), r"case first: .*>= 1.*events\[0\]"),
        (_changed(0, action="steal"), r"case first: .*steal.*events\[0\].action"),
        (_changed(0, plates=[]), r"case first: .*length >= 1.*events\[0\].plates"),
        (_changed(1, items={"4001": 3}), "case first: event 1: A puts back 4001 without having so many"),
        ([{**CASES[0], "shoppers": 1}], "case first: 1 shoppers, but events of 2"),
        ([{**CASES[0], "planogram": {"77": []}}], "case first: planogram: the store sells no product 77"),
        ([{**CASES[0], "planogram": {"4001": [[7, 1, 1]]}}], "case first: planogram of 4001: no plate 7-1-1"),
        ({"cases": []}, "Expected `array`"),
    ],
)
def test_what_cannot_be_played_is_refused_in_one_line(tmp_path: Path, cases: Any, said: str) -> None:
    with pytest.raises(BadCases, match=said) as refused:
        _load(tmp_path, cases=cases)
    assert str(tmp_path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_plate_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadCases, match="plate 1-1-1 stands there 2 times"):
        _load(tmp_path, store={**STORE, "plates": [STORE["plates"][0]] * 2})


def test_files_that_are_not_there_or_cut_short_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadCases, match="no such file"):
        load_plate_store(tmp_path / "none.json")
    (tmp_path / "cut.json").write_text('{"name": "corner", "plates": [')
    with pytest.raises(BadCases, match=r"cut\.json"):
        load_plate_store(tmp_path / "cut.json")


def test_the_hub_gets_the_planogram_and_every_gondola_faces_the_floor(tmp_path: Path) -> None:
    plates, (case,) = _load(tmp_path)
    store = store_of(plates, case)
    store.check("made here")
    assert store.lane["1-1-2"].products == ("4001", "4002")
    assert store.lane["2-1-3"].products == ()
    assert store.product["4002"].price_cents == 150
    assert store.lane["1-1-1"].facing_deg == pytest.approx(-90.0)
    assert abs(store.lane["2-1-1"].facing_deg) == pytest.approx(180.0)
    for gate in store.gates:
        assert all(lane.offset_m(gate.x_m, gate.y_m)[0] > 0.3 for lane in store.lanes)


def test_what_the_labels_take_lies_there_and_what_they_put_there_is_not_stocked_twice(tmp_path: Path) -> None:
    plates, (case,) = _load(tmp_path)
    stock = [move.lanes for move in scene_of(plates, case, 1).stock if move.gtin == "4001"]
    assert stock.count(("1-1-1", "1-1-2")) == 2
    assert stock.count(("2-1-3",)) == 0


@pytest.mark.parametrize("seed", range(5))
def test_reaches_come_in_their_second_and_in_the_order_of_the_labels(tmp_path: Path, seed: int) -> None:
    plates, (case,) = _load(tmp_path)
    scene = scene_of(plates, case, seed)
    assert [plan.payer for plan in scene.plans] == ["A", "B"]
    (a, b) = scene.plans
    at_s = [deed.at_s or 0.0 for deed in (*a.deeds[:2], b.deeds[0], a.deeds[2])]
    start_s = at_s[0] - at_s[0] % 1.0
    assert [int(t - start_s) for t in at_s[:3]] == [0, 4, 9]
    assert at_s[3] - at_s[1] > 0.8
    assert all(plan.arrives_s < (plan.deeds[0].at_s or 0.0) - 8.0 for plan in scene.plans)
