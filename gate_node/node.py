"""The gate node: credentials to the hub, its commands to the relay, and every passage back to it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Literal, Protocol

from drivers.credential import Credential
from drivers.errors import DeviceClosed
from drivers.gpio import Gpio, load_gpio
from drivers.qr_scanner import QrScanner
from drivers.turnstile import Alarm, FireInput, PassContact, RelayTurnstile, Turnstile
from drivers.wiegand import WiegandReader
from firmware_py.identity import Identity
from firmware_py.outbox import Outbox
from firmware_py.session import Session, Vitals
from gate_node.config import GateConfig, GateNodeConfig
from gate_node.passage import Hold, Output, PassageControl, Refused
from wire.bus import Bus
from wire.clock import Clock
from wire.messages import Direction, Passage, Reading, Tap, looks_like_card_number
from wire.mqtt import MqttBus

TICK_S = 0.5
"""How often time itself is looked at: grants that ran out, a hub that fell silent or is heard again. Commands,
contacts and fire never wait for it."""

DIRECTIONS: tuple[Direction, ...] = ("in", "out")
COUNTERS = (
    "taps",
    "taps_refused",
    "commands_expired",
    "commands_repeated",
    "commands_refused",
    "passages_passed",
    "passages_timeout",
    "passages_tailgating",
    "passages_intrusion",
    "passages_fire",
)

log = logging.getLogger(__name__)


class Reader(Protocol):
    """What reads credentials: scanners, card readers."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> Literal["card", "nfc", "qr"]: ...
    @property
    def fault(self) -> str | None:
        """Why it can read nothing now; None when it can."""

    @property
    def junk(self) -> int:
        """What it saw that was no credential."""

    @property
    def dropped(self) -> int:
        """Credentials that nobody took in time."""

    def __aiter__(self) -> AsyncIterator[Credential]:
        """Credentials as they are presented, until it is closed."""


class GateNode:
    """One gate, with its turnstile and readers already open; they may be simulated."""

    def __init__(self, config: GateConfig, turnstile: Turnstile, readers: Sequence[Reader], clock: Clock) -> None:
        self._config = config
        self._turnstile = turnstile
        self._readers = readers
        self._clock = clock
        self._control = PassageControl(config.gate, config.direction, config.passage_s)
        self._hub_alive = False
        self._stuck: frozenset[Direction] = frozenset()
        self._counters = dict.fromkeys(COUNTERS, 0)

    async def run(self, session: Session) -> None:
        """Work until cancelled. Whoever closes the turnstile afterwards leaves the way out free."""
        levels, gate = self._turnstile.levels, self._config.gate
        if levels.fire:
            log.warning("gate %s: FIRE, from the start", gate)
        self._act(session, self._control.start(levels.fire, levels.occupied, self._clock.now()))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._obey(session), name=f"{gate}: commands")
            group.create_task(self._follow(session), name=f"{gate}: turnstile")
            group.create_task(self._watch(session), name=f"{gate}: time")
            for reader in self._readers:
                group.create_task(self._listen(session, reader), name=f"{gate}: reader {reader.name}")

    def vitals(self) -> Vitals:
        """For the session's heartbeat. Readings are 1 or 0, and None for a contact or a reader that cannot be used."""
        counters = self._counters | {"turnstile_dropped": self._turnstile.dropped}
        readings = self._turnstile_readings()
        for reader in self._readers:
            counters |= {f"{reader.name}_junk": reader.junk, f"{reader.name}_dropped": reader.dropped}
            readings[reader.name] = _reading(True, reader.fault)
        return Vitals(counters, readings)

    def _turnstile_readings(self) -> dict[str, Reading]:
        try:
            levels = self._turnstile.levels
        except DeviceClosed as e:
            return {"turnstile": Reading(value=None, fault=str(e))}
        readings = {"fire": _reading(levels.fire), "alarm": _reading(levels.alarm)}
        for direction in DIRECTIONS:
            fault = "contact stuck" if direction in self._stuck else None
            readings[f"pass_{direction}"] = _reading(direction in levels.occupied, fault)
        return readings

    async def _obey(self, session: Session) -> None:
        async for command in session.commands():
            self._act(session, self._control.command(command, self._clock.now()))

    async def _follow(self, session: Session) -> None:
        async for event in self._turnstile:
            t_s = self._clock.from_monotonic(event.t_s)
            match event:
                case PassContact(direction, closed):
                    self._act(session, self._control.contact(direction, closed, t_s))
                case FireInput(active):
                    log.warning("gate %s: %s", self._config.gate, "FIRE" if active else "the fire loop is whole again")
                    self._act(session, self._control.fire_input(active, t_s))
                case Alarm(active):
                    log.warning("gate %s: the turnstile's alarm is %s", self._config.gate, "on" if active else "off")

    async def _watch(self, session: Session) -> None:
        while True:
            alive = session.hub_alive(self._config.free_egress_after_s)
            if alive != self._hub_alive:
                log.warning("gate %s: the hub is %s", self._config.gate, "heard" if alive else "silent: out is free")
                self._hub_alive = alive
            now_s = self._clock.now()
            self._act(session, self._control.tick(alive, now_s))
            stuck = self._control.stuck(now_s)
            for direction in stuck ^ self._stuck:
                state = "is stuck: passages go uncounted" if direction in stuck else "moves again"
                log.warning("gate %s: the pass contact %s %s", self._config.gate, direction, state)
            self._stuck = stuck
            await asyncio.sleep(TICK_S)

    async def _listen(self, session: Session, reader: Reader) -> None:
        async for code in reader:
            if looks_like_card_number(code.text):
                self._counters["taps_refused"] += 1
                log.warning("reader %s: something like a card number was presented, and refused", reader.name)
                continue
            self._counters["taps"] += 1
            t_s = self._clock.from_monotonic(code.t_s)
            session.post(
                Tap(gate=self._config.gate, reader=reader.name, kind=reader.kind, credential=code.text, t_s=t_s)
            )

    def _act(self, session: Session, outputs: list[Output]) -> None:
        # The relays first: posting waits for the disk.
        for output in outputs:
            if isinstance(output, Hold):
                self._turnstile.release(output.direction, output.on)
        for output in outputs:
            match output:
                case Refused(command, counter, reason):
                    self._counters[counter] += 1
                    log.warning("gate %s: command %s dropped: %s", self._config.gate, command.id, reason)
                case Passage():
                    self._counters[f"passages_{output.outcome}"] += 1
                    session.post(output)


async def run(config: GateNodeConfig, gpio: Gpio | None = None, bus: Bus | None = None) -> None:
    """The gate of this machine until cancelled: its pins, its readers, and a session with the hub.

    Simulated pins and a bus in memory fit in the place of this machine's. Raises DriverError or FirmwareError in one
    line when the turnstile's pins or the outbox cannot be used; a reader or a broker that is missing is waited for.
    """
    who, gate = config.node, config.gate
    clock = Clock()
    async with AsyncExitStack() as stack:
        outbox = stack.enter_context(closing(Outbox(Path(who.state_dir) / "outbox.sqlite")))
        if bus is None:
            bus = await stack.enter_async_context(MqttBus(config.bus.url, who.name))
        pins = gpio or load_gpio()
        readers: list[QrScanner | WiegandReader] = [QrScanner(s.name, s.path, s.baud) for s in gate.scanners]
        readers += [WiegandReader(w.name, pins, w.d0, w.d1) for w in gate.wiegand]
        for reader in readers:
            await stack.enter_async_context(reader)
        # Last in, first out: the way out is free before anything else is waited for.
        turnstile = await stack.enter_async_context(RelayTurnstile(gate.gate, pins, gate.pins))
        node = GateNode(gate, turnstile, readers, clock)
        session = Session(bus, Identity.at_start(who.store, who.name), clock, outbox, node.vitals)
        async with asyncio.TaskGroup() as group:
            group.create_task(session.run(), name=f"{gate.gate}: session")
            group.create_task(node.run(session), name=f"{gate.gate}: gate")


def _reading(on: bool, fault: str | None = None) -> Reading:
    return Reading(value=None if fault else float(on), fault=fault)
