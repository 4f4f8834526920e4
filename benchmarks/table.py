"""One way to print a figure beside what it is held against."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on the terminal; the first column says what, the others how much."""
    table = Table(title=title, title_justify="left")
    for i, name in enumerate(head):
        table.add_column(name, justify="left" if i == 0 else "right")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
