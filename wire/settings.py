"""One strict way to read a TOML file, for nodes and hub alike."""

from pathlib import Path
from typing import TypeVar

import msgspec

from wire.errors import BadSettings

T = TypeVar("T")


def load_toml(path: Path, kind: type[T]) -> T:
    """The file at `path` as a `kind` (a msgspec struct). Raises BadSettings naming file, place and cause."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        raise BadSettings(f"{path}: no such file") from None
    except OSError as e:
        raise BadSettings(f"{path}: cannot be read: {e.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as e:
        raise BadSettings(f"{path}: {e}") from None
