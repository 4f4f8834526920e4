"""The shelf node: frames of counts from its clock lines, changes of weight and live readings to the hub."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, closing
from pathlib import Path

from drivers.gpio import Gpio, load_gpio
from drivers.hx711 import Frame
from drivers.hx711_bus import Hx711Bus
from drivers.hx711_sampler import Sampler, SamplingStopped
from firmware_py.calibration import BadCalibration, Calibration, CalibrationStore
from firmware_py.identity import Identity
from firmware_py.outbox import Outbox
from firmware_py.session import Session, Vitals
from shelf_node.config import ClockLine, ShelfNodeConfig
from shelf_node.errors import LineUnavailable
from shelf_node.lane import Lane
from wire.bus import Bus
from wire.clock import Clock
from wire.messages import WeightChange
from wire.mqtt import MqttBus

SILENT_S = 2.0
"""A clock line that has given no frame for so long is at fault, whatever its thread may be doing."""
REOPEN_S = 5.0
"""How long after its failure a clock line is tried again."""

log = logging.getLogger(__name__)


class ShelfNode:
    """The lanes of one node, by the clock line of their cells, in the order of its frames."""

    def __init__(self, lanes: Mapping[str, Sequence[Lane]], clock: Clock) -> None:
        self._lanes = lanes
        self._clock = clock
        self._heard_s = dict.fromkeys(lanes, clock.now())
        self._down: set[str] = set()
        self.dropped = dict.fromkeys(lanes, 0)
        """Frames of each clock line that came faster than they were taken."""

    def feed(self, line: str, frame: Frame) -> list[WeightChange]:
        """Take in one frame; what changed, in UTC."""
        t_s = self._clock.from_monotonic(frame.t_s)
        self._heard_s[line] = t_s
        changes = []
        for lane, sample in zip(self._lanes[line], frame.samples, strict=True):
            change = lane.push(t_s, sample.counts, sample.fault)
            if change is not None:
                changes.append(change)
            if lane.fault is not None or self._down:
                self._note(lane)
        return changes

    def vitals(self) -> Vitals:
        """For the session's heartbeat: grams by lane, and each lane's counters."""
        now_s = self._clock.now()
        for line, heard_s in self._heard_s.items():
            if now_s - heard_s > SILENT_S:
                for lane in self._lanes[line]:
                    lane.push(now_s, None, "no frames")
                    self._note(lane)
        lanes = [lane for row in self._lanes.values() for lane in row]
        counters = {f"{lane.id}_{name}": n for lane in lanes for name, n in lane.counters.items()}
        counters |= {f"{line}_frames_dropped": n for line, n in self.dropped.items()}
        return Vitals(counters, {lane.id: lane.reading(now_s) for lane in lanes})

    def _note(self, lane: Lane) -> None:
        """Log once when a lane goes down, once when it comes back."""
        if lane.fault is None and lane.id in self._down:
            self._down.remove(lane.id)
            log.warning("lane %s weighs again", lane.id)
        elif lane.fault is not None and lane.id not in self._down:
            self._down.add(lane.id)
            log.warning("lane %s does not weigh: %s", lane.id, lane.fault)


async def run(config: ShelfNodeConfig, gpio: Gpio | None = None, bus: Bus | None = None) -> None:
    """The shelf of this machine until cancelled: its pins, its lanes, and a session with the hub.

    Simulated pins and a bus in memory fit in the place of this machine's. Raises DriverError or FirmwareError in one
    line when the machine has no pins or the outbox cannot be used. A cell that is dead or has no usable calibration
    says so in its reading, a clock line that fails is opened again, and a broker that is missing is waited for.
    """
    who, shelf = config.node, config.shelf
    clock = Clock()
    pins = gpio or load_gpio()
    calibrations = CalibrationStore(Path(shelf.calibrations))
    lanes = {
        line.name: [Lane(cell.lane, _calibration(calibrations, cell.cell)) for cell in line.cells]
        for line in shelf.lines
    }
    node = ShelfNode(lanes, clock)
    async with AsyncExitStack() as stack:
        outbox = stack.enter_context(closing(Outbox(Path(who.state_dir) / "outbox.sqlite")))
        if bus is None:
            bus = await stack.enter_async_context(MqttBus(config.bus.url, who.name))
        session = Session(bus, Identity.at_start(who.store, who.name), clock, outbox, node.vitals)
        async with asyncio.TaskGroup() as group:
            group.create_task(session.run(), name=f"{who.name}: session")
            for line in shelf.lines:
                group.create_task(_weigh(line, pins, node, session), name=f"{who.name}: line {line.name}")


def _calibration(calibrations: CalibrationStore, cell: str) -> Calibration | None:
    try:
        return calibrations.current(cell)
    except BadCalibration as e:
        log.error("%s", e)
        return None


async def _weigh(config: ClockLine, gpio: Gpio, node: ShelfNode, session: Session) -> None:
    """Feed one line's frames to the node, and open the line again whenever it fails."""
    failed = False
    while True:
        dropped_before = node.dropped[config.name]
        try:
            async with Sampler(_open(config, gpio)) as frames:
                async for frame in frames:
                    if failed:
                        failed = False
                        log.warning("line %s is back", config.name)
                    node.dropped[config.name] = dropped_before + frames.dropped
                    for change in node.feed(config.name, frame):
                        session.post(change)
        except (LineUnavailable, SamplingStopped) as e:
            if not failed:
                failed = True
                log.error("line %s: %s; tried again every %.0f s", config.name, e, REOPEN_S)
        await asyncio.sleep(REOPEN_S)


def _open(config: ClockLine, gpio: Gpio) -> Hx711Bus:
    try:
        return Hx711Bus(gpio, config.sck, [cell.dout for cell in config.cells], rate_sps=config.rate_sps)
    except Exception as e:  # for a pin that is in use, lgpio raises its own error, a bare Exception
        raise LineUnavailable(f"its pins cannot be claimed: {e}: in use by another program?") from e
