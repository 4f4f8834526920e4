"""Ceiling cameras over people who walk as told: what each would send, with its own rate, offset, clock and ids."""

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hub.core.floor import Body
from hub.core.people import People
from wire.messages import Colour, Track, Tracks

At = tuple[float, float]
Walk = Callable[[float], At | None]
"""Where somebody is at a time; None while they are not there."""
SIGMA_M = 0.06
Lab = tuple[float, float, float]
RED, BLUE, BLACK = (45.0, 50.0, 30.0), (35.0, 5.0, -35.0), (20.0, 0.0, -2.0)
"""Colours of clothes: L*, a* and b*."""


def stands(x_m: float, y_m: float) -> Walk:
    return lambda t_s: (x_m, y_m)


def walks(start: At, end: At, from_s: float, speed_mps: float = 1.2) -> Walk:
    """Straight from one place to another, standing there before and after."""
    needed_s = max(math.dist(start, end) / speed_mps, 0.1)

    def at(t_s: float) -> At:
        share = min(max((t_s - from_s) / needed_s, 0.0), 1.0)
        return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])

    return at


@dataclass
class Camera:
    """One camera. `late_s` is how far its clock is behind, `blind` whom it misses now, `sees` what its view is."""

    name: str
    period_s: float = 0.1
    phase_s: float = 0.0
    offset_m: At = (0.0, 0.0)
    late_s: float = 0.0
    noise_m: float = SIGMA_M
    sees: Callable[[At], bool] = lambda at: True
    blind: set[str] = field(default_factory=set)
    wears: Mapping[str, Lab] = field(default_factory=dict)
    """What it sees of clothes, by person: with noise, and light and shade that come and go within seconds."""
    ids: dict[str, str] = field(default_factory=dict)
    given: int = 0
    next_s: float = 0.0

    def breaks(self, person: str) -> None:
        """From now on the person has another id."""
        self.given += 1
        self.ids[person] = f"{self.name}{self.given}"

    def swaps(self, one: str, other: str) -> None:
        self.ids[one], self.ids[other] = self.ids[other], self.ids[one]

    def frame(self, t_s: float, crowd: Mapping[str, Walk], rng: random.Random) -> Tracks:
        """What it sends of this moment. Whoever comes back into its view has another id."""
        tracks = []
        for person, walk in crowd.items():
            at = walk(t_s)
            if at is None or not self.sees(at):
                self.ids.pop(person, None)
            elif person not in self.blind:
                if person not in self.ids:
                    self.breaks(person)
                x_m, y_m = (v + o + rng.gauss(0.0, self.noise_m) for v, o in zip(at, self.offset_m, strict=True))
                colour = self.colour(person, t_s, rng)
                tracks.append(Track(id=self.ids[person], x_m=x_m, y_m=y_m, sigma_m=SIGMA_M, colour=colour))
        return Tracks(t_s=t_s - self.late_s, tracks=tuple(tracks))

    def colour(self, person: str, t_s: float, rng: random.Random) -> Colour | None:
        """What somebody's clothes look like to it, if it looks at clothes."""
        if person not in self.wears:
            return None
        shade = 8.0 * math.sin(t_s / 4.0 + list(self.wears).index(person))
        light, a, b = (round(value + rng.gauss(0.0, 2.0)) for value in self.wears[person])
        return Colour(lightness=min(max(round(light + shade), 0), 100), green_red=a, blue_yellow=b)


@dataclass(repr=False)
class Scene:
    """People who walk, the cameras over them, and what the hub makes of it. Who is there at first came in properly."""

    crowd: dict[str, Walk]
    cameras: list[Camera]
    people: People = field(default_factory=People)
    now_s: float = 100.0
    rng: random.Random = field(default_factory=lambda: random.Random(1))
    most: int = 0
    """Bodies in sight at once, at most, since everybody was bound."""
    known: dict[str, Body] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for camera in self.cameras:
            camera.next_s = self.now_s + camera.phase_s
        self.play(2.0)
        for body in self.people.bodies.values():
            body.bound = True
        self.known = {person: found for person in self.crowd if (found := self.body_of(person)) is not None}
        self.most = 0

    def play(self, for_s: float) -> None:
        """Let time go by, every camera sending in its own rhythm."""
        end_s = self.now_s + for_s
        while (camera := min(self.cameras, key=lambda c: c.next_s)).next_s < end_s:
            self.people.see(camera.name, camera.frame(camera.next_s, self.crowd, self.rng))
            self.most = max(self.most, len(self.people.bodies))
            camera.next_s += camera.period_s
        self.now_s = end_s

    def body_of(self, person: str) -> Body | None:
        """The body nearest to where the person is."""
        at = self.crowd[person](self.now_s)
        if at is None:
            return None
        near = [(math.dist((b.x_m, b.y_m), at), int(b.id), b) for b in self.people.bodies.values()]
        distance_m, _, body = min(near, default=(math.inf, 0, None))
        return body if distance_m < 0.4 else None

    def everybody_is_who_they_were(self) -> bool:
        return all(self.body_of(person) is body for person, body in self.known.items())

    def confusion(self) -> float:
        """The largest share that any recorded confusion gives to people being others."""
        likeliest = (max(p for p, _ in shuffle.outcomes) for shuffle in self.people.shuffles)
        return max((1 - p for p in likeliest), default=0.0)
