"""What the page is told of a store: its plan, and what hinders knowing something."""

import json
import socket
from typing import Any

import pytest
from msgspec import structs

from hub.journal import Journal
from hub.nodes import LOST_AFTER_S
from hub.pages.frame import sections
from hub.pages.plan import gondolas
from hub.pages.server import PortBusy, listen
from hub.payments import TestProvider
from hub.service import Hub
from hub.store import Lane, Store
from tests.store.scripted import COLA, small_store
from wire.bus import MemoryBroker, MemoryBus
from wire.clock import Clock
from wire.messages import Heartbeat, Reading


def lane(name: str, shelf: str, x_m: float, y_m: float, z_m: float, facing_deg: float) -> Lane:
    return Lane(
        id=name,
        shelf=shelf,
        position=1,
        x_m=x_m,
        y_m=y_m,
        z_m=z_m,
        width_m=0.2,
        depth_m=0.4,
        facing_deg=facing_deg,
        products=(COLA,),
        stock=12,
    )


def with_lanes(*lanes: Lane) -> Store:
    return structs.replace(small_store(), lanes=lanes)


def shown(store: Store) -> list[list[list[str]]]:
    """Lanes as they stand in front of a shopper: by gondola, shelf and place."""
    return [[[store.lanes[i].id for i in shelf.lanes] for shelf in gondola] for gondola in gondolas(store)]


def test_shelves_above_each_other_are_one_gondola_with_the_highest_on_top() -> None:
    store = with_lanes(lane("low", "a", 1, 0, 0.4, -90), lane("high", "b", 1, 0.05, 1.4, -90))
    assert shown(store) == [[["high"], ["low"]]]


@pytest.mark.parametrize(
    ("facing_deg", "seen"),
    [(-90, ["west", "east"]), (90, ["east", "west"])],
)
def test_lanes_stand_from_left_to_right_as_their_shopper_sees_them(facing_deg: float, seen: list[str]) -> None:
    store = with_lanes(lane("east", "a", 1.2, 0, 1, facing_deg), lane("west", "a", 1.0, 0, 1, facing_deg))
    assert shown(store) == [[seen]]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lane("other", "b", 1, 0.4, 1, 90), id="back to back"),
        pytest.param(lane("other", "b", 2, 0, 1, -90), id="side by side"),
        pytest.param(lane("other", "b", 1, 3, 1, -90), id="across the aisle"),
    ],
)
def test_shelves_that_do_not_stand_above_each_other_are_two_gondolas(other: Lane) -> None:
    store = with_lanes(lane("one", "a", 1, 0, 1, -90), other)
    assert shown(store) == [[["one"]], [["other"]]]


def told(hub: Hub, now_s: float, section: str) -> list[Any]:
    """What a browser is told in one section."""
    return list(json.loads(bytes(sections(hub, now_s, {})[section])))


async def test_a_silent_node_hides_the_weights_it_said_last() -> None:
    store = small_store()
    clock = Clock()
    hub = Hub(store, MemoryBus(MemoryBroker()), Journal(None, store.name), TestProvider(None), clock)
    now_s = clock.now()
    beat = Heartbeat(t_s=now_s, uptime_s=60.0, readings={"1-1-1": Reading(value=8400.0), "pass_in": Reading(value=1.0)})
    hub.nodes.beat("shelf", "1", beat, now_s)
    assert told(hub, now_s, "lanes")[0][:2] == [8400.0, None]
    hub.nodes.watch(now_s + LOST_AFTER_S + 1)
    assert told(hub, now_s, "lanes")[0][:2] == [None, "shelf is silent"]
    (node,) = told(hub, now_s, "nodes")
    assert (node["alive"], node["heard_s"]) == (False, now_s)
    assert {gate["state"] for gate in told(hub, now_s, "gates")} == {"no node"}


async def test_a_gate_in_a_fire_says_that_it_is_open_to_all() -> None:
    store = small_store()
    hub = Hub(store, MemoryBus(MemoryBroker()), Journal(None, store.name), TestProvider(None), Clock())
    fire = Heartbeat(t_s=0.0, uptime_s=1.0, readings={"fire": Reading(value=1.0)})
    hub.nodes.beat("gate-out", "1", fire, 0.0)
    gates = {gate["name"]: gate for gate in told(hub, 0.0, "gates")}
    assert (gates["exit"]["state"], gates["exit"]["well"]) == ("fire: open to all", False)


def test_a_busy_port_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortBusy, match=rf"^http://127.0.0.1:{port}: the page cannot be served there: .+\?$"):
            listen("127.0.0.1", port)
