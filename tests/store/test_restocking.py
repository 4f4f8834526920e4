"""Employees, who fill shelves and tidy them; and things that come to lie somewhere else, or in something else."""

import pytest
from msgspec import structs

from hub.core.events import Capture, Effect, Open, PreAuthorise, Void
from hub.core.goods import FOREIGN
from hub.core.view import snapshot
from hub.store import Store
from tests.store.scripted import (
    AT_EXIT,
    AT_GATE,
    CHIPS,
    COLA,
    TONIC,
    WATER,
    Story,
    bought,
    in_front_of,
    receipt,
    small_store,
)
from wire.messages import Hand, Tap


def staffed_store(stock: int | None = 10) -> Store:
    store = small_store()
    return structs.replace(
        store, staff=("employee",), lanes=tuple(structs.replace(lane, stock=stock) for lane in store.lanes)
    )


def comes(story: Story, credential: str, lane: int) -> str:
    session = story.enter("a", credential=credential)
    story.walk({"a": AT_GATE}, {"a": in_front_of(lane)})
    story.stand({"a": in_front_of(lane)}, 1.5)
    return session


def goes(story: Story, lane: int) -> list[Effect]:
    story.stand({"a": in_front_of(lane)}, 2.0)
    story.walk({"a": in_front_of(lane)}, {"a": AT_EXIT})
    effects = story.leave("a")
    story.stand({}, 3.0)
    return effects


def moves_on(story: Story, start: int, end: int) -> None:
    story.stand({"a": in_front_of(start)}, 2.0)
    story.walk({"a": in_front_of(start)}, {"a": in_front_of(end)})
    story.stand({"a": in_front_of(end)}, 1.5)


def misplaces_chips(story: Story, lane: int) -> None:
    """Alice takes chips and leaves them on another lane."""
    comes(story, "alice", 3)
    story.change(3, -62.2)
    moves_on(story, 3, lane)
    story.change(lane, 62.2)


def stock(story: Story, lane: int) -> int | None:
    return snapshot(story.state).lanes[lane - 1].stock


def test_an_employee_comes_in_without_a_pre_authorisation() -> None:
    story = Story(staffed_store())
    tap = Tap(gate="entry", reader="qr", kind="qr", credential="employee", t_s=story.now_s)
    (opened,) = story.says("gate-in", tap)
    assert isinstance(opened, Open) and opened.command.gate == "entry"


def test_an_employee_gets_no_receipt_and_leaves_nothing_open() -> None:
    story = Story(staffed_store())
    comes(story, "employee", 1)
    story.change(1, -350.2)
    effects = goes(story, 1)
    assert not any(isinstance(e, Capture | Void | PreAuthorise) for e in story.effects)
    assert effects == [] and story.state.visits.sessions == {}


@pytest.mark.parametrize("units", [1, 3, 8])
def test_what_an_employee_lays_down_is_stock(units: int) -> None:
    story = Story(staffed_store())
    comes(story, "employee", 3)
    story.change(3, units * 62.1)
    assert stock(story, 3) == 10, "not explained yet"
    goes(story, 3)
    assert stock(story, 3) == 10 + units
    assert story.state.belief.lane("1-1-3")[0][1].left_here == ()


def test_who_takes_what_an_employee_laid_down_buys_it() -> None:
    story = Story(staffed_store(stock=0))
    comes(story, "employee", 3)
    story.change(3, 4 * 62.0)
    goes(story, 3)
    comes(story, "alice", 3)
    story.change(3, -62.2)
    assert bought(goes(story, 3)) == {CHIPS: 1}
    assert stock(story, 3) == 3


def test_what_an_employee_takes_away_is_nobodys_purchase_and_no_longer_there() -> None:
    story = Story(staffed_store())
    comes(story, "employee", 3)
    story.change(3, -62.2)
    goes(story, 3)
    assert stock(story, 3) == 9
    comes(story, "alice", 1)
    effects = goes(story, 1)
    assert bought(effects) == {} and not receipt(effects).asked


def test_an_employee_brings_home_what_somebody_misplaced() -> None:
    story = Story(staffed_store())
    misplaces_chips(story, 1)
    assert bought(goes(story, 1)) == {}
    assert snapshot(story.state).lanes[0].strayed == ("Chips",)
    comes(story, "employee", 1)
    story.change(1, -62.2)
    moves_on(story, 1, 3)
    story.change(3, 62.2)
    goes(story, 3)
    shown = snapshot(story.state)
    assert all(lane.strayed == () and lane.stock == 10 for lane in shown.lanes)
    assert shown.tasks == ()


@pytest.mark.parametrize("bought_meanwhile", [0, 1])
def test_who_takes_something_while_an_employee_fills_the_lane_buys_it(bought_meanwhile: int) -> None:
    """The lane gains what the employee lays down, less what Alice takes of it half a second later; or no less, and her
    hand is at the next lane."""
    story = Story(staffed_store())
    story.enter("e", credential="employee")
    filling, shopping = (1.55, -0.4), (1.7, -0.4)
    story.walk({"e": AT_GATE}, {"e": filling})
    story.enter("a", credential="alice")
    story.walk({"a": AT_GATE, "e": filling}, {"a": shopping, "e": filling})
    spots = {"e": filling, "a": shopping}
    here = Hand(x_m=1.6, y_m=0.2, z_m=1.0, sigma_m=0.08)
    hers = here if bought_meanwhile else Hand(x_m=1.8, y_m=0.2, z_m=1.0, sigma_m=0.08)
    story.stand(spots, 0.3)
    story.stand(spots, 0.8, {"e": here})
    story.stand(spots, 0.8, {"a": hers})
    story.stand(spots, 0.2)
    trace = (30, 90, 190, 196, 186, 188, 187, 190, 186, 140, 126, 125, 124) if bought_meanwhile else (90, 190, 186)
    story.change(3, (3 - bought_meanwhile) * 62.1, took_s=1.8, trace=trace)
    story.stand(spots, 7)
    story.walk(spots, {"a": AT_EXIT, "e": filling})
    effects = story.leave("a", {"e": filling})
    assert bought(effects).get(CHIPS, 0) == bought_meanwhile
    assert all("gained 124 ± 0.5 g in all at" in line.because for line in receipt(effects).lines)
    assert stock(story, 3) == 10 + 3 - bought_meanwhile


@pytest.mark.parametrize("takers", [("a",), ("a", "b")])
def test_a_lane_that_is_filled_in_two_handfuls_or_taken_from_by_two_meanwhile_tells_who_took(
    takers: tuple[str, ...],
) -> None:
    """Three moves and more before the lane is at rest: the employee's hands before and after a shopper's, or between
    those of two."""
    story = Story(staffed_store())
    filling, shopping = (1.55, -0.4), {"a": (1.7, -0.4), "b": (1.4, -0.5)}
    story.enter("e", credential="employee")
    spots = {"e": filling}
    story.walk({"e": AT_GATE}, spots)
    for track, credential in (("a", "alice"), ("b", "bob")):
        story.enter(track, credential=credential)
        story.walk({track: AT_GATE, **spots}, {**spots, track: shopping[track]})
        spots[track] = shopping[track]
    here = Hand(x_m=1.6, y_m=0.2, z_m=1.0, sigma_m=0.05)
    order, levels = (("e", 3), ("a", -1), ("e", 2)) if takers == ("a",) else (("a", -1), ("e", 4), ("b", -1)), [0]
    trace: list[int] = [0, 5]
    for who, units in order:
        levels.append(levels[-1] + units)
        story.stand(spots, 0.8, {who: here})
        trace += [round(62 * levels[-1]) + wobble for wobble in (9, 4, -3, 2, 0, 1, 0, -1)]
    story.change(3, levels[-1] * 62.05, took_s=2.6, trace=tuple(trace))
    story.stand(spots, 7)
    for track in ("a", "b"):
        rest = {name: at for name, at in spots.items() if name != track}
        story.walk(spots, {**rest, track: AT_EXIT})
        effects = story.leave(track, rest)
        assert bought(effects).get(CHIPS, 0) == (track in takers), track
        spots = rest


def test_what_shoppers_lay_down_is_never_stock() -> None:
    story = Story(staffed_store())
    comes(story, "alice", 3)
    story.change(3, 3 * 62.1)
    assert bought(goes(story, 3)) == {}
    assert stock(story, 3) == 10
    assert [unit.gtin for unit in story.state.belief.lane("1-1-3")[0][1].left_here] == [FOREIGN]


def test_two_kinds_put_on_one_lane_at_once_are_both_missed_where_they_came_from() -> None:
    """Cola and chips are taken, and put down together on the cola's lane: the chips have strayed, the cola has not."""
    story = Story(staffed_store())
    comes(story, "alice", 1)
    story.change(1, -350.2)
    moves_on(story, 1, 3)
    story.change(3, -62.1)
    moves_on(story, 3, 1)
    story.change(1, 412.3)
    assert bought(goes(story, 1)) == {}
    assert [stock(story, lane) for lane in (1, 3)] == [10, 9]
    shown = snapshot(story.state)
    assert shown.lanes[0].strayed == ("Chips",)
    (task,) = (task for task in shown.tasks if task.kind == "misplaced")
    assert task.gtins == (CHIPS,) and task.since_s is not None, "it is known who put it there"


def test_what_strayed_is_rather_carried_home_by_the_employee_who_is_there_than_bought_by_the_shopper() -> None:
    story = Story(staffed_store())
    misplaces_chips(story, 2)
    goes(story, 2)
    spots = {"a": (1.2, -0.35), "b": (1.6, -0.35)}
    story.enter("a", credential="employee")
    story.walk({"a": AT_GATE}, {"a": spots["a"]})
    session = story.enter("b", credential="bob")
    story.walk({"a": spots["a"], "b": AT_GATE}, spots)
    story.stand(spots, 1.5)
    story.change(2, -62.2)
    story.stand(spots, 3.0)
    probability, cart = story.state.belief.cart(session)[0]
    assert cart.units == () and 0.7 < probability < 0.9


def roll(story: Story, start: int, end: int, grams: float) -> None:
    """Something rolls over: one lane loses what the other gains."""
    story.change(start, -grams)
    story.now_s += 0.2
    story.change(end, grams)


def test_what_rolled_over_to_the_next_lane_is_nobodys_purchase() -> None:
    story = Story(staffed_store())
    comes(story, "alice", 2)
    roll(story, 3, 2, 62.1)
    effects = goes(story, 2)
    assert bought(effects) == {} and not receipt(effects).asked
    shown = snapshot(story.state).lanes
    assert (shown[2].stock, shown[1].strayed) == (9, ("Chips",))


def test_what_rolled_over_and_is_taken_there_is_bought_for_what_it_is() -> None:
    story = Story(staffed_store())
    comes(story, "alice", 2)
    roll(story, 3, 2, 62.1)
    story.stand({"a": in_front_of(2)}, 3.0)
    story.change(2, -62.1)
    assert bought(goes(story, 2)) == {CHIPS: 1}
    assert snapshot(story.state).lanes[1].strayed == ()


def test_what_rolled_back_is_where_it_was() -> None:
    story = Story(staffed_store())
    comes(story, "alice", 2)
    roll(story, 3, 2, 62.1)
    story.stand({"a": in_front_of(2)}, 3.0)
    roll(story, 2, 3, 62.1)
    assert bought(goes(story, 2)) == {}
    assert [(lane.stock, lane.strayed) for lane in snapshot(story.state).lanes] == [(10, ())] * 4


def test_what_rolls_over_was_not_just_left_by_anybody() -> None:
    story = Story(staffed_store())
    misplaces_chips(story, 1)
    goes(story, 1)
    (left,) = story.state.belief.lane("1-1-1")[0][1].left_here
    for lane, grams in ((1, 62.2), (3, 62.1)):
        roll(story, lane, 2, grams)
        story.wait(5.0)
    from_next, own = story.state.belief.lane("1-1-2")[0][1].left_here
    assert from_next.left_s == left.left_s > 0.0 > own.left_s


def test_what_is_taken_while_its_neighbour_rolls_into_its_place_is_bought() -> None:
    """A bottle of tonic is taken, and chips roll into its place: one lane loses the chips, the other the difference."""
    story = Story(staffed_store())
    comes(story, "alice", 2)
    story.change(3, -62.1)
    story.change(2, 62.1 - 351.0)
    assert bought(goes(story, 2)) == {TONIC: 1}


def test_a_bag_on_a_lane_is_nobodys_and_goes_with_what_was_put_into_it() -> None:
    """A bag is laid down on the chips, something is put into it, and both are taken away: it was taken once."""
    story = Story(staffed_store())
    comes(story, "alice", 1)
    story.change(1, -350.2)
    moves_on(story, 1, 3)
    story.change(3, 900.0)
    story.stand({"a": in_front_of(3)}, 3.0)
    story.change(3, 350.2)
    story.stand({"a": in_front_of(3)}, 3.0)
    story.change(3, -1250.2)
    effects = goes(story, 3)
    assert bought(effects) == {COLA: 1}
    assert snapshot(story.state).lanes[2].strayed == ()


def test_what_lay_across_two_lanes_and_is_taken_away_lies_there_no_longer() -> None:
    story = Story(staffed_store())
    comes(story, "alice", 3)
    for lane, grams in ((2, 350.0), (3, 550.0)):
        story.change(lane, grams)
    story.stand({"a": in_front_of(3)}, 4.0)
    for lane, grams in ((2, 350.0), (3, 550.0)):
        story.change(lane, -grams)
    assert bought(goes(story, 3)) == {}
    assert [(lane.stock, lane.strayed) for lane in snapshot(story.state).lanes] == [(10, ())] * 4


def test_a_bag_that_may_have_been_exchanged_for_something_of_its_weight_is_in_nobodys_cart() -> None:
    story = Story(staffed_store())
    session = comes(story, "alice", 1)
    story.change(1, 538.0)
    moves_on(story, 1, 4)
    story.change(4, -538.2)
    moves_on(story, 4, 1)
    story.change(1, 0.4)
    story.stand({"a": in_front_of(1)}, 3.0)
    carts = [cart for _, cart in story.state.belief.cart(session)]
    assert {WATER: 1} in [dict(cart.signature) for cart in carts] and {} in [dict(cart.signature) for cart in carts]
    assert all(unit.gtin != FOREIGN for cart in carts for unit in cart.units)


def test_a_bag_that_is_forgotten_is_shown_to_staff() -> None:
    story = Story(staffed_store())
    comes(story, "alice", 3)
    story.change(3, 900.0)
    effects = goes(story, 3)
    assert bought(effects) == {} and not receipt(effects).asked
    assert any(task.lanes == ("1-1-3",) for task in snapshot(story.state).tasks)
