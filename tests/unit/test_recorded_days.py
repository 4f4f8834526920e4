"""Days that are recorded once and judged again."""

import gzip
from pathlib import Path

import msgspec
import pytest

from benchmarks.recorded_days import judge_day, main, read_day, record_day
from hub.core.events import Answered


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("days") / "day-3.ndjson.gz"
    record_day(path, visits=12, seed=3)
    return path


def test_a_recorded_day_is_judged_by_the_truth_that_was_recorded_with_it(day: Path) -> None:
    truth, inputs = read_day(day)
    assert len(truth) >= 10 and any(truth.values())
    assert len(list(inputs)) > 1000 and not day.with_suffix(".part").exists()
    judged = judge_day(day)
    assert judged.visits == len(truth) and judged.day == "day-3"
    assert judged.settled + len(judged.wrong) <= judged.visits and judged.settled >= judged.visits - 2
    assert judge_day(day) == judged


def test_what_was_answered_to_the_hub_that_recorded_it_is_not_told_again(day: Path, tmp_path: Path) -> None:
    lines = gzip.decompress(day.read_bytes()).splitlines(keepends=True)
    at_s = next(iter(read_day(day)[1])).at_s
    said = Answered(at_s=at_s, session="v1", choice={})
    other = tmp_path / "day-3.ndjson.gz"
    other.write_bytes(gzip.compress(lines[0] + msgspec.json.encode(said) + b"\n" + b"".join(lines[1:])))
    assert judge_day(other) == judge_day(day)


@pytest.mark.parametrize(("kept", "says"), [(0.5, "cut short or damaged after line"), (0.0, "no recorded day")])
def test_half_a_file_is_one_line(day: Path, tmp_path: Path, kept: float, says: str) -> None:
    half = tmp_path / "day-3.ndjson.gz"
    half.write_bytes(day.read_bytes()[: int(kept * day.stat().st_size)])
    with pytest.raises(SystemExit, match=says):
        judge_day(half)


def test_a_folder_without_days_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no recorded days"):
        main(["judge", str(tmp_path)])
