"""Of too many weighted hypotheses: which are kept, and with what weights, so that nothing gets likelier by it."""

from typing import TypeVar

KEEP = 384
"""Hypotheses a factor keeps at most."""
NEGLIGIBLE = 1e-4
"""A hypothesis this much lighter than the best is dropped."""
LEHMER = 48_271, 2**31 - 1
"""Multiplier and modulus of the minimal standard generator (Park, Miller and Stockmeyer, 1993). It begins with 1 each
time, so that a replay is what was live."""

T = TypeVar("T")
Row = tuple[float, T, float]
"""A hypothesis: how likely it is, what it says, and which share of that rests on one draw: what came through a thinning
out stands for others that might have. 1 divided by it is the number of draws."""


def thinned(hypotheses: list[Row[T]]) -> list[Row[T]]:
    """Those that are not negligible, thinned out where they are too many; normalised again."""
    least = NEGLIGIBLE * max(row[0] for row in hypotheses)
    rows = normalised([row for row in hypotheses if row[0] > least])
    return normalised(_in_stretches(rows)) if len(rows) > KEEP else rows


def _in_stretches(rows: list[Row[T]]) -> list[Row[T]]:
    """About `KEEP` of them: the heavy ones as they are, and of the light ones one in each stretch of equal weight, to
    stand for it. So each value of each key stays about as likely as it was; to keep the heaviest alone would make
    likelier whatever is likely (Fearnhead and Clifford, 2003: no other choice is off by less)."""
    rest, stretch = sum(row[0] for row in rows), 0.0
    for heavier, p in enumerate(sorted([row[0] for row in rows], reverse=True)):
        stretch = rest / (KEEP - heavier)
        if p <= stretch:
            break
        rest -= p
    kept: list[Row[T]] = []
    passed, n, place = 0.0, 0, 1
    for row in rows:
        p, hypothesis, drawn = row
        if p > stretch:
            kept.append(row)
            continue
        passed, first = passed + p, n
        while (n + place / LEHMER[1]) * stretch < passed:
            n, place = n + 1, place * LEHMER[0] % LEHMER[1]
        if n > first:
            kept.append(((n - first) * stretch, hypothesis, 1 - (1 - drawn) * p / stretch))
    return kept


def normalised(rows: list[Row[T]]) -> list[Row[T]]:
    """With weights that add up to 1."""
    total = sum(row[0] for row in rows)
    return [(p / total, hypothesis, drawn) for p, hypothesis, drawn in rows]
