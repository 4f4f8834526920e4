"""What the core knows at this moment, as plain data for pages and reports."""

from msgspec import Struct

from hub.core.fold import State
from hub.core.people import Body
from hub.core.tasks import Task
from hub.store import Lane

TRAIL_S = 6.0
"""How much of a way is shown behind somebody."""


class Person(Struct, frozen=True):
    """Somebody on the floor: where, whose most probably and how surely, and the way there (oldest first, metres)."""

    body: str
    x_m: float
    y_m: float
    session: str | None
    sure: float
    lost: bool
    trail: tuple[tuple[float, float], ...]


class CartLine(Struct, frozen=True):
    """`count` units of a product, with the probability that it is just so many."""

    gtin: str
    name: str
    count: int
    price_cents: int
    probability: float


class Cart(Struct, frozen=True):
    """The likeliest cart of a session, and the probability of all of it."""

    session: str
    inside: int
    lines: tuple[CartLine, ...]
    total_cents: int
    probability: float
    waiting: bool
    """Whether the shopper has left and a person is being asked, about them or about somebody else first."""
    after: str | None
    """Or whose cart must be known first."""


class LaneView(Struct, frozen=True):
    """What most probably lies on a lane: its own products left (None when never counted or filled), whether they run
    low, and what strayed there: names of products, "" for what the store does not know."""

    lane: str
    stock: int | None
    low: bool
    strayed: tuple[str, ...]


class Snapshot(Struct, frozen=True):
    """Everything at once."""

    people: tuple[Person, ...]
    carts: tuple[Cart, ...]
    lanes: tuple[LaneView, ...]
    tasks: tuple[Task, ...]
    """For members of staff, most urgent first."""


def snapshot(state: State) -> Snapshot:
    """The state as it stands; reads only. Now is when somebody was last seen."""
    tasks = state.inventory.tasks(state.belief, max(state.people.frame_s.values(), default=0.0))
    low = {lane for task in tasks if task.kind == "restock" for lane in task.lanes}
    return Snapshot(
        tuple(_person(state, b, False) for b in state.people.bodies.values())
        + tuple(_person(state, b, True) for b in state.people.lost),
        tuple(_cart(state, session) for session, s in state.visits.sessions.items() if s.entered and not s.restocks),
        tuple(_lane(state, lane, lane.id in low) for lane in state.store.lanes),
        tasks,
    )


def _person(state: State, body: Body, lost: bool) -> Person:
    sure, session = state.belief.who(body.id)[0]
    trail = tuple((p.x_m, p.y_m) for p in body.places if p.t_s > body.t_s - TRAIL_S)
    return Person(body.id, body.x_m, body.y_m, session or None, sure, lost, trail)


def _cart(state: State, session: str) -> Cart:
    carts = state.belief.cart(session)
    probability, best = carts[0]
    lines = []
    for gtin, count in best.signature:
        product = state.store.product.get(gtin)
        sure = sum(p for p, c in carts if (gtin, count) in c.signature)
        name, price_cents = (product.name, product.price_cents) if product else ("something unknown", 0)
        lines.append(CartLine(gtin, name, count, price_cents, sure))
    visit = state.visits.sessions[session]
    total_cents = sum(line.count * line.price_cents for line in lines)
    waiting = state.visits.asked(visit)
    after = None if waiting else visit.after
    return Cart(session, visit.inside, tuple(lines), total_cents, probability, waiting, after)


def _name(state: State, gtin: str) -> str:
    product = state.store.product.get(gtin)
    return product.name if product else ""


def _lane(state: State, lane: Lane, low: bool) -> LaneView:
    contents = state.belief.lane(lane.id)[0][1]
    strayed = tuple(_name(state, u.gtin) for u in contents.left_here)
    return LaneView(lane.id, state.inventory.stock(state.belief, lane), low, strayed)
