"""Gates opened for one passage each: for whom, whether that was used, and when an exit may open again."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from hub.core.events import Open
from hub.core.goods import NOBODY
from hub.store import Gate
from wire.messages import GateCommand, Passage

GRANT_S = 8.0
"""A gate stays unlocked this long for one passage (PERCo ST-01, pulse mode)."""
LATEST_S = 2 * GRANT_S
"""By then every grant has ended in a passage or has timed out."""


@dataclass(slots=True)
class Grant:
    """A gate was opened for one passage of somebody of this session."""

    session: str
    gate: str
    at_s: float
    used: bool = False


@dataclass(slots=True)
class Grants:
    """All that were given to sessions which are not over, and the latest besides."""

    by_command: dict[str, Grant] = field(default_factory=dict)
    count: dict[str, int] = field(default_factory=dict)
    """Commands given so far, by session."""
    released: dict[tuple[str, str], float] = field(default_factory=dict)
    """When the exit opened for a session: by (session, gate)."""

    def open(self, gate: Gate, session: str, at_s: float) -> Open:
        """Unlock a gate for one passage of somebody of this session."""
        self.count[session] = self.count.get(session, 0) + 1
        command = GateCommand(
            id=f"{session or 'guest'}-{gate.name}-{self.count[session]}",
            gate=gate.name,
            direction=gate.direction,
            expires_s=at_s + GRANT_S,
        )
        self.by_command[command.id] = Grant(session, gate.name, at_s)
        return Open(gate.node, command)

    def release(self, gate: Gate, session: str, at_s: float) -> Iterator[Open]:
        """Open an exit, unless it stands open for them."""
        if at_s >= self.released.get((session, gate.name), -GRANT_S) + GRANT_S:
            self.released[session, gate.name] = at_s
            yield self.open(gate, session, at_s)

    def used_by(self, passage: Passage) -> Grant | None:
        """The grant that a passage used. One that names none of ours, as after a hub's loss of its journal or in a
        recording that another hub commanded, used the oldest of that gate that is open; nobody slips in on that."""
        named = self.by_command.get(passage.command or "")
        if named is not None or passage.outcome == "intrusion":
            return named
        grants = self.by_command.values()
        fresh = [g for g in grants if g.gate == passage.gate and passage.t_s - g.at_s < LATEST_S]
        if passage.outcome == "tailgating":
            return next((g for g in reversed(fresh) if g.used), None)
        return next((g for g in fresh if not g.used), None)

    def open_for(self, session: str, at_s: float) -> list[Grant]:
        """Those that somebody of this session may still use."""
        grants = self.by_command.values()
        return [g for g in grants if g.session == session and not g.used and at_s < g.at_s + LATEST_S]

    def expiry_s(self, sessions: Collection[str]) -> float | None:
        """When the first of these sessions has no grant left that it may use."""
        last: dict[str, float] = {}
        for grant in self.by_command.values():
            if grant.session in sessions and not grant.used:
                last[grant.session] = max(grant.at_s, last.get(grant.session, 0.0))
        return min((at_s + LATEST_S for at_s in last.values()), default=None)

    def shut(self, session: str) -> None:
        """Exits that were opened for a session have been used: they open again when the next of its party comes."""
        self.released = {key: at_s for key, at_s in self.released.items() if key[0] != session}

    def forget(self, session: str) -> None:
        """The session is over."""
        self.shut(session)
        self.count.pop(session, None)
        self.by_command = {command: g for command, g in self.by_command.items() if g.session != session}

    def forget_past(self, live: Collection[str], at_s: float) -> None:
        """Drop what has ended of those who never came, or whom we do not know: nobody ends their visit."""
        self.by_command = {c: g for c, g in self.by_command.items() if g.session in live or at_s < g.at_s + LATEST_S}
        self.count = {session: n for session, n in self.count.items() if session in live or session == NOBODY}
