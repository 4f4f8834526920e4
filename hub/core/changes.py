"""Weight changes wait a moment for their neighbours: what one hand moves at once is explained at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hub.core.pictured import Camera
from hub.core.planogram import Prior
from hub.store import Store
from wire.messages import ItemEvidence, WeightChange

SETTLE_S = 1.5
"""A change waits this long (by the hub's clock) for changes next to it and for the camera's opinion."""
SETTLE_AT_MOST_S = 4.0
"""And no longer than this, however many more come to join it."""
OVERLAP_S = 0.4
"""Times of change of neighbouring lanes touched by one hand overlap to within this."""
EVIDENCE_S = 3.0
"""A picture speaks for a change of its lane that begins or ends at most so long after it,"""
AFTER_S = 1.0
"""or has ended no longer than this before it: where something was taken or laid down, a picture of it shows a hand."""
QUIET_S = 3.5
"""If no such change has been heard of so long after the picture, the lane weighs what it weighed: before anybody who
left after it is charged."""


@dataclass(slots=True, eq=False)
class Cluster:
    """Changes on neighbouring lanes of one shelf at one time: perhaps one deed, perhaps several."""

    since_s: float
    due_s: float
    changes: list[WeightChange]
    evidence: list[ItemEvidence] = field(default_factory=list)
    """What cameras said of these lanes at that time; complete once the cluster is due."""
    beside: list[ItemEvidence] = field(default_factory=list)
    """And of lanes beside them that did not change."""
    reach: list[dict[str, list[float]]] = field(default_factory=list)
    """Who may have had a hand at each of the lanes, and when, once that was looked up; see `hub.core.reach`."""
    priors: list[Prior] = field(default_factory=list)
    """What might leave each of the lanes, as far as was known then: what comes of this must not teach it."""
    learnt: tuple[float, Camera, float] | None = None
    """And to which power pictures were to be believed, how often and when they are taken, and how long before something
    is half off a lane a hand is there."""
    t0_s: float = field(init=False)
    t1_s: float = field(init=False)
    taken: bool = field(init=False)
    """Whether nothing came to lie anywhere."""

    def __post_init__(self) -> None:
        self._span()

    def may_join(self, store: Store, change: WeightChange) -> bool:
        """Whether a change that is heard of later belongs to these all the same, and has not lasted much longer."""
        first_s = min([c.t1_s for c in self.changes])
        return change.t1_s <= first_s + SETTLE_AT_MOST_S and any(
            belongs_together(store, change, other) for other in self.changes
        )

    def join(self, store: Store, change: WeightChange, pictures: Iterable[ItemEvidence]) -> None:
        """One more belongs to these, and pictures that speak for it: who was near is looked up anew."""
        self.changes.append(change)
        self.changes.sort(key=lambda c: (store.lane[c.lane].position, c.t1_s))
        self.evidence += [picture for picture in pictures if picture not in self.evidence]
        self.reach.clear()
        self.priors.clear()
        self._span()

    def was_near(self, known: Mapping[str, str]) -> None:
        """Some bodies that were near were others, who are known: each was wherever the other one was."""
        for reached in self.reach:
            for body in [body for body in reached if body in known]:
                theirs = reached.pop(body)
                own = reached.get(known[body], theirs)
                reached[known[body]] = list(map(max, own, theirs))

    def _span(self) -> None:
        self.t0_s = min([c.t0_s for c in self.changes])
        self.t1_s = max([c.t1_s for c in self.changes])
        self.taken = max([c.delta_g for c in self.changes]) < 0


@dataclass(slots=True)
class Pending:
    """What has not been explained yet."""

    clusters: list[Cluster] = field(default_factory=list)
    evidence: list[tuple[float, ItemEvidence]] = field(default_factory=list)
    quiet: list[tuple[float, ItemEvidence]] = field(default_factory=list)
    """Pictures that have spoken for no change yet, and when they came."""
    changed_s: dict[str, float] = field(default_factory=dict)
    """When each lane last changed."""

    def add(self, store: Store, change: WeightChange, at_s: float) -> None:
        """Put a change with those it belongs to, or by itself."""
        self.changed_s[change.lane] = max(change.t1_s, self.changed_s.get(change.lane, 0.0))
        fitting = [c for c in self.clusters if any(belongs_together(store, change, other) for other in c.changes)]
        since_s, changes = at_s, [change]
        for cluster in fitting:
            self.clusters.remove(cluster)
            since_s = min(since_s, cluster.since_s)
            changes += cluster.changes
        changes.sort(key=lambda c: (store.lane[c.lane].position, c.t1_s))
        self.clusters.append(Cluster(since_s, min(at_s + SETTLE_S, since_s + SETTLE_AT_MOST_S), changes))

    def waits_beside(self, store: Store, change: WeightChange) -> bool:
        """Whether a change belongs to some that have not been explained yet."""
        return any(belongs_together(store, change, other) for c in self.clusters for other in c.changes)

    def due(self, store: Store, at_s: float) -> list[Cluster]:
        """Clusters whose time has come, in the order in which they happened."""
        ready = [c for c in self.clusters if c.due_s <= at_s]
        if not ready:
            return []
        ready.sort(key=lambda c: c.t1_s)
        self.clusters = [c for c in self.clusters if c.due_s > at_s]
        for cluster in ready:
            self.quiet = [(t, e) for t, e in self.quiet if not any(speaks_for(e, c) for c in cluster.changes)]
            for _, picture in self.evidence:
                if any(speaks_for(picture, change) for change in cluster.changes):
                    cluster.evidence.append(picture)
                elif self._is_beside(store, picture, cluster):
                    cluster.beside.append(picture)
        return ready

    def _is_beside(self, store: Store, picture: ItemEvidence, cluster: Cluster) -> bool:
        """Whether a picture is of a lane beside the cluster's that did not change when they did."""
        if picture.lane in {change.lane for change in cluster.changes}:
            return False
        if self._is_of_last(picture):
            return False
        lane = store.lane[picture.lane]
        return any(
            store.lane[change.lane].is_beside(lane)
            and change.t0_s - OVERLAP_S <= picture.t_s <= change.t1_s + OVERLAP_S
            for change in cluster.changes
        )

    def saw(self, picture: ItemEvidence, at_s: float, spoken: bool) -> None:
        """Keep a picture for the changes it may speak for; it may have spoken for one that is explained already."""
        self.evidence = [(t, e) for t, e in self.evidence if t > at_s - 10 * EVIDENCE_S]
        self.evidence.append((at_s, picture))
        if not spoken:
            self.quiet.append((at_s, picture))

    def of(self, change: WeightChange) -> list[ItemEvidence]:
        """The pictures so far that speak for a change that is explained at once."""
        self.changed_s[change.lane] = max(change.t1_s, self.changed_s.get(change.lane, 0.0))
        self.quiet = [(t, e) for t, e in self.quiet if not speaks_for(e, change)]
        return [picture for _, picture in self.evidence if speaks_for(picture, change)]

    def of_nothing(self, at_s: float) -> list[ItemEvidence]:
        """Pictures of lanes that changed neither before nor after them."""
        if not self.quiet or self.quiet[0][0] > at_s - QUIET_S:
            return []
        late = [picture for came_s, picture in self.quiet if came_s <= at_s - QUIET_S]
        self.quiet = [(came_s, picture) for came_s, picture in self.quiet if came_s > at_s - QUIET_S]
        return [picture for picture in late if not self._is_of_last(picture)]

    def _is_of_last(self, picture: ItemEvidence) -> bool:
        """Whether a picture is of the last change of its lane."""
        return -EVIDENCE_S <= picture.t_s - self.changed_s.get(picture.lane, 0.0) <= AFTER_S

    @property
    def next_due_s(self) -> float | None:
        due_s = [c.due_s for c in self.clusters] + [came_s + QUIET_S for came_s, _ in self.quiet[:1]]
        return min(due_s) if due_s else None


def speaks_for(picture: ItemEvidence, change: WeightChange) -> bool:
    """Whether a picture is of this change's lane and time."""
    early, late = change.t0_s - EVIDENCE_S, change.t1_s + AFTER_S
    return picture.lane == change.lane and early <= picture.t_s <= late


def belongs_together(store: Store, a: WeightChange, b: WeightChange) -> bool:
    """Neighbours on one shelf that changed at one time."""
    return (
        store.lane[a.lane].is_beside(store.lane[b.lane])
        and a.t0_s - OVERLAP_S <= b.t1_s
        and b.t0_s - OVERLAP_S <= a.t1_s
    )
