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
    Colour,
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
        t_s=1.0,
        tracks=(
            Track(
                id="7",
                x_m=1.0,
                y_m=2.0,
                sigma_m=0.1,
                hand=Hand(x_m=1, y_m=2, z_m=1, sigma_m=0.1),
                colour=Colour(lightness=20, green_red=3, blue_yellow=-4),
            ),
        ),
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


NUMBERS = [
    ("weight_change", "delta_g"),
    ("weight_change", "sigma_g"),
    ("weight_change", "t0_s"),
    ("weight_change", "t1_s"),
    ("item_evidence", "t_s"),
    ("tracks", "t_s"),
    ("tracks", "tracks.0.x_m"),
    ("tracks", "tracks.0.y_m"),
    ("tracks", "tracks.0.sigma_m"),
    ("tracks", "tracks.0.hand.x_m"),
    ("tracks", "tracks.0.hand.y_m"),
    ("tracks", "tracks.0.hand.z_m"),
    ("tracks", "tracks.0.hand.sigma_m"),
    ("tracks", "tracks.0.colour.lightness"),
    ("tracks", "tracks.0.colour.green_red"),
    ("tracks", "tracks.0.colour.blue_yellow"),
    ("tap", "t_s"),
    ("passage", "t_s"),
    ("gate_command", "expires_s"),
    ("heartbeat", "t_s"),
]


@pytest.mark.parametrize(("tag", "place"), NUMBERS)
@pytest.mark.parametrize("number", ["1e200", "-1e200", "1e400", "NaN", "Infinity", "-Infinity", "null"])
def test_a_number_that_no_store_can_have_is_refused(tag: str, place: str, number: str) -> None:
    body = next(b for b in map(msgspec.to_builtins, MESSAGES) if b["type"] == tag)
    payload = msgspec.json.decode(wrapped(body))  # which makes lists of its tuples
    *path, key = place.split(".")
    holder = payload["body"]
    for step in path:
        holder = holder[int(step)] if step.isdigit() else holder[step]
    decode(msgspec.json.encode(payload))
    holder[key] = msgspec.Raw(number.encode())
    with pytest.raises(BadMessage):
        decode(msgspec.json.encode(payload))


@given(st.tuples(*[st.integers(-300, 300) | st.floats(-300, 300)] * 3))
def test_a_colour_of_clothes_is_whole_units_of_cielab_or_refused(lab: tuple[Any, Any, Any]) -> None:
    """Coarse by contract: whoever sends it finer is refused."""
    body = msgspec.to_builtins(Tracks(t_s=1.0, tracks=()))
    track = {"id": "7", "x_m": 1.0, "y_m": 2.0, "sigma_m": 0.1}
    colour = dict(zip(("lightness", "green_red", "blue_yellow"), lab, strict=True))
    payload = wrapped(body | {"tracks": [track | {"colour": colour}]})
    bounds = zip(lab, (0, -128, -128), (100, 127, 127), strict=True)
    if all(low <= value <= high and isinstance(value, int) for value, low, high in bounds):
        tracks = decode(payload).body
        assert isinstance(tracks, Tracks)
        assert tracks.tracks[0].colour == Colour(**colour)
    else:
        with pytest.raises(BadMessage, match="colour"):
            decode(payload)


def test_a_node_that_is_told_nothing_of_colours_says_nothing_of_them() -> None:
    tracks = Tracks(t_s=1.0, tracks=(Track(id="7", x_m=1.0, y_m=2.0, sigma_m=0.1),))
    assert b"colour" not in encode(Envelope(node="n", boot="b", seq=1, body=tracks))


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


@given(st.text("0123456789", min_size=12, max_size=18), st.sampled_from(["", " ", "-", " - "]))
def test_a_card_number_is_known_however_it_is_spaced(digits: str, separator: str) -> None:
    assert looks_like_card_number(separator.join(luhn(digits)))


@given(st.text("0123456789", min_size=12, max_size=18), st.integers(1, 9))
def test_one_wrong_digit_makes_it_no_card_number(digits: str, step: int) -> None:
    number = luhn(digits)
    wrong = str((int(number[0]) + step) % 10) + number[1:]
    assert not looks_like_card_number(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111111=25121010000",
        "%B4111111111111111^DOE/JANE^2512",
        ";4111111111111111=2512?",
        "id:4111 1111 1111 1111",
        "2 4111-1111-1111-1111",
        "4111 1111 1111 1111 12/25",
        "1234567890 4111111111111111",
    ],
)
def test_a_card_number_is_known_whatever_stands_around_it(text: str) -> None:
    assert looks_like_card_number(text)
    with pytest.raises(ValueError, match="must hand over a token"):
        Tap(gate="entry", reader="r1", kind="card", credential=text, t_s=1.0)


@pytest.mark.parametrize("text", ["", "tok_1", "411111111111", "4111.1111.1111.1111", "9" * 11 + "4111111111111111"])
def test_a_token_is_no_card_number(text: str) -> None:
    """Too short, otherwise divided, or digits that go on past the longest card number."""
    assert not looks_like_card_number(text)


def test_a_card_number_may_not_travel_and_is_not_repeated_in_the_refusal() -> None:
    number = "4111 1111 1111 1111"
    with pytest.raises(ValueError, match="must hand over a token"):
        Tap(gate="entry", reader="r1", kind="card", credential=number, t_s=1.0)
    with pytest.raises(BadMessage) as caught:
        decode(wrapped({"type": "tap", "gate": "g", "reader": "r", "kind": "qr", "credential": number, "t_s": 1}))
    assert "4111" not in str(caught.value)
