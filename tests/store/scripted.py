"""A small store and the means to tell its core a story, input by input."""

from collections.abc import Iterable

from hub.core.checkout import held_back
from hub.core.events import (
    AnyInput,
    Ask,
    Authorised,
    Capture,
    Effect,
    Observed,
    Open,
    PreAuthorise,
    Receipt,
    Ticked,
    Void,
)
from hub.core.fold import State, apply
from hub.store import Gate, Lane, Product, Store, Thresholds
from wire.messages import Hand, ItemEvidence, Passage, Tap, Track, Tracks, WeightChange

AT_GATE, AT_EXIT = (-0.9, -2.0), (3.9, -2.0)
"""Where somebody stands who has just come in to the small store, or wants out."""
COLA, TONIC, CHIPS, WATER = "5449000000996", "5449000011527", "8710398500001", "3017620422003"


def small_store(ask_below: float = 0.9) -> Store:
    """One shelf of four lanes along x, facing -y, an entry on the left and an exit on the right."""
    products = (
        Product(gtin=COLA, name="Cola", weight_g=350.0, price_cents=120),
        Product(gtin=TONIC, name="Tonic", weight_g=351.0, price_cents=130),
        Product(gtin=CHIPS, name="Chips", weight_g=62.0, price_cents=200),
        Product(gtin=WATER, name="Water", weight_g=538.0, price_cents=90),
    )
    lanes = tuple(
        Lane(
            id=f"1-1-{i}",
            shelf="1-1",
            position=i,
            x_m=1.0 + 0.2 * i,
            y_m=0.3,
            z_m=1.0,
            width_m=0.2,
            depth_m=0.4,
            facing_deg=-90.0,
            products=(gtin,),
        )
        for i, gtin in enumerate((COLA, TONIC, CHIPS, WATER), start=1)
    )
    gates = (
        Gate(name="entry", node="gate-in", direction="in", x_m=-1.0, y_m=-2.0),
        Gate(name="exit", node="gate-out", direction="out", x_m=4.0, y_m=-2.0),
    )
    return Store(name="small", products=products, lanes=lanes, gates=gates, thresholds=Thresholds(ask_below=ask_below))


class Story:
    """Tells a core what happened, and keeps what it answered."""

    def __init__(self, store: Store | None = None) -> None:
        self.state = State(store or small_store())
        self.now_s = 1_000.0
        self.inputs: list[AnyInput] = []
        self.effects: list[Effect] = []

    def tell(self, event: AnyInput) -> list[Effect]:
        self.inputs.append(event)
        effects = apply(self.state, event)
        self.effects += effects
        return effects

    def says(self, node: str, body: WeightChange | ItemEvidence | Tap | Passage | Tracks) -> list[Effect]:
        return self.tell(Observed(at_s=self.now_s, node=node, body=body))

    def wait(self, seconds: float) -> None:
        self.now_s += seconds
        self.tell(Ticked(at_s=self.now_s))

    def enter(self, *tracks: str, credential: str = "alice") -> str:
        """Tap, be let in, pass and be seen; one track for each of the party. Returns the session."""
        session = ""
        for track in tracks:
            session, command = self.tap(credential)
            self.says("gate-in", self.passage("entry", "in", command))
            self.stand({track: AT_GATE})
        return session

    def tap(self, credential: str) -> tuple[str, str]:
        """Tap at the entry and be let in: the session, and the command that opened the gate."""
        effects = self.says("gate-in", Tap(gate="entry", reader="qr", kind="qr", credential=credential, t_s=self.now_s))
        for effect in effects:
            if isinstance(effect, PreAuthorise):
                effects = self.tell(Authorised(at_s=self.now_s, session=effect.session, hold="h-" + effect.session))
        command = next(e.command for e in effects if isinstance(e, Open))
        return self.state.visits.grants.by_command[command.id].session, command.id

    def passage(self, gate: str, direction: str, command: str | None, outcome: str = "passed") -> Passage:
        return Passage(gate=gate, direction=direction, outcome=outcome, command=command, t_s=self.now_s)  # type: ignore[arg-type]

    def stand(
        self, where: dict[str, tuple[float, float]], seconds: float = 0.1, hands: dict[str, Hand] | None = None
    ) -> list[Effect]:
        """Everybody is seen at these places for a while, at 10 frames a second."""
        effects: list[Effect] = []
        for _ in range(max(1, round(seconds * 10))):
            self.now_s += 0.1
            tracks = tuple(
                Track(id=t, x_m=x, y_m=y, sigma_m=0.07, hand=(hands or {}).get(t)) for t, (x, y) in where.items()
            )
            effects += self.says("ceiling", Tracks(t_s=self.now_s, tracks=tracks))
        return effects

    def walk(self, start: dict[str, tuple[float, float]], end: dict[str, tuple[float, float]]) -> list[Effect]:
        """Everybody walks straight from start to end at a walking pace; returns what the core did on the way."""
        longest = max(((end[t][0] - x) ** 2 + (end[t][1] - y) ** 2) ** 0.5 for t, (x, y) in start.items())
        steps = max(1, round(longest / 0.12))
        effects: list[Effect] = []
        for i in range(1, steps + 1):
            f = i / steps
            effects += self.stand(
                {t: (x + f * (end[t][0] - x), y + f * (end[t][1] - y)) for t, (x, y) in start.items()}
            )
        return effects

    def change(
        self, lane: int, delta_g: float, sigma_g: float = 0.5, took_s: float = 0.6, trace: tuple[int, ...] = ()
    ) -> None:
        """A lane of the shelf changed just now."""
        self.says(
            "shelf",
            WeightChange(
                lane=f"1-1-{lane}",
                delta_g=delta_g,
                sigma_g=sigma_g,
                t0_s=self.now_s - took_s,
                t1_s=self.now_s,
                trace=trace,
            ),
        )

    def leave(self, track: str, others: dict[str, tuple[float, float]] | None = None) -> list[Effect]:
        """Come up to the exit, be released, and go."""
        self.stand({track: AT_EXIT, **(others or {})}, 0.3)
        command = next(e.command for e in reversed(self.effects) if isinstance(e, Open) and e.command.gate == "exit")
        return [*self.says("gate-out", self.passage("exit", "out", command.id)), *self.settle()]

    def settle(self) -> list[Effect]:
        """Wait until it is said whose visit ended."""
        effects: list[Effect] = []
        while self.state.visits.leaving:
            self.now_s = max(self.now_s, self.state.wake_at_s or 0.0)
            effects += self.tell(Ticked(at_s=self.now_s))
        return effects

    def held(self) -> list[Effect]:
        """What is neither charged nor asked about while another's cart is open on which it hangs."""
        return list(held_back(self.state, self.now_s))


def alice_and_bob_come(story: Story, spots: dict[str, tuple[float, float]]) -> None:
    """Alice comes in as "a" and steps aside; then Bob as "b"; and both walk to these places."""
    aside = (0.6, -1.2)
    story.enter("a", credential="alice")
    story.walk({"a": AT_GATE}, {"a": aside})
    story.enter("b", credential="bob")
    story.walk({"a": aside, "b": AT_GATE}, spots)


def shoulder_to_shoulder(story: Story) -> dict[str, tuple[float, float]]:
    """Alice and Bob at one lane, from which one tonic is taken: where they stand."""
    spots = {"a": (1.2, -0.35), "b": (1.6, -0.35)}
    alice_and_bob_come(story, spots)
    story.change(2, -350.9)
    story.stand(spots, 2)
    return spots


def in_front_of(lane: int) -> tuple[float, float]:
    """Where somebody stands who takes from this lane."""
    return 1.0 + 0.2 * lane, -0.35


def over(lane: int) -> Hand:
    """A hand right over a plate."""
    return Hand(x_m=1.0 + 0.2 * lane, y_m=0.25, z_m=1.0, sigma_m=0.05)


def receipt(effects: list[Effect]) -> Receipt:
    """The receipt among what the core did."""
    return next(
        e.receipt for e in effects if not isinstance(e, PreAuthorise | Open) and getattr(e, "receipt", None) is not None
    )


def receipts(effects: list[Effect]) -> dict[str, dict[str, int]]:
    """By credential: what the receipts and questions among them say, units by product."""
    found = (e.receipt for e in effects if isinstance(e, Capture | Ask | Void) and e.receipt is not None)
    return {r.credential: {line.gtin: line.count for line in r.lines} for r in found}


def bought(effects: list[Effect]) -> dict[str, int]:
    """What the receipt among them says: units by product."""
    return {line.gtin: line.count for line in receipt(effects).lines}


def offered(effects: Iterable[Effect]) -> list[dict[str, int]]:
    """The candidate carts of the only question among them, likeliest first."""
    (ask,) = (effect for effect in effects if isinstance(effect, Ask))
    return [dict(cart) for cart in ask.candidates]
