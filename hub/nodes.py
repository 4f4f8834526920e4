"""The nodes as the hub hears them: alive or not, how well, and how far their clocks are off."""

import logging
from collections import deque
from collections.abc import Collection, Iterator, Mapping

from msgspec import Struct, field, structs

from hub.core.events import LaneHeard, LaneUnrest, NodeHeard
from hub.store import Store
from wire.messages import Event, Heartbeat, Reading, Tracks, WeightChange

log = logging.getLogger(__name__)

LOST_AFTER_S = 3.0
"""A node that missed three heartbeats is down."""
SLOW_BEATS = 3
"""A node that has something to tell for so many heartbeats is behind: an event takes a tenth of a second."""
UNHEARD_AFTER_S = 10.0
"""A lane of which no node has told by so long after the hub started does not weigh, as far as the hub can know."""
UNREST_S = 1.5
"""Whoever takes something, and no more, is gone from its lane after about so long. Shorter unrests are over, and what
came of them is heard, before anybody who was at the lane can be charged."""
NEVER_AT_REST_S = 300.0
"""A lane that has not been at rest for so long does not weigh: a fan blows on it, or something touches it."""
JITTER_S = 1.0
"""When an unrest began is known to this much: messages may take so long."""
OFFSET_WINDOW = 60
"""Heartbeats from which a clock's offset is estimated: a minute."""
OFFSET_FLOOR_S = 0.05
"""A smaller offset cannot be told from the time a message takes, and is taken for none."""


class Node(Struct, kw_only=True):
    """The last that was heard of one node."""

    boot: str
    alive: bool = True
    heard_s: float = 0.0
    uptime_s: float = 0.0
    counters: dict[str, int] = {}
    readings: dict[str, Reading] = {}
    waiting: int = 0
    """Events that it has to tell yet."""
    slow: int = 0
    """Heartbeats in a row that said so."""
    rebooted: bool = False
    """Whether it was off since the core last heard that it had told everything."""
    delays_s: deque[float] = field(default_factory=lambda: deque(maxlen=OFFSET_WINDOW))
    """Received minus sent, each by its own clock: offset plus travel time."""

    @property
    def offset_s(self) -> float:
        """What to add to this node's times to have the hub's: the fastest message of the last minute tells best."""
        fastest = min(self.delays_s, default=0.0)
        return fastest if abs(fastest) > OFFSET_FLOOR_S else 0.0


class Nodes:
    """All nodes that were heard since the hub started, by name."""

    def __init__(self) -> None:
        self.by_name: dict[str, Node] = {}
        self._lanes: set[str] = set()
        """All that shelf nodes have told of."""
        self._watched_since_s: float | None = None
        self._now_s = 0.0

    def beat(self, node: str, boot: str, heartbeat: Heartbeat, now_s: float) -> None:
        """Take in a heartbeat; a new boot has a new clock."""
        known = self.by_name.get(node)
        if known is None or known.boot != boot:
            known = self.by_name[node] = Node(boot=boot, rebooted=known is not None)
            log.info("node %s: up (boot %s)", node, boot)
        elif not known.alive:
            log.info("node %s: back after %.0f s", node, now_s - known.heard_s)
        known.alive, known.heard_s, known.uptime_s = True, now_s, heartbeat.uptime_s
        known.counters, known.readings, known.waiting = heartbeat.counters, heartbeat.readings, heartbeat.waiting
        self._lanes |= heartbeat.readings.keys()
        known.slow = known.slow + 1 if heartbeat.waiting else 0
        known.delays_s.append(now_s - heartbeat.t_s)

    def watch(self, now_s: float) -> None:
        """Notice who has fallen silent."""
        self._now_s = now_s
        if self._watched_since_s is None:
            self._watched_since_s = now_s
        for name, node in self.by_name.items():
            if node.alive and now_s - node.heard_s > LOST_AFTER_S:
                node.alive = False
                log.warning("node %s: silent for %.0f s: no power, no network?", name, now_s - node.heard_s)

    def news(
        self, store: Store, behind: Collection[str], unwell: Collection[str], restless: Mapping[str, float]
    ) -> list[NodeHeard | LaneHeard | LaneUnrest]:
        """What to tell the core, which takes these nodes to be behind, these lanes to be unwell, and these not to be
        at rest since then; `at_s` is open."""
        news: list[NodeHeard | LaneHeard | LaneUnrest] = []
        for name, node in self.by_name.items():
            if node.alive and node.waiting == 0 and name in behind:
                news.append(NodeHeard(at_s=0.0, node=name, behind=False, blind=node.rebooted))
                node.rebooted = False
            lanes = [lane for lane in node.readings if lane in store.lane]
            if not lanes or node.uptime_s < LOST_AFTER_S:
                continue  # no shelf, or one that has just begun to weigh
            if (not node.alive or node.slow >= SLOW_BEATS) and name not in behind:
                news.append(NodeHeard(at_s=0.0, node=name, behind=True, lanes=tuple(lanes)))
            faults = {lane: _fault(node.readings[lane]) for lane in lanes} if node.alive else {}
            news += [
                LaneHeard(at_s=0.0, lane=lane, fault=fault)
                for lane, fault in faults.items()
                if (fault is not None) != (lane in unwell)
            ]
            for lane, fault in faults.items():
                news += _unrest(node, lane, restless.get(lane)) if fault is None else ()
        return [*news, *self._unheard(store, unwell)]

    def _unheard(self, store: Store, unwell: Collection[str]) -> list[LaneHeard]:
        """Lanes whose node was off when the hub started, and still is."""
        if self._watched_since_s is None or self._now_s < self._watched_since_s + UNHEARD_AFTER_S:
            return []
        missing = [lane.id for lane in store.lanes if lane.id not in self._lanes and lane.id not in unwell]
        return [
            LaneHeard(at_s=0.0, lane=lane, fault="not heard since the hub started: is its node on?") for lane in missing
        ]

    def silent(self, name: str) -> bool:
        """Whether a node that was heard since the hub started has fallen silent."""
        node = self.by_name.get(name)
        return node is not None and not node.alive

    def in_hub_time(self, node: str, boot: str, body: Event | Tracks) -> Event | Tracks:
        """What a node said, with its times by the hub's clock (decision 7 of the design)."""
        known = self.by_name.get(node)
        offset_s = known.offset_s if known is not None and known.boot == boot else 0.0
        if offset_s == 0:
            return body
        if isinstance(body, WeightChange):
            return structs.replace(body, t0_s=body.t0_s + offset_s, t1_s=body.t1_s + offset_s)
        return structs.replace(body, t_s=body.t_s + offset_s)


def _fault(reading: Reading) -> str | None:
    if reading.unrest_s < NEVER_AT_REST_S:
        return reading.fault
    return f"not at rest for {NEVER_AT_REST_S / 60:.0f} min: is something leaning on it, or blowing?"


def _unrest(node: Node, lane: str, since_s: float | None) -> Iterator[LaneUnrest]:
    """That a lane has not been at rest for long; or that the unrest since then is over, once all has been told."""
    unrest_s = node.readings[lane].unrest_s
    began_s = node.heard_s - unrest_s
    if since_s is None and unrest_s >= UNREST_S:
        yield LaneUnrest(at_s=0.0, lane=lane, since_s=began_s)
    elif since_s is not None and began_s > since_s + JITTER_S and node.waiting == 0:
        yield LaneUnrest(at_s=0.0, lane=lane, since_s=None, lost=node.heard_s - node.uptime_s > since_s)
