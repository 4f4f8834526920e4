"""Every benchmark, one after the other: `make bench`."""

from benchmarks import event_cost, message_to_decision, receipts, shelf_node, tap_to_relay, virtual_time


def main() -> None:
    """Print all tables."""
    for benchmark in (shelf_node, message_to_decision, tap_to_relay, event_cost, virtual_time, receipts):
        benchmark.main()


if __name__ == "__main__":
    main()
