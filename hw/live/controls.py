"""What the page lets somebody do to a live store."""

import asyncio
from collections.abc import Mapping

import numpy as np

from hub.pages.controls import ControlRefused
from hw.live.cable import Cable
from hw.live.people import PLAYABLE, People
from hw.sim.behaviours import sentence
from hw.sim.hands import Hands
from hw.sim.walking import Floor

PRESS_S = 3.0
BROKEN_S = 5.0
"""As long as in the behaviour `track_lost`; the camera then takes its body for somebody new."""


class LiveControls:
    """A `hub.pages.controls.Controls`."""

    def __init__(
        self, people: People, floor: Floor, hands: Hands, cables: Mapping[str, Cable], rng: np.random.Generator
    ) -> None:
        """`cables` by the node that they lead to; `hands` by lane."""
        self._people = people
        self._floor = floor
        self._hands = hands
        self._cables = cables
        self._rng = rng

    def behaviours(self) -> Mapping[str, str]:
        return {name: sentence(name) for name in PLAYABLE}

    async def send_shopper(self, behaviour: str) -> None:
        if behaviour not in PLAYABLE:
            raise ControlRefused(f"{behaviour}: no such behaviour")
        self._people.send(behaviour)

    async def press(self, lane: str) -> None:
        try:
            self._hands.press((lane,), asyncio.get_running_loop().time(), PRESS_S)
        except KeyError:
            raise ControlRefused(f"{lane}: no such lane") from None

    async def break_track(self) -> None:
        now_s = asyncio.get_running_loop().time()
        seen = [body for body in self._floor.bodies if body.unseen_until_s < now_s]
        if not seen:
            raise ControlRefused("nobody is on the floor whose track could break")
        seen[int(self._rng.integers(len(seen)))].unseen_until_s = now_s + BROKEN_S

    def nodes(self) -> Mapping[str, bool]:
        return {node: cable.plugged for node, cable in self._cables.items()}

    async def plug(self, node: str, plugged: bool) -> None:
        cable = self._cables.get(node)
        if cable is None:
            raise ControlRefused(f"{node}: no such node")
        if plugged:
            cable.plug_in()
        else:
            cable.pull()
