import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from wire import topics
from wire.asyncapi import document
from wire.messages import AnyMessage

DOCUMENT = json.loads(json.dumps(document()))
FILE = Path(__file__).parents[2] / "docs" / "asyncapi.json"


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from references(inner)


def at(pointer: str) -> Any:
    value: Any = DOCUMENT
    for step in pointer.removeprefix("#/").split("/"):
        value = value[step]
    return value


def test_the_file_is_what_the_structs_say_now() -> None:
    assert json.loads(FILE.read_text()) == DOCUMENT, "run: python -m wire.asyncapi > docs/asyncapi.json"


def test_every_reference_resolves_and_everything_is_referred_to() -> None:
    found = set(references(DOCUMENT))
    assert all(isinstance(at(pointer), dict) for pointer in found)
    for kind in ("parameters", "messages", "schemas"):
        assert {f"#/components/{kind}/{name}" for name in DOCUMENT["components"][kind]} <= found


def test_every_topic_and_every_message_is_described() -> None:
    topics_there = (topics.events, topics.stream, topics.commands, topics.acks)
    addresses = [topic("{store}", "{node}") for topic in topics_there] + [topics.presence("{store}")]
    assert [channel["address"] for channel in DOCUMENT["channels"].values()] == addresses
    assert DOCUMENT["components"]["messages"].keys() == {body.__name__ for body in get_args(AnyMessage)}


def test_the_parameters_of_a_channel_are_those_of_its_address() -> None:
    for channel in DOCUMENT["channels"].values():
        assert set(channel["parameters"]) == set(re.findall(r"{(\w+)}", channel["address"]))


def test_what_one_side_sends_the_other_receives_in_the_same_quality() -> None:
    operations = DOCUMENT["operations"].values()
    for name, channel in DOCUMENT["channels"].items():
        pair = [operation for operation in operations if operation["channel"]["$ref"] == f"#/channels/{name}"]
        assert sorted(operation["action"] for operation in pair) == ["receive", "send"]
        assert pair[0]["bindings"] == pair[1]["bindings"]
        assert f"QoS {pair[0]['bindings']['mqtt']['qos']}" in channel["description"]
        for operation in pair:
            wanted = {f"#/channels/{name}/messages/{message}" for message in channel["messages"]}
            assert {message["$ref"] for message in operation["messages"]} == wanted
