"""A node that is killed and a broker that goes away, with real processes, sockets and disks."""

import asyncio
import subprocess
import sys
from pathlib import Path

from hub.broker import Broker
from wire import topics
from wire.messages import Ack, Envelope, decode, encode
from wire.mqtt import MqttBus

DEADLINE_S = 60.0
STORE, NODE = "demo", "shelf-1"

NODE_PROGRAM = """
import asyncio, sys
from pathlib import Path
from firmware_py.identity import Identity
from firmware_py.outbox import Outbox
from firmware_py.session import Session
from wire.clock import Clock
from wire.messages import WeightChange
from wire.mqtt import MqttBus

url, path, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])

async def main():
    identity = Identity.at_start("demo", "shelf-1")
    async with MqttBus(url, "shelf-1") as bus, asyncio.TaskGroup() as group:
        session = Session(bus, identity, Clock(), Outbox(path))
        group.create_task(session.run())
        for n in range(1, count + 1):
            session.post(WeightChange(lane="l1", delta_g=-n, sigma_g=1.0, t0_s=0.0, t1_s=1.0))
            print(identity.boot, n, flush=True)
            await asyncio.sleep(0.002)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def hub(bus: MqttBus, journal: asyncio.Queue[tuple[str, int]]) -> None:
    last: dict[str, int] = {}
    async with bus.subscribe(topics.events(STORE, "+")) as inbox:
        async for _, payload in inbox:
            e = decode(payload)
            if e.seq == max(last.get(e.boot, 0), e.acked) + 1:
                last[e.boot] = e.seq
                journal.put_nowait((e.boot, e.seq))
            if e.seq <= last.get(e.boot, 0):
                ack = Envelope(node="hub", boot="h", seq=1, body=Ack(boot=e.boot, seq=last[e.boot]))
                await bus.publish(topics.acks(STORE, NODE), encode(ack), qos=0)


class Node:
    """A process that posts so many events, and is only ever killed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.posted: list[tuple[str, int]] = []

    @classmethod
    async def start(cls, url: str, outbox: Path, count: int) -> "Node":
        program = sys.executable, "-c", NODE_PROGRAM, url, str(outbox), str(count)
        return cls(await asyncio.create_subprocess_exec(*program, stdout=subprocess.PIPE))

    async def posts(self, count: int) -> None:
        """Returns when it has said of so many more events that they are posted."""
        assert self._process.stdout is not None
        for _ in range(count):
            boot, seq = (await self._process.stdout.readline()).split()
            self.posted.append((boot.decode(), int(seq)))

    async def kill(self) -> None:
        """With SIGKILL; what it had posted until then counts."""
        assert self._process.stdout is not None
        self._process.kill()
        for line in (await self._process.stdout.read()).splitlines():
            boot, seq = line.split()
            self.posted.append((boot.decode(), int(seq)))
        await self._process.wait()


async def test_no_event_is_lost_or_doubled_when_the_node_is_killed_and_the_broker_goes_away(tmp_path: Path) -> None:
    journal: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
    journaled: list[tuple[str, int]] = []
    outbox = tmp_path / "outbox.db"
    async with asyncio.timeout(DEADLINE_S):
        async with Broker(tmp_path / "broker") as broker:
            first = await Node.start(broker.url, outbox, 10_000)
            hub_bus = MqttBus(broker.url, "hub")
            await first.posts(20)
        async with hub_bus, asyncio.TaskGroup() as group:
            task = group.create_task(hub(hub_bus, journal))
            await first.posts(50)  # while there is no broker
            async with Broker(tmp_path / "broker", broker.port):
                await first.posts(150)
                await first.kill()
                second = await Node.start(broker.url, outbox, 60)
                await second.posts(30)
            async with Broker(tmp_path / "broker", broker.port):
                await second.posts(30)
                while second.posted[-1] not in journaled[-1:]:
                    journaled.append(await journal.get())
                await second.kill()
            task.cancel()
    boot, last = first.posted[-1]
    # The event that the first node was about to report when it was killed may have been kept as well.
    assert journal.empty() and journaled in (
        first.posted + second.posted,
        [*first.posted, (boot, last + 1), *second.posted],
    )
