"""What the hub makes of heartbeats, for its core."""

from hub.core.events import LaneHeard, LaneUnrest, NodeHeard
from hub.nodes import LOST_AFTER_S, NEVER_AT_REST_S, SLOW_BEATS, UNHEARD_AFTER_S, UNREST_S, Nodes
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
    assert nodes.news(STORE, [], [], {}) == []
    nodes.watch(101.0 + LOST_AFTER_S)
    assert nodes.news(STORE, [], [], {}) == [NodeHeard(at_s=0.0, node="shelf", behind=True, lanes=(LANE,))]
    beat(nodes, 110.0, waiting=3)
    assert nodes.news(STORE, ["shelf"], [], {}) == []
    beat(nodes, 111.0)
    assert nodes.news(STORE, ["shelf"], [], {}) == [NodeHeard(at_s=0.0, node="shelf", behind=False)]


def test_a_shelf_that_started_anew_meanwhile_saw_nothing() -> None:
    nodes = Nodes()
    beat(nodes, 100.0)
    nodes.watch(110.0)
    beat(nodes, 120.0, boot="2")
    assert nodes.news(STORE, ["shelf"], [], {}) == [NodeHeard(at_s=0.0, node="shelf", behind=False, blind=True)]


def test_a_shelf_that_is_heard_but_does_not_get_rid_of_its_events_is_behind() -> None:
    nodes = Nodes()
    for second in range(SLOW_BEATS):
        assert nodes.news(STORE, [], [], {}) == []
        beat(nodes, 100.0 + second, waiting=1)
    assert [news.behind for news in nodes.news(STORE, [], [], {}) if isinstance(news, NodeHeard)] == [True]


def test_a_lane_falls_unwell_once_and_gets_well_once() -> None:
    nodes = Nodes()
    beat(nodes, 100.0, fault="no samples")
    assert nodes.news(STORE, [], [], {}) == [LaneHeard(at_s=0.0, lane=LANE, fault="no samples")]
    assert nodes.news(STORE, [], [LANE], {}) == []
    beat(nodes, 101.0)
    assert nodes.news(STORE, [], [LANE], {}) == [LaneHeard(at_s=0.0, lane=LANE, fault=None)]


def rests(nodes: Nodes, now_s: float, unrest_s: float, waiting: int = 0, boot: str = "1", up_s: float = 60.0) -> None:
    """The shelf says for how long its lane has not been at rest."""
    readings = {LANE: Reading(value=1, unrest_s=unrest_s)}
    nodes.beat("shelf", boot, Heartbeat(t_s=now_s, uptime_s=up_s, waiting=waiting, readings=readings), now_s)


def test_a_lane_that_is_leant_on_is_restless_until_it_is_at_rest_and_all_has_been_told() -> None:
    nodes, since_s = Nodes(), 100.1 - UNREST_S
    rests(nodes, 100.0, UNREST_S - 0.1)
    assert nodes.news(STORE, [], [], {}) == []
    rests(nodes, 101.0, UNREST_S + 0.9)
    assert nodes.news(STORE, [], [], {}) == [LaneUnrest(at_s=0.0, lane=LANE, since_s=since_s)]
    rests(nodes, 102.3, UNREST_S + 1.9)
    assert nodes.news(STORE, [], [], {LANE: since_s}) == [], "a heartbeat may be late"
    rests(nodes, 103.0, 0.0, waiting=1)
    assert nodes.news(STORE, [], [], {LANE: since_s}) == [], "its change may be on the way"
    rests(nodes, 104.0, 0.0)
    assert nodes.news(STORE, [], [], {LANE: since_s}) == [LaneUnrest(at_s=0.0, lane=LANE, since_s=None)]


def test_of_two_unrests_between_two_heartbeats_the_first_is_over() -> None:
    nodes = Nodes()
    rests(nodes, 110.0, 2.0)
    assert nodes.news(STORE, [], [], {LANE: 100.0}) == [LaneUnrest(at_s=0.0, lane=LANE, since_s=None)]
    assert nodes.news(STORE, [], [], {}) == [LaneUnrest(at_s=0.0, lane=LANE, since_s=108.0)]


def test_a_shelf_that_started_anew_in_the_midst_of_an_unrest_will_never_tell_what_came_of_it() -> None:
    nodes = Nodes()
    rests(nodes, 101.0, 2.0)
    rests(nodes, 103.0, 0.0, boot="2", up_s=0.5)
    assert nodes.news(STORE, [], [], {LANE: 99.0}) == [], "it has just begun to weigh"
    rests(nodes, 106.0, 0.0, boot="2", up_s=3.5)
    assert nodes.news(STORE, [], [], {LANE: 99.0}) == [LaneUnrest(at_s=0.0, lane=LANE, since_s=None, lost=True)]


def test_a_lane_that_is_never_at_rest_does_not_weigh() -> None:
    nodes = Nodes()
    rests(nodes, 1_000.0, NEVER_AT_REST_S)
    (news,) = nodes.news(STORE, [], [], {LANE: 700.0})
    assert isinstance(news, LaneHeard) and news.fault is not None and news.fault.startswith("not at rest for 5 min")
    assert nodes.news(STORE, [], [LANE], {}) == []
    rests(nodes, 1_001.0, 0.0)
    assert nodes.news(STORE, [], [LANE], {}) == [LaneHeard(at_s=0.0, lane=LANE, fault=None)]


def test_lanes_whose_node_was_off_when_the_hub_started_do_not_weigh_until_it_is_heard() -> None:
    nodes = Nodes()
    nodes.watch(100.0)
    beat(nodes, 100.0)
    assert nodes.news(STORE, [], [], {}) == []
    nodes.watch(100.0 + UNHEARD_AFTER_S)
    beat(nodes, 100.0 + UNHEARD_AFTER_S)
    missing = [news.lane for news in nodes.news(STORE, [], [], {}) if isinstance(news, LaneHeard) and news.fault]
    assert missing == [lane.id for lane in STORE.lanes[1:]]
    assert nodes.news(STORE, [], missing, {}) == []
    beat(nodes, 120.0, node="other", lane=missing[0])
    assert nodes.news(STORE, [], missing, {}) == [LaneHeard(at_s=0.0, lane=missing[0], fault=None)]


def test_what_is_no_lane_of_the_store_is_none_of_the_cores_business() -> None:
    nodes = Nodes()
    beat(nodes, 100.0, node="gate-in", lane="qr", fault="unplugged")
    nodes.watch(110.0)
    assert nodes.news(STORE, [], [], {}) == []
