"""What shoppers, and employees, do to each other's picture."""

from dataclasses import replace

from hub.store import Lane, Store
from hw.sim.behaviours.parts import (
    INSIDE_S,
    SAME_G,
    Rng,
    across,
    differ_g,
    follow,
    in_front,
    meet,
    one,
    press,
    put,
    rows,
    some,
    strangers,
    take,
    unit,
    visit,
)
from hw.sim.plan import Act, Deed, Plan, Roll

CHILD_REACHES_M = 1.0


def misplace_same_weight(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Put it on a product of the same weight; someone else takes it later."""
    pairs = [(a, b) for a in store.lanes for b in store.lanes if a is not b and differ_g(store, a, b) <= SAME_G]
    return _handed_on(*one(pairs, rng))


def buy_misplaced(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Take an item that another shopper misplaced."""
    return _handed_on(*one(strangers(store), rng))


def same_moment(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Two shoppers take the same item, or two items of one shelf, within 1 s."""
    first = one(store.lanes, rng)
    second = one([lane for lane in store.lanes if lane.shelf == first.shelf], rng)
    later_s = INSIDE_S + float(rng.uniform(0.0, 1.0))
    return visit("A", take(first, at_s=INSIDE_S)), visit("B", take(second, at_s=later_s), n=1)


def crossed_hands(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Two shoppers side by side reach across each other within seconds."""
    deeds: tuple[list[Deed], list[Deed]] = ([], [])
    for i in range(int(rng.integers(1, 4))):
        pair = one(rows(store, 2), rng)
        for who, (lane, beside) in enumerate((pair, pair[::-1])):
            at_s = INSIDE_S + 9.0 * i + float(rng.uniform(0.0, 2.0))
            deeds[who].append(replace(take(lane, at_s=at_s), aside_m=across(lane, beside)))
    company = "friends" if rng.random() < 0.5 else ""
    return tuple(replace(visit(p, *deeds[n], n=n), together=company) for n, p in enumerate(("A", "B")))


def very_close(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Two shoppers shoulder to shoulder; their tracks swap or merge."""
    deeds: tuple[list[Deed], list[Deed]] = ([], [])
    for i in range(3):
        pair = one(rows(store, 2), rng)
        for who, lane in enumerate(pair):
            at_s = INSIDE_S + 8.0 * i + float(rng.uniform(0.0, 3.0))
            deeds[who].append(take(lane, at_s=at_s) if rng.random() < 0.7 else press(lane, 0.5))
    return tuple(replace(visit(p, *deeds[n], n=n), together="friends") for n, p in enumerate(("A", "B")))


def hand_over(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """One takes, gives it to another, who keeps it or puts it back."""
    given, mine, theirs = some(store.lanes, 3, rng)
    met_s = INSIDE_S + float(rng.uniform(6.0, 20.0))
    gives, accepts = meet(in_front(one((given, theirs), rng), rng), (given.products[0],), met_s, rng)
    first: list[Act] = [take(given, at_s=INSIDE_S), gives]
    second: list[Act] = [accepts]
    if rng.random() < 0.5:
        second.append(put(given, at_s=met_s + float(rng.uniform(4.0, 12.0))))
    if rng.random() < 0.5:
        first.append(take(mine))
    second.insert(one((0, len(second)), rng), take(theirs))
    return visit("A", *first), visit("B", *second, n=1)


def group(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Several enter on one tap: everything goes to that payer."""
    first, *others = ([take(lane) for lane in some(store.lanes, 2, rng)] for _ in range(int(rng.integers(2, 4))))
    return visit("A", *first), *(follow("A", *takes) for takes in others)


def child(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """A group's child takes and an adult puts back; everything is the payer's."""
    low = [lane for lane in store.lanes if lane.z_m <= CHILD_REACHES_M]
    refused, *granted = some(low, int(rng.integers(1, 4)), rng)
    own = one(store.lanes, rng)
    met_s = INSIDE_S + float(rng.uniform(4.0, 12.0))
    gives, accepts = meet(in_front(refused, rng), (refused.products[0],), met_s, rng)
    back = put(refused, at_s=met_s + float(rng.uniform(4.0, 10.0)))
    return (
        visit("A", take(own), accepts, back, *(take(lane) for lane in some(store.lanes, int(rng.integers(2)), rng))),
        replace(follow("A", take(refused, at_s=INSIDE_S), gives, *(take(lane) for lane in granted)), child=True),
    )


def fill(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """An employee restocks while shoppers take from the same and neighbouring lanes."""
    filled = some(store.lanes, int(rng.integers(3, 7)), rng)
    stacks = [(lane, int(rng.integers(1, 5))) for lane in filled for _ in range(int(rng.integers(1, 4)))]
    work = [
        Deed(lanes=(lane.id,), puts=(unit(lane),) * n, at_s=INSIDE_S + 4.0 * i) for i, (lane, n) in enumerate(stacks)
    ]
    brought = tuple(lane.products[0] for lane, n in stacks for _ in range(n))
    shoppers = []
    for n, payer in enumerate(("A", "B")[: int(rng.integers(1, 3))]):
        moments = sorted(int(i) for i in rng.choice(len(work), min(3, len(work)), replace=False))
        takes = []
        for i in moments:
            near = [lane for lane in store.lanes if lane.shelf == stacks[i][0].shelf]
            near = [lane for lane in near if abs(lane.position - stacks[i][0].position) <= 1]
            takes.append(take(one(near, rng), at_s=INSIDE_S + 4.0 * i + float(rng.uniform(-2.0, 4.0))))
        shoppers.append(visit(payer, *takes, n=n + 1))
    return replace(visit(one(store.staff, rng), *work), brings=brought), *shoppers


def lane_shift(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """An item rolls or is pushed over to the next lane; later somebody takes it from there."""
    a, b = one(rows(store, 2), rng)
    item, there = one(((a, b), (b, a)), rng)
    pushed = rng.random() < 0.5
    roll = Roll(what=unit(item), to=(there.id,), after_s=0.0 if pushed else float(rng.uniform(4.0, 20.0)))
    # Nothing would tell a unit that takes the place of one of its weight in the same moment.
    touched = one((item, item, there) if differ_g(store, item, there) > SAME_G else (item,), rng)
    bought = Deed(lanes=(there.id,), takes=(unit(item, there),), at_s=INSIDE_S + float(rng.uniform(28.0, 40.0)))
    return (
        visit("A", replace(take(touched, at_s=INSIDE_S), rolls=(roll,)), take(one(store.lanes, rng))),
        visit("B", take(one(store.lanes, rng)), bought, n=1),
    )


def _handed_on(item: Lane, lane: Lane) -> tuple[Plan, ...]:
    """One shopper leaves an item on a lane, another one buys it there."""
    bought = Deed(lanes=(lane.id,), takes=(unit(item, lane),), at_s=INSIDE_S + 25.0)
    return visit("A", take(item), put(item, lane)), visit("B", bought, n=1)
