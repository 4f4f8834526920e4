from collections import Counter

import msgspec
import pytest

from hw.report import CaseReport, case_report, overall


def _case(
    truth: dict[str, dict[str, int]], receipts: dict[str, dict[str, int]], asked: tuple[str, ...] = ()
) -> CaseReport:
    def carts(plain: dict[str, dict[str, int]]) -> dict[str, Counter[str]]:
        return {shopper: Counter(cart) for shopper, cart in plain.items()}

    return case_report("case", carts(truth), carts(receipts), asked, 12.0)


def test_right_receipts_score_one() -> None:
    case = _case({"A": {"1": 2}, "B": {"2": 1}}, {"A": {"1": 2}, "B": {"2": 1}})
    assert (case.precision, case.recall, case.f1) == (1.0, 1.0, 1.0)


def test_who_took_nothing_and_is_charged_nothing_is_right() -> None:
    assert _case({"A": {}}, {"A": {}}).f1 == 1.0


def test_who_took_nothing_and_is_charged_is_wrong() -> None:
    case = _case({"A": {}}, {"A": {"1": 1}})
    assert (case.precision, case.recall, case.f1) == (0.0, 1.0, 0.0)


def test_a_unit_charged_to_the_other_shopper_is_wrong_for_both() -> None:
    case = _case({"A": {"1": 1}, "B": {"2": 1}}, {"A": {"1": 1, "2": 1}, "B": {}})
    assert (case.precision, case.recall, case.f1) == (0.5, 0.5, 0.5)


def test_counts_are_units() -> None:
    case = _case({"A": {"1": 3}}, {"A": {"1": 1}})
    assert case.precision == 1.0
    assert case.recall == pytest.approx(1 / 3)
    assert case.f1 == pytest.approx(0.5)


def test_a_wrong_receipt_counts_only_when_nobody_was_asked() -> None:
    wrong = ({"A": {"1": 1}}, {"A": {"2": 1}})
    report = overall("joint", 7, [_case(*wrong), _case(*wrong, asked=("A",)), _case({"A": {"1": 1}}, {"A": {"1": 1}})])
    assert report.wrong_unasked_per_1000 == pytest.approx(1000 / 3)
    assert report.asked_per_1000 == pytest.approx(1000 / 3)
    assert report.f1 == pytest.approx(1 / 3)


def test_the_report_has_the_form_that_others_script_against() -> None:
    plain = msgspec.to_builtins(overall("joint", 7, [_case({"A": {"1": 1}}, {"A": {}})]))
    assert list(plain) == [
        "method", "seed", "cases", "precision", "recall", "f1", "asked_per_1000", "wrong_unasked_per_1000"
    ]  # fmt: skip
    assert plain["cases"] == [
        {
            "name": "case",
            "receipts": {"A": {}},
            "truth": {"A": {"1": 1}},
            "precision": 1.0,
            "recall": 0.0,
            "f1": 0.0,
            "asked": [],
            "seconds": 12.0,
        }
    ]


def test_no_cases_make_no_report() -> None:
    with pytest.raises(ValueError, match="no cases"):
        overall("joint", 0, [])
