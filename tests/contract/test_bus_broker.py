"""The embedded broker as a child process."""

import asyncio
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hub.broker import Broker, BrokerError

DEADLINE_S = 20.0


def has_ended(pid: int) -> bool:
    """Whether the process ends before the deadline."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], DEADLINE_S)[0])
    finally:
        os.close(handle)


def child_of(parent: int) -> int:
    return int(Path(f"/proc/{parent}/task/{parent}/children").read_text().split()[0])


async def test_it_listens_when_the_context_opens_and_is_gone_when_it_closes(tmp_path: Path) -> None:
    async with Broker(tmp_path / "state") as broker:
        _, writer = await asyncio.open_connection("127.0.0.1", broker.port)
        writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", broker.port)
    log = (tmp_path / "state" / "broker.log").read_text()
    assert "Listening for MQTT clients" in log and "Server Exiting" in log


async def test_a_ctrl_c_at_the_terminal_does_not_reach_it(tmp_path: Path) -> None:
    async with Broker(tmp_path):
        assert os.getsid(child_of(os.getpid())) != os.getsid(0)


async def test_a_busy_port_is_one_clear_line(tmp_path: Path) -> None:
    async with Broker(tmp_path / "one") as first:
        with pytest.raises(
            BrokerError, match=rf"{first.url}: .* address already in use \(another .aisle run."
        ) as caught:
            await Broker(tmp_path / "two", first.port).__aenter__()
    assert "\n" not in str(caught.value)


async def test_an_executable_that_is_none_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NATS_SERVER", str(tmp_path / "nats-server"))
    with pytest.raises(BrokerError, match="nats-server: the broker cannot be started: No such file"):
        await Broker(tmp_path).__aenter__()


async def test_another_executable_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other-server"
    other.write_text("#!/bin/sh\necho 'this is not the broker you look for' >&2\n")
    other.chmod(0o755)
    monkeypatch.setenv("NATS_SERVER", str(other))
    with pytest.raises(BrokerError, match="cannot be started: this is not the broker you look for"):
        await Broker(tmp_path).__aenter__()


async def test_a_broker_that_is_killed_ends_the_context_with_its_status(tmp_path: Path) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        async with asyncio.timeout(DEADLINE_S), Broker(tmp_path):
            os.kill(child_of(os.getpid()), signal.SIGKILL)
            await asyncio.Event().wait()
    (error,) = caught.value.exceptions
    assert isinstance(error, BrokerError) and "the broker ended by itself, status -9" in str(error)


def test_kill_9_of_the_parent_leaves_no_orphan(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from hub.broker import Broker\n"
        "async def main():\n"
        "    async with Broker(Path(sys.argv[1])):\n"
        "        print('up', flush=True)\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None and parent.stdout.readline() == "up\n"
        broker = child_of(parent.pid)
        parent.kill()
    assert has_ended(broker)
