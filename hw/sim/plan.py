"""What somebody means to do in the store, as data. Places are metres in the store's frame, times seconds of the run."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Move:
    """A unit of a product (or something of one's own, by its name), and the plates that it lies across."""

    gtin: str
    lanes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Roll:
    """A unit that rolls, or is pushed, over to other plates, so long after the goods beside it moved."""

    what: Move
    to: tuple[str, ...]
    after_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Deed:
    """One reach into the shelf: what it takes, what it puts down, or, with neither, for how long it presses.

    `at_s` is when the goods move (None: as soon as somebody gets round to it), `hold_s` for how long they are held on
    the shelf first, `unseen_s` for how long the ceiling is blind to this person from the reach on. Who is in no hurry
    lingers for `pause_s` first. One stands in front of what one reaches for, or so far `aside_m` along the shelf.
    """

    lanes: tuple[str, ...]
    takes: tuple[Move, ...] = ()
    puts: tuple[Move, ...] = ()
    rolls: tuple[Roll, ...] = ()
    at_s: float | None = None
    hold_s: float = 0.0
    pause_s: float = 0.0
    unseen_s: float = 0.0
    aside_m: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Meet:
    """Hold out a hand to the one other who has a Meet of this `key`, and give them units of these products."""

    key: int
    place: tuple[float, float]
    gives: tuple[str, ...] = ()
    at_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Stoop:
    """Reach down to the floor, here or at a `place`, and leave a unit of a product there, or nothing."""

    place: tuple[float, float] | None = None
    leaves: str | None = None
    at_s: float | None = None


Act = Deed | Meet | Stoop


@dataclass(frozen=True, kw_only=True)
class Thing:
    """Something of one's own, which no store sells."""

    name: str
    weight_g: float


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One person's visit. Who `follows` walks in behind the payer, on the payer's tap.

    `together` names company: people of one name come as close as shoulder to shoulder. Who `brings` something has it in
    the basket from the start: units of products, by GTIN, or things of one's own. A `child` stands closer to what it
    reaches for.
    """

    payer: str
    deeds: tuple[Act, ...]
    arrives_s: float = 0.0
    follows: bool = False
    together: str = ""
    brings: tuple[str | Thing, ...] = ()
    child: bool = False
