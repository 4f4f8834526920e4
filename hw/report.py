"""Receipts beside the truth: per case, and over all of them. Others script against this form."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from msgspec import Struct

Carts = Mapping[str, Counter[str]]
"""Shopper (who pays) → GTIN → count."""


class CaseReport(Struct, frozen=True, kw_only=True):
    """One case: precision, recall and F1 over its (shopper, product) units.

    `seconds` is how long it lasted in the store. Without a truth to compare with, scores are None.
    """

    name: str
    receipts: dict[str, dict[str, int]]
    truth: dict[str, dict[str, int]]
    precision: float | None
    recall: float | None
    f1: float | None
    asked: list[str]
    seconds: float


class Report(Struct, frozen=True, kw_only=True):
    """Means over cases; questions, and receipts that were wrong and not asked about, per 1000 receipts."""

    method: str
    seed: int | None
    cases: list[CaseReport]
    precision: float | None
    recall: float | None
    f1: float | None
    asked_per_1000: float
    wrong_unasked_per_1000: float | None


def case_report(name: str, truth: Carts | None, receipts: Carts, asked: Iterable[str], seconds: float) -> CaseReport:
    """Score one case. Who takes nothing and is charged nothing is right; a case of nothing but that scores 1."""
    precision = recall = f1 = None
    if truth is not None:
        real, charged = _units(truth), _units(receipts)
        right = (real & charged).total()
        precision = right / charged.total() if charged else 1.0
        recall = right / real.total() if real else 1.0
        f1 = 2 * right / (real.total() + charged.total()) if real or charged else 1.0
    return CaseReport(
        name=name,
        receipts=_plain(receipts),
        truth=_plain(truth or {}),
        precision=precision,
        recall=recall,
        f1=f1,
        asked=sorted(asked),
        seconds=round(seconds, 3),
    )


def overall(method: str, seed: int | None, cases: Sequence[CaseReport]) -> Report:
    """Raises ValueError without any case."""
    if not cases:
        raise ValueError("no cases, no report")
    visits = [(case, shopper) for case in cases for shopper in case.truth.keys() | case.receipts.keys()]
    asked = sum(len(case.asked) for case in cases)
    wrong = sum(
        case.truth.get(shopper, {}) != case.receipts.get(shopper, {}) and shopper not in case.asked
        for case, shopper in visits
    )
    told = all(case.f1 is not None for case in cases)
    return Report(
        method=method,
        seed=seed,
        cases=list(cases),
        precision=_mean(c.precision for c in cases),
        recall=_mean(c.recall for c in cases),
        f1=_mean(c.f1 for c in cases),
        asked_per_1000=1000 * asked / max(1, len(visits)),
        wrong_unasked_per_1000=1000 * wrong / max(1, len(visits)) if told else None,
    )


def _mean(values: Iterable[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return fmean(known) if known else None


def _units(carts: Carts) -> Counter[tuple[str, str]]:
    return Counter({(shopper, gtin): n for shopper, cart in carts.items() for gtin, n in cart.items()})


def _plain(carts: Carts) -> dict[str, dict[str, int]]:
    return {shopper: {g: cart[g] for g in sorted(cart) if cart[g]} for shopper, cart in sorted(carts.items())}
