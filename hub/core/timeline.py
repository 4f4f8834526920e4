"""What happened, in the order in which it happened: what is heard late is put into its true place.

Every step is something that changes the belief. One that belongs before others on which it bears takes those back, is
done, and has them done again on top of it.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec import Struct

from hub.core.belief import Before, Belief
from hub.core.goods import Key

HORIZON_S = 180.0
"""Steps are remembered this long: what is heard later than that counts as if it had happened so long ago."""
AT_MOST = 20_000
"""And so many of them."""

Step = Callable[[Belief], None]


class Done(Struct, frozen=True, eq=False):
    """A step that was taken, and what stood before it at the keys that it looked at or changed."""

    t_s: float
    step: Step
    before: Before
    changed: frozenset[Key]
    """Those of them that it changed."""

    def bears_on(self, other: "Done") -> bool:
        """Whether it matters which of the two was taken first."""
        return not (self.changed.isdisjoint(other.before) and other.changed.isdisjoint(self.before))


@dataclass(slots=True)
class Timeline:
    """A belief, and the steps that made it what it is."""

    belief: Belief = field(default_factory=Belief)
    steps: list[Done] = field(default_factory=list)
    revised: int = 0
    """How often something was heard so late that others had to be taken back for it."""

    def add(self, t_s: float, step: Step) -> None:
        """Take a step that belongs to this time; of the same time, the first to come goes first."""
        done = self._taken(t_s, step)
        if not self.steps or self.steps[-1].t_s <= t_s:
            self.steps.append(done)
        else:
            self._put_into_place(done)
        self._forget()

    def conclude(self, t_s: float, step: Step) -> None:
        """Take a step that rests on all that is known by now: it comes last, though a clock that is ahead said more."""
        self.add(max(t_s, self.steps[-1].t_s) if self.steps else t_s, step)

    def _put_into_place(self, done: Done) -> None:
        """What concerns the same things and came later is taken again on top of it; all else it leaves alone."""
        first = bisect_right(self.steps, done.t_s, key=lambda other: other.t_s)
        if not any(done.bears_on(later) for later in self.steps[first:]):
            self.steps.insert(first, done)
            return
        self.revised += 1
        self.belief.restore(done.before)
        later = self._take_back(first)
        self._take_again([done, *later])

    def revise(self, step: Step) -> None:
        """Take a step again, and all after it: it knows more now."""
        self.revised += 1
        first = next((i for i, done in enumerate(self.steps) if done.step is step), len(self.steps))
        self._take_again(self._take_back(first))

    def _taken(self, t_s: float, step: Step) -> Done:
        before: Before = {}
        self.belief.before = before
        step(self.belief)
        known, factors = self.belief.known, self.belief.factors
        changed = [
            key
            for key, (value, factor) in before.items()
            if known.get(key) is not value or factors.get(key) is not factor
        ]
        return Done(t_s, step, before, frozenset(changed))

    def _take_again(self, steps: list[Done]) -> None:
        self.steps += [self._taken(done.t_s, done.step) for done in steps]

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
