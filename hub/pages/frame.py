"""What changes on the page, as compact data in sections; a browser is sent the sections that are new to it."""

from collections.abc import Iterable, Mapping
from itertools import islice

import msgspec
from msgspec import Raw, Struct

from hub.core.decide import sentence
from hub.core.events import Ask, Line, Receipt
from hub.core.grants import GRANT_S
from hub.core.view import LaneView, Person, snapshot
from hub.journal import Settlement
from hub.nodes import Node
from hub.pages.trouble import troubles
from hub.service import Hub
from hub.store import Gate, Store

SLIPS_SHOWN = 16
NOTES_SHOWN = 12
TRAIL_STEP = 3
"""Every third point of a trail is drawn: at 10 frames a second, one each 30 cm of walking."""
NAMELESS = "something unknown"


class Dot(Struct, frozen=True, array_like=True):
    """Somebody on the floor, in centimetres; the trail is x, y, x, y… with the oldest first."""

    body: str
    x_cm: int
    y_cm: int
    session: str | None
    sure: float
    lost: bool
    trail_cm: tuple[int, ...]


class LaneNow(Struct, frozen=True, array_like=True):
    """A lane as it is: grams, or what hinders knowing them."""

    weight_g: float | None
    trouble: str | None
    stock: int | None
    low: bool
    strayed: tuple[str, ...]


Units = tuple[tuple[int, str], ...]
"""What a person reads: counts and names."""


class Choice(Struct, frozen=True):
    """A cart that a person may choose as an answer: what it holds beyond what all choices hold, and which of the
    question's observations it takes for this shopper's doing, by index."""

    probability: float
    beyond: Units
    because: tuple[int, ...]
    total_cents: int


class Question(Struct, frozen=True):
    """Whose cart, when they left at `left_s`, was too unsure to be charged; and what the store saw, in sentences.

    The likeliest cart's products, by GTIN, are where somebody begins for whom it is none of the choices.
    """

    session: str
    left_s: float
    common: Units
    seen: tuple[str, ...]
    choices: tuple[Choice, ...]
    likeliest: tuple[tuple[str, int], ...]
    waits: tuple[str, ...]
    """Whose receipts wait for the answer, too."""


class Slip(Struct, frozen=True):
    """A receipt as it was handed out: `after_s` is from the exit to the money."""

    session: str
    at_s: float
    after_s: float
    lines: tuple[Line, ...]
    total_cents: int
    probability: float
    charged_cents: int
    refused: str | None


class NodeNow(Struct, frozen=True):
    """A node as the hub hears it. `heard_s` stands there once it is silent, `plugged` where a plug can be pulled."""

    name: str
    alive: bool
    heard_s: float | None
    since_s: float
    offset_s: float
    counters: dict[str, int]
    troubles: tuple[str, ...]
    faults: dict[str, str]
    plugged: bool | None


class GateNow(Struct, frozen=True):
    name: str
    direction: str
    state: str
    well: bool


def sections(hub: Hub, now_s: float, plugs: Mapping[str, bool]) -> dict[str, Raw]:
    """Everything that the page shows, encoded by section. Credentials are in none of them."""
    now = snapshot(hub.state)
    parts: dict[str, object] = {
        "people": [_dot(person) for person in now.people],
        "changes": [
            (change.lane, round(change.delta_g, 1), change.t1_s)
            for cluster in hub.state.pending.clusters
            for change in cluster.changes
        ],
        "tasks": now.tasks,
        "lanes": _lanes(now.lanes, hub.nodes.by_name),
        "carts": [cart for cart in now.carts if not cart.waiting],
        "questions": [_question(hub, ask) for ask in hub.questions.values()],
        "slips": [_slip(s, s.receipt) for s in islice(reversed(hub.settlements.values()), SLIPS_SHOWN) if s.receipt],
        "nodes": _nodes(hub.store, hub.nodes.by_name, plugs),
        "gates": [_gate(hub, gate, now_s) for gate in hub.store.gates],
        "notes": [(note.at_s, note.text) for note in islice(reversed(hub.notes), NOTES_SHOWN)],
    }
    return {name: Raw(msgspec.json.encode(part)) for name, part in parts.items()}


def _dot(person: Person) -> Dot:
    trail = tuple(round(100 * v) for point in person.trail[::-TRAIL_STEP][::-1] for v in point)
    x_cm, y_cm = round(100 * person.x_m), round(100 * person.y_m)
    return Dot(person.body, x_cm, y_cm, person.session, round(person.sure, 2), person.lost, trail)


def _lanes(views: Iterable[LaneView], nodes: Mapping[str, Node]) -> list[LaneNow]:
    heard: dict[str, tuple[str, Node]] = {}
    for name, node in nodes.items():
        for lane in node.readings:
            if lane not in heard or heard[lane][1].heard_s < node.heard_s:
                heard[lane] = name, node
    lanes = []
    for view in views:
        weight_g, trouble = _weight(view.lane, heard.get(view.lane))
        strayed = tuple(name or NAMELESS for name in view.strayed)
        lanes.append(LaneNow(weight_g, trouble, view.stock, view.low, strayed))
    return lanes


def _weight(lane: str, heard: tuple[str, Node] | None) -> tuple[float | None, str | None]:
    """Grams on a lane, or why they are not known."""
    if heard is None:
        return None, "no node"
    name, node = heard
    if not node.alive:
        return None, f"{name} is silent"
    reading = node.readings[lane]
    if reading.fault is not None or reading.value is None:
        return None, reading.fault or "not known"
    return round(reading.value, 1), None


def _question(hub: Hub, ask: Ask) -> Question:
    session = hub.state.visits.sessions[ask.receipt.session]
    carts = session.waiting or ()
    seen = sorted({deed for cart in carts for deed in cart.deeds}, key=lambda d: (d.at_s, d.lanes))
    told = {deed: sentence(deed, hub.store) for deed in seen}
    sentences = list(dict.fromkeys(told.values()))
    common = set(ask.candidates[0]).intersection(*ask.candidates)
    choices = tuple(
        Choice(
            probability,
            _units(hub.store, (u for u in candidate if u not in common)),
            tuple(sorted({sentences.index(told[deed]) for deed in cart.deeds})),
            _total_cents(hub.store, candidate),
        )
        for probability, candidate, cart in zip(ask.probabilities, ask.candidates, carts, strict=True)
    )
    sold = tuple((gtin, count) for gtin, count in ask.candidates[0] if gtin in hub.store.product)
    waits = tuple(other.id for other in hub.state.visits.finished if session in hub.state.visits.ahead(other))
    return Question(
        session.id, ask.receipt.left_s, _units(hub.store, sorted(common)), tuple(sentences), choices, sold, waits
    )


def _units(store: Store, cart: Iterable[tuple[str, int]]) -> Units:
    return tuple((count, store.product[gtin].name if gtin in store.product else NAMELESS) for gtin, count in cart)


def _total_cents(store: Store, cart: Iterable[tuple[str, int]]) -> int:
    return sum(count * store.product[gtin].price_cents for gtin, count in cart if gtin in store.product)


def _slip(settlement: Settlement, receipt: Receipt) -> Slip:
    return Slip(
        receipt.session,
        receipt.at_s,
        max(0.0, settlement.at_s - receipt.left_s),
        receipt.lines,
        receipt.total_cents,
        receipt.probability,
        settlement.charged_cents,
        settlement.refused,
    )


def _nodes(store: Store, nodes: Mapping[str, Node], plugs: Mapping[str, bool]) -> list[NodeNow]:
    return [_node(store, name, node, plugs.get(name)) for name, node in sorted(nodes.items())]


def _node(store: Store, name: str, node: Node, plugged: bool | None) -> NodeNow:
    counters = _totals(store, node.counters)
    return NodeNow(
        name,
        node.alive,
        None if node.alive else node.heard_s,
        round(node.heard_s - node.uptime_s),
        round(node.offset_s, 2),
        counters,
        troubles(counters, node.uptime_s),
        {reading: r.fault for reading, r in node.readings.items() if r.fault is not None},
        plugged,
    )


def _totals(store: Store, counters: Mapping[str, int]) -> dict[str, int]:
    """A node's counters, those of its lanes added up: a dozen lanes would drown all else."""
    totals: dict[str, int] = {}
    for counter, n in counters.items():
        lane, _, kind = counter.partition("_")
        name = kind if lane in store.lane else counter
        if n:
            totals[name] = totals.get(name, 0) + n
    return totals


def _gate(hub: Hub, gate: Gate, now_s: float) -> GateNow:
    node = hub.nodes.by_name.get(gate.node)
    if node is None or not node.alive:
        return GateNow(gate.name, gate.direction, f"{gate.node} is silent: not known" if node else "no node", False)
    on = {name for name, reading in node.readings.items() if reading.value}
    if "fire" in on:
        return GateNow(gate.name, gate.direction, "fire: open to all", False)
    if "alarm" in on:
        return GateNow(gate.name, gate.direction, "alarm", False)
    released = hub.state.visits.grants.released.items()
    going = [session for (session, name), at_s in released if name == gate.name and now_s < at_s + GRANT_S]
    if going:
        return GateNow(gate.name, gate.direction, f"open for {going[-1] or 'a guest'}", True)
    return GateNow(gate.name, gate.direction, "in passage" if f"pass_{gate.direction}" in on else "closed", True)
