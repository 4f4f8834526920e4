"""What stands on the page and what can be done there. What moves is drawn in the browser (`static/`) from the feed."""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager

import msgspec
from nicegui import ui
from nicegui.events import GenericEventArguments

from hub.core.answers import AnswerRefused
from hub.errors import HubError
from hub.pages.controls import Controls
from hub.service import Hub

ACT_DEADLINE_S = 15.0
"""Whatever was clicked has begun to show by then."""

HEAD = "".join(f'<link rel="stylesheet" href="/static/{sheet}.css">' for sheet in ("cards", "page"))
PANELS = (
    ("floor", "Floor"),
    ("carts", "Carts"),
    ("slips", "Receipts"),
    ("tasks", "For staff"),
    ("lanes", "Shelves"),
    ("nodes", "Nodes and gates"),
    ("notes", "Notes"),
)
"""Class and heading, in the order in which they stand on a phone."""
BEHAVIOUR = """
<q-item v-bind="props.itemProps"><q-item-section>
  <q-item-label>{{ props.opt.label[0] }}</q-item-label>
  <q-item-label caption>{{ props.opt.label[1] }}</q-item-label>
</q-item-section></q-item>
"""
"""An option of the list of behaviours: its name, and its sentence below."""


class Live(ui.element, component="static/page.js"):
    """Draws the feed into the panels. Emits `act` with [kind, *arguments] when somebody clicks in them."""

    def __init__(self, pressable: bool) -> None:
        super().__init__()
        self._props["pressable"] = pressable

    def done(self, act: list[object]) -> None:
        """What `act` asked for has happened, or failed: it can be clicked again."""
        self.run_method("done", act)


def register(hub: Hub, controls: Controls | None) -> None:
    """Make the page known to NiceGUI, at /."""

    @ui.page("/")
    def page() -> None:
        ui.add_head_html(HEAD)
        with ui.element("header").classes("top"):
            ui.label("aisle").classes("mark")
            ui.label(hub.store.name).classes("store")
            ui.element("div").classes("facts")
            if controls is not None:
                _bar(controls)
            ui.element("div").classes("clock")
        with ui.element("div").classes("board"):
            for name, heading in PANELS:
                with ui.element("section").classes(f"panel panel-{name}"):
                    with ui.element("h2"):
                        ui.label(heading)
                        ui.element("small")
                    ui.element("div").classes(name)
        live = Live(pressable=controls is not None)

        async def act(event: GenericEventArguments) -> None:
            try:
                match event.args:
                    case ["answer", str(session), choice]:
                        await _tell(f"{session}: thank you, the receipt is on its way", _answer(hub, session, choice))
                    case ["press", str(lane)] if controls is not None:
                        await _tell(f"A hand presses lane {lane}", controls.press(lane))
                    case ["plug", str(node), bool(plugged)] if controls is not None:
                        what = "plugged in again" if plugged else "unplugged"
                        await _tell(f"{node} is {what}", controls.plug(node, plugged))
            finally:
                live.done(event.args)

        live.on("act", act)


async def _answer(hub: Hub, session: str, choice: object) -> None:
    """What a browser sends may be anything."""
    try:
        said = msgspec.convert(choice, int | dict[str, int])
    except msgspec.ValidationError as e:
        raise AnswerRefused(f"{session}: this is no answer: {e}") from None
    await hub.answer(session, said)


def _bar(controls: Controls) -> None:
    """The buttons of a simulated store."""
    behaviours = controls.behaviours()
    with ui.element("div").classes("bar"):
        chosen = (
            ui.select({name: [name.replace("_", " "), sentence] for name, sentence in behaviours.items()})
            .props("dense borderless options-dense hide-bottom-space popup-content-class=behaviours")
            .classes("behaviour")
        )
        chosen.add_slot("selected-item", "<span>{{ props.opt.label[0] }}</span>")
        chosen.add_slot("option", BEHAVIOUR)
        chosen.value = next(iter(behaviours))
        send = ui.button("Send in a shopper", color=None).props("unelevated no-caps").classes("primary")
        lose = ui.button("Break a track", color=None).props("unelevated no-caps")

    async def send_shopper() -> None:
        with _in_progress(send):
            sentence = behaviours[chosen.value]
            await _tell(f"A shopper is on the way: {sentence}", controls.send_shopper(chosen.value))

    async def break_track() -> None:
        with _in_progress(lose):
            await _tell("The ceiling has lost somebody for a while", controls.break_track())

    send.on_click(send_shopper)
    lose.on_click(break_track)


@contextmanager
def _in_progress(button: ui.button) -> Iterator[None]:
    button.disable()
    try:
        yield
    finally:
        button.enable()


async def _tell(done: str, doing: Awaitable[None]) -> None:
    """Do it, and say how it went where it was clicked."""
    try:
        async with asyncio.timeout(ACT_DEADLINE_S):
            await doing
    except TimeoutError:
        ui.notify(f"Nothing happened within {ACT_DEADLINE_S:.0f} s", position="bottom-left", classes="unwell")
    except HubError as e:
        ui.notify(str(e), position="bottom-left", classes="unwell")
    else:
        ui.notify(done, position="bottom-left")
