"""The page's web server, inside the loop that the hub runs in. NiceGUI keeps its routes per process: one page each."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec
import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.staticfiles import StaticFiles
from msgspec import Raw
from nicegui import ui

from hub.errors import HubError
from hub.pages.controls import Controls
from hub.pages.frame import sections
from hub.pages.page import register
from hub.pages.plan import plan
from hub.service import Hub
from wire.clock import Clock

TICK_S = 0.125
"""People move on the page this often; the browser draws the way between."""
GOODBYE_S = 2
"""Browsers that have not let go of their connections by then are cut off."""


class PortBusy(HubError, OSError):
    """The page cannot be served there."""


def listen(host: str, port: int) -> socket.socket:
    """Take the address before anything else starts; port 0 takes a free one. Raises PortBusy."""
    try:
        return socket.create_server((host, port))
    except OSError as e:
        raise PortBusy(
            f"http://{host}:{port}: the page cannot be served there: {e.strerror}: another store running, or not yours?"
        ) from None


async def serve(listener: socket.socket, hub: Hub, clock: Clock, controls: Controls | None = None) -> None:
    """Serve the page of a hub until cancelled."""
    app = FastAPI(openapi_url=None)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    feed = _Feed(hub, clock, controls)
    app.add_api_websocket_route("/feed", feed.follow)
    register(hub, controls)
    ui.run_with(app, title=f"Aisle · {hub.store.name}", tailwind=False, show_welcome_message=False)
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=GOODBYE_S,
        ws="websockets-sansio",
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve([listener]), name="pages: server")
    try:
        await asyncio.shield(serving)
    finally:
        # Cancelled in its own loop, uvicorn would leave its connections and its lifespan behind.
        server.should_exit = True
        await serving


class _Server(uvicorn.Server):
    """Signals belong to whoever owns the loop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Feed:
    """Sends browsers what is new to them."""

    def __init__(self, hub: Hub, clock: Clock, controls: Controls | None) -> None:
        self._hub = hub
        self._clock = clock
        self._controls = controls
        self._plan = Raw(msgspec.json.encode(plan(hub.store)))
        self._made_s = -TICK_S
        self._made: dict[str, Raw] = {}

    async def follow(self, browser: WebSocket) -> None:
        """One browser, for as long as it stays. Pages of other sites may not look."""
        origin = browser.headers.get("origin", "")
        if origin.partition("://")[2] != browser.headers.get("host"):
            await browser.close(1008)
            return
        await browser.accept()
        known: dict[str, Raw] = {"plan": self._plan}
        await self._send(browser, known)
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                now = self._sections()
                news = {name: raw for name, raw in now.items() if known.get(name) != raw}
                if news:
                    await self._send(browser, news)
                known = now
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(TICK_S):
                        await browser.receive_text()  # it says nothing until it goes

    async def _send(self, browser: WebSocket, news: dict[str, Raw]) -> None:
        await browser.send_text(msgspec.json.encode({"now_s": self._clock.now(), **news}).decode())

    def _sections(self) -> dict[str, Raw]:
        """Made once per tick, however many browsers look; not at all when none does."""
        now_s = self._clock.now()
        if now_s - self._made_s >= TICK_S / 2:
            self._made_s = now_s
            self._made = sections(self._hub, now_s, self._controls.nodes() if self._controls else {})
        return self._made
