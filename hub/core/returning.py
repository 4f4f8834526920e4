"""Who came back into sight, where somebody else who was out of sight may be the one: judged when the other is seen
again, too, or an id comes back that was only missed."""

import math
from collections.abc import Collection, Iterator

from msgspec import Struct

from hub.core.arrivals import WaysIn, density_unseen
from hub.core.floor import Body, LastSeen, Shuffle, Steps
from hub.core.swaps import SWAP_PER_FRAME
from hub.core.tracking import CERTAIN

WAITS_S = 3.0
"""Nobody is waited for any longer."""
LOST_S = 1.0
"""Whoever is lost comes back after about so long. So it is a coincidence if they do in the very frame in which somebody
else is lost; ids are given a new one at once about as often as they are lost for a while."""


class Return(Struct, eq=False):
    """A new track was taken for one of two who were out of sight, or of whom one has just come in."""

    t_s: float
    body: Body
    """Who it was taken for."""
    other: Body | None
    """None while somebody is awaited who has come in."""
    p: float
    """That it is rather the other than this one, by where it is."""
    body_then: LastSeen | None
    other_then: LastSeen | None
    """None of whoever has just come in."""

    def over(self, camera: str, t_s: float, tracks: Collection[str]) -> bool:
        """Whether all is known by this frame that will be, once it is known who the other may be."""
        if self.other is None:
            return False
        own = any(then is not None and then.track in tracks for then in (self.body_then, self.other_then))
        return own or _seen_now(self.other, camera, t_s) or t_s > self.t_s + WAITS_S

    def exchanged(self, camera: str, t_s: float, tracks: Collection[str], steps: Steps, ways_in: WaysIn) -> float:
        """How likely it is the other, by what this frame shows."""
        log = math.log(self.p / max(1 - self.p, CERTAIN)) + self._besides_log(self.other_then, tracks, steps)
        log -= self._besides_log(self.body_then, tracks, steps)
        missed = self.other_then is not None and self.other_then.track in tracks
        if self.other is not None and not missed and _seen_now(self.other, camera, t_s):
            back = self.other.places[-1]
            if_not, if_other = (
                ways_in.arrives_per_m2(back) if then is None else density_unseen(then, back, t_s, steps)
                for then in (self.other_then, self.body_then)
            )
            log += math.log(max(if_other, CERTAIN) / max(if_not, CERTAIN))
        return 1 / (1 + math.exp(-log))

    def _besides_log(self, then: LastSeen | None, tracks: Collection[str], steps: Steps) -> float:
        """What the id that somebody had says to their having come back under the new one."""
        if then is None:
            return 0.0
        if then.track in tracks:
            return math.log(SWAP_PER_FRAME)
        if then.track and self.t_s - then.t_s < 1.5 * steps.step_s:
            return math.log(LOST_S / steps.step_s)
        return 0.0


class Returns(Struct, eq=False):
    """Those of one camera that are still open."""

    open: list[Return] = []

    def came_in(self, body: Body) -> None:
        """It is this body that somebody who was awaited came in with."""
        for one in self.open:
            one.other = one.other or body

    def renamed(self, was: Body, now: Body) -> None:
        """One body turned out to be another."""
        for one in self.open:
            one.body = now if one.body is was else one.body
            one.other = now if one.other is was else one.other
        self.open = [one for one in self.open if one.body is not one.other]

    def over(
        self, camera: str, t_s: float, tracks: Collection[str], steps: Steps, ways_in: WaysIn
    ) -> Iterator[Shuffle]:
        """Those that can be judged by now, if they left anything open."""
        if not ways_in.awaited:
            self.open = [one for one in self.open if one.other is not None]
        for one in [one for one in self.open if one.t_s < t_s and one.over(camera, t_s, tracks)]:
            self.open.remove(one)
            # A new track that nobody can have come in with is no one who may be taken for somebody.
            somebody = one.body_then is not None or one.body.bound or ways_in.awaited
            if one.other and somebody and (p := one.exchanged(camera, t_s, tracks, steps, ways_in)) > CERTAIN:
                yield Shuffle.of_two(one.t_s, one.body, one.other, p)


def _seen_now(body: Body, camera: str, t_s: float) -> bool:
    sight = body.sights.get(camera)
    return sight is not None and sight.t_s == t_s
