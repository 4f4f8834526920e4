"""Files of another kind than expected: what they are said to be."""

from pathlib import Path

import pytest

from hw.errors import WrongKind
from hw.kinds import expect

MESSAGE = '{"t": 1.0, "topic": "aisle/demo/shelf/events", "payload": {}}\n'
CONTENT = {
    "visits.json": '[{"name": "c1", "events": []}]',
    "plates.json": '{"name": "tiny", "plates": [], "products": []}',
    "store.toml": 'name = "corner"\n[[products]]\n',
    "day.ndjson": 2 * MESSAGE,
    "day.json": 2 * MESSAGE,
    "visits.ndjson": "[]",
    "cut.ndjson": MESSAGE + MESSAGE[:30],
    "nothing.ndjson": "",
    "torn.json": '[{"name": "c1", "ev',
    "plateless.json": '{"name": "tiny", "products": []}',
    "picture.png": "\udc89PNG\r\n\udcff",
}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in CONTENT.items():
        Path(name).write_bytes(text.encode(errors="surrogateescape"))


@pytest.mark.parametrize(
    ("file", "store", "said"),
    [
        ("plates.json", "visits.json", "plates.json: a store in JSON where labelled visits are expected: are the two"),
        ("store.toml", "day.ndjson", "store.toml: a store in TOML where labelled visits are expected: are the two"),
        (
            "visits.json",
            "store.toml",
            "store.toml: a store in TOML where a store in JSON is expected: labelled visits (CAS",
        ),
        (
            "day.ndjson",
            "plates.json",
            "plates.json: a store in JSON where a store in TOML is expected: labelled visits (CAS",
        ),
        (
            "store.toml",
            "plates.json",
            "store.toml: a store in TOML where labelled visits are expected: labelled visits (CAS",
        ),
        (
            "day.json",
            "store.toml",
            "day.json: a recording where labelled visits are expected: the name of a recording end",
        ),
        (
            "visits.ndjson",
            "plates.json",
            "visits.ndjson: labelled visits where a recording is expected: labelled visits",
        ),
        (
            "day.ndjson",
            "day.ndjson",
            "day.ndjson: a recording where a store in TOML is expected: are the two files swapped?",
        ),
        (
            "nowhere.json",
            "store.toml",
            "store.toml: a store in TOML where a store in JSON is expected: labelled visits (C",
        ),
    ],
)
def test_a_file_of_another_kind_is_named_with_what_it_is_and_what_was_expected(
    files: None, file: str, store: str, said: str
) -> None:
    with pytest.raises(WrongKind) as refused:
        expect(Path(file), Path(store))
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("file", "store"),
    [
        ("visits.json", "plates.json"),
        ("day.ndjson", "store.toml"),
        ("cut.ndjson", "store.toml"),
        ("nothing.ndjson", "store.toml"),
        ("nowhere.json", "plates.json"),
        ("torn.json", "plates.json"),
        ("visits.json", "picture.png"),
        ("visits.json", "plateless.json"),
    ],
)
def test_what_is_of_the_right_kind_or_of_none_is_left_to_whoever_reads_it(files: None, file: str, store: str) -> None:
    expect(Path(file), Path(store))
