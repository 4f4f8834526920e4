"""What people wear, as one coarse colour each: only where the store says so, and forgotten when the visit ends.

Light and shade are wrong in the same way for seconds, and each camera has a white of its own. So a look at somebody is
held against what the same camera made of them: how they looked a moment ago, and, the longer ago, the mean. Many looks
in one shade tell little more than one of them.
"""

import math
from dataclasses import dataclass

from hub.core.floor import Body, Lab, Sight, Worn
from wire.messages import Colour, Track

PEOPLE: Lab = (40.0, 3.0, 2.0)
PEOPLE_VARIANCE: Lab = (22.0**2, 12.0**2, 15.0**2)
"""What people wear: mostly dark, mostly grey or blue. An estimate."""
FRAME_VARIANCE, SHADE_VARIANCE = 4.0**2, 8.0**2
"""How far a look at somebody is off from the one before, and from the mean, until that is learnt: estimates."""
SHADE_S = 5.0
"""After so long, light and shade have little to do with what they were: an estimate."""
SHADE_LOOKS = 50.0
"""So many looks, those of SHADE_S at ten a second, are as good as one in another shade."""
MEAN_LOOKS = 600.0
"""Somebody's mean is that of the last so many looks: a minute, at ten a second."""
FOLLOWS_S = 0.3
"""How long it takes until a new shade is believed."""
UNLIKE = 0.05
"""So often somebody looks like anybody: half hidden, under a lamp, with the coat off. An estimate."""
FIRST_WEIGHT, LAST_WEIGHT = 50.0, 2000.0
"""The variances above count as so many looks; of those that are learnt from, so many are remembered."""
ROUNDED = 1 / 12
"""Variance of what is rounded to whole units."""
OUTLIER = 9.0
"""A look that is off by more than so many times the usual variance is taken as one of so many."""


@dataclass(slots=True)
class Clothes:
    """How far the colour of one person is off from look to look, along each axis of CIELAB: learnt from people with
    nobody near."""

    frame: Lab = (FRAME_VARIANCE,) * 3
    """Variance around what was seen a frame before."""
    shade: Lab = (SHADE_VARIANCE,) * 3
    """Variance around the mean."""
    weight: float = FIRST_WEIGHT

    def learn(self, t_s: float, sight: Sight, track: Track) -> None:
        """Take in how far a look is off, once somebody is known well enough."""
        worn = sight.body.worn.get(sight.camera)
        if track.colour is None or sight.colour is None or worn is None or worn.looks < SHADE_LOOKS:
            return
        self.weight = min(self.weight + 1.0, LAST_WEIGHT)
        now = _lab(track.colour)
        self.frame = self._learnt(self.frame, now, _between(worn.mean, sight.colour, _kept(t_s, sight)))
        self.shade = self._learnt(self.shade, now, worn.mean)

    def fit_log(self, t_s: float, body: Body, camera: str, track: Track) -> float:
        """Log ratio of densities: this body looking like the track, against anybody. 0 where either is not known."""
        worn = body.worn.get(camera)
        if track.colour is None or worn is None:
            return 0.0
        expected, kept = worn.mean, 0.0
        if (sight := body.sights.get(camera)) is not None and sight.colour is not None:
            kept = _kept(t_s, sight)
            expected = _between(worn.mean, sight.colour, kept)
        vague = 1.0 + 1.0 / (1.0 + worn.looks / SHADE_LOOKS)
        log_ratio, now = 0.0, _lab(track.colour)
        for i in range(3):
            variance = kept**2 * self.frame[i] + (1 - kept**2) * vague * self.shade[i]
            log_ratio += _normal_log(now[i] - expected[i], variance)
            log_ratio -= _normal_log(now[i] - PEOPLE[i], PEOPLE_VARIANCE[i])
        return math.log((1 - UNLIKE) * math.exp(log_ratio) + UNLIKE)

    def _learnt(self, variances: Lab, now: Lab, expected: Lab) -> Lab:
        """The variances with one more look. They never vanish, since colours come in whole units."""
        off = [min((now[i] - expected[i]) ** 2 + ROUNDED, OUTLIER * variances[i]) for i in range(3)]
        return _between(variances, (off[0], off[1], off[2]), 1.0 / self.weight)


def wear(t_s: float, sight: Sight, track: Track) -> None:
    """Take in what somebody looks like, before their sight moves on to the track."""
    if track.colour is None:
        return
    now, body = _lab(track.colour), sight.body
    worn = body.worn.get(sight.camera, Worn(now, 0.0))
    looks = min(worn.looks + 1.0, MEAN_LOOKS)
    body.worn[sight.camera] = Worn(_between(worn.mean, now, 1.0 / looks), looks)
    follows = -math.expm1(-(t_s - sight.t_s) / FOLLOWS_S)
    sight.colour = now if sight.colour is None else _between(sight.colour, now, follows)


def _lab(colour: Colour) -> Lab:
    return colour.lightness, colour.green_red, colour.blue_yellow


def _kept(t_s: float, sight: Sight) -> float:
    """How much of the shade in which somebody was last seen is still on them."""
    return math.exp(-max(0.0, t_s - sight.t_s) / SHADE_S)


def _between(one: Lab, other: Lab, share: float) -> Lab:
    """So much of the way from one colour to the other."""
    return (
        one[0] + share * (other[0] - one[0]),
        one[1] + share * (other[1] - one[1]),
        one[2] + share * (other[2] - one[2]),
    )


def _normal_log(x: float, variance: float) -> float:
    return -(x * x / variance + math.log(2 * math.pi * variance)) / 2
