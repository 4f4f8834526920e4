"""The step detector on any sequence of handling: changes are told when the level at rest changed, and add up to it."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hw.sim.load_cell import Cell, LoadCell, hand_force
from hw.sim.noise import Floats, Modelled
from shelf_node.steps import StepDetector

TRUE = Cell()


@dataclass(frozen=True)
class Handling:
    """What happens to a lane, and how much it bears more or less afterwards."""

    grams: float
    press_g: float
    press_s: float
    then_rests_s: float


weights = st.sampled_from([0.0, 0.0, 25.0, 62.0, 350.0, 1500.0]).flatmap(lambda g: st.sampled_from([g, -g]))
handlings = st.builds(
    Handling,
    grams=weights,
    press_g=st.sampled_from([300.0, -400.0, 900.0]),
    press_s=st.sampled_from([0.0, 0.6, 2.5, 12.0]),
    then_rests_s=st.floats(2.0, 8.0),
)


@settings(max_examples=60, deadline=None)
@given(
    story=st.lists(handlings, max_size=6),
    rate_sps=st.sampled_from([10.0, 60.0, 80.0]),
    seed=st.integers(0, 10_000),
    wrong_rate=st.sampled_from([0.0, 0.01]),
)
def test_changes_are_the_changes_of_the_level_at_rest(
    story: list[Handling], rate_sps: float, seed: int, wrong_rate: float
) -> None:
    rng = np.random.default_rng(seed)
    now_s, parts = 15.0, []
    for handling in story:
        parts.append((now_s, handling))
        now_s += handling.press_s + handling.then_rests_s

    def force(times_s: Floats) -> Floats:
        total = np.full(times_s.size, 5_000.0)
        for from_s, part in parts:
            moved_s = from_s + 0.9 * part.press_s
            total += np.where(times_s >= moved_s, part.grams, 0.0)
            if part.press_s:
                total += hand_force(times_s, from_s, from_s + part.press_s, part.press_g, seed, 0.05)
        return total

    noise = Modelled(rng, rate_sps, white_g=0.5)
    cell = LoadCell(TRUE, noise, rng, rate_sps=rate_sps, wrong_rate=wrong_rate)
    detector, steps = StepDetector(), []
    times_s, counts = cell.stream(force, 0.0, now_s + 2.0)
    for t_s, grams in zip(times_s.tolist(), ((counts - TRUE.zero_counts) / TRUE.counts_per_gram).tolist(), strict=True):
        steps += [step] if (step := detector.push(t_s, grams)) else []

    true_g = [handling.grams for handling in story if handling.grams]
    assert len(steps) == len(true_g)
    assert all(abs(step.delta_g - grams) <= 6.0 * step.sigma_g for step, grams in zip(steps, true_g, strict=True))
    sigma_g = np.sqrt(sum(step.sigma_g**2 for step in steps))
    assert abs(sum(step.delta_g for step in steps) - sum(true_g)) <= 6.0 * sigma_g
    for step in steps:
        assert step.t0_s <= step.t1_s
    for before, later in pairwise(steps):
        assert before.t1_s <= later.t0_s
