"""The network cable between one node and the broker, with a plug that can be pulled."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from wire.mqtt import TIMEOUT_S, Address

HOST = "127.0.0.1"
CHUNK_BYTES = 1 << 16


class Cable:
    """`async with` it: a node that connects to `url` reaches the broker for as long as the plug is in.

    Pulling it ends the node's connection and lets no new one through; the node itself works on.
    """

    def __init__(self, broker_url: str) -> None:
        self._broker_url = broker_url
        self._broker = Address.parse(broker_url)
        self.plugged = True
        self._ends: set[asyncio.StreamWriter] = set()
        self._carrying: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The broker's URL as the node must have it: with the same login, but this end of the cable as the place."""
        login, at, _ = urlsplit(self._broker_url).netloc.rpartition("@")
        return f"mqtt://{login}{at}{HOST}:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, HOST, 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.pull()
        if self._carrying:
            await asyncio.wait(self._carrying)

    def pull(self) -> None:
        """Take the plug out."""
        self.plugged = False
        for end in self._ends:
            end.transport.abort()

    def plug_in(self) -> None:
        """Put it back; the node finds out when it next tries to connect."""
        self.plugged = True

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._carry(reader, writer), name=f"cable to {self._broker}")
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = [writer]
        self._ends.add(writer)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                back, out = await asyncio.open_connection(self._broker.host, self._broker.port)
            ends.append(out)
            self._ends.add(out)
            if self.plugged:
                async with asyncio.TaskGroup() as group:
                    group.create_task(_pump(reader, out), name=f"to {self._broker}")
                    group.create_task(_pump(back, writer), name=f"from {self._broker}")
        except OSError:
            pass  # the broker is away: the node sees its connection end, as it would without this cable
        finally:
            self._ends.difference_update(ends)
            for end in ends:
                end.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry one direction, and its end too."""
    with suppress(OSError):
        while data := await reader.read(CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()
