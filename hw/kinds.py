"""Which kind of file somebody gave: where it is not the one expected, that says more than what is malformed in it."""

from pathlib import Path
from typing import Literal

import msgspec

from hw.errors import WrongKind

Kind = Literal["a recording", "labelled visits", "a store in JSON", "a store in TOML"]
TOGETHER = "labelled visits (CASES.json) go with STORE.json, a recording (FILE.ndjson) with STORE.toml"


def expect(file: Path, store: Path) -> None:
    """Raises WrongKind where what is to be replayed, or its store, is known to be something else.

    What is of no known kind is left to whoever reads it.
    """
    want: tuple[Kind, Kind] = ("labelled visits", "a store in JSON")
    if file.suffix == ".ndjson":
        want = ("a recording", "a store in TOML")
    got = kind_of(file), kind_of(store)
    for path, kind, wanted in zip((file, store), got, want, strict=True):
        if kind is not None and kind != wanted:
            are = "are" if wanted == "labelled visits" else "is"
            raise WrongKind(f"{path}: {kind} where {wanted} {are} expected: {_cause(*got)}")


def _cause(file: Kind | None, store: Kind | None) -> str:
    if store in ("a recording", "labelled visits"):
        return "are the two files swapped?"
    if file == "a recording" and store == "a store in TOML":
        return "the name of a recording ends in .ndjson"
    return TOGETHER


def kind_of(path: Path) -> Kind | None:
    """What a file is, by what is in it; None where that cannot be told."""
    try:
        with path.open("rb") as file:
            first = file.readline()
            if _is_message(first):
                return "a recording"
            text = first + file.read()
    except OSError:
        return None
    for decode in (msgspec.json.decode, msgspec.toml.decode):
        try:
            content = decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        match content:
            case [*_]:
                return "labelled visits"
            case {"plates": _}:
                return "a store in JSON"
            case {"products": _} if decode is msgspec.toml.decode:
                return "a store in TOML"
    return None


def _is_message(line: bytes) -> bool:
    try:
        first = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return isinstance(first, dict) and {"topic", "payload"} <= first.keys()
