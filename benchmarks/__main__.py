"""Every benchmark, one after the other: `make bench`. Days and behaviours take hours; each module can be run alone."""

from benchmarks import (
    certainty,
    day,
    event_cost,
    message_to_decision,
    month,
    receipts,
    shelf_node,
    tap_to_relay,
    virtual_time,
)


def main() -> None:
    """Print all tables."""
    for benchmark in (
        shelf_node,
        message_to_decision,
        tap_to_relay,
        event_cost,
        month,
        virtual_time,
        receipts,
        day,
        certainty,
    ):
        benchmark.main()


if __name__ == "__main__":
    main()
