"""Money: what the hub asks of a payment provider, how a receipt is charged, and a provider to test against.

Amounts are integer cents. Every call carries an idempotency key: said again with the same key, it does nothing new and
gives the same answer, so that a hub may repeat whatever it does not know the outcome of.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar, cast

from hub.core.events import Receipt
from hub.errors import HubError

T = TypeVar("T")


class PaymentRefused(HubError, ValueError):
    """The provider will not do this, however often it is asked."""


class PaymentDown(HubError, ConnectionError):
    """The provider cannot be reached now; the same call may succeed later."""


class PaymentProvider(Protocol):
    """Raises PaymentDown when it cannot be reached, PaymentRefused for what it will never do."""

    async def authorise(self, credential: str, amount_cents: int, key: str) -> str | None:
        """Hold an amount on what the credential stands for: the hold's reference, or None when it is declined."""

    async def capture(self, hold: str, amount_cents: int, key: str) -> int:
        """Charge that amount, or all that is held if that is less; gives what was charged. Once per hold."""

    async def void(self, hold: str, key: str) -> None:
        """Let go of a hold that was not captured."""


class Charge(NamedTuple):
    """What became of a receipt's total: how much was charged, and why not all of it if so."""

    charged_cents: int
    refused: str | None = None


async def charge(provider: PaymentProvider, hold: str, receipt: Receipt, key: str) -> Charge:
    """Charge a receipt's total: from the hold, and what goes beyond it on the same credential. Safe to repeat."""
    charged = 0
    try:
        charged += await provider.capture(hold, receipt.total_cents, f"{key}/capture")
        rest = receipt.total_cents - charged
        if rest > 0:
            more = await provider.authorise(receipt.credential, rest, f"{key}/authorise-rest")
            if more is None:
                return Charge(charged, f"{rest} cents beyond the hold were declined")
            charged += await provider.capture(more, rest, f"{key}/capture-rest")
    except PaymentRefused as e:
        return Charge(charged, str(e))
    return Charge(charged)


_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS holds (
    id INTEGER PRIMARY KEY,
    held_cents INTEGER NOT NULL CHECK (held_cents > 0),
    captured_cents INTEGER CHECK (captured_cents BETWEEN 0 AND held_cents),
    voided INTEGER NOT NULL DEFAULT 0 CHECK (NOT (voided AND captured_cents IS NOT NULL))
);
CREATE TABLE IF NOT EXISTS calls (key TEXT PRIMARY KEY, request TEXT NOT NULL, answer ANY) WITHOUT ROWID;
"""


class TestProvider:
    """Answers like a provider and moves no money: declines every credential that begins with "decline".

    Keeps its books in a file of its own, so that they outlive a killed hub as an outside provider's would; in memory
    for None. A refused call leaves no trace.
    """

    __test__ = False  # no test case, whatever its name makes pytest think

    def __init__(self, path: Path | None = None) -> None:
        try:
            self._db = sqlite3.connect(path or ":memory:", isolation_level=None)
            self._db.executescript(_SCHEMA)
        except sqlite3.Error as e:
            raise PaymentDown(f"test payments {path}: {e}: wrong path, or no right to it") from None

    async def authorise(self, credential: str, amount_cents: int, key: str) -> str | None:
        def hold() -> int | None:
            if amount_cents <= 0:
                raise PaymentRefused(f"a hold of {amount_cents} cents holds nothing")
            if credential.startswith("decline"):
                return None
            return self._db.execute("INSERT INTO holds (held_cents) VALUES (?)", (amount_cents,)).lastrowid

        number = self._once(key, f"authorise {amount_cents} {credential}", hold)
        return None if number is None else str(number)

    async def capture(self, hold: str, amount_cents: int, key: str) -> int:
        def take() -> int:
            charged = min(amount_cents, self._open_hold(hold))
            if charged <= 0:
                raise PaymentRefused(f"hold {hold}: {amount_cents} cents cannot be charged")
            self._db.execute("UPDATE holds SET captured_cents = ? WHERE id = ?", (charged, hold))
            return charged

        return self._once(key, f"capture {amount_cents} {hold}", take)

    async def void(self, hold: str, key: str) -> None:
        def let_go() -> None:
            self._open_hold(hold)
            self._db.execute("UPDATE holds SET voided = 1 WHERE id = ?", (hold,))

        self._once(key, f"void {hold}", let_go)

    def captured_cents(self) -> int:
        """All the money that was charged."""
        (cents,) = self._db.execute("SELECT ifnull(sum(captured_cents), 0) FROM holds").fetchone()
        return int(cents)

    def open_cents(self) -> int:
        """What is held and neither charged nor let go."""
        undecided = "SELECT ifnull(sum(held_cents), 0) FROM holds WHERE captured_cents IS NULL AND NOT voided"
        return int(self._db.execute(undecided).fetchone()[0])

    def close(self) -> None:
        self._db.close()

    def _open_hold(self, hold: str) -> int:
        """What it holds, in cents. Raises PaymentRefused unless it can still be captured or voided."""
        row = self._db.execute("SELECT held_cents, captured_cents, voided FROM holds WHERE id = ?", (hold,)).fetchone()
        if row is None:
            raise PaymentRefused(f"hold {hold}: no such hold")
        held, captured, voided = row
        if captured is not None or voided:
            raise PaymentRefused(f"hold {hold}: {'let go' if voided else 'captured'} already")
        return int(held)

    def _once(self, key: str, request: str, act: Callable[[], T]) -> T:
        known = self._db.execute("SELECT request, answer FROM calls WHERE key = ?", (key,)).fetchone()
        if known is not None:
            if known[0] != request:
                raise PaymentRefused(f"key {key}: used before, for another request")
            return cast(T, known[1])
        self._db.execute("BEGIN IMMEDIATE")
        try:
            answer = act()
            self._db.execute("INSERT INTO calls VALUES (?, ?, ?)", (key, request, answer))
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        return answer
