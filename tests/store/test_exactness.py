"""What the belief makes of a story is what adding up every joint history says.

Exactness here is that of the belief: factors, pruning, and steps taken back and taken again when something is heard
late. Merging is exact but for one thing: of histories that differ only in what units weighed when they last moved, the
likeliest one's weights are kept; stories in which that matters are left out. Each step is weighed as the core weighs
it, and follows only what is likely enough (`WORTH` and `AT_MOST` in `hub.core.part`); what a step makes of one change,
or of two side by side, is worked out by hand at the end.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec import structs

from hub.core.belief import Before, Belief, Expand, Values, default
from hub.core.changes import Cluster
from hub.core.explain import ARTEFACT_G, LOG_NOTHING, LOG_SECOND_DEED, SCALE_SIGMA_G
from hub.core.goods import UNKNOWN, Cart, Key, LaneContents, Value, Who
from hub.core.moments import Moments
from hub.core.part import IN_TWO_GRIPS
from hub.core.pictures import FIRST_SHOWN
from hub.core.planogram import ANOTHER, ASTRAY, MORE, NEXT_DOOR
from hub.core.reach import UNSEEN, at_once, reach
from hub.core.taking import LOG_SEVERAL_ACROSS, LOG_UNKNOWN, MANY_AT_ONCE
from hub.store import Product, Store
from tests.store.scripted import Story, in_front_of, small_store
from wire.messages import WeightChange

TOLERANCE = 2e-2
"""What is dropped as negligible (1e-4 a step) comes to less than this, even where later evidence speaks for it as
strongly as a bottle from nowhere, which has no better explanation."""
HISTORIES = 6_000
"""Longer stories than so many joint histories are not told."""


class TooMany(Exception):
    """The story has more histories than a test can add up."""


@dataclass
class Flat:
    """A belief as one list: every history there may have been, as (log weight, what is so). Nothing is put together,
    dropped or kept apart."""

    histories: list[tuple[float, Values]] = field(default_factory=lambda: [(0.0, {})])
    blurred: bool = False
    """Whether something was still to come when histories differed in nothing but remembered weights."""
    before: Before = field(default_factory=dict)

    def update(self, touched: Iterable[Key], expand: Expand) -> None:
        keys = list(touched)
        self.blurred |= self._differs_in_weights_alone()
        grown = []
        for log_p, values in self.histories:
            here = {**values, **{k: default(k) for k in keys if k not in values}}
            grown += [(log_p + log_step, {**here, **changes}) for log_step, changes in expand(here)]
            if len(grown) > HISTORIES:
                raise TooMany
        self.histories = grown

    def _differs_in_weights_alone(self) -> bool:
        top = max(log_p for log_p, _ in self.histories)
        weights: dict[tuple[object, ...], set[object]] = {}
        for log_p, values in self.histories:
            if log_p > top + math.log(TOLERANCE / 3):
                state = tuple(values[key].signature for key in values)
                weights.setdefault(state, set()).add(tuple(remembered(value) for value in values.values()))
        return any(len(different) > 1 for different in weights.values())

    def set(self, key: Key, value: Value) -> None:
        self.histories = [(log_p, {**values, key: value}) for log_p, values in self.histories]

    def forget(self, key: Key) -> None:
        self.histories = [(log_p, {k: v for k, v in values.items() if k != key}) for log_p, values in self.histories]

    def shares(self, key: Key) -> dict[object, tuple[float, Value]]:
        """How likely each value of a key is, by signature."""
        top = max(log_p for log_p, _ in self.histories)
        total = sum(math.exp(log_p - top) for log_p, _ in self.histories)
        shares: dict[object, tuple[float, Value]] = {}
        for log_p, values in self.histories:
            value = values.get(key, default(key))
            so_far, first = shares.get(value.signature, (0.0, value))
            shares[value.signature] = so_far + math.exp(log_p - top) / total, first
        return shares

    def cart(self, session: str) -> list[tuple[float, Cart]]:
        return [(p, v) for p, v in self._marginal(("cart", session)) if isinstance(v, Cart)]

    def who(self, body: str) -> list[tuple[float, str]]:
        return [(p, v.session) for p, v in self._marginal(("who", body)) if isinstance(v, Who)]

    def _marginal(self, key: Key) -> list[tuple[float, Value]]:
        return sorted(self.shares(key).values(), key=lambda share: -share[0])

    @property
    def keys(self) -> frozenset[Key]:
        return frozenset(key for _, values in self.histories for key in values)


def remembered(value: Value) -> tuple[object, ...]:
    """What the things there weighed when they last moved, to a hundredth of a gram."""
    units = value.units if isinstance(value, Cart) else value.left_here if isinstance(value, LaneContents) else ()
    return tuple(sorted((unit.gtin, round(unit.weight_g, 2), round(unit.sigma_g, 2)) for unit in units))


def told_flat(story: Story) -> Flat:
    """Every history of the same steps, in the order in which they happened."""
    flat = Flat()
    for done in story.state.timeline.steps:
        done.step(flat)  # type: ignore[arg-type]
    return flat


def shares_of(belief: Belief, key: Key) -> dict[object, float]:
    shares: defaultdict[object, float] = defaultdict(float)
    for p, value in belief.marginal(key):
        shares[value.signature] += p
    return shares


def agrees(belief: Belief, flat: Flat) -> None:
    for key in sorted(flat.keys | belief.known.keys() | belief.factors.keys()):
        exact, found = flat.shares(key), shares_of(belief, key)
        for signature in exact.keys() | found.keys():
            share = exact[signature][0] if signature in exact else 0.0
            assert found.get(signature, 0.0) == pytest.approx(share, abs=TOLERANCE), (key, signature)


# Stories.

lanes = st.integers(1, 4)
GRAMS = {1: 350.0, 2: 351.0, 3: 62.0, 4: 538.0}


@st.composite
def moves(draw: st.DrawFn) -> list[tuple[int, float]]:
    """What one deed moves: something taken, put back or astray, across two lanes, rolled over, or anything."""
    lane, off_g = draw(lanes), draw(st.floats(-1, 1))
    grams = GRAMS[draw(lanes)] + off_g
    match draw(st.sampled_from(["takes", "takes", "takes", "puts", "puts", "across", "rolls", "anything"])):
        case "takes":
            return [(lane, -GRAMS[lane] - off_g)]
        case "puts":
            return [(lane, grams)]
        case "across":
            share = draw(st.floats(0.2, 0.8))
            return [(min(lane, 3), -share * grams), (min(lane, 3) + 1, -(1 - share) * grams)]
        case "rolls":
            return [(min(lane, 3), -GRAMS[min(lane, 3)]), (min(lane, 3) + 1, GRAMS[min(lane, 3)])]
        case _:
            return [(lane, draw(st.floats(-800, 800)))]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """One shopper or two, near each other or so close that nobody knows who is who; what is heard late, is."""
    story = Story()
    story.enter("a", credential="alice")
    story.walk({"a": (-0.9, -2.0)}, {"a": in_front_of(2)})
    spots = {"a": in_front_of(2)}
    if draw(st.booleans()):
        story.enter("b", credential="bob")
        story.walk({**spots, "b": (-0.9, -2.0)}, {"a": in_front_of(2), "b": in_front_of(3)})
        spots["b"] = in_front_of(3)
    late: list[WeightChange] = []
    for _ in range(draw(st.integers(1, 4))):
        if len(spots) == 2 and draw(st.booleans()):
            gap_m = draw(st.floats(0.1, 0.6))
            x, y = spots["a"]
            met = {"a": (x, y), "b": (x + gap_m, y)}
            story.walk(spots, met)
            spots = {"a": met["b"], "b": met["a"]} if draw(st.booleans()) else met
            story.stand(spots, 0.2)
        ends = {track: in_front_of(draw(lanes)) for track in spots}
        story.walk(spots, ends)
        spots = ends
        story.stand(spots, 1.5)
        is_late, sigma_g = draw(st.integers(0, 3)) == 0, draw(st.floats(0.2, 3))
        for lane, delta_g in draw(moves()):
            change = WeightChange(
                lane=f"1-1-{lane}", delta_g=delta_g, sigma_g=sigma_g, t0_s=story.now_s - 0.6, t1_s=story.now_s
            )
            if is_late:
                late.append(change)
            else:
                story.says("shelf", change)
        story.wait(draw(st.sampled_from([0.1, 3.0])))
    story.wait(5.0)
    for change in late:
        story.says("shelf", change)
        story.wait(5.0)
    return story


@settings(max_examples=40, deadline=None, derandomize=True)
@given(stories())
def test_a_story_comes_to_what_all_its_histories_add_up_to(story: Story) -> None:
    try:
        flat = told_flat(story)
    except TooMany:
        assume(False)
    assume(not flat.blurred)
    agrees(story.state.belief, flat)


# One change, or two side by side, worked out by hand.

NUTS = "4008258012345"
NUTS_G, NUTS_SIGMA_G = 20.0, 3.0
"""So light, and so unlike each other, that it is not always plain how many were taken."""


def nuts_store(lanes: int) -> Store:
    store = small_store()
    nuts = Product(gtin=NUTS, name="Nuts", weight_g=NUTS_G, weight_sigma_g=NUTS_SIGMA_G, price_cents=50)
    full = tuple(structs.replace(lane, products=(NUTS,)) for lane in store.lanes[:lanes])
    return structs.replace(store, products=(nuts,), lanes=full)


Outcome = tuple[int, int]
"""Nuts in the shopper's cart, and things unknown."""


def density(off_g: float, sigma_g: float) -> float:
    return math.exp(-0.5 * (off_g / sigma_g) ** 2) / (sigma_g * math.sqrt(2 * math.pi))


def deed(changes: list[WeightChange], ratio: float, lanes: int) -> Iterator[tuple[float, Outcome]]:
    """One deed on all of these lanes: several nuts, something unknown, by the shopper or somebody unseen; or none."""
    lost_g = -sum(c.delta_g for c in changes)
    sigma_g = math.sqrt(SCALE_SIGMA_G**2 + sum(c.sigma_g**2 for c in changes))
    prior = 1 + (NEXT_DOOR if lanes == 2 else 0) + ASTRAY
    across = len(changes) - 1
    for count in range(1, MANY_AT_ONCE + 1):
        weighs = density(lost_g - count * NUTS_G, math.sqrt(sigma_g**2 + count * NUTS_SIGMA_G**2))
        p = prior * weighs * several(count) / (count * NUTS_G) ** across
        if count > 1:
            in_two = IN_TWO_GRIPS * (1 - FIRST_SHOWN)  # of which there might be a picture more
            p_theirs, p = p, p * (1 - IN_TWO_GRIPS + in_two)
        else:
            p_theirs = p
        several_across = math.exp(LOG_SEVERAL_ACROSS) if across and count > 1 else 1.0
        yield p * several_across * ratio, (count, 0)
        yield p_theirs * several_across * UNSEEN, (0, 0)
    p = math.exp(LOG_UNKNOWN) / max(lost_g, 1.0) ** across
    yield p * ratio, (0, 1)
    yield p * UNSEEN, (0, 0)
    yield math.exp(LOG_NOTHING) * density(lost_g, math.hypot(sigma_g, ARTEFACT_G)), (0, 0)


def by_hand(changes: list[WeightChange], ratios: list[float]) -> dict[Outcome, float]:
    """All ways the changes may have come about: each a deed of its own, or both one, as wide as both lanes."""
    weights: defaultdict[Outcome, float] = defaultdict(float)
    if len(changes) == 1:
        for p, outcome in deed(changes, ratios[0], 1):
            weights[outcome] += p
    else:
        one, other = changes
        for p, (nuts, unknown) in deed([one], ratios[0], 2):
            for q, (more, more_unknown) in deed([other], ratios[1], 2):
                weights[nuts + more, unknown + more_unknown] += math.exp(LOG_SECOND_DEED) * p * q
        heavier = ratios[0] if one.delta_g <= other.delta_g else ratios[1]
        for p, outcome in deed(changes, heavier, 2):
            weights[outcome] += p
    return {outcome: p / sum(weights.values()) for outcome, p in weights.items()}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(lost=st.lists(st.tuples(st.floats(5, 110), st.floats(0.2, 3)), min_size=1, max_size=2))
def test_one_cluster_comes_to_what_the_model_says_by_hand(lost: list[tuple[float, float]]) -> None:
    story = Story(nuts_store(len(lost)))
    session = story.enter("a")
    story.walk({"a": (-0.9, -2.0)}, {"a": in_front_of(1)})
    story.stand({"a": in_front_of(1)}, 1.5)
    for lane, (grams, sigma_g) in enumerate(lost, start=1):
        story.change(lane, -grams, sigma_g)
    (cluster,) = story.state.pending.clusters
    story.wait(5.0)
    exact = by_hand(cluster.changes, ratios_of(story, cluster))
    found = {outcome_of(cart): p for p, cart in story.state.belief.cart(session)}
    for outcome in exact.keys() | found.keys():
        assert found.get(outcome, 0.0) == pytest.approx(exact.get(outcome, 0.0), abs=TOLERANCE), outcome


def ratios_of(story: Story, cluster: Cluster) -> list[float]:
    """How likely the only shopper had a hand at each lane, against being around by chance."""
    ratios = []
    for change in cluster.changes:
        moments = Moments(change, [], *cluster.learnt[1:])
        reached = reach(story.state.people, story.state.store.lane[change.lane], moments)
        ratios += at_once(reached, moments).values()
    return ratios


def several(count: int) -> float:
    return 1.0 if count == 1 else float(ANOTHER * MORE ** (count - 2))


def outcome_of(cart: Cart) -> Outcome:
    counts = Counter(unit.gtin for unit in cart.units)
    return counts[NUTS], counts[UNKNOWN]
