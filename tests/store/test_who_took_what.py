"""Who took what, told to the core input by input."""

from hub.core.events import Answered, Ask, Capture, Note, Void
from hub.core.floor import Shuffle
from hub.core.view import snapshot
from tests.store.scripted import (
    AT_EXIT,
    AT_GATE,
    CHIPS,
    COLA,
    TONIC,
    WATER,
    Story,
    alice_and_bob_come,
    bought,
    in_front_of,
    receipt,
    receipts,
    shoulder_to_shoulder,
    small_store,
)
from wire.messages import Hand, ItemEvidence, Tracks, WeightChange

PICTURES = {lane: {gtin: 0.97} for lane, gtin in enumerate((COLA, TONIC, CHIPS, WATER), start=1)}


def one_shopper(lane: int = 1) -> Story:
    story = Story()
    story.enter("a")
    story.walk({"a": AT_GATE}, {"a": in_front_of(lane)})
    return story


def go(story: Story, lane: int = 1) -> list[object]:
    story.stand({"a": in_front_of(lane)}, 1.5)
    story.walk({"a": in_front_of(lane)}, {"a": AT_EXIT})
    return list(story.leave("a"))


def test_one_item_taken_is_one_line_with_its_reason() -> None:
    story = one_shopper()
    story.change(1, -350.4)
    effects = go(story)
    assert isinstance(effects[-1], Capture)
    (line,) = receipt(effects).lines
    assert (line.gtin, line.count, line.price_cents) == (COLA, 1, 120)
    assert line.because.startswith("lane 1-1-1 lost 350 ± 0.5 g at ")
    assert line.because.endswith("while only you were within reach")
    assert receipt(effects).probability > 0.95


def test_taken_and_put_back_is_nothing_and_the_hold_is_voided() -> None:
    story = one_shopper()
    story.change(1, -350.4)
    story.stand({"a": in_front_of(1)}, 2)
    story.change(1, 350.5)
    effects = go(story)
    assert isinstance(effects[-1], Void)
    assert bought(effects) == {}


def test_three_of_a_kind_in_one_grip_are_three() -> None:
    story = one_shopper(3)
    story.change(3, -185.5)
    assert bought(go(story, 3)) == {CHIPS: 3}


def test_an_item_across_two_lanes_is_one_item() -> None:
    story = one_shopper(3)
    story.change(3, -30.2)
    story.change(4, -31.6)
    assert bought(go(story, 3)) == {CHIPS: 1}


def test_two_neighbouring_items_taken_with_both_hands_are_two() -> None:
    story = one_shopper(3)
    story.change(3, -62.2)
    story.change(4, -537.6)
    assert bought(go(story, 3)) == {CHIPS: 1, WATER: 1}


def test_an_item_put_back_on_anothers_lane_is_known_there_by_its_weight() -> None:
    """Cola weighs 352.1 g, tonic 351.0 g: what leaves tonic's lane next is what was put there."""
    story = Story()
    story.enter("a", credential="alice")
    story.walk({"a": AT_GATE}, {"a": in_front_of(1)})
    story.change(1, -352.1, 0.2)
    story.stand({"a": in_front_of(1)}, 2)
    story.change(2, 352.1, 0.2)
    story.stand({"a": in_front_of(2)}, 2)
    story.change(2, -352.1, 0.2)
    assert bought(go(story, 2)) == {COLA: 1}


def test_the_nearer_of_two_gets_it_and_the_other_does_not() -> None:
    story = Story()
    story.enter("a", credential="alice")
    story.walk({"a": AT_GATE}, {"a": (1.2, -1.2)})
    story.enter("b", credential="bob")
    spots = {"a": in_front_of(1), "b": (in_front_of(4)[0] + 0.3, -0.35)}
    story.walk({"a": (1.2, -1.2), "b": AT_GATE}, spots)
    story.change(4, -538.2)
    story.stand(spots, 2)
    story.walk(spots, {"a": AT_EXIT, "b": (2.0, -1.0)})
    assert receipts(story.leave("a", {"b": (2.0, -1.0)})) == {}, "what Bob does may still tell"
    story.walk({"b": (2.0, -1.0)}, {"b": AT_EXIT})
    assert receipts(story.leave("b")) == {"alice": {}, "bob": {WATER: 1}}


def test_a_tie_is_asked_and_the_answer_settles_it() -> None:
    story = Story(small_store(ask_below=0.95))
    spots = {"a": (1.25, -0.35), "b": (1.75, -0.35)}
    alice_and_bob_come(story, spots)
    story.change(2, -350.9)
    story.stand(spots, 1)
    story.change(3, -62.0)
    story.stand(spots, 2)
    story.walk(spots, {"a": AT_EXIT, "b": (1.0, -1.0)})
    effects = story.leave("a", {"b": (1.0, -1.0)})
    ask = effects[-1]
    assert isinstance(ask, Ask) and ask.receipt.asked
    choice = next(i for i, cart in enumerate(ask.candidates) if dict(cart).get(TONIC) == 1)
    settled = story.tell(Answered(at_s=story.now_s, session=ask.receipt.session, choice=choice))
    assert isinstance(settled[-1], Capture) and not settled[-1].receipt.asked
    story.walk({"b": (1.0, -1.0)}, {"b": AT_EXIT})
    assert TONIC not in bought(story.leave("b"))


def test_the_other_hand_of_whoever_is_seen_at_one_lane_may_be_at_the_next() -> None:
    """Of Alice's two hands the ceiling shows the one at the water; Bob stands behind the chips, and shows none."""
    story = Story()
    story.enter("a", credential="alice")
    story.walk({"a": AT_GATE}, {"a": (1.9, -0.9)})
    story.enter("b", credential="bob")
    spots = {"a": (1.9, -0.35), "b": (1.6, -0.6)}
    story.walk({"a": (1.9, -0.9), "b": AT_GATE}, spots)
    story.stand(spots, 1.0, {"a": Hand(x_m=2.0, y_m=0.2, z_m=1.0, sigma_m=0.08)})
    story.change(3, -62.1)
    story.change(4, -538.2)
    story.stand(spots, 2)
    story.walk(spots, {"a": AT_EXIT, "b": (1.5, -1.2)})
    ask = story.leave("a", {"b": (1.5, -1.2)})[-1]
    assert isinstance(ask, Ask)
    assert {CHIPS: 1, WATER: 1} in [dict(cart) for cart in ask.candidates]


def test_whoever_reaches_on_to_a_third_lane_may_still_have_had_both_hands_at_the_first_two() -> None:
    """Alice takes a tonic and crisps with both hands, then a cola; the ceiling sees one hand of hers, and none of
    Bob's."""
    story = Story()
    spots = {"a": (1.55, -0.4), "b": (1.35, -0.4)}
    alice_and_bob_come(story, spots)
    first, then = (Hand(x_m=x_m, y_m=0.2, z_m=1.0, sigma_m=0.04) for x_m in (1.6, 1.2))
    story.stand(spots, 1.0)
    story.stand(spots, 0.8, {"a": first})
    story.change(2, -351.2)
    story.change(3, -62.1)
    story.stand(spots, 0.8, {"a": then})
    story.change(1, -350.1, took_s=0.9)
    story.stand(spots, 7)
    story.walk(spots, {"a": AT_EXIT, "b": spots["b"]})
    ask = story.leave("a", {"b": spots["b"]})[-1]
    assert isinstance(ask, Ask)
    assert ask.probabilities[[dict(cart) for cart in ask.candidates].index({COLA: 1, TONIC: 1, CHIPS: 1})] > 0.2


def test_a_picture_of_something_else_makes_a_sure_line_doubtful() -> None:
    """Tonic left tonic's lane, says the scale; the camera saw cola, which weighs the same and lies next door."""

    def told(picture: str) -> list[object]:
        story = one_shopper(2)
        story.change(2, -350.6)
        likelihoods = {COLA: 0.02, TONIC: 0.02, picture: 0.95}
        story.says("shelf", ItemEvidence(lane="1-1-2", t_s=story.now_s, likelihoods=likelihoods, other=0.01))
        return go(story, 2)

    assert isinstance(told(TONIC)[-1], Capture)
    assert isinstance(told(COLA)[-1], Ask)


def test_a_broken_track_is_the_same_shopper_when_it_comes_back() -> None:
    story = one_shopper(1)
    story.change(1, -350.2)
    story.stand({"a": in_front_of(1)}, 1.5)
    story.walk({"a": in_front_of(1)}, {"a": (2.0, -1.0)})
    story.stand({}, 5.0)
    story.walk({"a9": (3.0, -1.6)}, {"a9": AT_EXIT})
    assert bought(story.leave("a9")) == {COLA: 1}


def test_what_fits_nothing_is_asked_never_guessed() -> None:
    story = one_shopper(1)
    story.change(1, -777.0)
    effects = go(story)
    assert isinstance(effects[-1], Ask)


def test_of_two_whose_carts_hang_together_one_is_asked_about_and_the_answer_tells_both() -> None:
    story = Story(small_store(ask_below=0.95))
    spots = shoulder_to_shoulder(story)
    story.walk(spots, {"a": AT_EXIT, "b": (1.0, -1.0)})
    (ask,) = story.leave("a", {"b": (1.0, -1.0)})
    story.walk({"b": (1.0, -1.0)}, {"b": AT_EXIT})
    assert story.leave("b") == []
    assert isinstance(ask, Ask)
    choice = [dict(cart).get(TONIC, 0) for cart in ask.candidates].index(1)
    answer = Answered(at_s=story.now_s, session=ask.receipt.session, choice=choice)
    charged, let_go = story.tell(answer)
    assert isinstance(charged, Capture) and charged.receipt.credential == "alice"
    assert isinstance(let_go, Void) and let_go.receipt is not None and let_go.receipt.credential == "bob"
    assert story.state.visits.sessions == {}
    assert isinstance(story.tell(answer)[-1], Note), "it has been answered"


def test_whoever_is_asked_chooses_from_more_carts_the_wider_open_it_is_which() -> None:
    """Alice, who has one of each, held out her hand to Bob, who has one of each as well."""
    story, spots = Story(), {"a": (1.0, -1.8), "b": (1.6, -1.8)}
    for track, others in (("a", {}), ("b", {"a": spots["a"]})):
        story.enter(track, credential=track)
        for lane, grams in enumerate((350.1, 351.2, 62.0, 538.0), start=1):
            at = {track: in_front_of(lane), **others}
            story.walk({track: AT_GATE if lane == 1 else in_front_of(lane - 1), **others}, at)
            story.says("shelf", ItemEvidence(lane=f"1-1-{lane}", t_s=story.now_s, likelihoods=PICTURES[lane]))
            story.change(lane, -grams)
            story.stand(at, 2)
        story.walk({track: in_front_of(4), **others}, {track: spots[track], **others})
    hand = Hand(x_m=1.3, y_m=-1.8, z_m=1.1, sigma_m=0.05)
    story.stand(spots, 1.0, {"a": hand, "b": hand})
    story.stand(spots, 4.0)
    story.walk(spots, {**spots, "a": AT_EXIT})
    ask = story.leave("a", {"b": spots["b"]})[-1]
    assert isinstance(ask, Ask)
    assert len(ask.candidates) == 9 and sum(ask.probabilities) > 0.95, "nothing, or one of eight things"


def test_something_unknown_that_is_put_back_can_be_shown() -> None:
    story = one_shopper(1)
    story.change(1, -777.0)
    story.stand({"a": in_front_of(2)}, 3)
    story.change(2, 777.0)
    story.stand({"a": in_front_of(2)}, 3)
    assert snapshot(story.state).lanes[1].strayed == ("",)


def test_a_frame_from_the_future_does_not_blind_the_hub() -> None:
    story = one_shopper(1)
    story.says("ceiling", Tracks(t_s=story.now_s + 3600, tracks=()))
    story.change(1, -350.4)
    assert bought(go(story)) == {COLA: 1}


def test_a_change_from_the_future_is_taken_for_now_though_it_took_no_time() -> None:
    """Far from zero, times lie further apart: what is reckoned back from there may end before it began."""
    story = one_shopper(1)
    story.now_s = 1_003.9999999999998
    t_s = story.now_s + 1e9
    (note,) = story.says("shelf", WeightChange(lane="1-1-1", delta_g=-350.4, sigma_g=0.5, t0_s=t_s, t1_s=t_s))
    assert isinstance(note, Note) and "is its clock set?" in note.text


def test_a_settled_visit_does_not_make_somebody_else_of_whoever_is_still_there() -> None:
    """Once in 200 the ceiling takes the two for each other; one leaves with nothing, then the other takes a cola."""
    story = Story()
    story.enter("a", credential="alice")
    story.walk({"a": AT_GATE}, {"a": (0.6, -1.2)})
    story.enter("b", credential="bob")
    spots = {"a": (0.6, -1.2), "b": in_front_of(1)}
    story.walk({"a": spots["a"], "b": AT_GATE}, spots)
    bodies = tuple(story.state.people.bodies)
    story.state.people.shuffles.append(Shuffle(story.now_s, bodies, ((0.995, (0, 1)), (0.005, (1, 0)))))
    story.walk(spots, {**spots, "a": AT_EXIT})
    assert bought(story.leave("a", {"b": spots["b"]})) == {}
    story.stand({"b": spots["b"]}, 6.0)
    story.change(1, -350.4)
    story.stand({"b": spots["b"]}, 2.0)
    story.walk({"b": spots["b"]}, {"b": AT_EXIT})
    left = story.leave("b")
    assert bought(left) == {COLA: 1} and receipt(left).probability > 0.95
