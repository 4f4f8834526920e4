"""The hub acknowledges what is in its journal, and nothing else."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from hub.core.events import AnyInput, Observed
from hub.journal import Journal, JournalFailed, NodeBoot
from hw.sim.virtual_time import run
from tests.unit.hub_shop import Shop, change, taken
from wire import topics
from wire.messages import Ack, Envelope, encode


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
