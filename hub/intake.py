"""What of all that arrives is news: decode, check the sender, drop what came before. No I/O."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec
from msgspec import Struct

from hub.journal import NodeBoot
from wire import topics
from wire.bus import Delivery
from wire.errors import BadMessage
from wire.messages import Envelope, Event, Stream, Tracks, decode

log = logging.getLogger(__name__)


class _Head(Struct, frozen=True):
    """The part of an envelope that says where a message stands, read from one whose body is unreadable."""

    node: str
    boot: str
    seq: int
    acked: int = 0


_decode_head = msgspec.json.Decoder(_Head).decode


@dataclass(slots=True)
class News:
    """What a batch of deliveries brought: events as (node, boot, event).

    `reached` says for every node and boot heard of up to which event seq the journal will be complete once `said` is
    in it; `moved` whether that is further than before.
    """

    said: list[tuple[str, str, Event]] = field(default_factory=list)
    reached: dict[NodeBoot, int] = field(default_factory=dict)
    moved: bool = False


class Intake:
    """Takes the events of one boot of a node strictly in sequence (decision 2 of the design).

    An event is news if its seq follows the last one taken, or the last one that the sender knows to be journaled:
    then a hub with a new journal begins where the backlog does. Lower is a duplicate, higher leaves a gap: the node
    will send again from where the acknowledgement stands.
    """

    def __init__(self, store: str, positions: dict[NodeBoot, int]) -> None:
        self._own = topics.presence(store)
        self._positions = positions
        self._unwell: set[str] = set()
        self.counters = {"events": 0, "duplicates": 0, "gaps": 0, "refused": 0, "tracks": 0}

    def events(self, deliveries: Iterable[Delivery]) -> News:
        """Read what came on topics of events."""
        news = News()
        for topic, payload in deliveries:
            try:
                envelope = self._checked(topic, decode(payload))
                body = envelope.body
                if not isinstance(body, Event):
                    raise BadMessage(f"{type(body).__name__} is not an event")
            except BadMessage as e:
                self._refuse(topic, e)
                # An event that nobody can read must still be acknowledged, or its node would send it for ever.
                self._skip(topic, payload, news)
                continue
            self._well(topic)
            if self._is_next(envelope, news):
                self.counters["events"] += 1
                news.said.append((envelope.node, envelope.boot, body))
        return news

    def streams(self, deliveries: Iterable[Delivery]) -> list[tuple[str, str, Stream]]:
        """Read what came on topics of streams, as (node, boot, stream); the hub's own heartbeat is left out."""
        heard = []
        for topic, payload in deliveries:
            if topic == self._own:
                continue
            try:
                envelope = self._checked(topic, decode(payload))
                body = envelope.body
                if not isinstance(body, Stream):
                    raise BadMessage(f"{type(body).__name__} is not a stream")
            except BadMessage as e:
                self._refuse(topic, e)
                continue
            self._well(topic)
            self.counters["tracks"] += isinstance(body, Tracks)
            heard.append((envelope.node, envelope.boot, body))
        return heard

    def _is_next(self, head: Envelope | _Head, news: News) -> bool:
        key = head.node, head.boot
        last = max(self._positions.get(key, 0), head.acked)
        following = head.seq == last + 1
        if following:
            last = self._positions[key] = head.seq
            news.moved = True
        else:
            self.counters["duplicates" if head.seq <= last else "gaps"] += 1
        news.reached[key] = last
        return following

    def _skip(self, topic: str, payload: bytes, news: News) -> None:
        try:
            head = _decode_head(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return
        if head.node == topics.node_of(topic):
            self._is_next(head, news)

    @staticmethod
    def _checked(topic: str, envelope: Envelope) -> Envelope:
        if envelope.node != topics.node_of(topic):
            raise BadMessage(f"sent by {envelope.node} on the topic of another node")
        return envelope

    def _refuse(self, topic: str, cause: BadMessage) -> None:
        self.counters["refused"] += 1
        if topic not in self._unwell:
            log.warning("%s: message refused: %s (further ones are only counted, until a good one comes)", topic, cause)
            self._unwell.add(topic)

    def _well(self, topic: str) -> None:
        if topic in self._unwell:
            self._unwell.remove(topic)
            log.info("%s: messages can be read again", topic)
