"""A serial scanner over a real tty, read with the real pyserial."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from drivers import qr_scanner
from drivers.credential import Credential
from drivers.qr_scanner import QrScanner
from hw.sim.scanner_tty import ScannerTty

DEADLINE_S = 10.0


@pytest.fixture
def tty(tmp_path: Path) -> Iterator[ScannerTty]:
    scanner = ScannerTty(tmp_path / "scanner")
    yield scanner
    if scanner.path.is_symlink():
        scanner.unplug()


@pytest.fixture
async def scanner(tty: ScannerTty) -> AsyncIterator[QrScanner]:
    async with QrScanner("left", str(tty.path)) as scanner:
        await plugged(scanner)
        yield scanner


async def plugged(scanner: QrScanner) -> None:
    await asyncio.wait_for(scanner.plugged.wait(), DEADLINE_S)


@asynccontextmanager
async def said(text: str) -> AsyncIterator[None]:
    """On leaving the context, wait until the driver's thread has logged this."""
    loop, heard = asyncio.get_running_loop(), asyncio.Event()

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if text in record.getMessage():
                loop.call_soon_threadsafe(heard.set)

    ear, log = Ear(), logging.getLogger("drivers.qr_scanner")
    log.addHandler(ear)
    try:
        yield
        await asyncio.wait_for(heard.wait(), DEADLINE_S)
    finally:
        log.removeHandler(ear)


async def take(scanner: QrScanner, count: int) -> list[Credential]:
    async with asyncio.timeout(DEADLINE_S):
        return [await anext(aiter(scanner)) for _ in range(count)]


async def test_a_code_arrives_with_its_reader_and_a_time_of_the_loop(tty: ScannerTty, scanner: QrScanner) -> None:
    before_s = asyncio.get_running_loop().time()
    tty.present("aisle:1")
    [code] = await take(scanner, 1)
    assert (code.text, code.reader) == ("aisle:1", "left")
    assert before_s <= code.t_s <= asyncio.get_running_loop().time()


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
async def test_each_line_end_that_a_scanner_may_send_is_understood(
    tty: ScannerTty, scanner: QrScanner, end: bytes
) -> None:
    tty.send(b"]Q3one" + end)
    tty.send(b"two" + end)
    assert [c.text for c in await take(scanner, 2)] == ["one", "two"]


async def test_two_scans_in_one_read_are_two_codes(tty: ScannerTty, scanner: QrScanner) -> None:
    tty.send(b"one\rtwo\r")
    assert [c.text for c in await take(scanner, 2)] == ["one", "two"]


async def test_a_scan_in_two_pieces_is_one_code(tty: ScannerTty, scanner: QrScanner) -> None:
    tty.send(b"on")
    await asyncio.sleep(0.02)  # the pause between two USB packets
    tty.send(b"e\r")
    assert [c.text for c in await take(scanner, 1)] == ["one"]


async def test_half_a_scan_is_given_up_and_logged_without_its_content(
    tty: ScannerTty, scanner: QrScanner, caplog: pytest.LogCaptureFixture
) -> None:
    async with said("a line of 8 bytes dropped"):
        tty.send(b"41111111")
    assert scanner.junk == 1
    tty.present("whole")
    assert [c.text for c in await take(scanner, 1)] == ["whole"]
    assert "4111" not in caplog.text


async def test_unplugging_is_said_once_and_it_comes_back_by_itself(
    tty: ScannerTty, scanner: QrScanner, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(qr_scanner, "REOPEN_S", 0.01)
    attempts = threading.Semaphore(0)
    open_port = scanner._open
    monkeypatch.setattr(scanner, "_open", lambda: attempts.release() or open_port())
    tty.send(b"half")
    async with said("unplugged"):
        tty.unplug()
    assert not scanner.plugged.is_set()
    for _ in range(3):
        assert await asyncio.to_thread(attempts.acquire, timeout=DEADLINE_S)
    tty.plug()
    await plugged(scanner)
    tty.present("whole")
    assert [c.text for c in await take(scanner, 1)] == ["whole"]
    assert caplog.text.count("unplugged") == 1
    assert caplog.text.count("is back") == 1


async def test_a_scanner_that_is_not_there_at_the_start_is_opened_when_it_comes(tmp_path: Path) -> None:
    async with QrScanner("left", str(tmp_path / "late")) as scanner:
        tty = ScannerTty(tmp_path / "late")
        await plugged(scanner)
        tty.present("hello")
        assert [c.text for c in await take(scanner, 1)] == ["hello"]
    tty.unplug()


async def test_closing_ends_the_iteration_and_the_thread(tty: ScannerTty) -> None:
    async with QrScanner("left", str(tty.path)) as scanner:
        await plugged(scanner)
        tty.present("last")
        await take(scanner, 1)
    assert [code async for code in scanner] == []
    assert not scanner._thread.is_alive()
