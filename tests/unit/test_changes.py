"""Changes that belong together, and who was near them."""

from hub.core.changes import Cluster
from wire.messages import WeightChange


def test_a_stranger_who_was_somebody_known_was_near_wherever_either_was_and_nobody_else_is_forgotten() -> None:
    change = WeightChange(lane="1", delta_g=-350.0, sigma_g=1.0, t0_s=10.0, t1_s=11.0)
    cluster = Cluster(11.0, 12.5, [change])
    cluster.reach = [{"7": [0.0, 9.0], "8": [4.0, 4.0], "2": [3.0, 1.0]}, {"8": [1.0, 1.0]}]
    cluster.was_near({"7": "2"})
    assert cluster.reach == [{"8": [4.0, 4.0], "2": [3.0, 9.0]}, {"8": [1.0, 1.0]}]
