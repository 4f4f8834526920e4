"""The hub and its payment provider: whoever is let in is held for, and pays once, whatever becomes of the line."""

import asyncio
import logging

import pytest

from hub.service import AUTHORISE_DEADLINE_S
from hw.sim.virtual_time import run
from tests.store.scripted import COLA
from tests.unit.hub_shop import ONE_COLA, Shop, counts, taken, tap
from wire.messages import GateCommand


def test_who_is_declined_is_not_let_in() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.listening("gate-in") as inbox:
            await shop.say("gate-in", tap("decline-me"))
            assert not taken(inbox, GateCommand)
        assert any("declined" in note.text for note in shop.hub.notes)

    run(main())


def test_a_provider_that_lost_its_answer_is_asked_again_and_holds_once() -> None:
    async def main() -> None:
        shop = Shop()
        shop.payments.lost_answers = 2
        async with shop.listening("gate-in") as inbox:
            await shop.say("gate-in", tap())
            await asyncio.sleep(AUTHORISE_DEADLINE_S / 2)
            assert len(taken(inbox, GateCommand)) == 1
        assert shop.payments.open_cents() == shop.store.thresholds.pre_authorise_cents

    run(main())


def test_who_waits_too_long_for_a_hold_is_not_let_in_and_gets_the_hold_back() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.listening("gate-in") as inbox:
            shop.payments.lost_answers = 1
            await shop.say("gate-in", tap())
            shop.payments.down = True
            assert shop.payments.open_cents() > 0
            await asyncio.sleep(AUTHORISE_DEADLINE_S + 1)
            shop.payments.down = False
            await asyncio.sleep(120)
            assert not taken(inbox, GateCommand)
        assert shop.payments.open_cents() == 0

    run(main())


def test_a_tap_from_before_a_long_outage_opens_nothing() -> None:
    async def main() -> None:
        shop = Shop()
        shop.payments.down = True
        async with shop.listening("gate-in") as inbox:
            await shop.say("gate-in", tap())
            await shop.kill()
            shop.payments.down = False
            await asyncio.sleep(600)
            shop.start()
            await asyncio.sleep(30)
            assert not taken(inbox, GateCommand)
        assert shop.payments.open_cents() == 0

    run(main())


def test_a_charge_is_repeated_until_the_provider_answers_and_made_once(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.nodes() as nodes:

            async def cut_the_line() -> None:
                shop.payments.down = shop.payments.open_cents() > 0

            nodes.between = cut_the_line
            await nodes.visit("alice", ONE_COLA)
        assert shop.payments.captured_cents() == 0 and not shop.hub.receipts
        await shop.kill()
        shop.start()
        shop.payments.down, shop.payments.lost_answers = False, 3
        await asyncio.sleep(120)
        assert shop.payments.captured_cents() == 120
        assert [counts(r) for r in shop.hub.receipts] == [{COLA: 1}]

    caplog.set_level(logging.INFO, "hub.till")
    run(main())
    assert len([r for r in caplog.records if "trying again" in r.getMessage()]) == 2  # once by each hub
    assert len([r for r in caplog.records if "answers again" in r.getMessage()]) == 1
