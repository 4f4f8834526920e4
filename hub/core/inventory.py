"""What lies on the lanes and what is wrong with it, learnt from visits as they are settled."""

import math
from collections import Counter, deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from hub.core import learning, tasks
from hub.core.belief import Belief
from hub.core.goods import FOREIGN, UNKNOWN, Cart, Deed, LaneContents
from hub.core.learning import Estimate, Weighed
from hub.core.planogram import JUST_S, Planogram
from hub.core.tasks import Mistake, Task
from hub.store import Lane, Product, Store

TAKES_KEPT, TAKES_KEPT_S = 48, 60 * 86400.0
"""Per lane: so many, and none that is older. Packages change, and shelves are rearranged."""
STRAYS_KEPT = 256
"""In the whole store."""
SURE = 0.99
"""A planogram is called wrong from this probability on."""
LIKELY = 0.5
"""Something is said to lie somewhere from this probability on."""
FEW, FEW_OF_ALL, SOON_S = 2, 0.2, 1800.0
"""A lane runs low with no more units than this, or no more than this share of the most it held, or when what is left
is gone in this time at the rate of the last hour."""
HOUR_S = 3600.0


class Take(NamedTuple):
    """A shopper took something from a lane. `weight_g` is that of one unit, None where several went at once."""

    session: str
    gtin: str
    units: int
    weight_g: float | None
    sigma_g: float
    at_s: float


class Stray(NamedTuple):
    """A visit put something where it does not belong."""

    gtin: str
    lanes: tuple[str, ...]
    session: str
    at_s: float
    passed_s: float = math.inf
    """When somebody first took something else there."""


@dataclass(slots=True)
class LaneRecord:
    """One lane's past, as far as it says something about now."""

    counted: int | None
    """Units of its own when counting began: what the store's file says, else nothing before it was first filled."""
    fullest: int | None
    gone: int = 0
    """Of its own, in visits that are settled: taken, less what was put back and filled up."""
    takes: deque[Take] = field(default_factory=lambda: deque(maxlen=TAKES_KEPT))
    wrong: Mistake | None = None


@dataclass(slots=True)
class Inventory:
    """Grows with every settled visit, within bounds, and teaches the planogram; `tasks` is what staff should do about
    it."""

    planogram: Planogram
    store: Store = field(init=False)
    lanes: dict[str, LaneRecord] = field(init=False)
    homes: dict[str, tuple[Lane, ...]] = field(init=False)
    """Where each product is planned."""
    weights: dict[str, Estimate] = field(default_factory=dict)
    """What products weigh, by GTIN, that weigh something else than is recorded."""
    strays: deque[Stray] = field(default_factory=lambda: deque(maxlen=STRAYS_KEPT))

    def __post_init__(self) -> None:
        self.store = self.planogram.store
        self.lanes = {lane.id: LaneRecord(lane.stock, lane.stock) for lane in self.store.lanes}
        self.homes = {
            p.gtin: tuple(la for la in self.store.lanes if p.gtin in la.products) for p in self.store.products
        }

    def settled(self, session_id: str, cart: Cart, at_s: float, staff: bool) -> None:
        """A visit is over and its cart will not change any more; what staff put down is stock."""
        deeds = [deed for deed in cart.deeds if deed.lanes and deed.moved]
        at_once = Counter((deed.lanes, deed.at_s) for deed in deeds)
        for i, deed in enumerate(deeds):
            lane = self._own_lane(deed)
            if lane is not None:
                self._moved(self.lanes[lane.id], deed, staff)
            if deed.moved > 0:
                if not staff:
                    self._chose(deed, lane)
                was_astray = lane is None and self._was_astray(deed)
                if not (staff or was_astray):
                    self._taken(session_id, deed, lane, at_s, alone=at_once[deed.lanes, deed.at_s] == 1)
            elif lane is None and not any(_put_where_it_was(deed, before) for before in deeds[:i]):
                self.strays.extend([Stray(deed.gtin, deed.lanes, session_id, deed.at_s)] * -deed.moved)
            if deed.moved < 0 and not staff and not deed.unweighed:
                self.planogram.put(home=lane is not None)

    def stock(self, belief: Belief, lane: Lane) -> int | None:
        """Units of its own on a lane by now, open visits included; None when nobody ever counted or filled it."""
        record = self.lanes[lane.id]
        if record.counted is None:
            return None
        own = {*lane.products, *(record.wrong.gtins if record.wrong else ())}
        return max(0, record.counted - sum(n for gtin, n in belief.lane(lane.id)[0][1].taken if gtin in own))

    def tasks(self, belief: Belief, now_s: float) -> tuple[Task, ...]:
        """What staff should do, most urgent first."""
        found = [tasks.weight(self.store.product[g], self.homes[g], weight) for g, weight in self.weights.items()]
        found += self._wrong_plans()
        for lane in self.store.lanes:
            found += self._left_there(belief, lane, now_s)
            found += self._running_low(belief, lane, now_s)
        return tasks.by_urgency(found)

    def _own_lane(self, deed: Deed) -> Lane | None:
        """Which of a deed's lanes its product belongs to."""
        lanes = (self.store.lane[name] for name in deed.lanes)
        return next((lane for lane in lanes if deed.gtin in lane.products), None)

    def _moved(self, record: LaneRecord, deed: Deed, staff: bool) -> None:
        filled = staff and deed.moved < 0
        if filled and record.counted is None:
            record.counted = record.gone  # whoever fills a lane that nobody counted is taken to find it empty
        record.gone += deed.moved
        if record.counted is not None:
            record.counted = max(record.counted, record.gone)  # more than there was cannot have gone
            record.fullest = max(record.fullest or 0, record.counted - record.gone)

    def _was_astray(self, deed: Deed) -> bool:
        """Whether what was taken had been put there by an earlier visit; if so, it lies there no longer."""
        stray = next((s for s in self.strays if s.gtin == deed.gtin and not set(s.lanes).isdisjoint(deed.lanes)), None)
        if stray is not None:
            self.strays.remove(stray)
        return stray is not None

    def _chose(self, deed: Deed, own: Lane | None) -> None:
        """Something was taken where an earlier visit had left something else: which of the two, where weight tells them
        apart. Where it does not, what was thought would prove itself."""
        there = [s for s in self.strays if s.at_s < deed.at_s and not set(s.lanes).isdisjoint(deed.lanes)]
        left = {stray.gtin for stray in there}
        about = there if own is not None else [stray for stray in there if stray.gtin == deed.gtin]
        just = any(deed.at_s < min(stray.at_s + JUST_S, stray.passed_s) for stray in about)
        self._passed_over([stray for stray in there if stray.gtin != deed.gtin], deed.at_s)
        others = left if own is not None else {g for name in deed.lanes for g in self.store.lane[name].products}
        if others and (own is not None or deed.gtin in left) and all(self._told_apart(deed.gtin, g) for g in others):
            self.planogram.chose(left=own is None, just=just)

    def _passed_over(self, there: Collection[Stray], at_s: float) -> None:
        for i, stray in enumerate(self.strays):
            if stray in there and at_s < stray.passed_s:
                self.strays[i] = stray._replace(passed_s=at_s)

    def _told_apart(self, one: str, other: str) -> bool:
        """Whether weight tells two products apart."""
        a, b = self.store.product.get(one), self.store.product.get(other)
        return a is not None and b is not None and not learning.alike(a.weight_g, b.weight_g, a.spread_g)

    def _taken(self, session: str, deed: Deed, own: Lane | None, at_s: float, alone: bool) -> None:
        lane = own or (self.store.lane[deed.lanes[0]] if len(deed.lanes) == 1 else None)
        if lane is None:
            return
        if deed.gtin in self.store.product and not deed.unweighed:
            self.planogram.sold(lane, deed.gtin, deed.moved)
        # What the lane's only product weighs shows as well in what was held for something else of about that weight.
        one = alone and deed.delta_g < 0 and (deed.moved == 1 or (own is None and len(lane.products) == 1))
        record = self.lanes[lane.id]
        while record.takes and record.takes[0].at_s < at_s - TAKES_KEPT_S:
            record.takes.popleft()
        record.takes.append(
            Take(session, deed.gtin, deed.moved, -deed.delta_g if one else None, deed.sigma_g, deed.at_s)
        )
        if own is None or record.wrong is not None:
            record.wrong = self._mistake(lane, record)
        for gtin in lane.products:
            self._weigh(self.store.product[gtin])

    def _mistake(self, lane: Lane, record: LaneRecord) -> Mistake | None:
        """The product, planned elsewhere, that a lane sells by now. One visit counts once, however often it took, and
        only with what it took singly: two of something light are easily held for one of something heavy, or the other
        way round."""
        visits = list(dict.fromkeys((take.session, take.gtin) for take in record.takes if take.units == 1))
        product, of_lane = self.store.product, set(lane.products)
        strange = Counter(gtin for _, gtin in visits if gtin in product and gtin not in of_lane).most_common()
        if not strange:
            return None
        first = product[strange[0][0]]
        alike = tuple(g for g, _ in strange if learning.alike(first.weight_g, product[g].weight_g, first.spread_g))
        was_it = [gtin in alike for _, gtin in visits]
        probability = learning.sells(was_it)
        if probability < SURE or self._weighs_otherwise(lane, record, first):
            return None
        since = was_it[was_it.index(True) :]
        since_s = next(take.at_s for take in record.takes if take.gtin in alike)
        return Mistake(alike, sum(since), len(since), since_s, probability)

    def _weighs_otherwise(self, lane: Lane, record: LaneRecord, product: Product) -> bool:
        """Whether what a lane sells only seems to be this product, for want of one that fits better."""
        seen = _weighings(lane, record, lane.products[0] if len(lane.products) == 1 else product.gtin)
        found = learning.weight(seen, product.spread_g)
        return found is not None and found.differs(product.weight_g, product.spread_g)

    def _weigh(self, product: Product) -> None:
        """Compare a product's record with what left its lanes, but for those that sell something else."""
        records = [(lane, record) for lane in self.homes[product.gtin] if (record := self.lanes[lane.id]).wrong is None]
        seen = [weighed for lane, record in records for weighed in _weighings(lane, record, product.gtin)]
        found = learning.weight(seen, product.spread_g)
        if found is not None and found.differs(product.weight_g, product.spread_g):
            self.weights[product.gtin] = found
        else:
            self.weights.pop(product.gtin, None)

    def _wrong_plans(self) -> Iterator[Task]:
        wrong = {name: record.wrong for name, record in self.lanes.items() if record.wrong is not None}
        while wrong:
            lane = self.store.lane[next(iter(wrong))]
            mistake = wrong.pop(lane.id)
            other = next(
                (o for name in wrong if self._swapped(lane, mistake, o := self.store.lane[name], wrong[name])), None
            )
            if other is None:
                yield tasks.planogram(self.store, lane, mistake)
            else:
                yield tasks.swapped(self.store, lane, mistake, other, wrong.pop(other.id))

    def _swapped(self, one: Lane, in_one: Mistake, other: Lane, in_other: Mistake) -> bool:
        """Whether each of two lanes sells what is planned for the other: as far as weights tell."""
        return self._may_be(in_one, other.products) and self._may_be(in_other, one.products)

    def _may_be(self, mistake: Mistake, planned: tuple[str, ...]) -> bool:
        sold = self.store.product[mistake.gtins[0]]
        return any(learning.alike(sold.weight_g, self.store.product[g].weight_g, sold.spread_g) for g in planned)

    def _left_there(self, belief: Belief, lane: Lane, now_s: float) -> Iterator[Task]:
        """What strayed onto a lane, and what somebody forgot there."""
        wrong = self.lanes[lane.id].wrong
        contents = belief.lane(lane.id)
        for unit in dict.fromkeys(unit for _, c in contents for unit in c.left_here if unit.gtin == FOREIGN):
            if sum(p for p, c in contents if unit in c.left_here) > LIKELY:
                yield tasks.foreign(lane, unit.weight_g)
        for gtin in dict.fromkeys(u.gtin for _, c in contents for u in c.left_here if u.gtin != FOREIGN):
            count = _likely_count(contents, gtin)
            put = [s for s in self.strays if s.gtin == gtin and lane.id in s.lanes][-count:] if count else []
            # Nothing says where something unknown belongs, but that somebody brought it from elsewhere.
            astray = put or gtin != UNKNOWN
            if count and astray and not (wrong and gtin in wrong.gtins):
                visits = [stray.session for stray in put]
                since_s = put[0].at_s if put else None
                yield tasks.misplaced(self.store, lane, gtin, count, visits, since_s, now_s)

    def _running_low(self, belief: Belief, lane: Lane, now_s: float) -> Iterator[Task]:
        record, left = self.lanes[lane.id], self.stock(belief, lane)
        if left is None or record.fullest is None or left >= record.fullest:
            return
        an_hour = sum(take.units for take in record.takes if take.at_s > now_s - HOUR_S)
        if left <= max(FEW, FEW_OF_ALL * record.fullest, an_hour * SOON_S / HOUR_S):
            since_s = record.takes[-1].at_s if record.takes else None
            yield tasks.restock(self.store, lane, left, record.fullest, an_hour, since_s)


def _weighings(lane: Lane, record: LaneRecord, gtin: str) -> list[Weighed]:
    """What single units of a product weighed when they left its lane. Where nothing else is planned that is all that
    did; beside others only what was taken for it, which hides a record that is far off."""
    alone = lane.products == (gtin,)
    return [
        Weighed(take.weight_g, take.sigma_g, take.at_s)
        for take in record.takes
        if take.weight_g is not None and (alone or take.gtin == gtin)
    ]


def _put_where_it_was(deed: Deed, before: Deed) -> bool:
    """Whether something was put back onto the lane that it had been taken from in the same visit."""
    return before.moved > 0 and before.gtin == deed.gtin and not set(before.lanes).isdisjoint(deed.lanes)


def _likely_count(contents: list[tuple[float, LaneContents]], gtin: str) -> int:
    """The largest number of units that probably lie there at least."""
    counts = sorted(((sum(u.gtin == gtin for u in c.left_here), p) for p, c in contents), reverse=True)
    at_least = 0.0
    for count, p in counts:
        at_least += p
        if at_least > LIKELY:
            return count
    return 0
