"""How well a simulated store sees and weighs."""

from dataclasses import dataclass

from hw.sim.ceiling import NOISE_M, SIGMA_M


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What its sensors are like. By default a store with everything, on good sensors."""

    hands_seen: bool = True
    """Whether the ceiling looks for reaching hands."""
    colours_seen: bool = False
    """Whether the ceiling looks at the colour of clothes."""
    items_seen: bool = True
    """Whether shelves have cameras that look at what moves."""
    ceilings: int = 1
    """So many ceiling cameras share the floor, each with ids of its own; their views overlap."""
    track_noise_m: float = NOISE_M
    """Standard deviation of a place on the floor frame by frame; as much again wanders slowly."""
    track_sigma_m: float = SIGMA_M
    """What the cameras say of it themselves: honest or not."""
    wrong_reads: float = 0.0
    """Share of single wrong samples on every lane, besides those that real readers have."""
