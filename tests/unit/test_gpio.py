"""Simulated pins behave as RPi.GPIO's; the messages are those of rpi-lgpio."""

import sys

import pytest

from drivers.errors import GpioUnavailable
from drivers.gpio import Gpio, load_gpio
from hw.sim.gpio import SimulatedGpio


@pytest.fixture
def gpio() -> SimulatedGpio:
    gpio = SimulatedGpio()
    gpio.setmode(gpio.BCM)
    return gpio


def test_a_pin_is_refused_before_the_numbering_is_chosen() -> None:
    with pytest.raises(RuntimeError, match="set pin numbering mode"):
        SimulatedGpio().setup(4, SimulatedGpio.IN)


def test_a_wrong_direction_is_refused_as_by_the_real_library(gpio: SimulatedGpio) -> None:
    with pytest.raises(RuntimeError, match="not been set up as an OUTPUT"):
        gpio.output(4, 1)
    with pytest.raises(RuntimeError, match=r"must setup\(\) the GPIO channel first"):
        gpio.input(4)
    gpio.setup(4, gpio.OUT, initial=gpio.HIGH)
    assert gpio.input(4) == gpio.HIGH
    with pytest.raises(RuntimeError, match="as an input first"):
        gpio.add_event_detect(4, gpio.RISING, print)
    with pytest.raises(ValueError, match="not valid for outputs"):
        gpio.setup(4, gpio.OUT, pull_up_down=gpio.PUD_UP)
    with pytest.raises(ValueError, match="not valid for inputs"):
        gpio.setup(4, gpio.IN, initial=1)
    with pytest.raises(ValueError, match="channel sent is invalid"):
        gpio.setup(54, gpio.IN)


def test_an_input_follows_who_drives_it_and_else_its_pull(gpio: SimulatedGpio) -> None:
    gpio.setup(4, gpio.IN, pull_up_down=gpio.PUD_UP)
    assert gpio.input(4) == 1
    gpio.drive(4, 0)
    assert gpio.input(4) == 0
    gpio.drive(4, None)
    assert gpio.input(4) == 1
    gpio.drive_from(4, lambda: 0)
    assert gpio.input(4) == 0


@pytest.mark.parametrize(("edge", "heard"), [("RISING", [1, 1]), ("FALLING", [0]), ("BOTH", [1, 0, 1])])
def test_edges_are_heard_as_asked_until_detection_is_removed(gpio: SimulatedGpio, edge: str, heard: list[int]) -> None:
    levels: list[int] = []
    gpio.setup(4, gpio.IN)
    gpio.add_event_detect(4, getattr(gpio, edge), lambda channel: levels.append(gpio.input(channel)))
    for level in (1, 1, 0, 1):
        gpio.drive(4, level)
    gpio.remove_event_detect(4)
    gpio.drive(4, 0)
    assert levels == heard


def test_two_kinds_of_edge_on_one_pin_are_refused(gpio: SimulatedGpio) -> None:
    gpio.setup(4, gpio.IN)
    gpio.add_event_detect(4, gpio.RISING, print)
    with pytest.raises(RuntimeError, match="Conflicting edge detection"):
        gpio.add_event_detect(4, gpio.FALLING, print)


def test_every_chip_on_an_output_hears_each_edge_once(gpio: SimulatedGpio) -> None:
    one: list[int] = []
    two: list[int] = []
    gpio.attach(4, one.append)
    gpio.attach(4, two.append)
    gpio.setup(4, gpio.OUT, initial=gpio.LOW)
    for level in (1, 1, 0):
        gpio.output(4, level)
    assert one == two == [0, 1, 0]


def test_a_pin_given_back_is_no_longer_ours(gpio: SimulatedGpio) -> None:
    gpio.setup(4, gpio.OUT, initial=gpio.HIGH)
    gpio.cleanup(4)
    assert gpio.level(4) == gpio.LOW
    with pytest.raises(RuntimeError):
        gpio.output(4, 1)


def test_where_there_are_no_pins_one_line_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RPI_LGPIO_REVISION", raising=False)
    monkeypatch.setitem(sys.modules, "RPi.GPIO", None)
    with pytest.raises(GpioUnavailable, match=r"^GPIO: no RPi\.GPIO here: install") as caught:
        load_gpio()
    assert "\n" not in str(caught.value)


def test_simulated_pins_fit_where_real_ones_go() -> None:
    gpio: Gpio = SimulatedGpio()
    names = [name for name in vars(Gpio) if not name.startswith("_")]
    assert names
    for name in names:
        assert hasattr(gpio, name), name
