"""What the hub makes of heartbeats, for its core."""

from hub.core.events import LaneHeard, LaneUnrest, NodeHeard
from hub.nodes import LOST_AFTER_S, SLOW_BEATS, UNHEARD_AFTER_S, UNREST_S, Nodes
from tests.store.scripted import small_store
from wire.messages import Heartbeat, Reading

STORE = small_store()
LANE = STORE.lanes[0].id


def beat(nodes: Nodes, now_s: float, node: str = "shelf", boot: str = "1", lane: str = LANE, **more: object) -> None:
    readings = (
        {lane: Reading(value=None, fault=str(more.pop("fault")))} if "fault" in more else {lane: Reading(value=1)}
    )
    heartbeat = Heartbeat(t_s=now_s, uptime_s=60.0, readings=readings, **more)  # type: ignore[arg-type]
    nodes.beat(node, boot, heartbeat, now_s)


def test_a_silent_shelf_is_behind_and_has_caught_up_when_nothing_waits_there() -> None:
    nodes = Nodes()
    beat(nodes, 100.0)
    assert nodes.news(STORE, [], [], []) == []
    nodes.watch(101.0 + LOST_AFTER_S)
    assert nodes.news(STORE, [], [], []) == [NodeHeard(at_s=0.0, node="shelf", behind=True, lanes=(LANE,))]
    beat(nodes, 110.0, waiting=3)
    assert nodes.news(STORE, ["shelf"], [], []) == []
    beat(nodes, 111.0)
    assert nodes.news(STORE, ["shelf"], [], []) == [NodeHeard(at_s=0.0, node="shelf", behind=False)]


def test_a_shelf_that_started_anew_meanwhile_saw_nothing() -> None:
    nodes = Nodes()
    beat(nodes, 100.0)
    nodes.watch(110.0)
    beat(nodes, 120.0, boot="2")
    assert nodes.news(STORE, ["shelf"], [], []) == [NodeHeard(at_s=0.0, node="shelf", behind=False, blind=True)]


def test_a_shelf_that_is_heard_but_does_not_get_rid_of_its_events_is_behind() -> None:
    nodes = Nodes()
    for second in range(SLOW_BEATS):
        assert nodes.news(STORE, [], [], []) == []
        beat(nodes, 100.0 + second, waiting=1)
    assert [news.behind for news in nodes.news(STORE, [], [], []) if isinstance(news, NodeHeard)] == [True]


def test_a_lane_falls_unwell_once_and_gets_well_once() -> None:
    nodes = Nodes()
    beat(nodes, 100.0, fault="no samples")
    assert nodes.news(STORE, [], [], []) == [LaneHeard(at_s=0.0, lane=LANE, fault="no samples")]
    assert nodes.news(STORE, [], [LANE], []) == []
    beat(nodes, 101.0)
    assert nodes.news(STORE, [], [LANE], []) == [LaneHeard(at_s=0.0, lane=LANE, fault=None)]


def test_a_lane_that_is_leant_on_is_restless_until_it_is_at_rest_and_all_has_been_told() -> None:
    nodes = Nodes()

    def beats(now_s: float, unrest_s: float, waiting: int = 0) -> None:
        readings = {LANE: Reading(value=1, unrest_s=unrest_s)}
        nodes.beat("shelf", "1", Heartbeat(t_s=now_s, uptime_s=60.0, waiting=waiting, readings=readings), now_s)

    beats(100.0, UNREST_S - 0.1)
    assert nodes.news(STORE, [], [], []) == []
    beats(101.0, UNREST_S + 0.9)
    assert nodes.news(STORE, [], [], []) == [LaneUnrest(at_s=0.0, lane=LANE, since_s=100.1 - UNREST_S)]
    beats(102.0, UNREST_S + 1.9)
    assert nodes.news(STORE, [], [], [LANE]) == []
    beats(103.0, 0.0, waiting=1)
    assert nodes.news(STORE, [], [], [LANE]) == [], "its change may be on the way"
    beats(104.0, 0.0)
    assert nodes.news(STORE, [], [], [LANE]) == [LaneUnrest(at_s=0.0, lane=LANE, since_s=None)]


def test_lanes_whose_node_was_off_when_the_hub_started_do_not_weigh_until_it_is_heard() -> None:
    nodes = Nodes()
    nodes.watch(100.0)
    beat(nodes, 100.0)
    assert nodes.news(STORE, [], [], []) == []
    nodes.watch(100.0 + UNHEARD_AFTER_S)
    beat(nodes, 100.0 + UNHEARD_AFTER_S)
    missing = [news.lane for news in nodes.news(STORE, [], [], []) if isinstance(news, LaneHeard) and news.fault]
    assert missing == [lane.id for lane in STORE.lanes[1:]]
    assert nodes.news(STORE, [], missing, []) == []
    beat(nodes, 120.0, node="other", lane=missing[0])
    assert nodes.news(STORE, [], missing, []) == [LaneHeard(at_s=0.0, lane=missing[0], fault=None)]


def test_what_is_no_lane_of_the_store_is_none_of_the_cores_business() -> None:
    nodes = Nodes()
    beat(nodes, 100.0, node="gate-in", lane="qr", fault="unplugged")
    nodes.watch(110.0)
    assert nodes.news(STORE, [], [], []) == []
