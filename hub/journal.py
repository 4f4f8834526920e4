"""The hub's ledger: every input in order, how far each node is, and what was done with money. SQLite, plain SQL.

On disk, one thread writes and many waiting writes become one transaction, so that an fsync is shared by all that wait
for it (`benchmarks/message_to_decision.py` measures it). In memory there is nothing to wait for: writes happen in
place, and virtual time stays free of threads.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from msgspec import Struct

from hub.core.events import AnyInput, Receipt
from hub.errors import HubError

COMMIT_DEADLINE_S = 10.0
"""A disk that takes longer than this for one commit is taken for dead."""

FORMAT = 1
_APPLICATION_ID = 0x41495332  # "AIS2": tells our file from any other SQLite database
_SCHEMA = (
    "CREATE TABLE about (store TEXT NOT NULL, ledger TEXT NOT NULL)",
    "CREATE TABLE inputs (position INTEGER PRIMARY KEY, batch TEXT NOT NULL)",
    "CREATE TABLE nodes (node TEXT, boot TEXT, seq INTEGER NOT NULL, PRIMARY KEY (node, boot)) WITHOUT ROWID",
    "CREATE TABLE settlements (session TEXT PRIMARY KEY, settlement TEXT NOT NULL)",
    f"PRAGMA application_id = {_APPLICATION_ID}",
    f"PRAGMA user_version = {FORMAT}",
)
# A row is a JSON array of all that came in one append: the sqlite3 module gives up the GIL for every row, and under
# load waits for it again each time.
_ADD_BATCH = "INSERT INTO inputs (batch) VALUES (?)"
_ADD_NODE = (
    "INSERT INTO nodes VALUES (?, ?, ?) ON CONFLICT (node, boot) DO UPDATE SET seq = excluded.seq"
    " WHERE excluded.seq > seq"
)
_ADD_SETTLEMENT = "INSERT INTO settlements VALUES (?, ?)"

Write = tuple[str, Sequence[Sequence[Any]]]
NodeBoot = tuple[str, str]


class JournalDamaged(HubError, ValueError):
    """The file is not a whole journal of this store; nothing of it is used."""


class JournalBusy(HubError, RuntimeError):
    """Another hub writes this journal."""


class JournalFailed(HubError, OSError):
    """The file cannot be opened or written: full, read-only or dead disk. What was not acknowledged, nodes keep."""


class Settlement(Struct, frozen=True, kw_only=True):
    """How one session ended: with a receipt, unless nobody came in.

    `charged_cents` falls short of the receipt's total when the provider refused the rest; `refused` says why.
    """

    session: str
    at_s: float
    charged_cents: int
    receipt: Receipt | None = None
    refused: str | None = None


_decode_batch = msgspec.json.Decoder(list[AnyInput]).decode
_decode_settlement = msgspec.json.Decoder(Settlement).decode
_encode = msgspec.json.Encoder().encode


def _text(value: Settlement | Sequence[AnyInput]) -> str:
    return _encode(value).decode()


class Journal:
    """The journal of one store, at `path` or, for None, in memory.

    Read it (`replay`, `positions`, `settlements`) before the first write. Once a write failed, every later one fails
    too: a hub that cannot write must stop, and the next one starts from what is on the disk.
    """

    def __init__(self, path: Path | None, store: str) -> None:
        self._name = f"journal {path}" if path else "journal in memory"
        self._waiting: deque[list[Write]] = deque()
        self._failed: JournalFailed | None = None
        self._writer = ThreadPoolExecutor(1, "journal") if path else None
        try:
            self._db = sqlite3.connect(path or ":memory:", timeout=0, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as e:
            raise JournalFailed(f"{self._name}: {e}: wrong directory, or no right to it") from None
        try:
            self.ledger = self._open(store)
        except sqlite3.Error as e:
            self.close()
            raise self._fault(e) from None
        except HubError:
            self.close()
            raise

    def _open(self, store: str) -> str:
        # The exclusive lock lasts as long as the connection and dies with the process.
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        known = self._db.execute("PRAGMA application_id").fetchone()[0]
        new = known == 0 and not self._db.execute("SELECT 1 FROM sqlite_schema").fetchone()
        if not new and known != _APPLICATION_ID:
            raise JournalDamaged(f"{self._name}: a database, but not a journal of a hub: wrong path?")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("BEGIN IMMEDIATE")
        if new:
            for statement in _SCHEMA:
                self._db.execute(statement)
            self._db.execute("INSERT INTO about VALUES (?, ?)", (store, uuid4().hex))
        self._db.execute("COMMIT")
        (found,) = self._db.execute("PRAGMA user_version").fetchone()
        if found != FORMAT:
            raise JournalDamaged(f"{self._name}: written in format {found}, this hub reads {FORMAT}")
        (verdict,) = self._db.execute("PRAGMA quick_check(1)").fetchone()
        count, last = self._db.execute("SELECT count(*), ifnull(max(position), 0) FROM inputs").fetchone()
        owner, ledger = self._db.execute("SELECT store, ledger FROM about").fetchone() or (None, "")
        if verdict != "ok" or count != last:
            cause = verdict if verdict != "ok" else f"{last - count} of {last} rows of inputs are missing"
            raise JournalDamaged(f"{self._name}: damaged, restore a copy of it: {cause}")
        if owner != store:
            raise JournalDamaged(f"{self._name}: belongs to store {owner}, not to {store}")
        return str(ledger)

    def replay(self) -> Iterator[AnyInput]:
        """Every input, oldest first. Raises JournalDamaged at one that cannot be read."""
        try:
            for position, text in self._db.execute("SELECT position, batch FROM inputs ORDER BY position"):
                try:
                    batch = _decode_batch(text)
                except msgspec.DecodeError as e:
                    raise JournalDamaged(f"{self._name}: inputs {position} are damaged: {e}") from None
                yield from batch
        except sqlite3.Error as e:
            raise self._fault(e) from None

    def positions(self) -> dict[NodeBoot, int]:
        """The last event seq in the journal by node and boot."""
        return {(node, boot): seq for node, boot, seq in self._db.execute("SELECT node, boot, seq FROM nodes")}

    def settlements(self) -> list[Settlement]:
        """What was done with money, oldest first."""
        try:
            rows = self._db.execute("SELECT settlement FROM settlements ORDER BY rowid")
            return [_decode_settlement(text) for (text,) in rows]
        except msgspec.DecodeError as e:
            raise JournalDamaged(f"{self._name}: a settlement is damaged: {e}") from None

    async def append(self, inputs: Sequence[AnyInput], positions: Mapping[NodeBoot, int] | None = None) -> None:
        """Return once the inputs, and how far that brings their nodes, are on the disk together."""
        await self._write(
            [
                (_ADD_BATCH, [(_text(inputs),)] if inputs else []),
                (_ADD_NODE, [(node, boot, seq) for (node, boot), seq in (positions or {}).items()]),
            ]
        )

    async def settle(self, settlement: Settlement) -> None:
        """Return once it is on the disk how a session's money ended. Once per session."""
        await self._write([(_ADD_SETTLEMENT, [(settlement.session, _text(settlement))])])

    def close(self) -> None:
        """Finish what is being written, and let go of the file."""
        if self._writer is not None:
            self._writer.shutdown()
        self._db.close()

    async def _write(self, writes: list[Write]) -> None:
        self._waiting.append(writes)
        if self._writer is None:
            self._commit()
            return
        try:
            async with asyncio.timeout(COMMIT_DEADLINE_S):
                await asyncio.get_running_loop().run_in_executor(self._writer, self._commit)
        except TimeoutError:
            raise JournalFailed(f"{self._name}: no commit within {COMMIT_DEADLINE_S:.0f} s: a dying disk?") from None

    def _commit(self) -> None:
        """Commit all that wait; whoever comes here later finds nothing left, or the failure of an earlier commit."""
        if self._failed is not None:
            raise self._failed
        batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not batch:
            return
        try:
            self._db.execute("BEGIN IMMEDIATE")
            for sql, rows in (write for writes in batch for write in writes):
                self._db.executemany(sql, rows)
            self._db.execute("COMMIT")
        except sqlite3.Error as e:
            self._failed = JournalFailed(f"{self._name}: {e}: nothing is acknowledged until it can be written")
            raise self._failed from None

    def _fault(self, e: sqlite3.Error) -> HubError:
        if isinstance(e, sqlite3.OperationalError) and "locked" in str(e):
            return JournalBusy(f"{self._name}: in use: is another hub running?")
        if isinstance(e, sqlite3.OperationalError):
            return JournalFailed(f"{self._name}: {e}: disk full, or no right to the file")
        return JournalDamaged(f"{self._name}: damaged, restore a copy of it: {e}")
