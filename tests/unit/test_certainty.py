"""How the certainty of receipts is measured: known answers, and a drawing that can be read."""

import xml.etree.ElementTree as ET

import pytest

from benchmarks.certainty import drawing, reliability


def test_what_comes_true_as_often_as_stated_has_no_error() -> None:
    report = reliability([(0.75, True)] * 3 + [(0.75, False)] + [(1.0, True)] * 4)
    assert report.expected_calibration_error == pytest.approx(0.0)
    assert report.brier == pytest.approx(4 * 0.75 * 0.25 / 8)
    assert [(b.said, b.right, b.count) for b in report.bins] == [(0.75, 0.75, 4), (1.0, 1.0, 4)]


def test_what_is_stated_too_surely_counts_by_how_often_it_is_stated() -> None:
    report = reliability([(0.9, True), (0.9, False)] + [(0.1, False)] * 2)
    assert report.expected_calibration_error == pytest.approx((2 * 0.4 + 2 * 0.1) / 4)


def test_where_nothing_was_stated_nothing_is_measured() -> None:
    with pytest.raises(ValueError, match="nothing was stated"):
        reliability([])


def test_the_drawing_shows_every_bin_where_it_belongs() -> None:
    circles = ET.fromstring(drawing(reliability([(0.5, True), (0.5, False), (1.0, True)]))).findall(
        "{http://www.w3.org/2000/svg}circle"
    )
    assert [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in circles] == [(196.0, 196.0), (346.0, 46.0)]
