from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.asyncapi import document
from wire.errors import BadMessage
from wire.messages import (
    Ack,
    Envelope,
    GateCommand,
    Hand,
    Heartbeat,
    ItemEvidence,
    Passage,
    Reading,
    Tap,
    Track,
    Tracks,
    WeightChange,
    decode,
    encode,
    looks_like_card_number,
)

MESSAGES = [
    WeightChange(lane="l1", delta_g=-250.5, sigma_g=1.5, t0_s=1.0, t1_s=2.0, fault="saturated"),
    ItemEvidence(lane="l1", t_s=1.0, likelihoods={"4000000000015": 0.75}, other=0.25),
    Tracks(
        t_s=1.0, tracks=(Track(id="7", x_m=1.0, y_m=2.0, sigma_m=0.1, hand=Hand(x_m=1, y_m=2, z_m=1, sigma_m=0.1)),)
    ),
    Tap(gate="entry", reader="r1", kind="nfc", credential="tok_1", t_s=1.0),
    Passage(gate="entry", direction="in", outcome="passed", command="c1", t_s=1.0),
    GateCommand(id="c1", gate="entry", direction="in", expires_s=5.0),
    Heartbeat(t_s=1.0, uptime_s=2.0, counters={"reads": 5}, readings={"l1": Reading(value=None, fault="no_data")}),
    Ack(boot="b", seq=3),
]


def wrapped(body: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"node": "n", "boot": "b", "seq": 1, "body": body})


@pytest.mark.parametrize("body", MESSAGES, ids=lambda body: type(body).__name__)
def test_every_message_arrives_as_it_was_sent(body: Any) -> None:
    envelope = Envelope(node="n", boot="b", seq=1, body=body)
    assert decode(encode(envelope)) == envelope


@pytest.mark.parametrize("body", MESSAGES, ids=lambda body: type(body).__name__)
def test_an_unknown_field_or_a_missing_one_is_refused(body: Any) -> None:
    fields = msgspec.to_builtins(body)
    with pytest.raises(BadMessage, match="unknown field `surprise`"):
        decode(wrapped(fields | {"surprise": 1}))
    first = next(name for name in fields if name != "type")
    with pytest.raises(BadMessage, match=f"missing required field `{first}`"):
        decode(wrapped({name: value for name, value in fields.items() if name != first}))


@pytest.mark.parametrize("body", MESSAGES, ids=lambda body: type(body).__name__)
def test_the_published_schema_takes_what_travels_and_refuses_what_we_refuse(body: Any) -> None:
    published = document()["components"]
    schema = published["messages"][type(body).__name__]["payload"] | {"components": published}
    validator = jsonschema.Draft7Validator(schema)  # which AsyncAPI's schema object extends
    payload = msgspec.json.decode(encode(Envelope(node="n", boot="b", seq=1, body=body)))
    fields = payload["body"]
    validator.validate(payload)
    for wrong in (fields | {"surprise": 1}, {"type": fields["type"]}, fields | {"type": "wave"}):
        assert not validator.is_valid(payload | {"body": wrong})
    assert not validator.is_valid(payload | {"seq": 0})


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"type": "wave"}, "Invalid value 'wave'"),
        ({"type": "ack", "boot": "b", "seq": -1}, ">= 0"),
        ({"type": "weight_change", "lane": "l/1", "delta_g": 1, "sigma_g": 1, "t0_s": 1, "t1_s": 2}, r"body\.lane"),
        ({"type": "weight_change", "lane": "l", "delta_g": 1, "sigma_g": 1, "t0_s": 3, "t1_s": 2}, "before it begins"),
        ({"type": "weight_change", "lane": "l", "delta_g": 1, "sigma_g": -1, "t0_s": 1, "t1_s": 2}, "sigma_g"),
    ],
)
def test_what_cannot_be_is_refused_with_its_cause(body: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadMessage, match=complaint):
        decode(wrapped(body))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_a_bad_message(payload: bytes) -> None:
    with pytest.raises(BadMessage, match="not a message of the wire contract"):
        decode(payload)


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(BadMessage):
        decode(b'{"body":' + b"[" * 100_000)


def luhn(digits: str) -> str:
    """The digits with the check digit that makes them a card number (ISO/IEC 7812-1, annex B)."""
    return next(digits + check for check in "0123456789" if looks_like_card_number(digits + check))


@given(st.text("0123456789", min_size=12, max_size=18), st.sampled_from(["", " ", "-"]), st.integers(1, 9))
def test_a_card_number_is_known_however_it_is_spaced_and_one_wrong_digit_makes_it_none(
    digits: str, separator: str, step: int
) -> None:
    number = luhn(digits)
    assert looks_like_card_number(separator.join(number))
    wrong = str((int(number[0]) + step) % 10) + number[1:]
    assert not looks_like_card_number(wrong)


def test_a_card_number_may_not_travel_and_is_not_repeated_in_the_refusal() -> None:
    number = "4111 1111 1111 1111"
    with pytest.raises(ValueError, match="must hand over a token"):
        Tap(gate="entry", reader="r1", kind="card", credential=number, t_s=1.0)
    with pytest.raises(BadMessage) as caught:
        decode(wrapped({"type": "tap", "gate": "g", "reader": "r", "kind": "qr", "credential": number, "t_s": 1}))
    assert "4111" not in str(caught.value)
