"""The wire, recorded and played to a hub again."""

import asyncio
import io
import logging
from pathlib import Path

import msgspec
import pytest

from hub.store import load_store
from hw.errors import BadRecording
from hw.recording import play, record
from hw.sim import virtual_time
from hw.sim.visit import VisitRecord, run_visit
from hw.simulate import DEMO_STORE, behaviour_scene
from wire import topics
from wire.bus import MemoryBroker, MemoryBus
from wire.clock import Clock
from wire.messages import Ack, Envelope, Passage, encode

STORE = load_store(DEMO_STORE)
NEWLINE = b"\n"


@pytest.fixture(scope="module")
def recorded() -> tuple[VisitRecord, bytes]:
    file = io.BytesIO()
    visit = run_visit(behaviour_scene(STORE, "simple", 0, 2, 3), 3, lambda bus, clock: record(bus, file, clock))
    return visit, file.getvalue()


def _plain(visit: VisitRecord) -> dict[str, dict[str, int]]:
    return {payer: dict(cart) for payer, cart in visit.receipts.items()}


def test_a_recording_gives_the_receipts_that_were_given(tmp_path: Path, recorded: tuple[VisitRecord, bytes]) -> None:
    visit, lines = recorded
    (tmp_path / "day.ndjson").write_bytes(lines)
    (played,) = play(tmp_path / "day.ndjson", STORE).cases
    assert played.receipts == _plain(visit)
    assert (played.truth, played.f1) == ({}, None)
    assert {tuple(msgspec.json.decode(line)) for line in lines.splitlines()} == {("t", "topic", "payload")}


def test_passages_of_a_recording_without_its_commands_still_let_people_in(
    tmp_path: Path, recorded: tuple[VisitRecord, bytes]
) -> None:
    """A recorder at the nodes alone, whose commands bore other names."""
    visit, lines = recorded
    kept = [line for line in lines.splitlines() if b"/events" in line or b"/stream" in line]
    named = [i.body.command for i in visit.inputs if hasattr(i, "body") and isinstance(i.body, Passage)]
    text = b"\n".join(kept)
    for command in filter(None, named):
        text = text.replace(b'"command":"%s"' % command.encode(), b'"command":"then-%s"' % command.encode())
    (tmp_path / "nodes.ndjson").write_bytes(text)
    assert play(tmp_path / "nodes.ndjson", STORE).cases[0].receipts == _plain(visit)


def test_a_recording_that_begins_in_the_middle_of_a_boot_is_played_from_there(
    tmp_path: Path, recorded: tuple[VisitRecord, bytes]
) -> None:
    visit, lines = recorded
    later = b"\n".join(_numbered_from(line, 500) for line in lines.splitlines())
    (tmp_path / "later.ndjson").write_bytes(later)
    assert play(tmp_path / "later.ndjson", STORE).cases[0].receipts == _plain(visit)


def _numbered_from(line: bytes, start: int) -> bytes:
    """The line as if its node had said `start` things before."""
    whole = msgspec.json.decode(line)
    if whole["topic"].endswith("/events"):
        whole["payload"]["seq"] += start
        whole["payload"]["acked"] = 0
    return msgspec.json.encode(whole)


def test_lines_that_cannot_be_read_are_said_once_each_and_the_rest_goes_on(
    tmp_path: Path, recorded: tuple[VisitRecord, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    visit, lines = recorded
    spoiled = b'not json\n{"t": 1, "topic": "aisle/demo/x/events", "payload": {}}\n' + lines + lines[:40]
    (tmp_path / "cut.ndjson").write_bytes(spoiled)
    with caplog.at_level(logging.WARNING, "hw.recording"):
        (played,) = play(tmp_path / "cut.ndjson", STORE).cases
    said = [r.getMessage() for r in caplog.records if r.name == "hw.recording"]
    assert len(said) == 3
    assert "line 1 left out" in said[0]
    assert "line 2 left out: not a message of the wire contract" in said[1]
    assert said[2].endswith(
        f"ends in the middle of line {spoiled.count(NEWLINE) + 1}: recorder killed, or half a copy?"
    )
    assert played.receipts == _plain(visit)


def test_who_was_inside_when_a_recording_ends_has_no_receipt_and_that_is_said(
    tmp_path: Path, recorded: tuple[VisitRecord, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    visit, lines = recorded
    (tmp_path / "half.ndjson").write_bytes(lines[: lines.index(NEWLINE, len(lines) // 2) + 1])
    with caplog.at_level(logging.WARNING, "hw.recording"):
        (played,) = play(tmp_path / "half.ndjson", STORE).cases
    (said,) = [r.getMessage() for r in caplog.records if r.name == "hw.recording"]
    assert said.endswith(f"ends with {', '.join(visit.receipts)} still inside: no receipt for them")
    assert played.receipts == {}


def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    (tmp_path / "empty.ndjson").touch()
    with pytest.raises(BadRecording, match=r"empty.ndjson: is empty: was its recorder ever connected\?$"):
        play(tmp_path / "empty.ndjson", STORE)


def test_what_is_no_message_and_may_hold_a_card_number_is_left_out_and_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    file, bus = io.BytesIO(), MemoryBus(MemoryBroker())
    topic = topics.events("demo", "gate-in")
    tap = b"""{"node": "gate-in", "boot": "b", "seq": 1, "body": {"type": "tap", "gate": "entry", "reader": "r",
        "kind": "card", "credential": "%s", "t_s": 1}}"""
    twice = b'tok_1", "credential": "tok_2'
    sound = encode(Envelope(node="hub", boot="b", seq=1, body=Ack(boot="b", seq=1)))

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            recording = group.create_task(record(bus, file, Clock(1000.0)))
            await asyncio.sleep(1.0)
            pan = b'{"pan": "4111111111111111"}'
            for payload in (pan, tap % b";4111111111111111=2512?", b"\xff", tap % twice, sound):
                await bus.publish(topic, payload, qos=1)
            await asyncio.sleep(1.0)
            recording.cancel()

    with caplog.at_level(logging.WARNING, "hw.recording"):
        virtual_time.run(main())
    payloads = [msgspec.json.decode(line)["payload"] for line in file.getvalue().splitlines()]
    assert [payload["node"] for payload in payloads] == ["gate-in", "hub"]
    assert payloads[0]["body"]["credential"] == "tok_2" and b"tok_1" not in file.getvalue()
    (said,) = [r.getMessage() for r in caplog.records if r.name == "hw.recording"]
    assert topic in said and "4111" not in said


@pytest.mark.parametrize("content", [b"\n\n", b"not json\n", b'{"t": 1, "topic": "a", "payload": {}}\n'])
def test_a_file_with_nothing_to_play_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "empty.ndjson").write_bytes(content)
    with pytest.raises(BadRecording, match="message to the hub of store demo") as refused:
        play(tmp_path / "empty.ndjson", STORE)
    assert "\n" not in str(refused.value)


def test_a_recording_of_another_store_is_refused(tmp_path: Path, recorded: tuple[VisitRecord, bytes]) -> None:
    (tmp_path / "other.ndjson").write_bytes(recorded[1].replace(b"aisle/demo/", b"aisle/elsewhere/"))
    with pytest.raises(BadRecording, match="store demo"):
        play(tmp_path / "other.ndjson", STORE)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRecording, match="cannot be read"):
        play(tmp_path / "none.ndjson", STORE)
