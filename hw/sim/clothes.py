"""What people wear, and what a ceiling camera makes of it: one mean colour each, in CIELAB.

Nobody has published colours of shoppers as ceilings see them: every figure here is an estimate.
"""

import math
from collections.abc import Sequence

import numpy as np

from hw.sim.plate import Floats
from hw.sim.walking import Body, Lab
from wire.messages import Colour

Garments = Sequence[tuple[float, Lab, Lab]]
"""How often, which colour, and how far garments of that colour differ, along each axis."""

TOPS: Garments = (
    (0.32, (20, 0, -2), (7, 2, 2)),  # black
    (0.18, (48, 0, -1), (13, 2, 3)),  # grey
    (0.17, (32, 4, -22), (11, 4, 9)),  # blue
    (0.13, (80, 0, 3), (8, 2, 4)),  # white
    (0.08, (48, 8, 18), (14, 4, 6)),  # brown and beige
    (0.06, (38, 42, 22), (8, 9, 8)),  # red
    (0.04, (42, -16, 14), (11, 7, 8)),  # green
    (0.02, (70, 16, 50), (8, 10, 12)),  # yellow and orange
)
BOTTOMS: Garments = (
    (0.45, (20, 0, -2), (7, 2, 2)),  # black
    (0.32, (34, 0, -18), (11, 3, 7)),  # denim
    (0.12, (45, 0, -1), (12, 2, 3)),  # grey
    (0.08, (55, 6, 17), (12, 3, 5)),  # beige
    (0.03, (80, 0, 3), (8, 2, 4)),  # white
)
TOP_SHARE = 0.65
"""From above one sees more of what is worn on top."""

FRAME_NOISE = np.array([3.0, 1.5, 1.5])
"""Standard deviation from frame to frame: the pose, and which pixels are taken for clothes."""
SHADE, SHADE_S = np.array([6.0, 1.5, 2.5]), 3.0
"""And of what stays wrong for a while, and for about how long: shadows, lamps, which side is turned to the camera."""
WHITE = np.array([2.0, 2.0, 2.0])
"""By how much a camera's white is off."""
MIXED, MIXED_M = 0.3, 0.6
"""Of people who touch, so much of each other's clothes is taken for their own; nothing any more at this distance."""
LOWEST, HIGHEST = np.array([0, -128, -128]), np.array([100, 127, 127])


def dress(rng: np.random.Generator) -> Lab:
    """The colour of what somebody wears, all in all."""
    top, bottom = (_garment(garments, rng) for garments in (TOPS, BOTTOMS))
    lightness, a, b = (TOP_SHARE * top + (1 - TOP_SHARE) * bottom).tolist()
    return lightness, a, b


def _garment(garments: Garments, rng: np.random.Generator) -> Floats:
    _, colour, spread = garments[rng.choice(len(garments), p=[share for share, _, _ in garments])]
    return rng.normal(colour, spread)


class Looks:
    """What one camera makes of clothes."""

    def __init__(self, period_s: float, rng: np.random.Generator) -> None:
        self._rng = rng
        self._keep = math.exp(-period_s / SHADE_S)
        self._white: Floats = rng.normal(0.0, WHITE)
        self._shades: dict[Body, Floats] = {}

    def frame(self, bodies: Sequence[Body]) -> list[Colour]:
        """The colours of these people, one frame after the last."""
        n = len(bodies)
        fresh, noise = self._rng.normal(0.0, SHADE, (n, 3)), self._rng.normal(0.0, FRAME_NOISE, (n, 3))
        moved = math.sqrt(1 - self._keep**2)
        before = self._shades
        self._shades = {
            body: self._keep * before[body] + moved * new if body in before else new
            for body, new in zip(bodies, fresh, strict=True)
        }
        colours = []
        for body, off in zip(bodies, noise, strict=True):
            seen = _mixed(body, bodies) + self._shades[body] + self._white + off
            lightness, a, b = np.clip(np.rint(seen), LOWEST, HIGHEST).astype(int).tolist()
            colours.append(Colour(lightness=lightness, green_red=a, blue_yellow=b))
        return colours


def _mixed(body: Body, bodies: Sequence[Body]) -> Floats:
    """What somebody wears, and some of what the nearest one wears who is close."""
    others = ((body.distance_m(other.x_m, other.y_m), i) for i, other in enumerate(bodies) if other is not body)
    distance_m, nearest = min(others, default=(math.inf, 0))
    share = MIXED * max(0.0, 1 - distance_m / MIXED_M)
    return (1 - share) * np.array(body.wears) + share * np.array(bodies[nearest].wears)
