"""An event loop whose clock jumps: a store-day in seconds, and the same seed gives the same run.

Time stands still while anything is ready and jumps to the next timer when nothing is. Timers of the same instant fire
in an order drawn from the seed (asyncio promises none), so that many seeds try many interleavings. There are no
threads: what is handed to an executor runs at once, in place.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, TypeVarTuple, Unpack

from hw.errors import Deadlock

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

TIE_S = 1e-6
"""Timers closer than this may swap: far below the smallest period in the store (12.5 ms, HX711 at 80 SPS)."""


class _Jump:
    """Stands where a selector would: waiting costs nothing, and nothing ever comes from outside."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def select(self, timeout: float | None) -> tuple[()]:
        if timeout is None:
            raise Deadlock("nothing is ready and no timer is set: every task waits for another one")
        self.now_s += timeout
        return ()


class VirtualLoop(asyncio.BaseEventLoop):
    """Sockets, pipes, signals and subprocesses do not exist here: BaseEventLoop says so when asked for one."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._selector = _Jump()
        self._clock_resolution = 1e-9
        self._ties = random.Random(seed)

    def time(self) -> float:
        return self._selector.now_s

    def call_at(
        self, when: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Any = None
    ) -> asyncio.TimerHandle:
        return super().call_at(when + TIE_S * self._ties.random(), callback, *args, context=context)

    def run_in_executor(self, executor: Any, func: Callable[[Unpack[Ts]], T], *args: *Ts) -> asyncio.Future[T]:
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as e:
            done.set_exception(e)
        return done

    def _process_events(self, event_list: tuple[()]) -> None:
        """Nothing comes from outside."""

    def _write_to_self(self) -> None:
        """Nobody has to be woken: there is one thread."""


def run(main: Coroutine[Any, Any, T], seed: int = 0) -> T:
    """Run `main` in virtual time from 0 s until it returns. Raises Deadlock when everything waits for ever.

    Tasks that `main` leaves behind are cancelled, as asyncio.run does.
    """
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(seed)) as runner:
        return runner.run(main)
