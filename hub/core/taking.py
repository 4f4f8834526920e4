"""Something went missing from one or more neighbouring lanes: what it was, and who took it."""

import math
from collections.abc import Iterator, Mapping
from itertools import combinations

from hub.core.belief import Values
from hub.core.goods import FOREIGN, NOBODY, UNKNOWN, Cart, Key, Unit, Value, signature_of
from hub.core.part import IN_TWO_GRIPS, LIKELIHOOD, WORTH, Part, Step, both_log, cart_of, lane_of, log_normal
from hub.core.planogram import Planogram
from hub.store import Product, spread_g

MANY_AT_ONCE = 6
"""Units of one product moved in one grip."""
LOG_SEVERAL_ACROSS = math.log(0.03)
"""Several that lie across the same lanes: what lies side by side is taken from each lane by itself."""
LOG_TWO_KINDS = math.log(0.03)
FITS_SIGMAS = 4.0
"""A product planned elsewhere is thought of only when its weight fits this well."""
FAR_SIGMAS = 7.0
"""Further off than this, that nothing we know was taken is likelier."""
LOG_EMPLOYEE_TAKES = math.log(0.1)
"""An employee takes something so often, beside a shopper who is as likely to have been there: they come to fill, and
carry home what has strayed, that as readily as a shopper takes what belongs there."""
LOG_LEFT_BY_ONESELF = math.log(2.0)
"""How much more readily something left on a lane is taken by whoever left it there."""
LOG_ROLLED_IN = math.log(0.5)
"""Something rolled into the place of what was taken beside it, beside a picture of what did not move."""
UNNOTICED_G = 8.0
"""A lane that changed by less than this says nothing (shelf_node's smallest change)."""
LOG_UNKNOWN = math.log(0.0005 / 1500)
"""Something taken that fits no product."""


def taken(part: Part, planogram: Planogram, values: Mapping[Key, Value]) -> Iterator[Step]:
    """What went missing was taken: by whom, and what it was."""
    actors = part.actors(values)
    log_ratios = {session: math.log(ratio) for session, ratio in actors.items()}
    employees = {session for session in actors if cart_of(values, session).restocks}
    options = [*part.sold, *_left_behind(part, planogram, values)]
    unknown = (Unit(UNKNOWN, -part.delta_g, part.sigma_g),)
    options.append((LOG_UNKNOWN + part.spread_log(-part.delta_g) + part.seen_log(unknown), unknown))
    floor = max(options, key=LIKELIHOOD)[0] + max(log_ratios.values()) - WORTH
    for i, (log_p, units) in enumerate(options):
        takers = [session for session, log_ratio in log_ratios.items() if log_p + log_ratio >= floor]
        if not takers:
            continue
        lanes = _lanes_after_take(part, units, values)
        sold = tuple(u for u in units if u.gtin != FOREIGN)
        for session in takers:
            log_ratio = log_ratios[session]
            if len(units) > 1 and session != NOBODY:
                log_ratio += _not_all_at_once_log(part, values, session, units, log_ratio)
            if i >= len(part.sold):
                log_ratio += _who_takes_log(part, cart_of(values, session), units[0])
            elif session in employees:
                log_ratio += LOG_EMPLOYEE_TAKES
            yield log_p + log_ratio, {**lanes, **put_into(values, session, sold, part)}
        if len(units) > 1 and (i < len(part.sold) or _with_its_own(part, units)):
            yield from _together(part, log_p, units, lanes, values, actors)
    if part.beside and len(part.lanes) == 1:
        yield from _rolled_into_place(part, planogram, values, actors)


def _with_its_own(part: Part, units: tuple[Unit, ...]) -> bool:
    """Whether it is something that was left there, with one of the lane's own."""
    own = {gtin for lane in part.lanes for gtin in lane.products}
    return len(units) == 2 and units[0].gtin not in own and units[1].gtin in own


def _rolled_into_place(
    part: Part, planogram: Planogram, values: Mapping[Key, Value], actors: dict[str, float]
) -> Iterator[Step]:
    """Something was taken from the lane beside, and what is missing here rolled into its place: that lane weighs as
    before, and only a picture tells."""
    (lane,), store = part.lanes, planogram.store
    for beside, picture in part.beside:
        for gone, came in ((store.product[g], store.product[h]) for g in beside.products for h in lane.products):
            seen = picture.get(gone.gtin, 0.0)
            if seen == 0 or abs(gone.weight_g - came.weight_g) > UNNOTICED_G:
                continue
            log_p = log_normal(-part.delta_g - came.weight_g, math.hypot(part.sigma_g, came.spread_g))
            log_p += LOG_ROLLED_IN + math.log(seen)
            rolled = Unit(came.gtin, -part.delta_g, math.hypot(part.sigma_g, 0.1))
            lanes: Values = {
                ("lane", lane.id): lane_of(values, lane).less(came.gtin, 1),
                ("lane", beside.id): lane_of(values, beside).less(gone.gtin, 1).with_left(rolled),
            }
            taken = (Unit(gone.gtin, gone.weight_g, gone.spread_g),)
            for session, ratio in actors.items():
                yield log_p + math.log(ratio), {**lanes, **put_into(values, session, taken, part)}


def _who_takes_log(part: Part, cart: Cart, unit: Unit) -> float:
    """How much likelier it is for somebody with this cart than for a shopper to take what was left on these lanes."""
    if cart.restocks and unit.gtin != FOREIGN:
        return -part.prior.left_log(unit, part.at_s)  # what shoppers do with it says nothing of employees
    lanes = {lane.id for lane in part.lanes}
    left = (deed for deed in cart.deeds if deed.moved < 0 and deed.gtin == unit.gtin)
    return LOG_LEFT_BY_ONESELF if any(not lanes.isdisjoint(deed.lanes) for deed in left) else 0.0


def _not_all_at_once_log(
    part: Part, values: Mapping[Key, Value], session: str, units: tuple[Unit, ...], log_ratio: float
) -> float:
    """How much likelier it is to have taken them all, as one may also have done so in two grips, than at once."""
    first_g = [-sum(unit.weight_g for unit in units[:cut]) for cut in range(1, len(units))]
    in_two = sum(part.in_turn(values, gram, session, session) for gram in first_g) / len(first_g)
    return math.log(1 - IN_TWO_GRIPS + IN_TWO_GRIPS * in_two / math.exp(log_ratio))


def _together(
    part: Part,
    log_p: float,
    units: tuple[Unit, ...],
    lanes: Values,
    values: Mapping[Key, Value],
    actors: dict[str, float],
) -> Iterator[Step]:
    """Two people took their share of it before it was at rest again, of one party or of two."""
    alike = units[0].gtin == units[-1].gtin
    log_p -= part.prior.count_log(len(units)) if alike else LOG_TWO_KINDS
    for session in actors:
        shared = _shared_by_a_party(part, values, session, units)
        if shared > 0:
            shared *= math.exp(LOG_EMPLOYEE_TAKES) if cart_of(values, session).restocks else 1.0
            all_sold = tuple([unit for unit in units if unit.gtin != FOREIGN])
            yield log_p + math.log(shared), {**lanes, **put_into(values, session, all_sold, part)}
    for one, other in combinations([session for session in actors if session != NOBODY], 2):
        for cut in range(1, len(units)):
            halves = (units[:cut], units[cut:])
            log_both = log_p + (part.prior.count_log(cut) + part.prior.count_log(len(units) - cut) if alike else 0.0)
            for mine, theirs in (halves,) if alike else (halves, halves[::-1]):
                mine_g, theirs_g = (tuple([-unit.weight_g for unit in half]) for half in (mine, theirs))
                how = both_log(part, values, one, mine_g, other, theirs_g)
                if cart_of(values, one).restocks or cart_of(values, other).restocks:
                    how += LOG_EMPLOYEE_TAKES
                carts: Values = {}
                for session, half in ((one, mine), (other, theirs)):
                    carts |= put_into(values, session, tuple([u for u in half if u.gtin != FOREIGN]), part)
                yield log_both + how, {**lanes, **carts}


def _shared_by_a_party(part: Part, values: Mapping[Key, Value], session: str, units: tuple[Unit, ...]) -> float:
    """How likely two people of one session took their share each; 0 where no two of them were near."""
    if units[0].gtin == units[-1].gtin:
        of = [math.exp(part.prior.count_log(n)) for n in range(1, len(units))]
        firsts = [(p * q, units[:cut]) for cut, (p, q) in enumerate(zip(of, reversed(of), strict=True), start=1)]
    else:
        firsts = [(1.0, units[:1]), (1.0, units[1:])]
    return sum(p * part.two_of(values, session, -sum(unit.weight_g for unit in first)) for p, first in firsts) / 2


def sold(part: Part, planogram: Planogram) -> Iterator[tuple[float, tuple[Unit, ...]]]:
    """Products that weigh what went missing: one kind, or one each of two."""
    gone_g, store = -part.delta_g, planogram.store
    planned = part.prior.planned
    best_log = -math.inf
    for count, product in _nearest(part, [store.product[gtin] for gtin in planned]):
        for log_p, units in _several(part, count, product, planned[product.gtin]):
            best_log = max(best_log, log_p)
            yield log_p, units
    for count, product in _strayed(part, planogram, best_log):
        if product.gtin not in planned:
            yield from _several(part, count, product, 0.0)
    for (a, place_a), (b, place_b) in combinations(planned.items(), 2):
        one, other = store.product[a], store.product[b]
        weight_g = one.weight_g + other.weight_g
        sigma_g = math.hypot(part.sigma_g, one.spread_g, other.spread_g)
        if abs(gone_g - weight_g) > FAR_SIGMAS * sigma_g:
            continue
        units = (Unit(a, one.weight_g, one.spread_g), Unit(b, other.weight_g, other.spread_g))
        log_p = log_normal(gone_g - weight_g, sigma_g) + part.spread_log(weight_g) + part.seen_log(units)
        yield math.log(place_a * place_b) + LOG_TWO_KINDS + log_p, units


def _several(part: Part, count: int, product: Product, planned: float) -> Iterator[tuple[float, tuple[Unit, ...]]]:
    """So many of a product, if they may weigh so much."""
    gone_g, weight_g = -part.delta_g, count * product.weight_g
    off_g, variance = gone_g - weight_g, part.sigma_g**2 + count * product.spread_g**2
    if off_g * off_g <= FAR_SIGMAS**2 * variance:
        log_p = log_normal(off_g, math.sqrt(variance))
        log_p += math.log(planned + part.prior.astray) + part.prior.count_log(count)
        if count > 1 and len(part.lanes) > 1:
            log_p += LOG_SEVERAL_ACROSS
        units = (Unit(product.gtin, gone_g / count, math.hypot(part.sigma_g / count, 0.1)),) * count
        yield log_p + part.spread_log(weight_g) + part.seen_log(units), units


def _nearest(part: Part, products: list[Product]) -> Iterator[tuple[int, Product]]:
    """How many of each weigh about so much: one more or fewer, too, where units differ by much of their weight."""
    gone_g = -part.delta_g
    for product in products:
        count = round(gone_g / product.weight_g)
        far_g = FAR_SIGMAS * math.hypot(part.sigma_g, math.sqrt(count + 1) * product.spread_g)
        for n in range(max(1, count - 1), min(count + 1, MANY_AT_ONCE) + 1):
            if abs(gone_g - n * product.weight_g) <= far_g:
                yield n, product


def _strayed(part: Part, planogram: Planogram, best_log: float) -> Iterator[tuple[int, Product]]:
    """Of products planned elsewhere what really fits, and no more of them than is likelier than something unknown, and
    worth following beside the best of what is planned here."""
    gone_g, sigma_g = -part.delta_g, part.sigma_g
    log_astray = math.log(part.prior.astray)
    fits_log = log_normal(0.0, math.hypot(sigma_g, spread_g(gone_g))) + part.spread_log(gone_g)
    rarer = min(max(0.0, log_astray - LOG_UNKNOWN - math.log(sigma_g)), log_astray + fits_log - best_log + WORTH)
    for count in (n for n in range(1, MANY_AT_ONCE + 1) if part.prior.count_log(n) >= -rarer):
        each_g = gone_g / count
        slack_g = FITS_SIGMAS * math.hypot(sigma_g / count, spread_g(each_g))
        for product in planogram.weighing(each_g - slack_g, each_g + slack_g):
            yield count, product


def _left_behind(
    part: Part, planogram: Planogram, values: Mapping[Key, Value]
) -> Iterator[tuple[float, tuple[Unit, ...]]]:
    """Things that somebody left on these lanes, alone or with one of the lane's own product."""
    left = [unit for lane in part.lanes for unit in lane_of(values, lane).left_here]
    if not left:
        return
    gone_g = -part.delta_g
    yield from _several_left(part, left)
    seen: set[tuple[str, float]] = set()
    for unit in left:
        if (unit.gtin, unit.weight_g) in seen:
            continue
        seen.add((unit.gtin, unit.weight_g))
        log_place = part.prior.left_log(unit, part.at_s)
        now = (unit,)
        log_p = part.fits_as_it_lay(unit)
        if log_p is None:
            log_p = log_normal(gone_g - unit.weight_g, math.hypot(part.sigma_g, unit.sigma_g))
            log_p += part.spread_log(unit.weight_g)
        yield log_place + log_p + part.seen_log(now), now
        for lane, product in ((la, planogram.store.product[g]) for la in part.lanes for g in la.products):
            both = (unit, Unit(product.gtin, gone_g - unit.weight_g, product.spread_g))
            weight_g = unit.weight_g + product.weight_g
            log_p = part.fits_as_it_lay(unit, (lane.id, product.weight_g, product.spread_g))
            if log_p is None:
                log_p = log_normal(gone_g - weight_g, math.hypot(part.sigma_g, unit.sigma_g, product.spread_g))
                log_p += part.spread_log(weight_g)
            yield log_place + LOG_TWO_KINDS + log_p, both


def _several_left(part: Part, left: list[Unit]) -> Iterator[tuple[float, tuple[Unit, ...]]]:
    """Two or three things that were left there, at once: a bag, and what somebody put into it."""
    for size in (2, 3):
        for units in combinations(left, size):
            weight_g = sum(unit.weight_g for unit in units)
            sigma_g = math.hypot(part.sigma_g, *(unit.sigma_g for unit in units))
            log_p = log_normal(-part.delta_g - weight_g, sigma_g) + part.spread_log(weight_g) + part.seen_log(units)
            yield part.prior.left_log(units[0], part.at_s) + part.prior.count_log(size) + log_p, units


def _lanes_after_take(part: Part, units: tuple[Unit, ...], values: Mapping[Key, Value]) -> Values:
    changed: Values = {}
    for unit in units:
        where = next((la for la in part.lanes if unit in lane_of(values, la, changed).left_here), None)
        if where is not None:
            changed["lane", where.id] = lane_of(values, where, changed).without_left((unit,))
        elif unit.gtin != UNKNOWN:
            own = part.own_lane(unit.gtin)
            changed["lane", own.id] = lane_of(values, own, changed).less(unit.gtin, 1).passed_over()
    return changed


def put_into(values: Mapping[Key, Value], session: str, units: tuple[Unit, ...], part: Part) -> Values:
    """These units in somebody's cart, and why."""
    cart = cart_of(values, session)
    for gtin, count in signature_of(units):
        cart = cart.plus(tuple([u for u in units if u.gtin == gtin]), part.deed(gtin, count))
    return {("cart", session): cart}
