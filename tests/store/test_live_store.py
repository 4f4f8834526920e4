"""A whole store in real time, at its pins and ttys: somebody shops, and it stops without a trace."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest

from hub.broker import Broker, BrokerError, find_server
from hub.core.events import Receipt
from hub.journal import JournalBusy
from hub.pages.controls import ControlRefused
from hub.pages.server import PortBusy, listen
from hub.run import open_hub
from hub.service import Hub
from hub.store import load_store
from hw.live.pace import every
from hw.live.store import LiveStore, open_store, run_store, stock_left
from hw.simulate import DEMO_STORE

DEADLINE_S = 90.0
"""A visit takes about 25 s of real time, longer where the machine is busy."""
POLL_S = 0.1
STORE = load_store(DEMO_STORE)
PROGRAM = """
import sys
import hub.run
from firmware_py.supervise import supervise
from hw.live.pace import every
from hw.live.store import run_store
hub.run.PORT = 0  # any free one
sys.exit(supervise(lambda: run_store(None, lambda line: print(line, flush=True), port=0), wrong_input=(), faults=()))
"""


def no_broker() -> str:
    try:
        find_server()
    except BrokerError as e:
        return str(e)
    return ""


pytestmark = pytest.mark.skipif(bool(no_broker()), reason=f"nats-server: {no_broker()}")


async def until(what: Callable[[], bool]) -> None:
    """Wait for something that no event announces."""
    async with asyncio.timeout(DEADLINE_S):
        async for _ in every(POLL_S):
            if what():
                return


def receipt_of(live: LiveStore, credential: str) -> Receipt | None:
    """Handed out already, or with a person who is asked."""
    receipts = [*live.hub.receipts, *(question.receipt for question in live.hub.questions.values())]
    return next((r for r in receipts if r.credential == credential), None)


def lying(hub: Hub) -> Counter[str]:
    """What is laid on the shelves when a store opens with this hub, by product."""
    return Counter(move.gtin for move in stock_left(STORE, hub))


async def test_a_receipt_says_what_was_taken_and_why_and_the_next_start_finds_the_rest(tmp_path: Path) -> None:
    threads = set(threading.enumerate())
    state = tmp_path / "store"
    async with Broker(tmp_path / "broker") as broker:
        async with open_store(STORE, state, broker.url) as live:
            before = lying(live.hub)
            (shopper,) = live.people.send("simple")
            await until(lambda: shopper.left)
            await until(lambda: receipt_of(live, shopper.plan.payer) is not None)
            receipt = receipt_of(live, shopper.plan.payer)
            with pytest.raises(JournalBusy, match="is another hub running") as second:
                await open_store(STORE, state, broker.url).__aenter__()
        async with open_hub(STORE, state, broker.url) as (hub, _):
            after = lying(hub)
    taken = Counter(unit.gtin for unit in shopper.basket)
    assert receipt is not None and taken and {line.gtin: line.count for line in receipt.lines} == taken
    assert all(line.because for line in receipt.lines)
    assert "\n" not in str(second.value)
    assert before - after == taken
    running = [t.name for t in set(threading.enumerate()) - threads if not t.name.startswith("asyncio")]
    assert running == [], "threads other than the event loop's own, which wait for work and for the broker's end"


async def test_a_code_shown_at_an_unplugged_gate_opens_it_when_the_plug_is_back(tmp_path: Path) -> None:
    async with Broker(tmp_path / "broker") as broker, open_store(STORE, tmp_path / "store", broker.url) as live:
        nodes = live.hub.nodes.by_name
        await until(lambda: "gate-in" in nodes)
        await live.controls.plug("gate-in", False)
        await until(lambda: not nodes["gate-in"].alive)
        (shopper,) = live.people.send("touch_only")
        assert live.controls.nodes()["gate-in"] is False and live.controls.nodes()["gate-out"] is True
        with pytest.raises(ControlRefused, match="nobody is on the floor"):
            await live.controls.break_track()
        await live.controls.plug("gate-in", True)
        await until(lambda: shopper.entered)


def test_ctrl_c_closes_everything_within_seconds_and_says_nothing() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0
    ) as store:
        assert store.stdout is not None and store.stderr is not None
        url = ""
        for line in store.stdout:
            if found := re.search(r"http://\S+", line):
                url = found[0]
            if "Ctrl-C" in line:
                break
        with urlopen(url, timeout=DEADLINE_S) as page:
            assert page.status == 200
        (broker,) = Path(f"/proc/{store.pid}/task/{store.pid}/children").read_text().split()
        os.killpg(store.pid, signal.SIGINT)
        rest, errors = store.communicate(timeout=DEADLINE_S)
    assert (store.returncode, rest, errors) == (0, "", "")
    assert not Path(f"/proc/{broker}").exists()


async def test_the_brokers_password_is_not_shown(tmp_path: Path) -> None:
    lines: list[str] = []
    opened = asyncio.Event()

    def say(line: str) -> None:
        lines.append(line)
        if "Ctrl-C" in line:
            opened.set()

    async with Broker(tmp_path / "broker") as broker, asyncio.timeout(DEADLINE_S):
        place = broker.url.removeprefix("mqtt://")
        store = asyncio.create_task(run_store(None, say, port=0, broker_url=f"mqtt://aisle:secret@{place}"))
        await asyncio.wait({store, asyncio.create_task(opened.wait())}, return_when=asyncio.FIRST_COMPLETED)
        store.cancel()
        with pytest.raises(asyncio.CancelledError):
            await store
    assert f"Broker   {place}" in lines
    assert not any("secret" in line for line in lines)


async def test_a_busy_port_is_one_clear_line() -> None:
    lines: list[str] = []
    taken = listen("127.0.0.1", 0)
    with taken, pytest.raises(PortBusy, match=r"Address already in use.*: another store running") as caught:
        await run_store(None, lines.append, port=taken.getsockname()[1])
    assert "\n" not in str(caught.value) and lines == []
