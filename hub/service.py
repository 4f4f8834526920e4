"""The hub at work: takes messages in, journals them, folds them into the state, and does what the core decided.

Always in this order: de-duplicate, journal, apply, acknowledge and act. So nothing is done that a crash could forget,
and a hub that starts again folds its journal and then does what was decided but not done.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from itertools import count

from msgspec import structs

from hub.core.answers import asked
from hub.core.events import (
    Answered,
    AnyInput,
    Ask,
    Authorised,
    Capture,
    Note,
    Observed,
    Open,
    PreAuthorise,
    Receipt,
    Ticked,
    Void,
)
from hub.core.fold import State, apply
from hub.intake import Intake
from hub.journal import Journal, NodeBoot, Settlement
from hub.nodes import Nodes
from hub.payments import PaymentProvider
from hub.store import Store
from hub.till import Till
from wire import topics
from wire.bus import Bus, Delivery, Inbox
from wire.clock import Clock
from wire.errors import BusDown
from wire.messages import Ack, AnyMessage, Envelope, Event, Heartbeat, Passage, Tracks, encode

log = logging.getLogger(__name__)

BATCH = 128
"""Messages journaled and applied in one go, at most: a tap waits for no more than one such batch of tracks."""
GATHER_S = 0.01
"""After frames were journaled, the next ones wait this long for each other, to share a commit. Events never do."""
HEARTBEAT_S = 1.0
RETRY_S = 0.1
"""Between two attempts to send a command."""
AUTHORISE_DEADLINE_S = 10.0
"""Who stands at a gate longer than this has gone: a later answer of the provider opens nothing."""
NOTES_KEPT = 1000


class Hub:
    """One store's hub. Reads its journal when made; then `run` it.

    For pages and reports: `state` (the core's), `receipts`, `settlements`, `questions` (open ones, by session),
    `notes` (for the operator, newest last), `nodes` (who is alive, readings, clocks) and `counters`.
    """

    def __init__(self, store: Store, bus: Bus, journal: Journal, payments: PaymentProvider, clock: Clock) -> None:
        self.store = store
        self.state = State(store)
        self.questions: dict[str, Ask] = {}
        self.notes: deque[Note] = deque(maxlen=NOTES_KEPT)
        self.nodes = Nodes()
        self._bus = bus
        self._journal = journal
        self._till = Till(payments, journal, clock)
        self._clock = clock
        self._started_s = clock.now()
        self._boot = f"{self._started_s:.6f}"
        self._sequence = count(1)
        self._turn = asyncio.Lock()
        self._last_s = 0.0
        self._due: dict[str, Callable[[], Coroutine[None, None, None]]] = {}
        self._decided = asyncio.Event()
        self._rescheduled = asyncio.Event()
        self._inboxes: tuple[Inbox, ...] = ()
        for event in journal.replay():
            self._fold(event)
        if self._last_s > self._started_s + 60:
            log.warning("The clock is %.0f s behind the journal: is it set?", self._last_s - self._started_s)
        self._intake = Intake(store.name, journal.positions())

    @property
    def settlements(self) -> dict[str, Settlement]:
        """How the sessions that are over ended, by session, oldest first."""
        return self._till.settlements

    @property
    def receipts(self) -> list[Receipt]:
        """Receipts handed out, newest first."""
        return [s.receipt for s in reversed(self.settlements.values()) if s.receipt is not None]

    @property
    def counters(self) -> dict[str, int]:
        """Since this start; they only grow."""
        dropped = sum(inbox.dropped for inbox in self._inboxes)
        core = {**self.state.people.counters, "evidence_late": self.state.timeline.revised}
        return {**self._intake.counters, "dropped": dropped, **core}

    async def run(self) -> None:
        """Work until cancelled. Raises JournalFailed, in a group, when the journal can no longer be written."""
        name = self.store.name
        async with (
            self._bus.subscribe(topics.events(name, "+")) as events,
            self._bus.subscribe(topics.stream(name, "+")) as streams,
            asyncio.TaskGroup() as group,
        ):
            self._inboxes = events, streams
            group.create_task(self._act(group), name="hub: act")
            group.create_task(self._take_events(events), name="hub: events")
            group.create_task(self._take_streams(streams), name="hub: streams")
            group.create_task(self._tick(), name="hub: timer")
            group.create_task(self._beat(), name="hub: heartbeat")

    async def answer(self, session: str, choice: int | dict[str, int]) -> None:
        """A person's answer to an open question: which of its candidate carts it was, or units by GTIN where it was
        none of them. Raises AnswerRefused."""

        def answered(at_s: float) -> list[AnyInput]:
            answer = Answered(at_s=at_s, session=session, choice=choice)
            asked(self.store, self.state.visits.sessions, answer)
            return [answer]

        # A page that goes away in the middle must not leave an answer journaled and not applied.
        await asyncio.shield(self._admit(answered))

    async def _take_events(self, inbox: Inbox) -> None:
        async for delivery in inbox:
            news = self._intake.events(await _batch(delivery, inbox))
            if news.moved:
                await self._observe(news.said, news.reached)
            for (node, boot), seq in news.reached.items():
                with contextlib.suppress(BusDown):  # the node will send again, and be answered again
                    await self._publish(topics.acks(self.store.name, node), Ack(boot=boot, seq=seq))

    async def _take_streams(self, inbox: Inbox) -> None:
        async for delivery in inbox:
            frames: list[tuple[str, str, Tracks]] = []
            for node, boot, body in self._intake.streams(await _batch(delivery, inbox)):
                if isinstance(body, Heartbeat):
                    self.nodes.beat(node, boot, body, self._clock.now())
                else:
                    frames.append((node, boot, body))
            if frames:
                await self._observe(frames)
                if inbox.waiting() < BATCH:
                    await asyncio.sleep(GATHER_S)

    async def _observe(
        self, said: Sequence[tuple[str, str, Event | Tracks]], reached: Mapping[NodeBoot, int] | None = None
    ) -> None:
        heard = [(node, self.nodes.in_hub_time(node, boot, body)) for node, boot, body in said]
        await self._admit(lambda at_s: [Observed(at_s=at_s, node=node, body=body) for node, body in heard], reached)

    async def _tick(self) -> None:
        while True:
            self._rescheduled.clear()
            wake_at_s = self.state.wake_at_s
            try:
                async with asyncio.timeout(None if wake_at_s is None else wake_at_s - self._clock.now()):
                    await self._rescheduled.wait()
            except TimeoutError:
                await self._admit(lambda at_s: [Ticked(at_s=at_s)])

    async def _admit(
        self, inputs_at: Callable[[float], Sequence[AnyInput]], reached: Mapping[NodeBoot, int] | None = None
    ) -> None:
        """Journal and apply. One caller at a time, so that the journal's order is the fold's."""
        async with self._turn:
            inputs = inputs_at(max(self._clock.now(), self._last_s))
            await self._journal.append(inputs, reached)
            for event in inputs:
                for note in self._fold(event):
                    log.info("%s", note.text)
        self._rescheduled.set()

    def _fold(self, event: AnyInput) -> list[Note]:
        """Apply one input and note what is due because of it: live, and in the same way when the journal replays."""
        self._last_s = event.at_s
        match event:
            case Authorised():
                self._due.pop(f"{event.session}: authorise", None)
            case Observed(body=Passage(command=str(command))):
                self._due.pop(f"open {command}", None)
        notes = []
        for effect in apply(self.state, event):
            match effect:
                case Note():
                    notes.append(effect)
                case Ask():
                    self.questions[effect.receipt.session] = effect
                case Open() if effect.command.expires_s > self._clock.now():
                    self._due[f"open {effect.command.id}"] = partial(self._open, effect)
                case PreAuthorise():
                    self._due[f"{effect.session}: authorise"] = partial(self._authorise, effect, event.at_s)
                case Capture() if effect.receipt.session not in self.settlements:
                    self._due[f"{effect.receipt.session}: capture"] = partial(self._till.capture, effect)
                case Void() if effect.session not in self.settlements:
                    self._due[f"{effect.session}: void"] = partial(self._till.void, effect)
        self.notes += notes
        for session in self.questions.keys() - self.state.visits.sessions.keys():
            del self.questions[session]  # answered, or it answered itself
        if self._due:
            self._decided.set()
        return notes

    async def _act(self, group: asyncio.TaskGroup) -> None:
        while True:
            await self._decided.wait()
            self._decided.clear()
            due, self._due = self._due, {}
            for name, act in due.items():
                group.create_task(act(), name=f"hub: {name}")

    async def _open(self, effect: Open) -> None:
        """Send a gate its command, for as long as it is worth something."""
        command = effect.command
        while (left_s := command.expires_s - self._clock.now()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    try:
                        return await self._publish(topics.commands(self.store.name, effect.node), command, qos=1)
                    except BusDown:
                        await asyncio.sleep(RETRY_S)
                        await self._bus.connected()
        log.warning("gate %s: command %s expired before it could be sent", command.gate, command.id)

    async def _authorise(self, effect: PreAuthorise, asked_s: float) -> None:
        """Get a hold and tell the core; who has waited too long is told no, and the hold, if any, is let go."""
        hold = None
        try:
            async with asyncio.timeout(asked_s + AUTHORISE_DEADLINE_S - self._clock.now()) as deadline:
                await asyncio.sleep(0)  # a deadline that passed before a restart strikes here
                hold = await self._till.authorise(effect)
        except TimeoutError:
            log.warning("%s: no answer about a pre-authorisation in time", effect.session)
        await self._admit(lambda at_s: [Authorised(at_s=at_s, session=effect.session, hold=hold)])
        if deadline.expired() and (late := await self._till.authorise(effect)) is not None:
            await self._till.let_go(effect.session, late)

    async def _beat(self) -> None:
        while True:
            now_s = self._clock.now()
            self.nodes.watch(now_s)
            watch = self.state.watch
            if heard := self.nodes.news(self.store, watch.unheard, watch.unwell, watch.restless):
                await self._admit(lambda at_s: [structs.replace(news, at_s=at_s) for news in heard])
            heartbeat = Heartbeat(t_s=now_s, uptime_s=now_s - self._started_s, counters=self.counters)
            # Without its eyes the hub opens no exit: it falls silent, and the gates let everybody out.
            if not any(self.nodes.silent(camera) for camera in self.state.people.frame_s):
                with contextlib.suppress(BusDown):
                    await self._publish(topics.presence(self.store.name), heartbeat)
            await asyncio.sleep(HEARTBEAT_S)

    async def _publish(self, topic: str, body: AnyMessage, qos: int = 0) -> None:
        envelope = Envelope(node="hub", boot=self._boot, seq=next(self._sequence), body=body)
        await self._bus.publish(topic, encode(envelope), qos=qos)


async def _batch(first: Delivery, inbox: Inbox) -> list[Delivery]:
    """What waits in an inbox, up to BATCH."""
    return [first, *[await anext(inbox) for _ in range(min(inbox.waiting(), BATCH - 1))]]
