"""The gate node as it runs on a Pi, in real time: a scanner on a tty, a turnstile and a card reader at pins, a bus."""

import asyncio
from pathlib import Path

import pytest

from drivers.turnstile import Pins
from firmware_py.config import NodeConfig
from gate_node.config import GateConfig, GateNodeConfig, Scanner, Wiegand
from gate_node.node import run
from hw.sim.gpio import SimulatedGpio
from hw.sim.scanner_tty import ScannerTty
from hw.sim.turnstile_model import UNLOCK_MIN_S, TurnstileModel
from hw.sim.wiegand_reader import WiegandReaderModel
from wire import topics
from wire.bus import Inbox, MemoryBroker, MemoryBus
from wire.clock import Clock
from wire.messages import AnyMessage, Envelope, GateCommand, Heartbeat, Passage, Reading, Tap, decode, encode

PINS = Pins(unlock_in=5, unlock_out=17, pass_in=22, pass_out=23, alarm=24, fire=25)
DEADLINE_S = 20.0
QUIET = {
    "fire": Reading(value=0.0),
    "alarm": Reading(value=0.0),
    "pass_in": Reading(value=0.0),
    "pass_out": Reading(value=0.0),
    "left": Reading(value=1.0),
    "card": Reading(value=1.0),
}
D0, D1 = 6, 12


def config(scanner: Path, state_dir: Path) -> GateNodeConfig:
    return GateNodeConfig(
        node=NodeConfig(name="gate-1", store="s", role="gate", state_dir=str(state_dir)),
        gate=GateConfig(
            gate="g",
            direction="in",
            pins=PINS,
            scanners=(Scanner(name="left", path=str(scanner)),),
            wiegand=(Wiegand(name="card", d0=D0, d1=D1),),
        ),
    )


async def hear(inbox: Inbox, kind: type[AnyMessage], /, **fields: object) -> AnyMessage:
    """The next message of a kind whose fields are these."""
    async for delivery in inbox:
        body = decode(delivery.payload).body
        if isinstance(body, kind) and all(getattr(body, name) == value for name, value in fields.items()):
            return body
    raise AssertionError("a bus never ends")


async def test_from_the_card_or_the_code_to_the_passage_at_the_hub(tmp_path: Path) -> None:
    tty, gpio, broker = ScannerTty(tmp_path / "scanner"), SimulatedGpio(), MemoryBroker()
    turnstile, cards, hub = TurnstileModel(gpio, PINS), WiegandReaderModel(gpio, D0, D1), MemoryBus(broker)
    unlocked = asyncio.Event()
    async with asyncio.timeout(DEADLINE_S), hub.subscribe(f"{topics.ROOT}/s/gate-1/+") as inbox:
        node = asyncio.create_task(run(config(tty.path, tmp_path), gpio, MemoryBus(broker)))
        await hear(inbox, Heartbeat, readings=QUIET)
        gpio.attach(PINS.unlock_in, lambda level: unlocked.set())
        tty.present("aisle:7f3c")
        await hear(inbox, Tap, reader="left", kind="qr", credential="aisle:7f3c")
        cards.present(123, 45678, length=26)
        await hear(inbox, Tap, reader="card", kind="card", credential="wiegand-26:123:45678")
        command = GateCommand(id="c1", gate="g", direction="in", expires_s=Clock().now() + 8)
        envelope = encode(Envelope(node="hub", boot="h", seq=1, body=command))
        await hub.publish(topics.commands("s", "gate-1"), envelope, qos=1)
        await unlocked.wait()
        await asyncio.sleep(1.1 * UNLOCK_MIN_S)
        assert await turnstile.walk_through("in")
        await hear(inbox, Passage, direction="in", outcome="passed", command="c1")
        node.cancel()
        with pytest.raises(asyncio.CancelledError):
            await node
    assert gpio.level(PINS.unlock_out) == gpio.LOW
    tty.unplug()
