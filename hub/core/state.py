"""All that the core knows."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hub.core.belief import Belief
from hub.core.changes import Cluster, Pending
from hub.core.clothes import Clothes
from hub.core.explain import joint
from hub.core.inventory import Inventory
from hub.core.people import People
from hub.core.planogram import Planogram
from hub.core.timeline import Timeline
from hub.core.unweighed import Watch
from hub.core.visits import Visits
from hub.store import Store

Method = Callable[[Planogram, People, Belief, Cluster], None]
"""How a cluster of changes becomes part of the belief: joint inference, or a baseline beside it."""


@dataclass(slots=True)
class State:
    """Everything but the store grows out of the inputs alone."""

    store: Store
    method: Method = joint
    planogram: Planogram = field(init=False)
    inventory: Inventory = field(init=False)
    people: People = field(default_factory=People)
    visits: Visits = field(default_factory=Visits)
    pending: Pending = field(default_factory=Pending)
    timeline: Timeline = field(default_factory=Timeline)
    watch: Watch = field(default_factory=Watch)

    def __post_init__(self) -> None:
        self.people.ways_in.entries = [(g.x_m, g.y_m) for g in self.store.gates if g.direction == "in"]
        self.people.clothes = Clothes() if self.store.clothing_colour else None
        self.planogram = Planogram(self.store)
        self.inventory = Inventory(self.planogram)

    @property
    def belief(self) -> Belief:
        """What may be true now."""
        return self.timeline.belief

    @property
    def wake_at_s(self) -> float | None:
        """When to send Ticked if nothing else comes first; None when time alone changes nothing."""
        due = (self.pending.next_due_s, self.visits.expiry_s, self.visits.leaving_due_s)
        times = [t for t in due if t is not None]
        return min(times) if times else None
