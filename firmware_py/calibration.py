"""What is known about each load cell: calibration records, one file per cell, the newest last, nothing forgotten.

A record belongs to a cell's serial, never to a place: a cell that moves to another lane takes its record along, and a
file that was copied for another cell is refused.
"""

import os
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from firmware_py.errors import FirmwareError
from wire.messages import Name, NonNegative


class BadCalibration(FirmwareError, ValueError):
    """A file of records that cannot be used; the message names the file and the likely cause."""


class Temperature(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How zero and span move with temperature, about the temperature of the calibration."""

    reference_c: float
    zero_counts_per_c: float = 0.0
    span_per_c: float = 0.0  # relative: 1e-4 is 100 ppm of the load per kelvin


class Calibration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One calibration of one cell. `counts_per_gram` is negative where the cell is mounted upside down."""

    cell: Name
    utc_s: NonNegative
    zero_counts: float
    counts_per_gram: float
    sigma_g: NonNegative
    """Standard uncertainty of a weighing against the reference weights: fit, place on the plate, repeatability."""
    temperature: Temperature | None = None

    def __post_init__(self) -> None:
        if not 1e-3 <= abs(self.counts_per_gram) <= 1e6:
            raise ValueError(f"cell {self.cell}: {self.counts_per_gram} counts per gram is no load cell's span")


class _Records(Struct, forbid_unknown_fields=True):
    records: Annotated[list[Calibration], Meta(min_length=1)]


class CalibrationStore:
    """The records below one folder, as `SERIAL.json`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def current(self, cell: str) -> Calibration | None:
        """The newest record of a cell; None when it was never calibrated. Raises BadCalibration."""
        history = self.history(cell)
        return history[-1] if history else None

    def history(self, cell: str) -> list[Calibration]:
        """Every record of a cell, oldest first. Raises BadCalibration for a file that cannot be trusted."""
        path = self._path(cell)
        try:
            records = msgspec.json.decode(path.read_bytes(), type=_Records).records
        except FileNotFoundError:
            return []
        except OSError as e:
            raise BadCalibration(f"{path}: cannot be read: {e.strerror}") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as e:
            raise BadCalibration(f"{path}: not a file of calibration records: {e}") from None
        for record in records:
            if record.cell != cell:
                raise BadCalibration(f"{path}: belongs to cell {record.cell}, not {cell}: was the file copied?")
        return records

    def add(self, record: Calibration) -> None:
        """Make `record` the newest of its cell, on disk before this returns. Raises BadCalibration, OSError."""
        path = self._path(record.cell)
        records = _Records([*self.history(record.cell), record])
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".tmp")
        with draft.open("wb") as f:
            f.write(msgspec.json.format(msgspec.json.encode(records), indent=2) + b"\n")
            f.flush()
            os.fsync(f.fileno())
        draft.replace(path)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)  # else a power cut may undo the rename
        finally:
            os.close(folder)

    def _path(self, cell: str) -> Path:
        return self._folder / f"{cell}.json"
