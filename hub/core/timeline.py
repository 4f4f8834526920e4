"""What happened, in the order in which it happened: what is heard late is put into its true place.

Every step is something that changes the belief. One that belongs before others takes those back, is done, and has them
done again on top of it.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

from hub.core.belief import Before, Belief

HORIZON_S = 180.0
"""Steps are remembered this long: what is heard later than that counts as if it had happened so long ago."""
AT_MOST = 20_000
"""And so many of them."""

Step = Callable[[Belief], None]


@dataclass(frozen=True, slots=True)
class Done:
    """A step that was taken, and what stood before it at the keys it changed."""

    t_s: float
    step: Step
    before: Before


@dataclass(slots=True)
class Timeline:
    """A belief, and the steps that made it what it is."""

    belief: Belief = field(default_factory=Belief)
    steps: list[Done] = field(default_factory=list)
    revised: int = 0
    """How often something was heard so late that others had to be taken back for it."""

    def add(self, t_s: float, step: Step) -> None:
        """Take a step that belongs to this time; of the same time, the first to come goes first."""
        if not self.steps or self.steps[-1].t_s <= t_s:
            self._take(t_s, step)
        else:
            self.revised += 1
            later = self._take_back(bisect_right(self.steps, t_s, key=lambda done: done.t_s))
            self._take(t_s, step)
            for done in later:
                self._take(done.t_s, done.step)
        self._forget()

    def revise(self, step: Step) -> None:
        """Take a step again, and all after it: it knows more now."""
        self.revised += 1
        first = next((i for i, done in enumerate(self.steps) if done.step is step), len(self.steps))
        for done in self._take_back(first):
            self._take(done.t_s, done.step)

    def _take(self, t_s: float, step: Step) -> None:
        self.belief.before = {}
        step(self.belief)
        self.steps.append(Done(t_s, step, self.belief.before))

    def _take_back(self, first: int) -> list[Done]:
        later = self.steps[first:]
        del self.steps[first:]
        for done in reversed(later):
            self.belief.restore(done.before)
        return later

    def _forget(self) -> None:
        """Now and then, all that is too old at once."""
        if len(self.steps) > AT_MOST or self.steps[0].t_s < self.steps[-1].t_s - 2 * HORIZON_S:
            horizon_s = self.steps[-1].t_s - HORIZON_S
            keep = max(bisect_right(self.steps, horizon_s, key=lambda done: done.t_s), len(self.steps) - AT_MOST // 2)
            del self.steps[: min(keep, len(self.steps) - 1)]
