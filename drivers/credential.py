"""What readers of cards and codes have to say, whatever they are: a credential presented, or something that is none.

It may be a card number, so that no log holds any of it: only lengths and reasons.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Credential:
    """What was presented to the reader of that name, at a time of the event loop's monotonic clock."""

    text: str
    t_s: float
    reader: str


@dataclass(frozen=True, slots=True)
class Junk:
    """Something that is no credential: of what length in the reader's own units, bytes or bits, and why."""

    length: int
    reason: str
