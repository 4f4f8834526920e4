"""The `aisle` command: imports the room it needs, and nothing else."""

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The open cashier-less store.")


@app.callback()
def root() -> None:
    """Keep sub-commands sub-commands while there is only one of them."""


def main() -> None:
    """Entry point of the console script."""
    app()
