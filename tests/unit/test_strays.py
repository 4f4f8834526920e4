"""How often what lies astray is taken: learnt from who takes it, and from who takes something else there."""

from hub.core.planogram import JUST_S
from tests.store.scripted import CHIPS, COLA, TONIC, WATER
from tests.unit.days import Days


def test_whoever_takes_the_lane_s_own_beside_something_astray_shows_how_seldom_that_is_taken() -> None:
    days = Days()

    def astray() -> float:
        prior = days.inventory.planogram.prior(days.store.lane["1-1-4"])
        return prior.log_just_left + prior.log_left

    at_first = astray()
    days.visit(days.deed(WATER))
    days.visit(days.deed(COLA), days.deed(COLA, -1, "1-1-4"))
    assert astray() == at_first, "nothing lay there when it was taken"
    days.visit(days.deed(WATER, -1), staff=True)
    days.visit(days.deed(CHIPS))
    assert astray() == at_first, "staff fill up, and that was another lane"
    days.visit(days.deed(WATER))
    let_lie = astray()
    days.visit(days.deed(COLA, 1, "1-1-4"))
    assert let_lie < at_first and astray() > let_lie


def test_what_was_passed_over_or_has_lain_there_for_long_shows_nothing_of_what_was_just_left() -> None:
    days = Days()

    def said() -> tuple[float, float]:
        prior = days.inventory.planogram.prior(days.store.lane["1-1-4"])
        return prior.log_just_left, prior.log_left

    at_first = said()
    days.visit(days.deed(COLA), days.deed(COLA, -1, "1-1-4"))
    days.visit(days.deed(WATER))
    just, left = said()
    assert just < at_first[0] and left == at_first[1]
    days.visit(days.deed(WATER))
    assert said()[0] == just and said()[1] < left, "somebody had passed it over"
    left = said()[1]
    days.visit(days.deed(COLA), days.deed(COLA, -1, "1-1-4"))
    days.now_s += JUST_S
    days.visit(days.deed(COLA, 1, "1-1-4"))
    assert said()[0] == just and said()[1] > left, "it had lain there for long"


def test_what_is_taken_tells_of_itself_and_not_of_what_was_just_left_beside_it() -> None:
    days = Days()
    lane = days.store.lane["1-1-4"]
    days.visit(days.deed(COLA), days.deed(COLA, -1, lane.id))
    days.now_s += JUST_S
    days.visit(days.deed(CHIPS), days.deed(CHIPS, -1, lane.id))
    before = days.inventory.planogram.prior(lane)
    days.visit(days.deed(COLA, 1, lane.id))
    after = days.inventory.planogram.prior(lane)
    assert after.log_just_left == before.log_just_left and after.log_left > before.log_left


def test_what_was_taken_before_somebody_passed_it_over_had_just_been_left_though_it_is_settled_later() -> None:
    days = Days()
    lane = days.store.lane["1-1-4"]
    days.visit(days.deed(COLA), days.deed(COLA, -1, lane.id))
    earlier, later = days.deed(COLA, 1, lane.id), days.deed(WATER)._replace(at_s=days.now_s + 40.0)
    days.visit(later)
    before = days.inventory.planogram.prior(lane)
    days.visit(earlier)
    after = days.inventory.planogram.prior(lane)
    assert after.log_just_left > before.log_just_left and after.log_left == before.log_left


def test_what_weight_does_not_tell_apart_shows_nothing_of_how_often_things_astray_are_taken() -> None:
    days = Days()
    planogram, lane = days.inventory.planogram, days.store.lane["1-1-1"]
    at_first = planogram.prior(lane)
    days.visit(days.deed(TONIC), days.deed(TONIC, -1, "1-1-1"))
    days.visit(days.deed(COLA))
    days.visit(days.deed(TONIC, 1, "1-1-1"))
    assert planogram.prior(lane).log_just_left == at_first.log_just_left
    assert planogram.prior(lane).log_left == at_first.log_left
