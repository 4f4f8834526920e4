"""What several shelf nodes saw at one time is the same visit, in whatever order it is heard."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.store.scripted import AT_GATE, CHIPS, COLA, TONIC, WATER, Story, in_front_of
from wire.messages import WeightChange

WEIGHTS_G = {COLA: 350.0, TONIC: 351.0, CHIPS: 62.0, WATER: 538.0}
LANES = st.integers(1, 4)
HEARD_WITHIN_S = 1.4


@st.composite
def at_one_time(draw: st.DrawFn) -> tuple[list[WeightChange], list[WeightChange]]:
    """What several shelf nodes have to say of the last seconds, in the order of its times and in another one."""
    changes = []
    for i, lane in enumerate(draw(st.lists(LANES, min_size=2, max_size=5))):
        gtin = (COLA, TONIC, CHIPS, WATER)[lane - 1]
        delta_g = draw(st.sampled_from([-1, -1, -1, 1])) * WEIGHTS_G[gtin] + draw(st.floats(-1, 1))
        t1_s = 0.5 * i + draw(st.floats(0.01, 0.49))
        t0_s = t1_s - draw(st.floats(0.2, 1.0))
        changes.append(WeightChange(lane=f"1-1-{lane}", delta_g=delta_g, sigma_g=0.5, t0_s=t0_s + 9, t1_s=t1_s + 9))
    return changes, draw(st.permutations(changes))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(at_one_time(), st.booleans())
def test_the_order_of_arrival_of_what_happened_at_one_time_does_not_matter(
    heard: tuple[list[WeightChange], list[WeightChange]], alone: bool
) -> None:
    beliefs = []
    for changes in heard:
        story = Story()
        story.enter("a", credential="alice")
        story.walk({"a": AT_GATE}, {"a": (1.0, -1.0)})
        spots = {"a": in_front_of(2)}
        if not alone:
            story.enter("b", credential="bob")
            spots["b"] = (2.1, -0.35)
        story.walk({track: AT_GATE if track == "b" else (1.0, -1.0) for track in spots}, spots)
        began_s = story.now_s - 9
        story.stand(spots, 3.0)
        for change in changes:
            story.now_s += HEARD_WITHIN_S / len(changes)
            story.says("shelf", structs.replace(change, t0_s=change.t0_s + began_s, t1_s=change.t1_s + began_s))
        story.wait(5.0)
        belief = story.state.belief
        beliefs.append({v: [(p, c.signature) for p, c in belief.cart(v)] for v in story.state.visits.sessions})
    assert beliefs[0].keys() == beliefs[1].keys()
    for session, carts in beliefs[0].items():
        again = {cart: p for p, cart in beliefs[1][session]}
        assert again == pytest.approx({cart: p for p, cart in carts}, abs=1e-3)
