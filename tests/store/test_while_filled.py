"""What a shopper takes from a lane while an employee fills it."""

import pytest
from msgspec import structs

from tests.store.scripted import AT_EXIT, AT_GATE, CHIPS, TONIC, WATER, Story, bought, offered, over, small_store
from wire.messages import ItemEvidence


def beside_an_employee() -> tuple[Story, dict[str, tuple[float, float]]]:
    """An employee and then Alice come to the chips: where they stand."""
    story = Story(structs.replace(small_store(), staff=("employee",)))
    spots = {"a": (1.4, -0.35), "e": (1.9, -0.35)}
    story.enter("e", credential="employee")
    story.walk({"e": AT_GATE}, {"e": spots["e"]})
    story.enter("a", credential="alice")
    story.walk({**spots, "a": AT_GATE}, spots)
    return story, spots


def test_whoever_hurries_from_a_lane_that_is_being_filled_is_asked_though_the_lane_has_not_come_to_rest() -> None:
    story, spots = beside_an_employee()
    story.stand(spots, 1.0, {"a": over(3), "e": over(3)})
    story.walk(spots, {"a": (3.3, -1.6), "e": spots["e"]})
    assert {CHIPS: 1} in offered(story.leave("a", {"e": spots["e"]}))


def test_what_is_taken_from_a_lane_while_it_is_filled_may_be_hidden_in_what_comes() -> None:
    """An employee lays down three bags of chips; in the same moment a shopper takes one: the lane gains two."""
    story, spots = beside_an_employee()
    story.stand(spots, 1.0, {"a": over(3), "e": over(3)})
    story.change(3, 2 * 62.0)
    story.stand(spots, 2.0)
    story.walk(spots, {"a": AT_EXIT, "e": spots["e"]})
    effects = story.leave("a", {"e": spots["e"]})
    carts = offered(effects)
    assert {} in carts and {CHIPS: 1} in carts


def test_what_was_taken_as_an_employee_laid_down_one_is_asked_though_they_lay_down_more_right_after() -> None:
    """A shopper takes a bag of chips as an employee lays one down: the lane weighs as before. Then two more come."""
    story, spots = beside_an_employee()
    story.stand(spots, 1.0, {"a": over(3), "e": over(3)})
    story.stand(spots, 1.0)
    story.stand(spots, 0.6, {"e": over(3)})
    story.change(3, 124.1)
    story.stand(spots, 6.0)
    story.walk(spots, {**spots, "a": AT_EXIT})
    assert {CHIPS: 1} in offered(story.leave("a", {"e": spots["e"]}))


def test_what_was_pictured_as_an_employee_laid_down_one_is_asked_though_the_hand_took_something_beside_it() -> None:
    """A shopper takes a bag of chips as an employee lays one down, and a tonic right after."""
    story, spots = beside_an_employee()
    story.stand(spots, 0.5, {"a": over(3), "e": over(3)})
    story.says("shelf", ItemEvidence(lane="1-1-3", t_s=story.now_s, likelihoods={CHIPS: 0.9}, other=0.02))
    story.stand(spots, 0.3, {"a": over(3), "e": over(3)})
    story.stand(spots, 0.3, {"a": over(2)})
    story.change(2, -351.0, took_s=0.3)
    story.stand(spots, 8.0)
    story.walk(spots, {**spots, "a": AT_EXIT})
    carts = offered(story.leave("a", {"e": spots["e"]}))
    assert {TONIC: 1} in carts and {TONIC: 1, CHIPS: 1} in carts


def test_a_shopper_who_may_be_taken_for_the_employee_may_have_taken_something_all_the_same() -> None:
    """The same, but for the ceiling, which has just confused the two."""
    story, spots = beside_an_employee()
    story.state.people.confuse(story.now_s, *story.state.people.bodies.values(), 0.5)
    story.stand(spots, 1.0, {"a": over(3), "e": over(3)})
    story.change(3, 2 * 62.0)
    story.stand(spots, 6.0)
    took = sum(p for p, cart in story.state.belief.cart("v2") if (CHIPS, 1) in cart.signature)
    assert took > 0.3, "half as likely, if only one of the two had been looked at"


@pytest.mark.parametrize("seen", [3, 4])
def test_who_takes_something_of_what_is_filled_may_take_something_beside_it_with_the_other_hand(seen: int) -> None:
    """Three bottles of water come and one goes, as a bag of chips goes at the next lane, where Bob stands, too; the
    ceiling sees one of her hands."""
    story, spots = beside_an_employee()
    spots |= {"a": (1.75, -0.35), "b": (1.5, -0.35)}
    story.enter("b", credential="bob")
    story.walk({**spots, "a": (1.4, -0.35), "b": AT_GATE}, spots)
    story.stand(spots, 0.6, {"e": over(4)})
    story.stand(spots, 0.6, {"a": over(seen)})
    story.stand(spots, 0.3)
    story.change(4, 2 * 538.0, took_s=1.5, trace=(90, 700, 1500, 1640, 1614, 1614, 1614, 1500, 1300, 1090, 1076, 1076))
    story.change(3, -62.0, took_s=0.8, trace=(5, 5, -10, -40, -60, -62, -62))
    story.stand(spots, 6.0)
    story.walk(spots, {**spots, "a": AT_EXIT})
    assert bought(story.leave("a", {"e": spots["e"], "b": spots["b"]})) == {WATER: 1, CHIPS: 1}
