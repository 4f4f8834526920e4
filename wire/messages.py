"""What travels, as typed messages: JSON on the wire, unknown tags and fields refused.

Units stand in the names: metres in the store's frame, grams, seconds of UTC. Their bounds lie far beyond any store, so
that whatever is computed with them stays finite; JSON itself has neither NaN nor infinity. Every message goes inside an
`Envelope` that says who sent it and where in that node's sequence it stands.
"""

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from wire.errors import BadMessage

Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[^/+#\s]+$")]
NonNegative = Annotated[float, Meta(ge=0)]
Seconds = Annotated[float, Meta(ge=0, le=1e11)]
Metres = Annotated[float, Meta(ge=-1e4, le=1e4)]
SigmaMetres = Annotated[float, Meta(ge=0, le=1e4)]
MOST_G = 1_000_000
Grams = Annotated[float, Meta(ge=-MOST_G, le=MOST_G)]
WholeGrams = Annotated[int, Meta(ge=-MOST_G, le=MOST_G)]
SigmaGrams = Annotated[float, Meta(ge=0, le=MOST_G)]
Probability = Annotated[float, Meta(ge=0, le=1)]
Direction = Literal["in", "out"]

TRACE_S, TRACE_VALUES = 0.1, 64
"""From one value of a trace to the next, and how many there are at most."""


class Message(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """Root of everything inside an envelope; the tag is the field `type`."""


class WeightChange(Message, frozen=True, tag="weight_change"):
    """A lane weighs something else than before, and a hand has left it.

    `delta_g` is after minus before: negative when something was taken. `t0_s` is when the lane was last at rest
    before, `t1_s` when it was first at rest after. `fault` is set when the lane was unwell in between, and then
    `sigma_g` is wide accordingly. `trace` is what pressed on it in between, hands included: grams more than before, one
    every TRACE_S, the last of them at `t1_s`; of a long time only the end.
    """

    lane: Name
    delta_g: Grams
    sigma_g: SigmaGrams
    t0_s: Seconds
    t1_s: Seconds
    fault: str | None = None
    trace: Annotated[tuple[WholeGrams, ...], Meta(max_length=TRACE_VALUES)] = ()

    def __post_init__(self) -> None:
        if self.t1_s < self.t0_s:
            raise ValueError(f"lane {self.lane}: a change that ends ({self.t1_s}) before it begins ({self.t0_s})")


class ItemEvidence(Message, frozen=True, tag="item_evidence"):
    """What the shelf's camera makes of the item that moved: likelihoods over products, and over none of them."""

    lane: Name
    t_s: Seconds
    likelihoods: dict[str, Probability]
    other: Probability = 0.0


class Hand(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A hand that reaches out, in metres."""

    x_m: Metres
    y_m: Metres
    z_m: Metres
    sigma_m: SigmaMetres


class Colour(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody's clothes look like from afar: one mean colour of all of them, in CIELAB, in whole units of L*, a*
    and b*: a difference of 2.3 is the least that an eye sees (Mahy et al. 1994)."""

    lightness: Annotated[int, Meta(ge=0, le=100)]
    green_red: Annotated[int, Meta(ge=-128, le=127)]
    blue_yellow: Annotated[int, Meta(ge=-128, le=127)]


class Track(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One person in one frame. The id is the camera's own: it may break, swap or be given again. A node sends no
    `colour` unless it is told to."""

    id: str
    x_m: Metres
    y_m: Metres
    sigma_m: SigmaMetres
    hand: Hand | None = None
    colour: Colour | None = None


class Tracks(Message, frozen=True, tag="tracks"):
    """Everybody in one camera frame, at the time of its exposure. A stream: the newest counts."""

    t_s: Seconds
    tracks: tuple[Track, ...]


class Tap(Message, frozen=True, tag="tap"):
    """Somebody presented a credential at a gate's reader. The credential is a token, never a card number."""

    gate: Name
    reader: Name
    kind: Literal["card", "nfc", "qr"]
    credential: Annotated[str, Meta(min_length=1, max_length=512)]
    t_s: Seconds

    def __post_init__(self) -> None:
        if looks_like_card_number(self.credential):
            raise ValueError(f"reader {self.reader}: a card number may not travel; the reader must hand over a token")


class Passage(Message, frozen=True, tag="passage"):
    """How a way through a gate ended. `command` is the gate command it used, if it used one."""

    gate: Name
    direction: Direction
    outcome: Literal["passed", "timeout", "tailgating", "intrusion", "fire"]
    command: str | None
    t_s: Seconds


class GateCommand(Message, frozen=True, tag="gate_command"):
    """Open a gate for one passage. Dropped, and said so, once `expires_s` has gone by; obeyed once per `id`."""

    id: str
    gate: Name
    direction: Direction
    expires_s: Seconds


class Reading(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A live value: None, and a fault, when it cannot be known. Never 0 for unknown. Of a lane, `unrest_s` says for how
    long it has not been at rest: how much it will weigh is known only then."""

    value: float | None
    fault: str | None = None
    unrest_s: NonNegative = 0.0


class Heartbeat(Message, frozen=True, tag="heartbeat"):
    """Alive, since when, and how well. `counters` only grow within a boot; `readings` are grams by lane; `waiting`
    events have happened that the hub has not acknowledged yet."""

    t_s: Seconds
    uptime_s: NonNegative
    waiting: Annotated[int, Meta(ge=0)] = 0
    counters: dict[str, int] = {}
    readings: dict[str, Reading] = {}


class Ack(Message, frozen=True, tag="ack"):
    """Every event of this boot up to and with `seq` is in the hub's journal: the node may forget them."""

    boot: str
    seq: Annotated[int, Meta(ge=0)]


Event = WeightChange | ItemEvidence | Tap | Passage
Stream = Tracks | Heartbeat
AnyMessage = Event | Stream | GateCommand | Ack


class Envelope(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who says it, and where it stands: `seq` counts from 1 within a boot, events and streams each on their own.

    `acked` is the highest event `seq` of this boot that the sender knows to be in the hub's journal, so that a hub
    with a new journal knows where a node's backlog begins.
    """

    node: Name
    boot: Annotated[str, Meta(min_length=1, max_length=64)]
    seq: Annotated[int, Meta(ge=1)]
    acked: Annotated[int, Meta(ge=0)] = 0
    body: AnyMessage


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Envelope).decode


def encode(envelope: Envelope) -> bytes:
    """The envelope as JSON."""
    return _encode(envelope)


def decode(payload: bytes | str) -> Envelope:
    """The envelope in a payload. Raises BadMessage in one line for anything else."""
    try:
        return _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise BadMessage(f"not a message of the wire contract: {e}") from None


# One pattern per length: every stretch of so many digits that begins and ends where digits do. A lookahead consumes
# nothing, so that a card number is found behind other digits ("2 4111 ...") and before them ("... 1111 12/25") as well.
_CARD_LENGTHS = [re.compile(rf"(?<!\d)(?=(\d(?:[ -]*\d){{{n - 1}}})(?!\d))", re.ASCII) for n in range(13, 20)]


def looks_like_card_number(text: str) -> bool:
    """Whether 13 to 19 digits in it, spaces and dashes among them, pass the Luhn check (ISO/IEC 7812-1).

    Whatever stands around them, as in the tracks of a magnetic stripe (ISO/IEC 7813): `%B4111111111111111^...`.
    """
    return any(_passes_luhn(run) for length in _CARD_LENGTHS for run in length.findall(text))


def _passes_luhn(run: str) -> bool:
    digits = [int(d) for d in run if d.isdigit()]
    return (sum(digits[-1::-2]) + sum(sum(divmod(2 * d, 10)) for d in digits[-2::-2])) % 10 == 0
