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


def thinned(hypotheses: list[tuple[float, T]]) -> list[tuple[float, T]]:
    """Those that are not negligible, thinned out where they are too many; normalised again."""
    least = NEGLIGIBLE * max(p for p, _ in hypotheses)
    rows = normalised([(p, v) for p, v in hypotheses if p > least])
    return normalised(_in_stretches(rows)) if len(rows) > KEEP else rows


def _in_stretches(rows: list[tuple[float, T]]) -> list[tuple[float, T]]:
    """About `KEEP` of them: the heavy ones as they are, and of the light ones one in each stretch of equal weight, to
    stand for it. So each value of each key stays about as likely as it was; to keep the heaviest alone would make
    likelier whatever is likely (Fearnhead and Clifford, 2003: no other choice is off by less)."""
    rest, stretch = sum(p for p, _ in rows), 0.0
    for heavier, p in enumerate(sorted([p for p, _ in rows], reverse=True)):
        stretch = rest / (KEEP - heavier)
        if p <= stretch:
            break
        rest -= p
    kept: list[tuple[float, T]] = []
    passed, n, place = 0.0, 0, 1
    for p, hypothesis in rows:
        if p > stretch:
            kept.append((p, hypothesis))
            continue
        passed, first = passed + p, n
        while (n + place / LEHMER[1]) * stretch < passed:
            n, place = n + 1, place * LEHMER[0] % LEHMER[1]
        if n > first:
            kept.append(((n - first) * stretch, hypothesis))
    return kept


def normalised(rows: list[tuple[float, T]]) -> list[tuple[float, T]]:
    """With weights that add up to 1."""
    total = sum(p for p, _ in rows)
    return [(p / total, v) for p, v in rows]
