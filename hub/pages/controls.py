"""What the page lets somebody do to a store whose people and plates are simulated. Whoever runs one hands it in."""

from collections.abc import Mapping
from typing import Protocol

from hub.errors import HubError


class ControlRefused(HubError, RuntimeError):
    """What was asked for cannot be done now; the message is one line for whoever clicked."""


class Controls(Protocol):
    """Every act returns as soon as it has begun to show, and raises ControlRefused when it cannot be done."""

    def behaviours(self) -> Mapping[str, str]:
        """What a shopper can do: a sentence by name."""

    async def send_shopper(self, behaviour: str) -> None:
        """Let a shopper with this behaviour come to the entry."""

    async def press(self, lane: str) -> None:
        """Press this lane's plate as a hand does, and let go."""

    async def break_track(self) -> None:
        """Let the ceiling lose somebody who is on the floor, for a while."""

    def nodes(self) -> Mapping[str, bool]:
        """Nodes whose plug can be pulled: whether it is in, by name."""

    async def plug(self, node: str, plugged: bool) -> None:
        """Put a node's plug in, or pull it."""
