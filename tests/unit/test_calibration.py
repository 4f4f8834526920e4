"""Calibration records: bound to a cell, kept with their history, and refused when they cannot be trusted."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_py.calibration import BadCalibration, Calibration, CalibrationStore, Temperature
from shelf_node.grams import grams


def record(cell: str = "LC-0042", utc_s: float = 1.0, **changes: object) -> Calibration:
    plain: dict[str, object] = {"zero_counts": 80_000.0, "counts_per_gram": 209.7, "sigma_g": 0.4, **changes}
    return msgspec.convert({"cell": cell, "utc_s": utc_s, **plain}, Calibration)


def test_a_cell_that_was_never_calibrated_has_no_record(tmp_path: Path) -> None:
    store = CalibrationStore(tmp_path / "calibrations")
    assert store.current("LC-0042") is None
    assert store.history("LC-0042") == []


def test_the_newest_record_counts_and_the_older_ones_are_kept(tmp_path: Path) -> None:
    store = CalibrationStore(tmp_path / "calibrations")
    first = record(utc_s=1.0, temperature={"reference_c": 21.5, "zero_counts_per_c": -12.0, "span_per_c": 3e-5})
    second = record(utc_s=2.0, zero_counts=81_000.0)
    store.add(first)
    store.add(record("LC-0043"))
    store.add(second)
    again = CalibrationStore(tmp_path / "calibrations")
    assert again.current("LC-0042") == second
    assert again.history("LC-0042") == [first, second]


def test_a_file_copied_from_another_cell_is_refused_in_one_line(tmp_path: Path) -> None:
    store = CalibrationStore(tmp_path)
    store.add(record("LC-0042"))
    (tmp_path / "LC-0042.json").rename(tmp_path / "LC-0043.json")
    with pytest.raises(BadCalibration, match=r"LC-0043\.json: belongs to cell LC-0042, not LC-0043") as e:
        store.current("LC-0043")
    assert "\n" not in str(e.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "truncated"),
        ('{"records": []}', "length"),
        ('{"records": [{"cell": "LC-0042"}]}', "missing required field"),
        ('{"records": [{"cell": "LC-0042", "utc_s": 1, "zero_counts": 0, "counts_per_gram": 1, "gain": 2}]}', "gain"),
        (
            '{"records": [{"cell": "LC-0042", "utc_s": 1, "zero_counts": 0, "counts_per_gram": 0, "sigma_g": 1}]}',
            "no load cell's span",
        ),
        ("\xff", "not a file"),
    ],
)
def test_a_file_that_is_not_whole_names_itself_and_what_is_wrong(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "LC-0042.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(BadCalibration, match=complaint) as e:
        CalibrationStore(tmp_path).current("LC-0042")
    assert str(tmp_path / "LC-0042.json") in str(e.value)


def test_a_record_is_never_added_to_a_history_that_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "LC-0042.json"
    file.write_text("half a fi")
    with pytest.raises(BadCalibration):
        CalibrationStore(tmp_path).add(record())
    assert file.read_text() == "half a fi"


def test_a_write_that_fails_leaves_the_records_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = CalibrationStore(tmp_path)
    store.add(record())

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.add(record(utc_s=2.0))
    assert store.history("LC-0042") == [record()]


@given(
    load_g=st.floats(-100, 10_000),
    warmer_c=st.floats(-20, 20),
    span=st.floats(50, 2000) | st.floats(-2000, -50),
)
def test_grams_undo_what_load_and_temperature_do_to_a_cell(load_g: float, warmer_c: float, span: float) -> None:
    effect = Temperature(reference_c=20.0, zero_counts_per_c=40.0, span_per_c=1e-4)
    calibration = Calibration(
        cell="LC-1", utc_s=0.0, zero_counts=5_000.0, counts_per_gram=span, sigma_g=0.1, temperature=effect
    )
    counts = 5_000.0 + 40.0 * warmer_c + load_g * span * (1 + 1e-4 * warmer_c)
    assert grams(calibration, counts, 20.0 + warmer_c) == pytest.approx(load_g, abs=1e-6)


def test_without_a_temperature_the_cell_counts_as_at_its_reference() -> None:
    effect = Temperature(reference_c=20.0, zero_counts_per_c=40.0, span_per_c=1e-4)
    with_effect = msgspec.structs.replace(record(), temperature=effect)
    assert grams(with_effect, 100_000) == grams(record(), 100_000) == grams(record(), 100_000, 35.0)
