"""The contract as an AsyncAPI 3 document, for readers and tools of any language: python -m wire.asyncapi"""

import inspect
import json
import sys
from collections.abc import Callable
from typing import Any, NamedTuple, get_args

import msgspec

from wire import messages, topics
from wire.mqtt import KEEPALIVE_S, PORT

VERSION = "0.2.0"
"""Of the contract: raised with every change to a message or a topic."""

_BINDING = {"bindingVersion": "0.2.0"}


class _Channel(NamedTuple):
    name: str
    address: str
    description: str
    bodies: tuple[type[messages.Message], ...]
    sender: str
    receiver: str
    qos: int


def _channel(topic: Callable[..., str], body: Any, sender: str, receiver: str, qos: int, *levels: str) -> _Channel:
    bodies = get_args(body) or (body,)
    return _Channel(topic.__name__, topic(*levels), _words(topic), bodies, sender, receiver, qos)


def document() -> dict[str, Any]:
    """The whole document, as JSON values."""
    node = "{store}", "{node}"
    channels = (
        _channel(topics.events, messages.Event, "node", "hub", 1, *node),
        _channel(topics.stream, messages.Stream, "node", "hub", 0, *node),
        _channel(topics.commands, messages.GateCommand, "hub", "node", 1, *node),
        _channel(topics.acks, messages.Ack, "hub", "node", 0, *node),
        _channel(topics.presence, messages.Heartbeat, "hub", "node", 0, "{store}"),
    )
    bodies = sorted({body for channel in channels for body in channel.bodies}, key=lambda body: body.__name__)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Aisle: the wire between nodes and hub",
            "version": VERSION,
            "description": _words(messages),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "embedded": {
                "host": f"127.0.0.1:{PORT}",
                "protocol": "mqtt",
                "protocolVersion": "3.1.1",
                "description": "Any MQTT 3.1.1 broker; `aisle run` starts one here.",
                "bindings": {"mqtt": {"cleanSession": True, "keepAlive": KEEPALIVE_S, **_BINDING}},
            }
        },
        "channels": {channel.name: _describe(channel) for channel in channels},
        "operations": {
            f"{role}{action.capitalize()}s{channel.name.capitalize()}": _operation(channel, action)
            for channel in channels
            for role, action in ((channel.sender, "send"), (channel.receiver, "receive"))
        },
        "components": {
            "parameters": {
                "store": {"description": "The store's name, without `/`, `+` or `#`."},
                "node": {"description": "The node's name in its store, without `/`, `+` or `#`; never `hub`."},
            },
            "messages": {body.__name__: _message(body) for body in bodies},
            "schemas": _schemas(),
        },
    }


def _describe(channel: _Channel) -> dict[str, Any]:
    parameters = [name for name in ("store", "node") if f"{{{name}}}" in channel.address]
    return {
        "address": channel.address,
        "description": channel.description,
        "parameters": {name: {"$ref": f"#/components/parameters/{name}"} for name in parameters},
        "messages": {b.__name__: {"$ref": f"#/components/messages/{b.__name__}"} for b in channel.bodies},
    }


def _operation(channel: _Channel, action: str) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "messages": [{"$ref": f"#/channels/{channel.name}/messages/{b.__name__}"} for b in channel.bodies],
        "bindings": {"mqtt": {"qos": channel.qos, "retain": False, **_BINDING}},
    }


def _message(body: type[messages.Message]) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{body.__name__}"}
    return {
        "name": str(body.__struct_config__.tag),
        "summary": _words(body).partition("\n\n")[0].replace("\n", " "),
        "payload": {"allOf": [{"$ref": "#/components/schemas/Envelope"}, {"properties": {"body": schema}}]},
    }


def _schemas() -> dict[str, Any]:
    _, schemas = msgspec.json.schema_components([messages.Envelope], ref_template="#/components/schemas/{name}")
    # OpenAPI's way to tell one body from another; here the `type` of each says it.
    del schemas["Envelope"]["properties"]["body"]["discriminator"]
    for schema in schemas.values():
        schema["description"] = inspect.cleandoc(schema["description"])
    return schemas


def _words(about: object) -> str:
    return inspect.getdoc(about) or ""


if __name__ == "__main__":
    sys.stdout.write(json.dumps(document(), indent=2, ensure_ascii=False) + "\n")
