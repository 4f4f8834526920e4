"""Serial QR scanners: lines of text over a tty (GM65, Honeywell and their like in continuous mode).

A line ends with CR, LF or CRLF. It may begin with an AIM symbology identifier (ISO/IEC 15424: `]Q3`, `]d2`, `]C1`,
`]e0`) and with an FNC1, which scanners send as GS, 0x1D; FNC1s further in separate GS1 fields and stay.
"""

import asyncio
import importlib.util
import logging
import re
import termios
import threading
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Final, Literal, TypeVarTuple

from drivers.credential import Credential, Junk
from drivers.errors import DriverError
from drivers.queue import EventQueue

if TYPE_CHECKING:
    import serial

LINE_LIMIT = 512
"""Bytes of the longest line that is a code; a gate's tokens are far shorter."""

SILENCE_S = 0.25
"""Half a line followed by this much silence is cut off: at 9600 baud the next byte is 1 ms away, and USB adapters
gather for 16 ms at most (FTDI AN232B-04). It is also how long a stop may have to wait for the reading thread."""

REOPEN_S = 0.5
"""Between two attempts to open a scanner that is not there."""

STOP_S = 2.0
"""For the reading thread to end; opening a tty is the only thing in it that could take longer."""

FNC1 = "\x1d"
_AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_END_OF_LINE = re.compile(rb"[\r\n]")

log = logging.getLogger(__name__)

Ts = TypeVarTuple("Ts")


class SerialUnavailable(DriverError, ImportError):
    """pyserial is not installed."""


class LineDecoder:
    """Bytes of a scanner, in pieces of any size, to codes. Pure, and never raises."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._length = 0

    def feed(self, data: bytes) -> list[str | Junk]:
        """The codes, and lines that are none, which these bytes complete. Empty lines are the gap in a CRLF."""
        *ends, rest = _END_OF_LINE.split(data)
        found = []
        for piece in ends:
            self._append(piece)
            if self._length:
                found.append(self._line())
        self._append(rest)
        return found

    def silence(self) -> list[Junk]:
        """To be called after SILENCE_S without a byte: what was begun will not be completed."""
        length, self._length = self._length, 0
        self._kept.clear()
        return [Junk(length, "no end of line: the scanner needs CR or LF as its suffix")] if length else []

    def _append(self, piece: bytes) -> None:
        self._length += len(piece)
        self._kept += piece[: LINE_LIMIT - len(self._kept)]

    def _line(self) -> str | Junk:
        raw, length = bytes(self._kept), self._length
        self._kept.clear()
        self._length = 0
        if length > LINE_LIMIT:
            return Junk(length, f"longer than {LINE_LIMIT} bytes")
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            return Junk(length, "not UTF-8: wrong baud rate, or a code of binary data")
        text = _AIM.sub("", text, count=1) if text.startswith("]") else text
        text = text.removeprefix(FNC1)
        if not text:
            return Junk(length, "nothing after its prefix")
        if not text.replace(FNC1, "").isprintable():
            return Junk(length, "control characters: wrong baud rate, or a code of binary data")
        return text


class QrScanner:
    """One scanner on its own thread: `async with` it, and iterate over its credentials.

    A scanner that is not there, or is pulled out, is said once and opened again by itself when it is back, so name it
    by a path that survives that (/dev/serial/by-id/…). Iteration ends when the scanner is closed.
    """

    kind: Final[Literal["qr"]] = "qr"

    def __init__(self, name: str, path: str, baud: int = 9600) -> None:
        self.name = name
        self.junk = 0
        self.plugged = asyncio.Event()
        self._path = path
        self._baud = baud
        self._codes: EventQueue[Credential] = EventQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"qr-{name}", daemon=True)

    @property
    def fault(self) -> str | None:
        """Why nothing can be presented here now; None when it can."""
        return None if self.plugged.is_set() else "unplugged"

    @property
    def dropped(self) -> int:
        """Codes that nobody took in time."""
        return self._codes.dropped

    async def __aenter__(self) -> "QrScanner":
        if importlib.util.find_spec("serial") is None:
            raise SerialUnavailable(f"scanner {self.name}: no pyserial here: install the package's `node` extra")
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._codes.close()
        await asyncio.to_thread(self._thread.join, STOP_S)
        if self._thread.is_alive():
            log.error("scanner %s: still stuck in %s after %g s; left behind", self.name, self._path, STOP_S)

    def __aiter__(self) -> AsyncIterator[Credential]:
        return aiter(self._codes)

    # The thread

    def _run(self) -> None:
        down = False
        while not self._stop.is_set():
            try:
                with self._open() as port:
                    log.info("scanner %s: %s %s", self.name, self._path, "is back" if down else "opened")
                    down = False
                    self._tell(self.plugged.set)
                    self._read(port)
            except (OSError, termios.error) as e:
                self._tell(self.plugged.clear)
                if not down:
                    log.warning("scanner %s: %s: unplugged, or no right to it? Waiting for it", self.name, e)
                down = True
                self._stop.wait(REOPEN_S)

    def _open(self) -> "serial.Serial":
        import serial  # not installed where a store is only simulated

        return serial.Serial(self._path, self._baud, timeout=SILENCE_S, exclusive=True)

    def _read(self, port: "serial.Serial") -> None:
        decoder = LineDecoder()
        readable = True
        while not self._stop.is_set():
            data: bytes = port.read(1)
            t_s = self._loop.time()
            for found in decoder.feed(data + port.read(port.in_waiting)) if data else decoder.silence():
                if isinstance(found, Junk):
                    self.junk += 1
                    if readable:
                        log.warning("scanner %s: a line of %d bytes dropped: %s", self.name, found.length, found.reason)
                    readable = False
                else:
                    readable = True
                    self._tell(self._codes.offer, Credential(found, t_s, self.name))

    def _tell(self, call: Callable[[*Ts], object], *args: *Ts) -> None:
        self._loop.call_soon_threadsafe(call, *args)
