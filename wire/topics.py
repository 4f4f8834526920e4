"""Every topic, in one place.

A node writes only below its own name and reads only its own commands and acknowledgements, so that a broker's
access rules need one line per node. `{store}` and `{node}` are names without `/`, `+` or `#`.
"""

ROOT = "aisle"


def events(store: str, node: str) -> str:
    """Events of one node: journaled by the hub, kept in the node's outbox until acknowledged. QoS 1."""
    return f"{ROOT}/{store}/{node}/events"


def stream(store: str, node: str) -> str:
    """Tracks and heartbeats of one node: the newest counts, a lost one is not missed. QoS 0."""
    return f"{ROOT}/{store}/{node}/stream"


def commands(store: str, node: str) -> str:
    """Commands to one node; each carries an id and an expiry. QoS 1."""
    return f"{ROOT}/{store}/{node}/commands"


def acks(store: str, node: str) -> str:
    """What the hub has in its journal of this node's events. QoS 0: the next one says it again."""
    return f"{ROOT}/{store}/{node}/acks"


def presence(store: str) -> str:
    """The hub's heartbeat: a gate that misses it lets everybody out. QoS 0."""
    return f"{ROOT}/{store}/hub/stream"


def node_of(topic: str) -> str:
    """The node a topic belongs to."""
    return topic.split("/")[2]


def matches(pattern: str, topic: str) -> bool:
    """MQTT's filter rule: `+` is one level, a last `#` is all that follows."""
    want, have = pattern.split("/"), topic.split("/")
    for i, level in enumerate(want):
        if level == "#":
            return True
        if i >= len(have) or level not in ("+", have[i]):
            return False
    return len(want) == len(have)
