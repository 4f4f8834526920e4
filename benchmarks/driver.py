"""A core that is told a story directly, with nothing around it."""

from hub.core.events import Answered, AnyInput, Ask, Authorised, Effect, Observed, Open, PreAuthorise, Ticked
from hub.core.fold import State, apply
from hub.store import Store
from wire.messages import GateCommand, ItemEvidence, Passage, Tap, Tracks, WeightChange

Body = WeightChange | ItemEvidence | Tap | Passage | Tracks


class Driver:
    """Money is held, and questions are answered with their likeliest cart, at once."""

    def __init__(self, store: Store) -> None:
        self.state = State(store)
        self.opened: dict[str, GateCommand] = {}
        """The last command to each gate."""
        self.asked = 0

    def say(self, node: str, body: Body, at_s: float) -> None:
        """A node says something, after whatever time alone brings about until then."""
        self.wait(at_s)
        self.tell(Observed(at_s=at_s, node=node, body=body))

    def wait(self, until_s: float) -> None:
        """Time passes."""
        while (wake_at_s := self.state.wake_at_s) is not None and wake_at_s < until_s:
            self.tell(Ticked(at_s=wake_at_s))

    def tell(self, event: AnyInput) -> None:
        """Take in one input, and answer what the core wants to know."""
        for effect in apply(self.state, event):
            self._answer(effect, event.at_s)

    def pass_gate(self, node: str, gate: str, at_s: float) -> None:
        """Somebody goes through on the last command to the gate."""
        command = self.opened.pop(gate)
        passage = Passage(gate=gate, direction=command.direction, outcome="passed", command=command.id, t_s=at_s)
        self.say(node, passage, at_s)

    def _answer(self, effect: Effect, at_s: float) -> None:
        match effect:
            case PreAuthorise():
                self.tell(Authorised(at_s=at_s, session=effect.session, hold=f"hold-{effect.session}"))
            case Open():
                self.opened[effect.command.gate] = effect.command
            case Ask():
                self.asked += 1
                self.tell(Answered(at_s=at_s, session=effect.receipt.session, choice=0))
