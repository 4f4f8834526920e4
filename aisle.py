"""The `aisle` command: imports the room it needs, and nothing else."""

import importlib.util
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from hub.store import Product, Store
    from hw.report import CaseReport, Report
    from hw.sim.nanostore import Item, PlateStore

WRONG_INPUT = 2

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The open cashier-less store: tap in, take what you want, walk out.",
)
err = Console(stderr=True)


def _writable(report: Path | None) -> Path | None:
    """Says before the work, not after it, that there is no place for its report."""
    if report is not None and (report.is_dir() or not report.parent.is_dir() or not os.access(report.parent, os.W_OK)):
        typer.echo(f"{report}: no report can be written there: is {report.parent} a folder of yours?", err=True)
        raise typer.Exit(WRONG_INPUT)
    return report


Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same run.")]
ReportFile = Annotated[Path | None, typer.Option("--report", callback=_writable, help="Write the report there (JSON).")]
MethodOption = Annotated[
    Literal["joint", "nearest", "mps"], typer.Option(help="Ours, or one of the two baselines, on the same signals.")
]
StateDir = Annotated[Path | None, typer.Option("--state", help="Where journal, payments and broker keep their files.")]
BrokerUrl = Annotated[str | None, typer.Option("--broker", help="mqtt://[user:password@]host[:port] of a running one.")]
PageHost = Annotated[str, typer.Option(help="Address the page is served at.")]
PagePort = Annotated[int, typer.Option(min=0, max=65535, help="Port the page is served at; 0 takes a free one.")]


@app.command()
def run(
    store: Annotated[Path | None, typer.Argument(help="Store file; without one, the demo store.")] = None,
    host: PageHost = "127.0.0.1",
    port: PagePort = 8080,
    state: StateDir = None,
    broker: BrokerUrl = None,
    seed: Annotated[int | None, typer.Option(min=0, help="What the simulated shoppers draw their luck from.")] = None,
) -> None:
    """A whole store on this machine: broker, hub, page, simulated nodes and shoppers."""
    from drivers.errors import DriverError
    from firmware_py.errors import FirmwareError
    from hub.errors import BadStore, HubError
    from hw.errors import HardwareError
    from hw.live.store import run_store

    def work() -> Coroutine[Any, Any, None]:
        return run_store(store, err.print, host=host, port=port, state_dir=state, broker_url=broker, seed=seed)

    _supervise(work, (BadStore,), (HubError, HardwareError, DriverError, FirmwareError))


@app.command()
def hub(
    store: Annotated[Path, typer.Argument(help="Store file.")],
    state: Annotated[Path, typer.Option(help="Where journal, payments and broker keep their files.")] = Path("state"),
    broker: BrokerUrl = None,
    host: PageHost = "127.0.0.1",
    port: PagePort = 8080,
) -> None:
    """The hub alone, with its page, for nodes that connect by themselves."""
    from hub.errors import BadStore, HubError
    from hub.run import run_hub

    _supervise(lambda: run_hub(store, state, err.print, broker, (host, port)), (BadStore,), (HubError,))


@app.command()
def node(config: Annotated[Path, typer.Argument(help="Node file; its role says what kind of node it is.")]) -> None:
    """One shelf or gate node."""
    from drivers.errors import DriverError
    from firmware_py.config import role_of
    from firmware_py.errors import FirmwareError

    async def work() -> None:
        from wire.settings import load_toml

        if role_of(config) == "shelf":
            from shelf_node.config import ShelfNodeConfig
            from shelf_node.node import run as run_shelf

            await run_shelf(load_toml(config, ShelfNodeConfig))
        else:
            from gate_node.config import GateNodeConfig
            from gate_node.node import run as run_gate

            await run_gate(load_toml(config, GateNodeConfig))

    _supervise(work, (), (DriverError, FirmwareError))


@app.command()
def simulate(
    behaviours: Annotated[list[str] | None, typer.Argument(help="Names of behaviours; without any, all.")] = None,
    shoppers: Annotated[int, typer.Option(min=1, help="At least so many shop at the same time.")] = 1,
    visits: Annotated[int, typer.Option(min=1, help="How often each behaviour is played.")] = 10,
    seed: Seed = 1,
    method: MethodOption = "joint",
    report: ReportFile = None,
    names: Annotated[bool, typer.Option("--list", help="Name the behaviours, and stop.")] = False,
) -> None:
    """Behaviours in virtual time: receipts beside the truth (semi-synthetic: signals are made)."""
    from hub.errors import HubError
    from hub.store import load_store
    from hw.errors import HardwareError
    from hw.sim.behaviours import BEHAVIOURS, sentence
    from hw.simulate import DEMO_STORE
    from hw.simulate import simulate as play

    if names:
        for name in BEHAVIOURS:
            typer.echo(f"{name:24}{sentence(name)}")
        return
    with _one_line(HardwareError, HubError), _progress(visits * len(behaviours or BEHAVIOURS)) as step:
        place = load_store(DEMO_STORE)
        result = play(behaviours or [], shoppers, visits, seed, method, step, place)
    _show(result, place.products, report)


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="Labelled visits (CASES.json) or a recording (FILE.ndjson).")],
    store: Annotated[Path, typer.Option(help="Its store: STORE.json with labelled visits, STORE.toml else.")],
    seed: Annotated[int, typer.Option(min=0, help="For labelled visits: what their signals are made from.")] = 1,
    method: MethodOption = "joint",
    report: ReportFile = None,
) -> None:
    """Labelled visits → receipts and F1 (semi-synthetic: signals are made from labels); or a recording → receipts."""
    from hub.errors import HubError
    from hub.store import load_store
    from hw.errors import HardwareError
    from hw.kinds import expect
    from hw.recording import play
    from hw.replay import replay_cases
    from hw.sim.nanostore import load_cases, load_plate_store

    _log_to_terminal()
    with _one_line(HardwareError, HubError):
        expect(file, store)
        place: Store | PlateStore
        if file.suffix == ".ndjson":
            place = load_store(store)
            result = play(file, place, method)
        else:
            place = load_plate_store(store)
            cases = load_cases(file, place)
            with _progress(len(cases)) as step:
                result = replay_cases(cases, place, seed, method, step)
    _show(result, place.products, report)


@app.command()
def record(
    file: Annotated[Path, typer.Argument(help="Where to write, one message a line (FILE.ndjson).")],
    broker: Annotated[str, typer.Option(help="mqtt://[user:password@]host[:port] of the store's broker.")] = (
        "mqtt://127.0.0.1:1883"
    ),
) -> None:
    """Write down what passes on the wire, until Ctrl-C."""
    from hw.errors import BadRecording
    from hw.recording import record_from

    _supervise(lambda: record_from(broker, file), (BadRecording,), ())


def main() -> None:
    """Entry point of the console script."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except ModuleNotFoundError as e:
        missing = (e.name or "").partition(".")[0]
        if not missing or importlib.util.find_spec(missing):
            raise  # it is installed: a mistake of ours
        typer.echo(f"aisle {sys.argv[1]} needs {missing}: pip install 'aisle[hub]'", err=True)
        sys.exit(WRONG_INPUT)


Errors = tuple[type[Exception], ...]


def _supervise(work: Callable[[], Coroutine[Any, Any, None]], wrong_input: Errors, faults: Errors) -> None:
    from firmware_py.supervise import supervise
    from wire.errors import BadSettings, WireError

    _log_to_terminal()
    raise typer.Exit(supervise(work, wrong_input=(BadSettings, *wrong_input), faults=(WireError, *faults)))


@contextmanager
def _one_line(*wrong_input: type[Exception]) -> Iterator[None]:
    """Wrong input becomes one line and its exit status; a mistake of ours stays a traceback."""
    from wire.errors import WireError

    try:
        yield
    except Exception as e:
        if not isinstance(e, (WireError, *wrong_input)):
            raise
        typer.echo(" ".join(str(e).split()), err=True)
        raise typer.Exit(WRONG_INPUT) from None


def _log_to_terminal() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")


@contextmanager
def _progress(total: int) -> Iterator[Callable[["CaseReport"], None]]:
    """A bar on a terminal, nothing in a pipe."""
    case_name = TextColumn("{task.description}")
    columns = (TextColumn("visits"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), case_name)
    with Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as progress:
        task = progress.add_task("", total=total)

        def step(case: "CaseReport") -> None:
            progress.update(task, advance=1, description=case.name)

        yield step


def _show(result: "Report", products: "Iterable[Product | Item]", file: Path | None) -> None:
    """The cases as a table, their means below; the whole report into the file, complete or not at all."""
    names = {product.gtin: product.name for product in products}
    seed = "" if result.seed is None else f", seed {result.seed}"
    table = Table("case", "shopper", "receipt", "truth", "F1", "asked", title=f"method {result.method}{seed}")
    for case in result.cases:
        for i, (shopper, cart) in enumerate(case.receipts.items()):
            truth = case.truth.get(shopper)
            right = "" if truth is None else "the same" if truth == cart else _cart(truth, names)
            asked = "asked" if shopper in case.asked else ""
            head, score = ("", "") if i else (case.name, _figure(case.f1))
            table.add_row(head, shopper, _cart(cart, names), right, score, asked)
    Console().print(table)
    means = (
        f"{name} {_figure(value)}"
        for name, value in [("F1", result.f1), ("precision", result.precision), ("recall", result.recall)]
    )
    wrong = _figure(result.wrong_unasked_per_1000)
    typer.echo(
        f"mean {', '.join(means)}; of 1000 receipts {result.asked_per_1000:.1f} asked, {wrong} wrong and unasked"
    )
    if file is not None:
        partial = file.with_name(file.name + ".part")
        partial.write_bytes(msgspec.json.format(msgspec.json.encode(result)) + b"\n")
        partial.replace(file)


def _cart(cart: dict[str, int], names: Mapping[str, str]) -> str:
    return "\n".join(escape(f"{n} × {names.get(gtin, 'something unknown')}") for gtin, n in cart.items()) or "nothing"


def _figure(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"
