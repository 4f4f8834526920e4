"""What the plans of named behaviours are like, over many seeds: what their sentences say."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from hub.store import load_store
from hw.sim.behaviours import BEHAVIOURS, faults_of
from hw.sim.behaviours.faulty import OFFLINE_S
from hw.sim.behaviours.habits import with_habits
from hw.sim.faults import ClockOff, DeadCell, Drift, Fault, Offline, WrongReads
from hw.sim.plan import Deed, Meet, Plan, Stoop
from hw.simulate import DEMO_STORE

STORE = load_store(DEMO_STORE)
SEEDS = range(40)


def _plans(name: str, seed: int) -> tuple[Plan, ...]:
    return BEHAVIOURS[name](STORE, np.random.default_rng(seed))


def _faults(name: str) -> list[tuple[tuple[Plan, ...], tuple[Fault, ...]]]:
    played = [(_plans(name, seed), np.random.default_rng(seed)) for seed in SEEDS]
    return [(plans, faults_of(name, STORE, plans, rng)) for plans, rng in played]


def _touched(plans: tuple[Plan, ...]) -> set[str]:
    return {lane for plan in plans for act in plan.deeds if isinstance(act, Deed) for lane in act.lanes}


def test_chaos_is_more_than_thirty_events_in_eighty_seconds_of_every_kind() -> None:
    kinds: Counter[str] = Counter()
    for seed in SEEDS:
        plans = _plans("chaos", seed)
        assert 3 <= len(plans) <= 4
        acts = [act for plan in plans for act in plan.deeds if not isinstance(act, Meet) or act.gives]
        times_s = [act.at_s for act in acts if act.at_s is not None]
        assert len(times_s) == len(acts) > 30
        assert max(times_s) - min(times_s) <= 80.0
        for act in acts:
            kinds[type(act).__name__] += 1
            if isinstance(act, Deed):
                kinds.update(kind for kind in ("takes", "puts", "rolls", "unseen_s", "aside_m") if getattr(act, kind))
                kinds["presses"] += not act.takes and not act.puts
                strays = [m for m in act.takes if m.gtin not in STORE.lane[m.lanes[0]].products]
                kinds["strays"] += any(m.gtin in STORE.product for m in strays)
                kinds["bags"] += any(move.gtin not in STORE.product for move in act.puts)
    assert len(kinds) == 11
    assert min(kinds.values()) > 10


def test_a_quick_series_is_over_within_three_seconds_and_one_item_goes_back() -> None:
    for seed in SEEDS:
        (plan,) = _plans("quick_series", seed)
        *series, last = [act for act in plan.deeds if isinstance(act, Deed)]
        lanes = [STORE.lane[act.lanes[0]] for act in series]
        assert 3 <= len(lanes) <= 4
        assert all((a.shelf, a.position + 1) == (b.shelf, b.position) for a, b in pairwise(lanes))
        assert (series[-1].at_s or 0.0) - (series[0].at_s or 0.0) <= 3.0
        assert last.puts[0] in [move for act in series for move in act.takes]


def test_two_who_cross_hands_each_stand_before_what_the_other_takes() -> None:
    for seed in SEEDS:
        a, b = _plans("crossed_hands", seed)
        for first, second in zip(a.deeds, b.deeds, strict=True):
            assert isinstance(first, Deed) and isinstance(second, Deed)
            lane, beside = STORE.lane[first.lanes[0]], STORE.lane[second.lanes[0]]
            _, side_m = lane.offset_m(beside.x_m, beside.y_m)
            assert abs(first.aside_m) > abs(side_m) and first.aside_m * side_m > 0 > first.aside_m * second.aside_m
            assert abs((first.at_s or 0.0) - (second.at_s or 0.0)) < 3.0


def test_a_late_node_is_offline_for_a_minute_in_which_something_is_taken_from_it() -> None:
    for plans, faults in _faults("late_node"):
        (fault,) = faults
        assert isinstance(fault, Offline) and fault.to_s - fault.from_s == pytest.approx(OFFLINE_S)
        taken_s = [act.at_s or 0.0 for plan in plans for act in plan.deeds]
        assert sum(fault.from_s < at_s < fault.to_s for at_s in taken_s) >= 2


def test_clocks_are_two_seconds_off_either_way_on_any_kind_of_node() -> None:
    faults = [fault for _, (fault,) in _faults("clock_skew") if isinstance(fault, ClockOff)]
    assert {fault.ahead_s for fault in faults} == {-2.0, 2.0}
    assert {fault.node.partition("-")[0] for fault in faults} == {"shelf", "gate", "ceiling"}


def test_cells_read_wrong_in_half_of_the_playings_and_die_in_the_others() -> None:
    played = _faults("wrong_reads")
    wrong = [faults for _, faults in played if isinstance(faults[0], WrongReads)]
    dead = [(plans, faults) for plans, faults in played if isinstance(faults[0], DeadCell)]
    assert len(wrong) + len(dead) == len(played) and 10 < len(dead) < 30
    assert all(isinstance(f, WrongReads) and 0.01 <= f.share <= 0.05 for faults in wrong for f in faults)
    assert all(len(faults) >= 2 for faults in wrong)
    taken_from = [faults[0].lane in _touched(plans) for plans, faults in dead if isinstance(faults[0], DeadCell)]
    assert any(taken_from) and not all(taken_from)


def test_nothing_is_taken_from_lanes_that_drift() -> None:
    for plans, faults in _faults("drift"):
        drifting = {fault.lane for fault in faults if isinstance(fault, Drift)}
        assert drifting == STORE.lane.keys() - _touched(plans)


def test_employees_put_down_all_that_they_bring_and_shoppers_take_from_beside_that() -> None:
    for seed in SEEDS:
        employee, *shoppers = _plans("fill", seed)
        assert employee.payer in STORE.staff and 1 <= len(shoppers) <= 2
        stacks = [act.puts for act in employee.deeds if isinstance(act, Deed)]
        assert Counter(employee.brings) == Counter(move.gtin for stack in stacks for move in stack)
        assert all(1 <= len(stack) <= 4 for stack in stacks)
        filled = {(lane.shelf, lane.position) for lane in map(STORE.lane.__getitem__, _touched((employee,)))}
        taken = [STORE.lane[lane] for lane in _touched(tuple(shoppers))]
        assert all({(t.shelf, t.position + d) for d in (-1, 0, 1)} & filled for t in taken)


@pytest.mark.parametrize(("name", "company"), [("simple", False), ("very_close", True), ("group", True)])
def test_now_and_then_somebody_stoops_or_touches_a_companions_hand_and_means_nothing(name: str, company: bool) -> None:
    rng = np.random.default_rng(3)
    visits = [with_habits(BEHAVIOURS[name](STORE, rng), STORE, rng) for _ in range(800)]
    acts = [act for plans in visits for plan in plans for act in plan.deeds]
    stoops = [act for act in acts if isinstance(act, Stoop)]
    meets = [act for act in acts if isinstance(act, Meet)]
    assert len(stoops) / sum(map(len, visits)) == pytest.approx(1 / 40, rel=0.5)
    assert (len(meets) > 20) == company
    assert all(n == 2 for n in Counter(meeting.key for meeting in meets).values())
    assert not any(stoop.leaves for stoop in stoops) and not any(meeting.gives for meeting in meets)
