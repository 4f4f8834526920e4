"""A hub as a process: its state directory, its broker, and every fault as one line."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

from hub.broker import Broker
from hub.errors import HubError
from hub.journal import Journal
from hub.pages.server import listen, serve
from hub.payments import TestProvider
from hub.service import Hub
from hub.store import Store, load_store
from wire.clock import Clock
from wire.mqtt import PORT, Address, MqttBus


class BadStateDir(HubError, OSError):
    """Nothing can be kept where the hub was told to keep it."""


@asynccontextmanager
async def open_hub(store: Store, state_dir: Path, broker_url: str | None = None) -> AsyncIterator[tuple[Hub, str]]:
    """The hub of a store, ready to `run`, and the URL of its broker: the one named, or the embedded one.

    Everything that must outlive it stands below `state_dir`. The journal comes first, for its lock keeps a second hub
    away from the broker's files too. Raises HubError or WireError.
    """
    _make(state_dir)
    async with AsyncExitStack() as stack:
        journal = stack.enter_context(closing(Journal(state_dir / "journal.db", store.name)))
        payments = stack.enter_context(closing(TestProvider(state_dir / "test-payments.db")))
        if broker_url is None:
            broker_url = (await stack.enter_async_context(Broker(state_dir / "broker", PORT))).url
        bus = await stack.enter_async_context(MqttBus(broker_url, f"{store.name}-hub"))
        yield Hub(store, bus, journal, payments, Clock()), broker_url


async def run_hub(
    store_file: Path,
    state_dir: Path,
    say: Callable[[str], None],
    broker_url: str | None = None,
    page: tuple[str, int] | None = None,
) -> None:
    """`aisle hub`: the hub, and its page at that host and port, until cancelled. `say` gets lines for the user.

    Raises HubError or WireError, alone or in groups: one line each.
    """
    store = load_store(store_file)
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(closing(listen(*page))) if page else None
        hub, broker = await stack.enter_async_context(open_hub(store, state_dir, broker_url))
        say(f"Broker   {Address.parse(broker)}")
        say(f"State    {state_dir}")
        if listener and page:
            say(f"Page     http://{page[0]}:{listener.getsockname()[1]}")
        say("Ctrl-C stops the hub.")
        async with asyncio.TaskGroup() as group:
            group.create_task(hub.run(), name="hub")
            if listener:
                group.create_task(serve(listener, hub, Clock()), name="page")


def _make(state_dir: Path) -> None:
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise BadStateDir(f"{state_dir}: no place for the hub's state: {e.strerror}") from None
