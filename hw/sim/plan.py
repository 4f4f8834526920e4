"""What somebody means to do in the store, as data."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Move:
    """A unit of a product, and the plates that it lies across."""

    gtin: str
    lanes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Deed:
    """One reach into the shelf: what it takes, what it puts down, or, with neither, for how long it presses.

    `at_s` is when the goods move (None: as soon as somebody gets round to it), `hold_s` for how long they are held on
    the shelf first, `unseen_s` for how long the ceiling is blind to this person from the reach on.
    """

    lanes: tuple[str, ...]
    takes: tuple[Move, ...] = ()
    puts: tuple[Move, ...] = ()
    at_s: float | None = None
    hold_s: float = 0.0
    unseen_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One person's visit. Who `follows` walks in behind the payer, on the payer's tap.

    `together` names company: people of one name come as close as shoulder to shoulder.
    """

    payer: str
    deeds: tuple[Deed, ...]
    arrives_s: float = 0.0
    follows: bool = False
    together: str = ""
