import subprocess
import sys

import pytest

from firmware_py.supervise import supervise
from wire.errors import BadSettings, BusDown

PROGRAM = """
import asyncio, os, signal, sys
import firmware_py.supervise as s
s.STOP_TIMEOUT_S = 0.2

async def obedient():
    try:
        os.kill(os.getpid(), signal.{signal})
        await asyncio.Event().wait()
    finally:
        print("tidied up")

async def stubborn():
    os.kill(os.getpid(), signal.{signal})
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass

sys.exit(s.supervise({main}, wrong_input=(), faults=()))
"""


def status_of(error: Exception) -> int:
    async def main() -> None:
        raise error

    return supervise(main, wrong_input=(BadSettings,), faults=(BusDown, TimeoutError))


def run_program(main: str, signal: str) -> subprocess.CompletedProcess[str]:
    program = PROGRAM.format(main=main, signal=signal)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)


def test_a_node_that_ends_by_itself_exits_with_0() -> None:
    async def main() -> None:
        return

    assert supervise(main, wrong_input=(), faults=()) == 0


def test_wrong_input_is_one_line_and_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(BadSettings("node.toml: unknown key `x` in [node]")) == 2
    assert capsys.readouterr().err == "node.toml: unknown key `x` in [node]\n"


def test_a_fault_is_one_line_and_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(BusDown("no broker\nat all")) == 1
    assert capsys.readouterr().err == "no broker at all\n"


def test_faults_of_several_tasks_are_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    inner = ExceptionGroup("inner", [BusDown("one"), BadSettings("two")])
    assert status_of(ExceptionGroup("outer", [inner, BusDown("one")])) == 2
    assert capsys.readouterr().err == "one\ntwo\n"


def test_a_mistake_in_the_program_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        status_of(ZeroDivisionError())
    with pytest.raises(ExceptionGroup):
        status_of(ExceptionGroup("", [BusDown("one"), ZeroDivisionError()]))


@pytest.mark.parametrize("signal", ["SIGTERM", "SIGINT"])
def test_a_signal_stops_it_cleanly(signal: str) -> None:
    done = run_program("obedient", signal)
    assert (done.returncode, done.stdout, done.stderr) == (0, "tidied up\n", "")


def test_what_does_not_stop_in_time_is_ended_and_named() -> None:
    done = run_program("stubborn", "SIGTERM")
    assert done.returncode == 1
    assert done.stderr.startswith("not stopped after 0.2 s, ended by force; still busy: ") and "main" in done.stderr
