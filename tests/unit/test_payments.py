"""Money: never more than was held, never twice, and the same answer to the same question."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from hub.core.events import Receipt
from hub.payments import Charge, PaymentDown, PaymentRefused, TestProvider, charge

T = TypeVar("T")


def receipt(total_cents: int, credential: str = "card-1") -> Receipt:
    return Receipt(
        session="v1", credential=credential, lines=(), total_cents=total_cents, probability=1.0, asked=False, at_s=0.0
    )


async def held(provider: TestProvider, cents: int, credential: str = "card-1", key: str = "a") -> str:
    hold = await provider.authorise(credential, cents, key)
    assert hold is not None
    return hold


async def test_a_credential_that_begins_with_decline_is_declined() -> None:
    provider = TestProvider()
    assert await provider.authorise("decline-me", 3000, "a") is None
    assert provider.open_cents() == 0


async def test_a_receipt_within_the_hold_is_charged_from_it_and_the_rest_let_go() -> None:
    provider = TestProvider()
    assert await charge(provider, await held(provider, 3000), receipt(1250), "k") == Charge(1250)
    assert (provider.captured_cents(), provider.open_cents()) == (1250, 0)


async def test_what_goes_beyond_the_hold_is_charged_to_the_same_credential() -> None:
    provider = TestProvider()
    hold = await held(provider, 3000)
    for _ in range(2):
        assert await charge(provider, hold, receipt(4200), "k") == Charge(4200)
    assert (provider.captured_cents(), provider.open_cents()) == (4200, 0)


async def test_a_declined_rest_leaves_what_was_held_charged_and_says_why() -> None:
    provider = TestProvider()
    hold = await held(provider, 3000)
    charged = await charge(provider, hold, receipt(4200, "decline-later"), "k")
    assert charged == Charge(3000, "1200 cents beyond the hold were declined")
    assert provider.captured_cents() == 3000


@pytest.mark.parametrize("voided", [True, False])
async def test_a_hold_that_was_let_go_or_captured_is_not_charged(voided: bool) -> None:
    provider = TestProvider()
    hold = await held(provider, 3000)
    await (provider.void(hold, "v") if voided else provider.capture(hold, 100, "c"))
    with pytest.raises(PaymentRefused, match="already"):
        await provider.capture(hold, 200, "c2")
    with pytest.raises(PaymentRefused, match="already"):
        await provider.void(hold, "v2")
    charged = await charge(provider, hold, receipt(200), "k")
    assert charged.charged_cents == 0 and charged.refused is not None


async def test_a_key_used_for_another_request_is_refused() -> None:
    provider = TestProvider()
    await held(provider, 3000, key="a")
    with pytest.raises(PaymentRefused, match="another request"):
        await provider.authorise("card-1", 3001, "a")


@pytest.mark.parametrize("cents", [0, -5])
async def test_nothing_and_less_than_nothing_are_refused(cents: int) -> None:
    provider = TestProvider()
    with pytest.raises(PaymentRefused):
        await provider.authorise("card-1", cents, "a")
    with pytest.raises(PaymentRefused):
        await provider.capture(await held(provider, 100), cents, "c")


async def test_its_books_outlive_it(tmp_path: Path) -> None:
    provider = TestProvider(tmp_path / "payments.db")
    hold = await held(provider, 3000)
    await provider.capture(hold, 700, "c")
    provider.close()
    provider = TestProvider(tmp_path / "payments.db")
    assert await provider.authorise("card-1", 3000, "a") == hold
    assert await provider.capture(hold, 700, "c") == 700
    assert provider.captured_cents() == 700
    provider.close()


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(PaymentDown, match="nowhere"):
        TestProvider(tmp_path / "nowhere" / "payments.db")


def now(call: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits."""
    return asyncio.run(call)


class Books(RuleBasedStateMachine):
    """Whatever is asked, and asked again: the provider's books agree with ours."""

    holds: Bundle[str] = Bundle("holds")
    done: Bundle[tuple[str, str, int]] = Bundle("done")

    def __init__(self) -> None:
        super().__init__()
        self.provider = TestProvider()
        self.held: dict[str, int] = {}
        self.captured: dict[str, int] = {}
        self.voided: set[str] = set()
        self.calls = 0

    def key(self) -> str:
        self.calls += 1
        return f"k{self.calls}"

    @rule(target=holds, cents=st.integers(1, 5000))
    def authorise(self, cents: int) -> str:
        key = self.key()
        hold = now(self.provider.authorise("card", cents, key))
        assert hold is not None and hold not in self.held
        assert now(self.provider.authorise("card", cents, key)) == hold
        self.held[hold] = cents
        return hold

    @rule(target=done, hold=holds, cents=st.integers(1, 9000))
    def capture(self, hold: str, cents: int) -> Any:
        key = self.key()
        if hold in self.captured or hold in self.voided:
            with pytest.raises(PaymentRefused):
                now(self.provider.capture(hold, cents, key))
            return multiple()
        self.captured[hold] = now(self.provider.capture(hold, cents, key))
        assert self.captured[hold] == min(cents, self.held[hold])
        return hold, key, cents

    @rule(call=done)
    def capture_again_with_the_same_key(self, call: tuple[str, str, int]) -> None:
        hold, key, cents = call
        assert now(self.provider.capture(hold, cents, key)) == self.captured[hold]

    @rule(hold=holds)
    def void(self, hold: str) -> None:
        key = self.key()
        if hold in self.captured or hold in self.voided:
            with pytest.raises(PaymentRefused):
                now(self.provider.void(hold, key))
        else:
            now(self.provider.void(hold, key))
            now(self.provider.void(hold, key))
            self.voided.add(hold)

    @invariant()
    def the_books_agree(self) -> None:
        assert self.provider.captured_cents() == sum(self.captured.values()) <= sum(self.held.values())
        undecided = self.held.keys() - self.captured.keys() - self.voided
        assert self.provider.open_cents() == sum(self.held[h] for h in undecided)


Books.TestCase.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
TestBooks = Books.TestCase
