"""The hub between the wire and the core, in virtual time: what it keeps, sends, does again and does only once."""

import asyncio
import logging

import pytest

from hub.core.answers import AnswerRefused
from hub.core.events import Observed, Ticked
from hw.sim.virtual_time import run
from tests.store.scripted import COLA, WATER
from tests.unit.hub_shop import NOON_S, ONE_COLA, ONE_WATER, Shop, change, counts, taken, tap
from wire.messages import GateCommand, Heartbeat, Reading, WeightChange


def test_a_visit_goes_from_the_tap_to_a_charged_receipt() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.nodes() as nodes:
            await nodes.visit("alice", ONE_COLA, ONE_WATER)
        assert [counts(r) for r in shop.hub.receipts] == [{COLA: 1, WATER: 1}]
        assert shop.hub.settlements["v1"].charged_cents == shop.payments.captured_cents() == 210
        assert shop.payments.open_cents() == 0

    run(main())


def test_receipts_are_newest_first_and_who_takes_nothing_pays_nothing() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.nodes() as nodes:
            await nodes.visit("alice", ONE_COLA)
            await nodes.visit("bob")
        assert [(r.credential, counts(r)) for r in shop.hub.receipts] == [("bob", {}), ("alice", {COLA: 1})]
        assert (shop.payments.captured_cents(), shop.payments.open_cents()) == (120, 0)

    run(main())


def test_killed_after_any_step_of_a_visit_the_hub_ends_with_the_same_receipt_and_charge() -> None:
    async def main(kill_at: int) -> tuple[int, list[dict[str, int]], int, int]:
        shop, steps = Shop(), 0
        async with shop.nodes() as nodes:

            async def between() -> None:
                nonlocal steps
                steps += 1
                if steps == kill_at:
                    await shop.kill()
                    shop.start()
                    await nodes.dawdle()

            nodes.between = between
            await nodes.visit("alice", ONE_COLA, ONE_WATER)
        receipts = [counts(r) for r in shop.hub.receipts]
        return steps, receipts, shop.payments.captured_cents(), shop.payments.open_cents()

    steps, *undisturbed = run(main(0))
    assert undisturbed == [[{COLA: 1, WATER: 1}], 210, 0]
    for step in range(1, steps + 1):
        assert run(main(step))[1:] == tuple(undisturbed), f"killed after step {step} of {steps}"


def test_a_hub_that_starts_again_knows_what_it_knew_and_does_nothing_twice() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.nodes() as nodes:
            await nodes.visit("alice", ONE_COLA)
        before, calls = shop.hub, shop.payments.calls
        await shop.kill()
        async with shop.listening() as inbox:
            shop.start()
            await asyncio.sleep(30)
            assert not taken(inbox, GateCommand)
        assert shop.hub.receipts == before.receipts and shop.hub.settlements == before.settlements
        assert shop.payments.calls == calls

    run(main())


def test_a_gate_command_waits_for_the_bus_but_not_beyond_its_expiry(caplog: pytest.LogCaptureFixture) -> None:
    async def main(away_s: float) -> int:
        shop = Shop()
        async with shop.listening("gate-in") as inbox:
            await shop.say("gate-in", tap("decline-first"))
            shop.payments.lost_answers = 1
            await shop.say("gate-in", tap("alice"), seq=2)
            shop.bus.online.clear()
            await asyncio.sleep(away_s)
            shop.bus.online.set()
            await asyncio.sleep(30)
            return len(taken(inbox, GateCommand))

    assert run(main(4.0)) == 1
    assert run(main(15.0)) == 0
    assert "expired before it could be sent" in caplog.text


def test_a_change_is_explained_after_a_while_though_nothing_else_comes() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.listening():
            await shop.say("shelf", change())
            due_s = shop.hub.state.wake_at_s
            assert due_s is not None
            await asyncio.sleep(due_s - shop.clock.now() + 0.01)
        ticks = [e for e in shop.heard() if isinstance(e, Ticked)]
        assert [t.at_s >= due_s for t in ticks] == [True]
        assert shop.hub.state.wake_at_s is None

    run(main())


def test_a_question_waits_for_its_answer_through_a_restart_and_is_answered_once() -> None:
    async def main() -> None:
        shop = Shop(ask_below=1.0)
        async with shop.nodes() as nodes:
            await nodes.visit("alice", ONE_COLA)
        assert not shop.hub.receipts and list(shop.hub.questions) == ["v1"]
        await shop.kill()
        shop.start()
        await asyncio.sleep(0.01)
        choice = [dict(c) for c in shop.hub.questions["v1"].candidates].index({COLA: 1})
        for session, bad in (("v2", 0), ("v1", -1), ("v1", 99), ("v1", {"404": 1}), ("v1", {COLA: -1})):
            with pytest.raises(AnswerRefused):
                await shop.hub.answer(session, bad)
        await shop.hub.answer("v1", choice)
        with pytest.raises(AnswerRefused):
            await shop.hub.answer("v1", choice)
        await asyncio.sleep(0.01)
        assert [counts(r) for r in shop.hub.receipts] == [{COLA: 1}]
        await shop.kill()
        shop.start()
        assert not shop.hub.questions and shop.payments.captured_cents() == 120

    run(main())


def test_a_cart_that_somebody_put_together_is_charged_and_so_again_after_a_restart() -> None:
    async def main() -> None:
        shop = Shop(ask_below=1.0)
        async with shop.nodes() as nodes:
            await nodes.visit("alice", ONE_COLA)
        await shop.hub.answer("v1", {COLA: 1, WATER: 2})
        await asyncio.sleep(0.01)
        await shop.kill()
        shop.start()
        assert [counts(r) for r in shop.hub.receipts] == [{COLA: 1, WATER: 2}]
        assert not shop.hub.questions and shop.payments.captured_cents() == 300

    run(main())


def test_times_of_a_node_whose_clock_is_off_are_journaled_in_the_hubs_time() -> None:
    async def main(off_s: float) -> float:
        shop = Shop()
        await asyncio.sleep(0.01)
        for seq, delay_s in enumerate((0.3, 0.0, 0.2), start=1):
            sent_s = shop.clock.now() + off_s
            await asyncio.sleep(delay_s)
            await shop.say("shelf", Heartbeat(t_s=sent_s, uptime_s=1.0), seq=seq)
        now_s = shop.clock.now()
        await shop.say("shelf", change(t1_s=now_s + off_s))
        (event,) = [e for e in shop.heard() if isinstance(e, Observed)]
        assert isinstance(event.body, WeightChange)
        assert event.body.t1_s - event.body.t0_s == pytest.approx(0.5)
        return event.body.t1_s - now_s

    assert run(main(-2.0)) == pytest.approx(0.0, abs=1e-3)
    assert run(main(+2.0)) == pytest.approx(0.0, abs=1e-3)
    assert run(main(0.02)) == pytest.approx(0.02, abs=1e-6)  # less than travel time may explain: left alone


def test_a_silent_node_is_down_and_said_so_once_and_once_when_it_is_back(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        shop = Shop()
        beat = Heartbeat(t_s=NOON_S, uptime_s=5.0, counters={"spikes": 2}, readings={"1-1-1": Reading(value=350.0)})
        await asyncio.sleep(0.01)
        await shop.say("shelf", beat)
        nodes = shop.hub.nodes.by_name
        assert nodes["shelf"].counters == {"spikes": 2} and nodes["shelf"].readings["1-1-1"].value == 350.0
        alive = [nodes["shelf"].alive]
        await asyncio.sleep(20)
        alive.append(nodes["shelf"].alive)
        await shop.say("shelf", beat, seq=2)
        assert [*alive, nodes["shelf"].alive] == [True, False, True]

    caplog.set_level(logging.INFO, "hub.nodes")
    run(main())
    lines = [r.getMessage() for r in caplog.records]
    assert ["silent" in line or "back" in line for line in lines] == [False, True, True]


def test_the_hub_beats_once_a_second() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.listening("hub") as inbox:
            await asyncio.sleep(9.5)
            beats = [b for b in taken(inbox, Heartbeat) if isinstance(b, Heartbeat)]
        assert [round(b.uptime_s) for b in beats] == list(range(10))

    run(main())
