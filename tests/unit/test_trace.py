"""What a lane's trace tells of the time in which it was not at rest."""

from hypothesis import given
from hypothesis import strategies as st

from shelf_node.steps import Step, StepDetector
from shelf_node.trace import Trace
from wire.messages import TRACE_S, TRACE_VALUES


def steps(levels: list[tuple[float, float]], rate_sps: float) -> list[Step]:
    """What comes of a lane that presses by so many grams for so many seconds each."""
    detector, found, t_s = StepDetector(), list[Step](), 1000.0
    for seconds, grams in levels:
        for _ in range(round(seconds * rate_sps)):
            t_s += 1 / rate_sps
            if (step := detector.push(t_s, grams)) is not None:
                found.append(step)
    return found


def test_a_trace_shows_two_takes_within_a_second() -> None:
    (step,) = steps([(3.0, 1000.0), (0.3, 785.0), (0.2, 830.0), (1.5, 570.0)], 10.0)
    assert step.trace[:4] == (-215, -215, -215, -170)
    assert step.trace[-1] == -430 and round(step.delta_g) == -430


def test_a_fast_converter_gives_a_trace_of_the_same_rate() -> None:
    (step,) = steps([(3.0, 1000.0), (0.4, 785.0), (1.5, 570.0)], 80.0)
    assert len(step.trace) <= 10
    assert step.trace[1] == -215 and -430 <= step.trace[-1] < -390


def test_of_a_long_time_only_the_end_is_told() -> None:
    presses = [(0.2, 1200.0), (0.2, 1140.0)] * 20
    (step,) = steps([(3.0, 1000.0), *presses, (1.5, 650.0)], 10.0)
    assert len(step.trace) == TRACE_VALUES
    assert max(step.trace) == 200 and step.trace[-1] == -350


def test_where_samples_are_missing_the_last_one_holds() -> None:
    trace = Trace()
    trace.add(1000.05, 990.0)
    trace.add(1000.45, 650.0)
    assert trace.until(1000.55, 1000.0) == (-10, -10, -10, -10, -350, -350)


@given(
    st.lists(st.tuples(st.floats(0.0, 5.0), st.floats(-1e9, 1e9)), max_size=200),
    st.floats(0.0, 100.0),
    st.floats(-1e5, 1e5),
)
def test_a_trace_never_says_more_than_may_travel(
    samples: list[tuple[float, float]], until_s: float, before_g: float
) -> None:
    trace, t_s = Trace(), 1000.0
    for gap_s, grams in samples:
        t_s += gap_s
        trace.add(t_s, grams)
    values = trace.until(1000.0 + until_s, before_g)
    assert len(values) <= TRACE_VALUES
    assert all(-1_000_000 <= value <= 1_000_000 for value in values)
    assert len(values) <= (until_s + TRACE_S) / TRACE_S + 1
