"""The hub between the wire and the core, in virtual time: what it keeps, sends, does again and does only once."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

import pytest

from hub.core.answers import AnswerRefused
from hub.core.events import AnyInput, Observed, Receipt, Ticked
from hub.journal import Journal, JournalFailed, NodeBoot
from hub.payments import PaymentDown, TestProvider
from hub.service import AUTHORISE_DEADLINE_S, Hub
from hw.sim.virtual_time import run
from tests.store.scripted import COLA, WATER, small_store
from tests.store.wired import Floor, floor
from wire import topics
from wire.bus import Inbox, MemoryBroker, MemoryBus
from wire.clock import Clock
from wire.messages import Ack, AnyMessage, Envelope, GateCommand, Heartbeat, Reading, Tap, WeightChange, decode, encode

NOON_S = 1_700_000_000.0
ONE_COLA, ONE_WATER = (1, 350.2), (4, 537.8)


class ShakyProvider(TestProvider):
    """A provider behind a bad line: cut while `down`; `lost_answers` calls are carried out and never answered."""

    def __init__(self) -> None:
        super().__init__()
        self.down = False
        self.lost_answers = 0
        self.calls = 0

    async def authorise(self, credential: str, amount_cents: int, key: str) -> str | None:
        self._dial()
        hold = await super().authorise(credential, amount_cents, key)
        self._answer()
        return hold

    async def capture(self, hold: str, amount_cents: int, key: str) -> int:
        self._dial()
        charged_cents = await super().capture(hold, amount_cents, key)
        self._answer()
        return charged_cents

    async def void(self, hold: str, key: str) -> None:
        self._dial()
        await super().void(hold, key)
        self._answer()

    def _dial(self) -> None:
        self.calls += 1
        if self.down:
            raise PaymentDown("the line is cut")

    def _answer(self) -> None:
        if self.lost_answers:
            self.lost_answers -= 1
            raise PaymentDown("no answer")


class Shop:
    """A hub on a bus in memory, its journal and its provider; the hub can be killed and started again."""

    def __init__(self, ask_below: float = 0.9) -> None:
        self.store = small_store(ask_below)
        self.broker = MemoryBroker()
        self.clock = Clock(NOON_S)
        self.journal = Journal(None, self.store.name)
        self.payments = ShakyProvider()
        self.bus, self.outside = MemoryBus(self.broker), MemoryBus(self.broker)
        self.start()

    def start(self) -> None:
        self.hub = Hub(self.store, self.bus, self.journal, self.payments, self.clock)
        self.task = asyncio.create_task(self.hub.run())

    async def kill(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task

    async def node_bus(self, node: str) -> MemoryBus:
        return MemoryBus(self.broker)

    @asynccontextmanager
    async def nodes(self) -> AsyncIterator[Floor]:
        async with floor(self.store, self.node_bus, self.clock) as nodes:
            await asyncio.sleep(0.01)
            yield nodes
            await asyncio.sleep(5.0)

    @asynccontextmanager
    async def listening(self, node: str = "+") -> AsyncIterator[Inbox]:
        async with self.outside.subscribe(f"{topics.ROOT}/{self.store.name}/{node}/+") as inbox:
            await asyncio.sleep(0.01)
            yield inbox

    async def say(self, node: str, body: AnyMessage, seq: int = 1, boot: str = "b1") -> None:
        """Somebody says one thing on the wire, and everything has its time to happen."""
        topic = topics.stream if isinstance(body, Heartbeat) else topics.events
        envelope = Envelope(node=node, boot=boot, seq=seq, body=body)
        await self.outside.publish(topic(self.store.name, node), encode(envelope), qos=1)
        await asyncio.sleep(0.01)

    def heard(self) -> list[AnyInput]:
        return list(self.journal.replay())


def taken(inbox: Inbox, kind: type[AnyMessage]) -> list[AnyMessage]:
    """What of one kind has come to an inbox by now."""
    came = []
    while inbox.waiting():
        body = decode(inbox._queue.get_nowait().payload).body
        if isinstance(body, kind):
            came.append(body)
    return came


def tap(credential: str = "alice") -> Tap:
    return Tap(gate="entry", reader="qr", kind="qr", credential=credential, t_s=NOON_S)


def change(lane: int = 1, delta_g: float = -350.0, t1_s: float = NOON_S) -> WeightChange:
    return WeightChange(lane=f"1-1-{lane}", delta_g=delta_g, sigma_g=0.5, t0_s=t1_s - 0.5, t1_s=t1_s)


def counts(receipt: Receipt) -> dict[str, int]:
    return {line.gtin: line.count for line in receipt.lines}


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


def test_an_event_is_acknowledged_only_after_it_is_in_the_journal() -> None:
    class SlowJournal(Journal):
        async def append(self, inputs: Sequence[AnyInput], positions: Mapping[NodeBoot, int] | None = None) -> None:
            await asyncio.sleep(1.0)
            await super().append(inputs, positions)

    async def main() -> None:
        shop = Shop()
        await shop.kill()
        shop.journal = SlowJournal(None, shop.store.name)
        shop.start()
        async with shop.listening("shelf") as inbox:
            await shop.say("shelf", change())
            assert not taken(inbox, Ack) and not shop.heard()
            await asyncio.sleep(1.1)
            assert taken(inbox, Ack) == [Ack(boot="b1", seq=1)]
            assert isinstance(shop.heard()[0], Observed)

    run(main())


def test_what_waits_together_is_acknowledged_together_and_a_duplicate_again() -> None:
    async def main() -> None:
        shop = Shop()
        async with shop.listening("shelf") as inbox:
            for seq in (1, 2, 3, 3, 5):
                payload = encode(Envelope(node="shelf", boot="b1", seq=seq, body=change()))
                await shop.outside.publish(topics.events(shop.store.name, "shelf"), payload, qos=1)
            await asyncio.sleep(0.01)
            assert taken(inbox, Ack) == [Ack(boot="b1", seq=3)]
            await shop.say("shelf", change(), seq=2)
            assert taken(inbox, Ack) == [Ack(boot="b1", seq=3)]
        assert len([e for e in shop.heard() if isinstance(e, Observed)]) == 3
        assert (shop.hub.counters["duplicates"], shop.hub.counters["gaps"]) == (2, 1)

    run(main())


def test_a_hub_that_cannot_write_stops_without_acknowledging() -> None:
    class FullJournal(Journal):
        async def append(self, inputs: Sequence[AnyInput], positions: Mapping[NodeBoot, int] | None = None) -> None:
            raise JournalFailed("journal: database or disk is full")

    async def main() -> None:
        shop = Shop()
        await shop.kill()
        shop.journal = FullJournal(None, shop.store.name)
        shop.start()
        async with shop.listening("shelf") as inbox:
            await shop.say("shelf", change())
            assert not taken(inbox, Ack)
        with pytest.raises(ExceptionGroup) as stopped:
            await shop.task
        assert stopped.group_contains(JournalFailed, match="full")

    run(main())


def test_rubbish_from_one_node_does_not_keep_the_others_from_being_heard() -> None:
    async def main() -> None:
        shop = Shop()
        await asyncio.sleep(0.01)
        for topic in (topics.events, topics.stream):
            await shop.outside.publish(topic(shop.store.name, "ceiling"), b"\x00rubbish", qos=0)
        await shop.say("shelf", change())
        assert shop.hub.counters["refused"] == 2 and shop.hub.counters["events"] == 1

    run(main())


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
