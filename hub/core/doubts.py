"""What is still open about whom the tracks of one camera follow, and is judged a moment later."""

import math
from collections.abc import Collection, Iterator

from msgspec import Struct, field

from hub.core.arrivals import WaysIn
from hub.core.crossing import Crossings
from hub.core.floor import Body, Shuffle, Steps
from hub.core.returning import Returns


class Doubts(Struct, eq=False):
    """Of one camera."""

    crossings: Crossings = field(default_factory=Crossings)
    """People who came close."""
    returns: Returns = field(default_factory=Returns)
    """Who came back into sight where somebody else may have."""

    def renamed(self, was: Body, now: Body) -> None:
        """One body turned out to be another."""
        self.crossings.renamed(was, now)
        self.returns.renamed(was, now)

    def over(
        self, camera: str, t_s: float, tracks: Collection[str], steps: Steps, ways_in: WaysIn
    ) -> Iterator[Shuffle]:
        """What can be judged by this frame, if it left anything open."""
        yield from self.crossings.over(t_s, steps.swaps)
        yield from self.returns.over(camera, t_s, tracks, steps, ways_in)

    def given_up(self, camera: str, steps: Steps, ways_in: WaysIn) -> Iterator[Shuffle]:
        """What was left open when the camera fell silent."""
        yield from self.over(camera, math.inf, (), steps, ways_in)
