"""What people come to do, by share of those who come: the shares are stated here, with where they come from.

Nobody has published how often shoppers do which of these things in stores without cashiers. What is no one's figure is
our estimate, and says so; `ADVERSARIAL` is there so that nothing hangs on these estimates.
"""

from typing import NamedTuple

ERRAND = "errand"
"""Not one of the named behaviours: one to six items, one by one, and out. Most people do nothing else."""
ITEMS_END = 0.42
"""After each item so many have all they want: 2.3 items in the mean (vendors of unattended stores tell of 1.5 to 3 a
visit, of convenience stores 2 to 4)."""
MOST_ITEMS = 6


class Share(NamedTuple):
    """Percent of those who come, and why so many."""

    percent: float
    why: str


_OFTEN = "estimate: some do every hour"
_DAILY = "estimate: a few a day"

EVERYDAY: dict[str, Share] = {
    "take_back": Share(9.0, "estimate: one in ten looks at something closely and lets it be"),
    "group": Share(7.0, "in the street 46 to 69 % walk in company (eth, zara01); into a small shop fewer: estimate"),
    "take_n": Share(6.0, "estimate: two of a kind, or both hands full"),
    "touch_only": Share(3.0, _OFTEN),
    "close_weights": Share(2.0, "half of the demo store's lanes have such a neighbour: errands meet them too"),
    "child": Share(1.0, _OFTEN),
    "hold_long": Share(1.0, _OFTEN),
    "quick_series": Share(1.0, _OFTEN),
    "misplace": Share(1.0, _OFTEN),
    "bag_rest": Share(1.0, _OFTEN),
    "track_lost": Share(1.0, "estimate: a blind spot, besides the breaks that every ceiling has"),
    "fill": Share(0.5, "estimate: customers take from a lane while it is filled; rounds of restocking come on top"),
    "same_moment": Share(0.5, "estimate: so many more than meet at a shelf by chance"),
    "crossed_hands": Share(0.5, "estimate: so many more than meet at a shelf by chance"),
    "very_close": Share(0.5, "estimate: 23 to 28 % of people have a neighbour within 0.8 m in a crowd anyway"),
    "hand_over": Share(0.5, _DAILY),
    "buy_misplaced": Share(0.3, _DAILY),
    "misplace_same_weight": Share(0.3, _DAILY),
    "lane_shift": Share(0.3, _DAILY),
    "leave_on_floor": Share(0.2, _DAILY),
}
"""Nodes and cells have faults of their own (hw.sim.day), so that behaviours made of faults are not among these."""


def adversarial(everyday: dict[str, Share]) -> dict[str, Share]:
    """Two in five do something hard, each as often as the others: Grab's pilot store had 40 % adversarial actions
    (arXiv 2001.01033)."""
    hard = [*everyday, "chaos"]
    return dict.fromkeys(hard, Share(40.0 / len(hard), "40 % adversarial actions (Grab, arXiv 2001.01033)"))


MIXES: dict[str, dict[str, Share]] = {"everyday": EVERYDAY, "adversarial": adversarial(EVERYDAY)}
"""The rest up to 100 % run errands."""
