"""What goes wrong with nodes and cells while people shop, as data. Times are seconds of the run."""

from dataclasses import dataclass

import numpy as np

from hw.sim.plate import Floats, Plate

DAY_S = 86_400.0
CREEP_S = 600.0
"""Most of a cell's creep is over after so long (OIML R 60 looks at 30 minutes of it)."""
KNOT_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Offline:
    """A node's connection is down for a while; what it has to tell waits in its outbox."""

    node: str
    from_s: float
    to_s: float


@dataclass(frozen=True, kw_only=True)
class ClockOff:
    """A node's clock was set wrong when it started, and is so many seconds ahead ever since."""

    node: str
    ahead_s: float


@dataclass(frozen=True, kw_only=True)
class WrongReads:
    """Such a share of a lane's samples are wrong, one by one, besides those that real readers have."""

    lane: str
    share: float


@dataclass(frozen=True, kw_only=True)
class DeadCell:
    """A lane's converter is not heard of any more."""

    lane: str
    from_s: float


@dataclass(frozen=True, kw_only=True)
class Drift:
    """A lane creeps by so much under what lies on it, and swings by so much with the day's temperature, from its
    middle at opening to either side. A day of it goes by `faster` times as fast as people move."""

    lane: str
    creep_g: float
    swing_g: float
    phase: float
    faster: float

    def press(self, plate: Plate) -> None:
        """Let the lane's plate show it for a day, from the beginning of the run on."""
        t_s: Floats = np.arange(0.0, DAY_S / self.faster, KNOT_S)
        creep_g = -self.creep_g * np.expm1(-t_s * self.faster / CREEP_S)
        swing_g = self.swing_g * np.sin(2 * np.pi * t_s * self.faster / DAY_S + self.phase)
        plate.add(t_s, creep_g + swing_g)


Fault = Offline | ClockOff | WrongReads | DeadCell | Drift
