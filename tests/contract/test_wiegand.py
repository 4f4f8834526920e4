"""A card reader at two pins, read by their edges."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from drivers.credential import Credential
from drivers.wiegand import IDLE_S, MOST_BITS, RETRY_S, WiegandReader
from hw.sim import virtual_time
from hw.sim.gpio import SimulatedGpio
from hw.sim.wiegand_reader import WiegandReaderModel, frame

D0, D1 = 6, 12
DEADLINE_S = 10.0


@pytest.fixture
def gpio() -> SimulatedGpio:
    return SimulatedGpio()


@pytest.fixture
def cards(gpio: SimulatedGpio) -> WiegandReaderModel:
    return WiegandReaderModel(gpio, D0, D1)


@pytest.fixture
async def reader(gpio: SimulatedGpio) -> AsyncIterator[WiegandReader]:
    async with WiegandReader("card", gpio, D0, D1) as reader:
        yield reader


async def take(reader: WiegandReader) -> Credential:
    async with asyncio.timeout(DEADLINE_S):
        return await anext(aiter(reader))


async def mended(reader: WiegandReader, cards: WiegandReaderModel) -> None:
    """The short is gone: soon the reader has no fault, and reads."""
    cards.short(False)
    await asyncio.sleep(2 * RETRY_S)
    assert reader.fault is None
    cards.present(5, length=34)
    assert (await take(reader)).text == "wiegand-34:5"


async def test_a_card_is_a_credential_of_when_its_first_bit_came(
    reader: WiegandReader, cards: WiegandReaderModel
) -> None:
    before_s = asyncio.get_running_loop().time()
    cards.present(123, 45678, length=26)
    after_s = asyncio.get_running_loop().time()
    credential = await take(reader)
    assert (credential.text, credential.reader, reader.kind) == ("wiegand-26:123:45678", "card", "card")
    assert before_s <= credential.t_s <= after_s and reader.fault is None


async def test_edges_of_the_library_s_own_thread_are_heard(reader: WiegandReader, cards: WiegandReaderModel) -> None:
    await asyncio.to_thread(cards.present, 7, length=34)
    assert (await take(reader)).text == "wiegand-34:7"


async def test_frames_that_a_busy_loop_hears_of_at_once_are_told_apart_by_when_they_came(
    reader: WiegandReader, cards: WiegandReaderModel
) -> None:
    def busy() -> None:
        cards.present(1, length=34)
        time.sleep(2 * IDLE_S)
        cards.present(2, length=34)

    busy()
    assert [(await take(reader)).text for _ in range(2)] == ["wiegand-34:1", "wiegand-34:2"]


def test_what_is_no_card_is_counted_said_once_and_in_the_way_of_none(
    gpio: SimulatedGpio, cards: WiegandReaderModel, caplog: pytest.LogCaptureFixture
) -> None:
    async def store() -> None:
        async with WiegandReader("card", gpio, D0, D1) as reader:
            for _ in range(3):
                cards.send(frame((1, 2), 37)[:-1])
                await asyncio.sleep(2 * IDLE_S)
            cards.present(1, 2, length=37)
            assert (await take(reader)).text == "wiegand-37:1:2"
            assert reader.junk == 3

    virtual_time.run(store())
    assert [record.getMessage() for record in caplog.records] == [
        "reader card: a frame of 36 bits dropped: not 26, 34, 37 bits: another format, or a bit lost on the wire"
    ]


def test_a_line_that_stays_low_is_a_fault_until_it_is_mended(
    gpio: SimulatedGpio, cards: WiegandReaderModel, caplog: pytest.LogCaptureFixture
) -> None:
    async def store() -> None:
        async with WiegandReader("card", gpio, D0, D1) as reader:
            cards.short(True)
            await asyncio.sleep(2 * IDLE_S)
            assert reader.fault == "D0 low: no power, or a short"
            await asyncio.sleep(5 * RETRY_S)
            await mended(reader, cards)

    virtual_time.run(store())
    assert [record.getMessage() for record in caplog.records if "frame" not in record.getMessage()] == [
        "reader card: D0 low: no power, or a short",
        "reader card: can be read again",
    ]


def test_a_line_that_chatters_is_a_fault_and_hides_no_short(gpio: SimulatedGpio, cards: WiegandReaderModel) -> None:
    """Hum of the mains: never quiet for as long as ends a frame."""

    async def hum() -> None:
        for _ in range(3 * MOST_BITS):
            cards.send([1])
            await asyncio.sleep(0.02)

    async def store() -> None:
        async with WiegandReader("card", gpio, D0, D1) as reader:
            await hum()
            assert reader.fault == "edges without end: a bad shield, or a loose wire" and reader.junk
            cards.short(True)
            await hum()
            assert reader.fault == "D0 low: no power, or a short"
            await mended(reader, cards)

    virtual_time.run(store())


def test_swapped_wires_are_said_whatever_was_junk_before(
    gpio: SimulatedGpio, cards: WiegandReaderModel, caplog: pytest.LogCaptureFixture
) -> None:
    async def store() -> None:
        async with WiegandReader("card", gpio, D1, D0):
            cards.send([0])
            await asyncio.sleep(2 * IDLE_S)
            for _ in range(3):
                cards.present(123, 45678, length=26)
                await asyncio.sleep(2 * IDLE_S)

    virtual_time.run(store())
    assert sum("swapped" in record.getMessage() for record in caplog.records) == 1


def test_pins_that_another_program_holds_are_claimed_as_soon_as_it_lets_go(
    monkeypatch: pytest.MonkeyPatch, gpio: SimulatedGpio, cards: WiegandReaderModel
) -> None:
    def held(*_: object, **__: object) -> None:
        raise Exception("GPIO busy")  # what lgpio raises

    async def store() -> None:
        with monkeypatch.context() as other:
            other.setattr(gpio, "setup", held)
            reader = await WiegandReader("card", gpio, D0, D1).__aenter__()
            assert reader.fault == "GPIO busy: does another program hold pin 6 or 12?"
        await asyncio.sleep(2 * RETRY_S)
        assert reader.fault is None
        cards.present(9, length=34)
        assert (await take(reader)).text == "wiegand-34:9"
        await reader.__aexit__(None, None, None)
        assert [credential async for credential in reader] == []

    virtual_time.run(store())
