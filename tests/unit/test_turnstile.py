"""Contacts bounce; passages do not."""

from hypothesis import given
from hypothesis import strategies as st

from drivers.turnstile import Debounce

LOW, HIGH = 0, 1


def test_a_change_that_stays_is_dated_by_its_first_edge() -> None:
    contact = Debounce(HIGH)
    assert contact.edge(1.000)
    assert not contact.edge(1.003)
    assert contact.settle(LOW) == 1.000
    assert contact.level == LOW


def test_a_spike_is_nothing() -> None:
    contact = Debounce(HIGH)
    assert contact.edge(1.0)
    assert contact.settle(HIGH) is None
    assert contact.edge(2.0)
    assert contact.settle(LOW) == 2.0


@given(st.lists(st.tuples(st.integers(1, 5), st.sampled_from([LOW, HIGH]))))
def test_whatever_the_edges_the_changes_alternate_and_end_at_the_last_level(bursts: list[tuple[int, int]]) -> None:
    contact, changes, last = Debounce(HIGH), [], HIGH
    for n, (edges, level) in enumerate(bursts):
        assert [contact.edge(float(n)) for _ in range(edges)] == [True] + (edges - 1) * [False]
        if contact.settle(level) is not None:
            changes.append(level)
        last = level
    assert contact.level == last
    assert changes == [(LOW, HIGH)[i % 2] for i in range(len(changes))]
