"""One way to print a figure beside what it is held against, and to write it down."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

WIDTH = 110
"""Of a table where the terminal, or a file, is no wider."""


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on the terminal; the first column says what, the others how much."""
    table = Table(title=title, title_justify="left")
    for i, name in enumerate(head):
        table.add_column(name, justify="left" if i == 0 else "right", no_wrap=i == 0)
    for row in rows:
        table.add_row(*row)
    Console(width=max(Console().width, WIDTH)).print(table)


def write_report(report: object, path: Path | None) -> None:
    """The figures as JSON, where anybody asked for it."""
    if path is not None:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
