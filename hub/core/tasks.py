"""What members of staff should do, each as one plain sentence with the numbers behind it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from msgspec import Struct

from hub.core.goods import UNKNOWN
from hub.core.learning import Estimate
from hub.store import Lane, Product, Store

Kind = Literal["foreign", "weight", "planogram", "misplaced", "restock"]
URGENCY: tuple[Kind, ...] = ("foreign", "weight", "planogram", "misplaced", "restock")
"""First what endangers somebody or belongs to somebody, then what makes receipts wrong, then what is not sold."""
NEIGHBOURS = 0.1
"""Products whose weights differ by less than this share may be taken for each other."""


class Task(Struct, frozen=True):
    """Something to do. `gtins` are the products it is about, `since_s` is UTC, None when not known."""

    kind: Kind
    lanes: tuple[str, ...]
    gtins: tuple[str, ...]
    since_s: float | None
    text: str
    numbers: dict[str, float]


class Mistake(Struct, frozen=True):
    """A lane sells something else than is planned for it: `count` of the last `of` visits that took from it took that.

    `gtins` is what it was held for, most often first: products of about one weight.
    """

    gtins: tuple[str, ...]
    count: int
    of: int
    since_s: float
    probability: float


def by_urgency(tasks: list[Task]) -> tuple[Task, ...]:
    """Most urgent first; of one kind, what has waited longest."""
    return tuple(sorted(tasks, key=lambda t: (URGENCY.index(t.kind), t.since_s or 0.0, t.lanes)))


def foreign(lane: Lane, weight_g: float) -> Task:
    text = f"Something of {weight_g:.0f} g that this store does not sell lies on lane {lane.id}: a bag, a phone?"
    return Task("foreign", (lane.id,), (), None, text, {"weight_g": weight_g})


def misplaced(
    store: Store, lane: Lane, gtin: str, count: int, visits: Sequence[str], since_s: float | None, now_s: float
) -> Task:
    """`count` units of a product lie on a lane that is not theirs; by which visits, as far as that is known."""
    what = "Something unknown" if gtin == UNKNOWN else _name(store, gtin)
    text = f"{what} lies on lane {lane.id}" if count == 1 else f"{count} × {what} lie on lane {lane.id}"
    if since_s is not None:
        names = " and ".join(dict.fromkeys(visits))
        text += f" since {_time(since_s, now_s)}, put there in visit{'s' if ' and ' in names else ''} {names}"
    homes = [home.id for home in store.lanes if gtin in home.products]
    back = "it" if count == 1 else "them"
    text += f": bring {back} back to {' or '.join(homes)}" if homes else f": take {back} away"
    return Task("misplaced", (lane.id,), (gtin,), since_s, text, {"count": count})


def planogram(store: Store, lane: Lane, wrong: Mistake) -> Task:
    """What lies on a lane is not what is planned for it."""
    sold = " or ".join(_name(store, gtin) for gtin in wrong.gtins)
    text = f"Lane {lane.id} sells {sold}, the planogram says {_planned(store, lane)}: {_often(wrong)}"
    weight_g = store.product[wrong.gtins[0]].weight_g
    if len(lane.products) == 1:
        planned = store.product[lane.products[0]]
        if abs(planned.weight_g - weight_g) < NEIGHBOURS * planned.weight_g:
            text += f" (or {planned.name} weighs about {weight_g:.0f} g, not {planned.weight_g:.0f} g)"
    return Task("planogram", (lane.id,), (*wrong.gtins, *lane.products), wrong.since_s, text, _numbers(wrong))


def swapped(store: Store, one: Lane, in_one: Mistake, other: Lane, in_other: Mistake) -> Task:
    """Each of two lanes sells what is planned for the other."""
    text = (
        f"Lanes {one.id} and {other.id} are swapped: {one.id} sells {_planned(store, other)} ({_often(in_one)}), "
        f"{other.id} sells {_planned(store, one)} ({_often(in_other)})"
    )
    numbers = {**_numbers(in_one), **{f"other_{name}": n for name, n in _numbers(in_other).items()}}
    since_s = min(in_one.since_s, in_other.since_s)
    return Task("planogram", (one.id, other.id), (*other.products, *one.products), since_s, text, numbers)


def weight(product: Product, lanes: Sequence[Lane], found: Estimate) -> Task:
    """A product's recorded weight is not what its units weigh."""
    digits = 0 if product.weight_g >= 100 else 1
    text = (
        f"{product.name} weighs {found.weight_g:.{digits}f} ± {found.error_g:.{0 if found.error_g >= 1 else 1}f} g "
        f"in {found.takes} takes, recorded are {product.weight_g:.{digits}f} g: correct the record"
    )
    numbers = {
        "weight_g": found.weight_g,
        "error_g": found.error_g,
        "takes": found.takes,
        "recorded_g": product.weight_g,
    }
    return Task("weight", tuple(lane.id for lane in lanes), (product.gtin,), found.since_s, text, numbers)


def restock(store: Store, lane: Lane, left: int, fullest: int, an_hour: int, since_s: float | None) -> Task:
    """A lane is empty or running low; `an_hour` is how many units it sold within the last one."""
    what = _planned(store, lane)
    text = f"Lane {lane.id}: {left} left of {what}, of {fullest}" if left else f"Lane {lane.id} is empty: {what}"
    if an_hour:
        text += f"; {an_hour} sold within the last hour"
    return Task(
        "restock", (lane.id,), lane.products, since_s, text, {"left": left, "fullest": fullest, "an_hour": an_hour}
    )


def _name(store: Store, gtin: str) -> str:
    return store.product[gtin].name


def _planned(store: Store, lane: Lane) -> str:
    return " and ".join(_name(store, g) for g in lane.products) or "nothing"


def _often(mistake: Mistake) -> str:
    return f"{mistake.count} of the last {mistake.of}"


def _numbers(mistake: Mistake) -> dict[str, float]:
    return {"count": mistake.count, "of": mistake.of, "probability": mistake.probability}


def _time(t_s: float, now_s: float) -> str:
    """As one says it: without the day, when that is today. UTC, like every time that the hub shows."""
    at, now = datetime.fromtimestamp(t_s, UTC), datetime.fromtimestamp(now_s, UTC)
    return at.strftime("%H:%M" if at.date() == now.date() else "%-d %b %H:%M")
