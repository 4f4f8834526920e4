"""From a coroutine to a well-behaved process: stops on a signal, and says in one line what went wrong."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

STOP_TIMEOUT_S = 15.0
"""How long it may take to stop; longer than any single wait for a broker or a chip."""

Faults = tuple[type[Exception], ...]


def supervise(main: Callable[[], Coroutine[Any, Any, None]], *, wrong_input: Faults, faults: Faults) -> int:
    """Run `main` until it ends or SIGTERM or SIGINT comes; gives the exit status.

    0: ended or stopped. 2: one of `wrong_input`. 1: one of `faults`, or it did not stop in time. Their messages go to
    stderr, one line each. Anything else is a mistake in the program and is raised as it is.
    """
    try:
        asyncio.run(_until_signalled(main()))
    except Exception as e:
        causes = list(_leaves(e))
        if not all(isinstance(cause, wrong_input + faults) for cause in causes):
            raise
        for line in dict.fromkeys(" ".join(str(cause).split()) for cause in causes):
            sys.stderr.write(f"{line}\n")
        return 2 if any(isinstance(cause, wrong_input) for cause in causes) else 1
    return 0


async def _until_signalled(main: Coroutine[Any, Any, None]) -> None:
    loop = asyncio.get_running_loop()
    task = loop.create_task(main, name="main")

    def stop() -> None:
        if not task.cancelling():
            task.cancel()
            loop.call_later(STOP_TIMEOUT_S, _give_up)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    await asyncio.wait({task})
    if not task.cancelled():
        task.result()


def _give_up() -> None:
    waiting = ", ".join(sorted(task.get_name() for task in asyncio.all_tasks()))
    sys.stderr.write(f"not stopped after {STOP_TIMEOUT_S:g} s, ended by force; still busy: {waiting}\n")
    sys.stderr.flush()
    os._exit(1)  # a clean exit would wait for the same tasks once more


def _leaves(error: Exception) -> Iterator[Exception]:
    if isinstance(error, ExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
