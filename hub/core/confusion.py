"""Who may have been taken for whom, on its way into the belief."""

import math
from collections.abc import Mapping
from functools import partial

from hub.core.belief import Belief, Values
from hub.core.goods import Key, Value
from hub.core.people import People, Shuffle
from hub.core.timeline import Timeline


def confuse_until(people: People, timeline: Timeline, until_s: float) -> None:
    """Let the belief take in the confusions up to this time."""
    while people.shuffles and people.shuffles[0].t_s <= until_s:
        shuffle = people.shuffles.pop(0)
        timeline.add(shuffle.t_s, partial(_confuse, shuffle))


def _confuse(shuffle: Shuffle, belief: Belief) -> None:
    keys = [("who", body) for body in shuffle.bodies]
    belief.update(keys, partial(_outcomes, shuffle, keys))


def _outcomes(shuffle: Shuffle, keys: list[Key], values: Mapping[Key, Value]) -> list[tuple[float, Values]]:
    return [
        (math.log(p), {keys[i]: values[keys[j]] for i, j in enumerate(order) if i != j})
        for p, order in shuffle.outcomes
        if p > 0
    ]
