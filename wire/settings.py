"""One strict way to read a TOML file, for nodes and hub alike."""

import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from wire.errors import BadSettings

T = TypeVar("T")

_PLACE = re.compile(r" - at `\$(?P<path>.*)`$")
_KEY = re.compile(r"Object (?P<fault>contains unknown|missing required) field `(?P<key>.*)`")
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]|(\[\.\.\.\])")


def load_toml(path: Path, kind: type[T]) -> T:
    """The file as a `kind` (a msgspec struct). Raises BadSettings: file, section, key and cause in one line."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise BadSettings(f"{path}: no such file") from None
    except OSError as e:
        raise BadSettings(f"{path}: cannot be read: {e.strerror}") from None
    try:
        return msgspec.toml.decode(text, type=kind)
    except msgspec.ValidationError as e:
        raise BadSettings(f"{path}: {_explain(str(e), msgspec.toml.decode(text), kind)}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as e:
        raise BadSettings(f"{path}: not TOML: {e}") from None


def _explain(fault: str, document: Any, kind: type[Any]) -> str:
    """What msgspec says, with the section of a wrong key spelled as in the file."""
    place = _PLACE.search(fault)
    path = _spelled_out(place["path"], fault, document, kind) if place else ""
    cause = fault[: place.start()] if place else fault
    if wrong := _KEY.fullmatch(cause):
        what = "unknown" if wrong["fault"] == "contains unknown" else "missing"
        return f"{what} key `{wrong['key']}` " + (f"in [{path.lstrip('.')}]" if path else "at the top of the file")
    return f"{cause} - at `${path}`" if place else fault


def _spelled_out(path: str, fault: str, document: Any, kind: type[Any]) -> str:
    """The path with its tables' names, where msgspec writes `[...]`.

    It names its first fault only. So the wrong entry of a table is the first that brings the fault back when the table
    is filled again one by one.
    """
    here, spelled = document, ""
    for name, index, any_key in _STEP.findall(path):
        if any_key:
            entries = dict(here)
            here.clear()
            for name, entry in entries.items():
                here[name] = entry
                if _fault(document, kind) == fault:
                    break
        here = here[int(index)] if index else here[name]
        spelled += f"[{index}]" if index else f".{name}"
    return spelled


def _fault(document: Any, kind: type[Any]) -> str:
    try:
        msgspec.convert(document, kind)
    except msgspec.ValidationError as e:
        return str(e)
    return ""
