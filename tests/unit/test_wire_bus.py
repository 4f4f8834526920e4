import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.sim.virtual_time import run
from wire import topics
from wire.bus import Delivery, Inbox
from wire.clock import Clock

levels = st.text("abc", max_size=2)


async def test_an_inbox_that_is_full_drops_the_oldest_and_counts() -> None:
    inbox = Inbox(("t",), limit=2)
    for n in (b"1", b"2", b"3"):
        inbox.offer(Delivery("t", n))
    inbox.offer(Delivery("other", b""))
    assert [(await anext(inbox)).payload for _ in range(inbox.waiting())] == [b"2", b"3"]
    assert inbox.dropped == 1


# Examples of the standard: MQTT 3.1.1, 4.7.1.2 and 4.7.1.3.
@pytest.mark.parametrize(
    ("pattern", "topic", "expected"),
    [
        ("sport/tennis/player1/#", "sport/tennis/player1", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/ranking", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", True),
        ("sport/#", "sport", True),
        ("sport/tennis/+", "sport/tennis/player1", True),
        ("sport/tennis/+", "sport/tennis/player1/ranking", False),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("+/+", "/finance", True),
        ("/+", "/finance", True),
        ("+", "/finance", False),
    ],
)
def test_filters_match_as_the_standard_says(pattern: str, topic: str, expected: bool) -> None:
    assert topics.matches(pattern, topic) is expected


@given(st.lists(levels, min_size=1, max_size=4), st.data())
def test_a_topic_matches_itself_and_itself_with_any_level_left_open(parts: list[str], data: st.DataObject) -> None:
    topic = "/".join(parts)
    opened = [data.draw(st.sampled_from([part, "+"])) for part in parts]
    cut = data.draw(st.integers(0, len(parts)))
    assert topics.matches(topic, topic)
    assert topics.matches("/".join(opened), topic)
    assert topics.matches("/".join([*opened[:cut], "#"]), topic)


def test_a_node_writes_and_reads_below_its_own_name_alone() -> None:
    every = [f("s", "n") for f in (topics.events, topics.stream, topics.commands, topics.acks)]
    assert len(set(every)) == 4
    assert {topics.node_of(t) for t in every} == {"n"} and all(topics.matches("aisle/s/n/+", t) for t in every)
    assert topics.node_of(topics.presence("s")) == "hub"


def test_the_clock_starts_at_its_anchor_and_goes_with_the_loop() -> None:
    async def main() -> tuple[float, float, float]:
        await asyncio.sleep(100.0)
        clock = Clock(1_700_000_000.0)
        sampled = asyncio.get_running_loop().time()
        await asyncio.sleep(86_400.0)
        return clock.now(), clock.from_monotonic(sampled), sampled

    now_s, sampled_utc_s, sampled_s = run(main())
    assert now_s == pytest.approx(1_700_086_400.0, abs=1e-3)
    assert sampled_utc_s == pytest.approx(1_700_000_000.0, abs=1e-3) and sampled_s == pytest.approx(100.0, abs=1e-3)


async def test_without_an_anchor_the_clock_tells_utc() -> None:
    before = datetime.now(UTC).timestamp()
    now = Clock().now()
    assert before - 1e-3 <= now <= datetime.now(UTC).timestamp() + 1e-3
