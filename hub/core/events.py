"""What goes into the core and what comes out of it.

Inputs are journaled as they stand here, so that a journal replays to the same state. `at_s` is the hub's own clock
(UTC seconds): the only time the core knows besides the times that nodes put into their messages.
"""

from msgspec import Struct

from wire.messages import GateCommand, ItemEvidence, Passage, Tap, Tracks, WeightChange


class Input(Struct, frozen=True, kw_only=True, tag_field="type"):
    """Root of what the core is told."""

    at_s: float


class Observed(Input, frozen=True, kw_only=True, tag="observed"):
    """A node said something."""

    node: str
    body: WeightChange | ItemEvidence | Tap | Passage | Tracks


class Authorised(Input, frozen=True, kw_only=True, tag="authorised"):
    """The payment provider answered a PreAuthorise: `hold` is its reference, None when it declined."""

    session: str
    hold: str | None


class Ticked(Input, frozen=True, kw_only=True, tag="ticked"):
    """Time went by: sent when `State.wake_at_s` is reached and nothing else came."""


class Answered(Input, frozen=True, kw_only=True, tag="answered"):
    """A person looked at a question and said what it was: which of its candidate carts, or, where it is none of them,
    units by GTIN."""

    session: str
    choice: int | dict[str, int]


class NodeHeard(Input, frozen=True, kw_only=True, tag="node_heard"):
    """A shelf node is silent, or not all that it saw of its lanes has arrived yet (`behind`); or all of it has.

    `blind`: it was off meanwhile and saw nothing.
    """

    node: str
    behind: bool
    lanes: tuple[str, ...] = ()
    blind: bool = False


class LaneHeard(Input, frozen=True, kw_only=True, tag="lane_heard"):
    """A lane no longer weighs, for this fault; or it weighs again (None)."""

    lane: str
    fault: str | None


class LaneUnrest(Input, frozen=True, kw_only=True, tag="lane_unrest"):
    """A lane has not been at rest since then: somebody leans on it, say. Or it is at rest (None), and what changed
    meanwhile has been heard, unless its node was off (`lost`)."""

    lane: str
    since_s: float | None
    lost: bool = False


AnyInput = Observed | Authorised | Ticked | Answered | NodeHeard | LaneHeard | LaneUnrest


class Line(Struct, frozen=True):
    """One line of a receipt, and why it is there."""

    gtin: str
    name: str
    count: int
    price_cents: int
    probability: float
    because: str


class Receipt(Struct, frozen=True):
    """What one session took. `probability` is that of the whole cart; `asked` while a person still has to look. All of
    its people had left by `left_s`."""

    session: str
    credential: str
    lines: tuple[Line, ...]
    total_cents: int
    probability: float
    asked: bool
    at_s: float
    left_s: float = 0.0


class PreAuthorise(Struct, frozen=True, tag=True):
    """Hold this much on what the credential stands for; answer with Authorised."""

    session: str
    credential: str
    amount_cents: int


class Open(Struct, frozen=True, tag=True):
    """Send this command to the node that drives the gate."""

    node: str
    command: GateCommand


class Capture(Struct, frozen=True, tag=True):
    """Charge the receipt's total against the hold, and hand the receipt out."""

    hold: str
    receipt: Receipt


class Void(Struct, frozen=True, tag=True):
    """Let the hold go: nothing was taken (an empty receipt says so), or nobody came in (no receipt)."""

    session: str
    hold: str
    receipt: Receipt | None


class Ask(Struct, frozen=True, tag=True):
    """Show a person these candidate carts, likeliest first; answer with Answered."""

    receipt: Receipt
    candidates: tuple[tuple[tuple[str, int], ...], ...]
    probabilities: tuple[float, ...]


class Note(Struct, frozen=True, tag=True):
    """Something an operator should know: one line. Never an exception in the core."""

    at_s: float
    text: str


Effect = PreAuthorise | Open | Capture | Void | Ask | Note
