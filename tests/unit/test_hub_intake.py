"""Of what arrives, each event of a node is news once and in its order, whatever the network does to it."""

import logging
import random
from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.intake import Intake, News
from wire import topics
from wire.bus import Delivery
from wire.messages import Ack, AnyMessage, Envelope, Heartbeat, Tracks, WeightChange, encode

STORE, NODE, BOOT = "corner", "shelf-1", "b1"
TOPIC = topics.events(STORE, NODE)


def change(seq: int) -> WeightChange:
    return WeightChange(lane="1-1", delta_g=-float(seq), sigma_g=1.0, t0_s=0.0, t1_s=1.0)


def event(seq: int, acked: int = 0, boot: str = BOOT, body: AnyMessage | None = None) -> Delivery:
    envelope = Envelope(node=NODE, boot=boot, seq=seq, acked=acked, body=change(seq) if body is None else body)
    return Delivery(TOPIC, encode(envelope))


def seqs(news: News) -> list[int]:
    return [-int(body.delta_g) for _, _, body in news.said if isinstance(body, WeightChange)]


@given(st.lists(st.integers(1, 30), max_size=120), st.integers(1, 8))
def test_duplicates_gaps_and_disorder_never_take_an_event_twice_or_out_of_turn(sent: list[int], batch: int) -> None:
    intake = Intake(STORE, {})
    taken: list[int] = []
    for start in range(0, len(sent), batch):
        news = intake.events(event(seq) for seq in sent[start : start + batch])
        taken += seqs(news)
        assert news.moved == bool(news.said)
        assert news.reached == {(NODE, BOOT): len(taken)}
    following = 1
    for seq in sent:
        following += seq == following
    assert taken == list(range(1, following))
    assert intake.counters["events"] + intake.counters["duplicates"] + intake.counters["gaps"] == len(sent)


@given(st.integers(0, 2**32))
def test_a_node_that_goes_back_to_what_is_not_acknowledged_gets_everything_through(seed: int) -> None:
    network = random.Random(seed)
    intake = Intake(STORE, {})
    taken: list[int] = []
    acked, count = 0, 20
    while acked < count:
        window = [event(seq, acked) for seq in range(acked + 1, min(acked + 6, count) + 1)] * 2
        network.shuffle(window)
        news = intake.events(window[:8])
        taken += seqs(news)
        if network.random() < 0.7:
            acked = max([acked, *news.reached.values()])
    assert taken == list(range(1, count + 1))


@given(journaled=st.integers(0, 10), acked=st.integers(0, 10))
def test_a_hub_with_a_new_journal_begins_where_the_backlog_does(journaled: int, acked: int) -> None:
    intake = Intake(STORE, {(NODE, BOOT): journaled})
    following = max(journaled, acked) + 1
    assert seqs(intake.events([event(following, acked)])) == [following]
    assert seqs(intake.events([event(following, acked)])) == []
    assert seqs(intake.events([event(following + 1, acked)])) == [following + 1]


def test_every_boot_counts_for_itself() -> None:
    intake = Intake(STORE, {})
    news = intake.events([event(1), event(2), event(1, boot="b2"), event(3)])
    assert seqs(news) == [1, 2, 1, 3]
    assert news.reached == {(NODE, "b1"): 3, (NODE, "b2"): 1}


def refused(intake: Intake, deliveries: Iterable[Delivery]) -> News:
    before = intake.counters["refused"]
    news = intake.events(deliveries)
    assert intake.counters["refused"] == before + 1
    return news


@pytest.mark.parametrize("payload", [b"", b"\xff\xfe", b"{}", b'{"node":', b"[" * 5000, b"null"])
def test_rubbish_is_counted_and_what_comes_with_it_is_taken(payload: bytes) -> None:
    assert seqs(refused(Intake(STORE, {}), [event(1), Delivery(TOPIC, payload), event(2)])) == [1, 2]


def test_an_event_that_nobody_can_read_is_skipped_so_that_its_node_can_go_on() -> None:
    unreadable = msgspec.json.decode(event(2).payload)
    unreadable["body"]["colour"] = "blue"
    news = refused(Intake(STORE, {}), [event(1), Delivery(TOPIC, msgspec.json.encode(unreadable)), event(3)])
    assert seqs(news) == [1, 3]
    assert news.reached == {(NODE, BOOT): 3}


def test_a_message_on_the_topic_of_another_node_is_refused_and_moves_nothing() -> None:
    strange = Delivery(topics.events(STORE, "shelf-2"), event(1).payload)
    news = refused(Intake(STORE, {}), [strange])
    assert not news.moved and not news.reached


def test_what_is_no_event_is_refused_among_events_and_what_is_no_stream_among_streams() -> None:
    intake = Intake(STORE, {})
    refused(intake, [event(1, body=Ack(boot=BOOT, seq=1))])
    assert intake.streams([Delivery(topics.stream(STORE, NODE), event(1).payload)]) == []
    assert intake.counters["refused"] == 2


def test_streams_come_out_as_they_went_in_without_the_hubs_own() -> None:
    frame, beat = Tracks(t_s=1.0, tracks=()), Heartbeat(t_s=1.0, uptime_s=2.0)
    payloads = [encode(Envelope(node=NODE, boot=BOOT, seq=n, body=b)) for n, b in ((1, frame), (2, beat))]
    own = Delivery(topics.presence(STORE), encode(Envelope(node="hub", boot="h", seq=1, body=beat)))
    heard = Intake(STORE, {}).streams([own, *(Delivery(topics.stream(STORE, NODE), p) for p in payloads)])
    assert heard == [(NODE, BOOT, frame), (NODE, BOOT, beat)]


def test_a_node_that_talks_rubbish_is_logged_once_and_once_when_it_is_well_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    intake = Intake(STORE, {})
    intake.events([Delivery(TOPIC, b"rubbish")] * 5 + [event(1)])
    lines = [r.getMessage() for r in caplog.records]
    assert len(lines) == 2
    assert TOPIC in lines[0] and "not a message" in lines[0]
    assert TOPIC in lines[1]
