"""What may be true: weighted joint hypotheses, kept apart in factors that share no open ambiguity.

A key that every hypothesis agrees on is simply known; the others stand in factors, each a list of weighted
assignments. An update multiplies only the factors it touches, so that cost follows ambiguity and not the number of
shoppers or lanes.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from operator import itemgetter

from msgspec import Struct

from hub.core.goods import BEGINNING, Cart, Key, LaneContents, Value, Who
from hub.core.thinning import NEGLIGIBLE, Row, normalised, thinned

LOG_NEGLIGIBLE = math.log(NEGLIGIBLE)
INDEPENDENT = NEGLIGIBLE
"""Two keys are independent when no pair of their values is further than this from the product of its parts: as near
as pruning lets one see. A larger bound would cut ties that later evidence can still make strong."""
CUT_OFF = 5 * NEGLIGIBLE
"""When keys are put apart, values this unlikely are dropped, lest a tie too thin to see lives on at one end only."""

Values = dict[Key, Value]
Expand = Callable[[Mapping[Key, Value]], Iterable[tuple[float, Values]]]
"""Given the touched keys' values: the ways it may have gone on, as (log likelihood, changed values)."""


class Factor(Struct, eq=False):
    """Hypotheses over the same keys; their probabilities add up to 1."""

    keys: tuple[Key, ...]
    hypotheses: list[Row[Values]]


Before = dict[Key, tuple[Value | None, Factor | None]]


@dataclass(slots=True)
class Belief:
    """The whole state of knowledge about carts, lanes and who is who."""

    known: Values = field(default_factory=dict)
    factors: dict[Key, Factor] = field(default_factory=dict)
    before: Before = field(default_factory=dict)
    """What stood at the keys that were touched since this was last emptied: enough to take it all back."""

    def marginal(self, key: Key) -> list[tuple[float, Value]]:
        """The values that `key` may have, likeliest first, with probabilities that add up to 1."""
        factor = self.factors.get(key)
        if factor is None:
            return [(1.0, self.known.get(key) or default(key))]
        return _merged([(p, {key: values[key]}, drawn) for p, values, drawn in factor.hypotheses], key)

    def given(self, known: Key, key: Key) -> Iterator[tuple[float, Value, list[tuple[float, Value]]]]:
        """By each value that `known` may have: how likely it is, and what `key` may be then. Nothing where they do not
        hang together."""
        factor = self.factors.get(known)
        if factor is not None and key in factor.keys:
            for p, value in self.marginal(known):
                rows = [row for row in factor.hypotheses if row[1][known].signature == value.signature]
                yield p, value, _merged(rows, key)

    def cart(self, session: str) -> list[tuple[float, Cart]]:
        """The carts that a session may have, likeliest first."""
        return [(p, v) for p, v in self.marginal(("cart", session)) if isinstance(v, Cart)]

    def lane(self, lane: str) -> list[tuple[float, LaneContents]]:
        """What may lie on a lane, likeliest first."""
        return [(p, v) for p, v in self.marginal(("lane", lane)) if isinstance(v, LaneContents)]

    def who(self, body: str) -> list[tuple[float, str]]:
        """The sessions that a body may belong to, likeliest first."""
        return [(p, v.session) for p, v in self.marginal(("who", body)) if isinstance(v, Who)]

    def set(self, key: Key, value: Value) -> None:
        """From now on `key` has this value, whatever it had before."""
        self.forget(key)
        self.known[key] = value

    def restore(self, before: Before) -> None:
        """Let these keys stand as they stood."""
        for key, (value, factor) in before.items():
            self.known.pop(key, None)
            self.factors.pop(key, None)
            if value is not None:
                self.known[key] = value
            if factor is not None:
                self.factors[key] = factor

    def update(self, touched: Iterable[Key], expand: Expand) -> None:
        """Multiply in one observation that concerns the `touched` keys."""
        joint = self._joint(touched)
        grown: list[tuple[float, Values, Values, float]] = []
        for p, values, drawn in joint.hypotheses:
            log_p = math.log(p)
            grown += [(log_p + log_likelihood, values, changes, drawn) for log_likelihood, changes in expand(values)]
        if grown:
            top = max(grown, key=itemgetter(0))[0]
            weights = [
                (math.exp(log_p - top), {**values, **changes}, drawn)
                for log_p, values, changes, drawn in grown
                if log_p - top > LOG_NEGLIGIBLE
            ]
            self._settle(joint.keys, weights)

    def condition(self, key: Key, holds: Callable[[Value], bool]) -> bool:
        """Keep only the hypotheses in which `key`'s value holds. False, and nothing changed, when none does."""
        factor = self.factors.get(key)
        if factor is None:
            return holds(self.known.get(key) or default(key))
        kept = [row for row in factor.hypotheses if holds(row[1][key])]
        if kept:
            self._settle(factor.keys, kept)
        return bool(kept)

    def learn(self, key: Key, value: Value) -> None:
        """`key` is said to have this value, or one like it, and will be forgotten. Where only some draws say what else
        is so then, one more might say something else (Laplace's rule of succession): so much stays as it was; unless it
        all rested on as few before."""
        factor = self.factors.get(key)
        if factor is None:
            return
        like = [row for row in factor.hypotheses if row[1][key].signature == value.signature]
        if like:
            share, _, drawn = _as_one(like)
            sure, rest = min((1 + _as_one(factor.hypotheses)[2]) / (1 + drawn), 1.0), 1 - share
            said = [(p * sure / share, values, drawn) for p, values, drawn in like]
            others = [row for row in factor.hypotheses if row[1][key].signature != value.signature] if drawn else []
            self._settle(factor.keys, said + [(p * (1 - sure) / rest, values, drawn) for p, values, drawn in others])

    def forget(self, key: Key) -> None:
        """Drop a key that nothing will be asked about any more."""
        known, factor = self.known.pop(key, None), self.factors.pop(key, None)
        self.before.setdefault(key, (known, factor))
        if factor is not None:
            rest = tuple(k for k in factor.keys if k != key)
            self._settle(rest, [(p, {k: v[k] for k in rest}, drawn) for p, v, drawn in factor.hypotheses])

    def _know(self, keys: tuple[Key, ...], values: Mapping[Key, Value]) -> None:
        for key in keys:
            value, known = values[key], self.known.get(key)
            self.before.setdefault(key, (known, self.factors.get(key)))
            if value is known:
                continue
            self.factors.pop(key, None)
            if value == default(key):
                self.known.pop(key, None)  # as it began: nothing to remember
            else:
                self.known[key] = value

    def _joint(self, touched: Iterable[Key]) -> Factor:
        """One factor over the touched keys and all that hangs together with them, taken out of the belief."""
        parts: list[Factor] = []
        certain: Values = {}
        for key in dict.fromkeys(touched):
            factor = self.factors.get(key)
            if factor is None:
                certain[key] = self.known.get(key) or default(key)
            elif factor not in parts:
                parts.append(factor)
        hypotheses = [(1.0, certain, 0.0)]
        for part in parts:
            # Pruned after each one: the whole product of several large factors would never end.
            hypotheses = thinned(
                [(p * q, {**v, **w}, d + e - d * e) for p, v, d in hypotheses for q, w, e in part.hypotheses]
            )
        return Factor((*certain, *[k for f in parts for k in f.keys]), hypotheses)

    def _settle(self, keys: tuple[Key, ...], weights: list[Row[Values]]) -> None:
        """Merge equal hypotheses, prune, and put what hangs together no longer into factors of its own."""
        hypotheses = thinned(_merge_all(weights, keys)) if len(weights) > 1 else weights
        best = max(hypotheses, key=itemgetter(0))[1]
        if len(hypotheses) == 1:
            self._know(keys, best)
            return
        open_keys = [k for k in keys if any(row[1][k].signature != best[k].signature for row in hypotheses)]
        groups = _groups(open_keys, hypotheses)
        self._know(keys, best)
        for group in groups:
            own = _merge_all([(p, {k: v[k] for k in group}, drawn) for p, v, drawn in hypotheses], group)
            if len(groups) > 1:
                own = normalised([row for row in own if row[0] > CUT_OFF])
            if len(own) > 1:
                factor = Factor(group, own)
                for key in group:
                    self.known.pop(key, None)
                    self.factors[key] = factor


def default(key: Key) -> Value:
    """What a key is that nothing is known of yet."""
    return BEGINNING[key[0]]


def _merge_all(weights: list[Row[Values]], keys: tuple[Key, ...]) -> list[Row[Values]]:
    """Equal states added up, the heaviest one's details kept; normalised."""
    merged: dict[tuple[object, ...], list[Row[Values]]] = {}
    for row in weights:
        merged.setdefault(tuple(row[1][k].signature for k in keys), []).append(row)
    return normalised([same[0] if len(same) == 1 else _as_one(same) for same in merged.values()])


def _as_one(same: list[Row[Values]]) -> Row[Values]:
    """Of draws that are independent, the squares of their weights add up."""
    p = sum(row[0] for row in same)
    return p, max(same, key=itemgetter(0))[1], sum(row[0] ** 2 * row[2] for row in same) / p**2


def _merged(weights: list[Row[Values]], key: Key) -> list[tuple[float, Value]]:
    rows = sorted(_merge_all(weights, (key,)), key=lambda row: -row[0])
    return [(p, values[key]) for p, values, _ in rows]


def _groups(keys: list[Key], hypotheses: list[Row[Values]]) -> list[tuple[Key, ...]]:
    """The keys in groups that are independent of each other."""
    weights = [row[0] for row in hypotheses]
    column = {k: _numbered([row[1][k].signature for row in hypotheses]) for k in keys}
    group_of = {k: {k} for k in keys}
    for a, b in combinations(keys, 2):
        if group_of[a] is not group_of[b] and _dependent(column[a], column[b], weights):
            group_of[a] |= group_of[b]
            for k in group_of[a]:
                group_of[k] = group_of[a]
    unique = {id(g): tuple(k for k in keys if k in g) for g in group_of.values()}
    return list(unique.values())


def _numbered(signatures: list[object]) -> list[int]:
    """Small numbers in their place: equal ones for equal signatures."""
    number: dict[object, int] = {}
    return [number.setdefault(signature, len(number)) for signature in signatures]


def _dependent(a: list[int], b: list[int], weights: list[float]) -> bool:
    joint: dict[tuple[int, int], float] = {}
    of_a, of_b = [0.0] * (max(a) + 1), [0.0] * (max(b) + 1)
    for x, y, p in zip(a, b, weights, strict=True):
        joint[x, y] = joint.get((x, y), 0.0) + p
        of_a[x] += p
        of_b[y] += p
    return any(
        abs(joint.get((x, y), 0.0) - p * q) > INDEPENDENT for x, p in enumerate(of_a) for y, q in enumerate(of_b)
    )
