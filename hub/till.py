"""The till: gets holds, charges receipts, lets holds go, and remembers in the journal which of it is done."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from hub.core.events import Capture, PreAuthorise, Void
from hub.journal import Journal, Settlement
from hub.payments import PaymentDown, PaymentProvider, PaymentRefused, charge
from wire.clock import Clock

log = logging.getLogger(__name__)

T = TypeVar("T")

CALL_DEADLINE_S = 10.0
"""For one call to the provider."""
RETRY_AT_MOST_S = 60.0


class Till:
    """Every call carries a key made of the journal's ledger id and the session, so that all of it may be repeated."""

    def __init__(self, provider: PaymentProvider, journal: Journal, clock: Clock) -> None:
        self._provider = provider
        self._journal = journal
        self._clock = clock
        self._down = False
        self.settlements = {s.session: s for s in journal.settlements()}
        """How the sessions that are over ended, by session, oldest first."""

    async def authorise(self, effect: PreAuthorise) -> str | None:
        """The hold's reference, None when it is declined; as long as it takes, and the same however often asked."""
        key = self._key(effect.session, "authorise")
        try:
            return await self._insist(partial(self._provider.authorise, effect.credential, effect.amount_cents, key))
        except PaymentRefused as e:
            log.warning("%s: no pre-authorisation: %s", effect.session, e)
            return None

    async def let_go(self, session: str, hold: str) -> str | None:
        """Void a hold; why the provider refused if it did: charged already, or too old for it."""
        try:
            await self._insist(partial(self._provider.void, hold, self._key(session, "void")))
        except PaymentRefused as e:
            return str(e)
        return None

    async def capture(self, effect: Capture) -> None:
        """Charge a receipt and hand it out."""
        receipt = effect.receipt
        key = self._key(receipt.session, "charge")
        charged = await self._insist(partial(charge, self._provider, effect.hold, receipt, key))
        await self._settle(
            Settlement(
                session=receipt.session,
                at_s=self._clock.now(),
                charged_cents=charged.charged_cents,
                receipt=receipt,
                refused=charged.refused,
            )
        )

    async def void(self, effect: Void) -> None:
        """Let a hold go: nothing was taken, and the receipt says so, or nobody came in."""
        refused = await self.let_go(effect.session, effect.hold)
        await self._settle(
            Settlement(
                session=effect.session,
                at_s=self._clock.now(),
                charged_cents=0,
                receipt=effect.receipt,
                refused=refused,
            )
        )

    def _key(self, session: str, call: str) -> str:
        return f"{self._journal.ledger}/{session}/{call}"

    async def _settle(self, settlement: Settlement) -> None:
        await self._journal.settle(settlement)
        self.settlements[settlement.session] = settlement
        if settlement.refused is not None:
            log.warning(
                "%s: %d cents charged, and then refused: %s",
                settlement.session,
                settlement.charged_cents,
                settlement.refused,
            )

    async def _insist(self, call: Callable[[], Awaitable[T]]) -> T:
        """Call the provider until it answers. Raises PaymentRefused."""
        pause_s = 1.0
        while True:
            try:
                async with asyncio.timeout(CALL_DEADLINE_S):
                    answer = await call()
            except (PaymentDown, TimeoutError) as e:
                if not self._down:
                    self._down = True
                    log.error("Payments: %s; trying again until it answers", e or "no answer from the provider")
            else:
                if self._down:
                    self._down = False
                    log.info("Payments: the provider answers again")
                return answer
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, RETRY_AT_MOST_S)
