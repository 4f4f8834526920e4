"""The events that the hub has not acknowledged yet, on disk: a power cut or a lost network takes none of them away."""

import logging
import sqlite3
import zlib
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from firmware_py.errors import OutboxError, OutboxFull

log = logging.getLogger(__name__)

EVENT_LIMIT = 200_000
"""Events kept at most: about 60 MB of disk, and a day without a hub at two events a second."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS pending (
    place INTEGER PRIMARY KEY,
    boot TEXT NOT NULL,
    seq INTEGER NOT NULL,
    body BLOB NOT NULL,
    crc INTEGER NOT NULL,
    UNIQUE (boot, seq)
) STRICT
"""
_INSERT = "INSERT INTO pending (boot, seq, body, crc) VALUES (?, ?, ?, ?)"
_SELECT = "SELECT boot, seq, body, crc FROM pending ORDER BY place"

_SMALLEST_BYTES = 512
"""One page of SQLite's smallest size (file format, 1.3.2). What is shorter it takes for new, and writes over it."""

_NO_DAMAGE = sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL


class Stored(NamedTuple):
    """One event: the start of the node that saw it, its place in that start's sequence, and its JSON."""

    boot: str
    seq: int
    body: bytes


class Outbox:
    """A queue of events, first in first out, in one SQLite file; in memory alone when there is no `path`.

    Everything here is synchronous, for virtual time must not depend on threads. `add` waits until the event is on
    the disk: one fsync, some milliseconds on a good card, which a node with a few events a second can spare.

    Raises OutboxError when the file cannot be opened at all. A damaged file is set aside, never deleted. When the disk
    fails later, as cards in the field do by turning read-only, the outbox goes on in memory and says so.
    """

    def __init__(self, path: Path | None = None, limit: int = EVENT_LIMIT) -> None:
        self._name = str(path or "the outbox in memory")
        self._limit = limit
        self._db = _connect(":memory:") if path is None else _open(path)
        self._count: int = self._db.execute("SELECT count(*) FROM pending").fetchone()[0]

    def waiting(self) -> int:
        """Events not yet acknowledged."""
        return self._count

    def add(self, event: Stored) -> None:
        """Keep an event; it is on the disk when this returns. Raises OutboxFull."""
        if self._count >= self._limit:
            raise OutboxFull(f"{self._name}: {self._count} events wait for the hub already; is it reachable?")
        self._rows(_INSERT, (*event, _crc(event)))
        self._count += 1

    def oldest(self, limit: int) -> list[Stored]:
        """The first events that wait, `limit` at most and all of one boot: a former boot is emptied before the next."""
        events = [Stored(*row[:3]) for row in self._rows(f"{_SELECT} LIMIT ?", (limit,))]
        return [event for event in events if event.boot == events[0].boot]

    def forget(self, boot: str, seq: int) -> int:
        """Drop the events of `boot` up to and with `seq`, which the hub has; gives how many there were."""
        dropped = len(self._rows("DELETE FROM pending WHERE boot = ? AND seq <= ? RETURNING seq", (boot, seq)))
        self._count -= dropped
        return dropped

    def close(self) -> None:
        self._db.close()

    def _rows(self, statement: str, values: tuple[object, ...]) -> list[Any]:
        try:
            return self._db.execute(statement, values).fetchall()
        except sqlite3.IntegrityError:
            raise  # the same event twice is a mistake of the caller's, not a fault of the disk's
        except sqlite3.Error as e:
            self._go_on_in_memory(e)
            return self._db.execute(statement, values).fetchall()

    def _go_on_in_memory(self, cause: sqlite3.Error) -> None:
        memory = _connect(":memory:")
        try:
            rows = self._db.execute(_SELECT).fetchall()
        except sqlite3.Error:
            rows = []
        memory.executemany(_INSERT, rows)
        log.error(
            "%s: cannot be used any more (%s): is the card full or worn out? Events stay in memory from now on; "
            "%d of the %d that wait could not be read",
            self._name,
            cause,
            self._count - len(rows),
            self._count,
        )
        self._db.close()
        self._db, self._count = memory, len(rows)


def _open(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size < _SMALLEST_BYTES:
            _set_aside(path, "it is cut short")
        try:
            return _connect(str(path))
        except (sqlite3.DatabaseError, UnicodeDecodeError) as e:
            # What Python or `_verify` finds wrong carries no code.
            if getattr(e, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF in _NO_DAMAGE:
                raise
            _set_aside(path, " ".join(str(e).split()))
            return _connect(str(path))
    except sqlite3.Error as e:
        cause = "another process has it" if "locked" in str(e) else "is the directory writable?"
        raise OutboxError(f"{path}: the outbox cannot be opened: {e}: {cause}") from None
    except OSError as e:
        raise OutboxError(f"{path}: the outbox cannot be opened: {e.strerror}") from None


def _connect(where: str) -> sqlite3.Connection:
    db = sqlite3.connect(where, isolation_level=None, timeout=0)
    try:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(_SCHEMA)
        _verify(db)
    except BaseException:
        db.close()
        raise
    return db


def _verify(db: sqlite3.Connection) -> None:
    """SQLite checks structure, not content, and one event that the hub cannot read would hold up all the rest."""
    (verdict,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)
    last: dict[str, int] = {}
    for *fields, crc in db.execute(_SELECT):
        event = Stored(*fields)
        if crc != _crc(event) or event.seq != last.get(event.boot, event.seq - 1) + 1:
            raise sqlite3.DatabaseError(f"event {event.seq} of boot {event.boot} is not what was written")
        last[event.boot] = event.seq


def _crc(event: Stored) -> int:
    return zlib.crc32(event.body, zlib.crc32(f"{event.boot} {event.seq}".encode()))


def _set_aside(path: Path, cause: str) -> None:
    aside = next(p for n in count(1) if not (p := path.with_name(f"{path.name}.damaged-{n}")).exists())
    for suffix in ("", "-wal"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    log.error("%s: the outbox is damaged (%s); it is kept as %s, and a new one begins", path, cause, aside.name)
