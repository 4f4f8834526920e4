"""Everything at once: a mix of all that shoppers do, by several who get in each other's way."""

from dataclasses import dataclass, field, replace

from hub.store import Lane, Store
from hw.sim.behaviours.parts import (
    INSIDE_S,
    Rng,
    across,
    away_from_shelves,
    bag,
    in_front,
    meet,
    one,
    press,
    put,
    rest,
    rows,
    take,
    unit,
    visit,
)
from hw.sim.plan import Act, Deed, Plan, Roll, Stoop, Thing

FEWEST = 32
"""Reaches, hand-overs and the like altogether."""
FOR_S = 78.0


@dataclass
class _Somebody:
    """What one shopper has planned so far, and will then have in the basket: the lanes where the items belong."""

    payer: str
    acts: list[Act] = field(default_factory=list)
    basket: list[Lane] = field(default_factory=list)
    given: list[Lane] = field(default_factory=list)
    """In the basket from the next turn on."""
    brings: tuple[Thing, ...] = ()


def chaos(store: Store, rng: Rng) -> tuple[Plan, ...]:
    """Three or four shoppers, more than 30 events in 80 s, everything that shoppers do."""
    people = [_Somebody(payer) for payer in "ABCD"[: int(rng.integers(3, 5))]]
    turns = -(-FEWEST // len(people))
    script = _Script(store, rng, every_s=FOR_S / turns)
    for turn in range(turns):
        script.take_turns(people, turn)
    company = "friends" if rng.random() < 0.3 else ""
    return tuple(
        replace(
            visit(who.payer, *sorted(who.acts, key=lambda act: act.at_s or 0.0), n=n),
            together=company if n < 2 else "",
            brings=who.brings,
        )
        for n, who in enumerate(people)
    )


class _Script:
    """Turn by turn, one thing more for everybody to do; what lies where it does not belong may be bought later."""

    def __init__(self, store: Store, rng: Rng, every_s: float) -> None:
        self._store, self._rng, self._every_s = store, rng, every_s
        self._strays: list[tuple[Lane, Lane, int]] = []
        """What belongs to one lane and lies on another, since which turn."""

    def take_turns(self, people: list[_Somebody], turn: int) -> None:
        for who in people:
            who.basket, who.given = who.basket + who.given, []
        for who in people:
            other = one([other for other in people if other is not who], self._rng)
            at_s = INSIDE_S + self._every_s * (turn + float(self._rng.uniform(0.0, 0.5)))
            self._act(who, other, at_s, turn)

    def _act(self, who: _Somebody, other: _Somebody, at_s: float, turn: int) -> None:
        store, rng = self._store, self._rng
        lane, chance = one(store.lanes, rng), rng.random()
        if who.basket and chance < 0.40:
            item = who.basket.pop(int(rng.integers(len(who.basket))))
            if chance < 0.15:
                who.acts.append(put(item, at_s=at_s))
            elif chance < 0.24:
                who.acts.append(put(item, lane, at_s=at_s))
                self._strays.append((item, lane, turn))
            elif chance < 0.28:
                who.acts.append(Stoop(place=away_from_shelves(store, rng), leaves=item.products[0], at_s=at_s))
            else:
                gives, accepts = meet(in_front(item, rng), (item.products[0],), at_s, rng)
                who.acts.append(gives)
                other.acts.append(accepts)
                other.given.append(item)
        elif chance < 0.50:
            who.acts.append(press(lane, float(rng.uniform(0.3, 3.0)), at_s=at_s))
        elif chance < 0.54 and not who.brings:
            thing = bag(who.payer, rng)
            who.brings = (thing,)
            who.acts += rest(thing, (lane,), at_s, at_s + float(rng.uniform(2.0, self._every_s)))
        elif chance < 0.64 and self._strays and self._strays[0][-1] <= turn - 2:  # there for sure by now
            item, lane, _ = self._strays.pop(0)
            who.acts.append(Deed(lanes=(lane.id,), takes=(unit(item, lane),), at_s=at_s))
            who.basket.append(item)
        else:
            deed, taken = self._taking(lane, at_s)
            who.acts.append(deed)
            who.basket += taken

    def _taking(self, lane: Lane, at_s: float) -> tuple[Deed, list[Lane]]:
        """Some way to take something, and what one then has."""
        a, b = one(rows(self._store, 2), self._rng)
        ways: tuple[tuple[Deed, list[Lane]], ...] = (
            (take(lane, at_s=at_s), [lane]),
            (take(lane, at_s=at_s), [lane]),
            (take(lane, at_s=at_s), [lane]),
            (take(lane, 2, at_s=at_s), [lane, lane]),
            (take(lane, at_s=at_s, hold_s=3.0), [lane]),
            (take(lane, at_s=at_s, unseen_s=5.0), [lane]),
            (Deed(lanes=(a.id, b.id), takes=(unit(a), unit(b)), at_s=at_s), [a, b]),
            (replace(take(a, at_s=at_s), aside_m=across(a, b)), [a]),
            (replace(take(a, at_s=at_s), rolls=(Roll(what=unit(a), to=(b.id,)),)), [a]),
        )
        return one(ways, self._rng)
