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
_FAULT = "estimate: seen now and then in any store"

EVERYDAY: dict[str, Share] = {
    "take_back": Share(9.0, "estimate: one in ten looks at something closely and lets it be"),
    "take_n": Share(6.0, "estimate: two of a kind, or both hands full"),
    "group": Share(6.0, "estimate: couples and families on one tap"),
    "touch_only": Share(3.0, _OFTEN),
    "close_weights": Share(3.0, "half of the demo store's lanes have such a neighbour: errands meet them too"),
    "hold_long": Share(1.0, _OFTEN),
    "quick_series": Share(1.0, _OFTEN),
    "misplace": Share(1.0, _OFTEN),
    "track_lost": Share(1.0, "estimate: a blind spot besides the breaks that every ceiling has"),
    "buy_misplaced": Share(0.3, _DAILY),
    "misplace_same_weight": Share(0.3, _DAILY),
    "same_moment": Share(0.5, "estimate; chance meetings at a shelf come on top of these"),
    "very_close": Share(0.5, "estimate; 23 to 28 % of people have a neighbour within 0.8 m in a crowd anyway"),
}


def adversarial(everyday: dict[str, Share]) -> dict[str, Share]:
    """Two in five do something hard, each as often as the others: Grab's pilot store had 40 % adversarial actions
    (arXiv 2001.01033)."""
    return dict.fromkeys(everyday, Share(40.0 / len(everyday), "40 % adversarial actions (Grab, arXiv 2001.01033)"))


MIXES: dict[str, dict[str, Share]] = {"everyday": EVERYDAY, "adversarial": adversarial(EVERYDAY)}
"""The rest up to 100 % run errands."""
