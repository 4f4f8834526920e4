import asyncio

import pytest

from hw.errors import Deadlock
from hw.sim.virtual_time import run
from wire.clock import Clock


async def _order_of_wakings(count: int) -> list[int]:
    woken: list[int] = []

    async def sleeper(i: int) -> None:
        await asyncio.sleep(1.0)
        woken.append(i)

    async with asyncio.TaskGroup() as group:
        for i in range(count):
            group.create_task(sleeper(i))
    return woken


def test_a_day_passes_without_waiting() -> None:
    async def day() -> float:
        clock = Clock(anchor_utc_s=1_700_000_000.0)
        await asyncio.sleep(86_400)
        return clock.now()

    assert run(day()) == pytest.approx(1_700_086_400.0, abs=1e-3)


def test_the_same_seed_gives_the_same_order_and_other_seeds_try_others() -> None:
    orders = {tuple(run(_order_of_wakings(6), seed)) for seed in range(20)}
    assert run(_order_of_wakings(6), 3) == run(_order_of_wakings(6), 3)
    assert len(orders) > 10


def test_timers_of_different_instants_keep_their_order() -> None:
    async def main() -> list[int]:
        loop, fired = asyncio.get_running_loop(), list[int]()
        for i in (3, 1, 2):
            loop.call_later(i * 0.001, fired.append, i)
        await asyncio.sleep(0.01)
        return fired

    assert all(run(main(), seed) == [1, 2, 3] for seed in range(20))


def test_a_timer_never_fires_early() -> None:
    async def main() -> float:
        await asyncio.sleep(0.1)
        return asyncio.get_running_loop().time()

    assert 0.1 <= run(main(), seed=5) < 0.1001


def test_waiting_for_each_other_for_ever_is_a_deadlock() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Deadlock, match="every task waits"):
        run(main())


def test_a_deadline_ends_a_wait_that_nothing_else_would() -> None:
    async def main() -> None:
        async with asyncio.timeout(3600):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        run(main())


def test_blocking_work_runs_in_place_and_its_error_reaches_the_waiter() -> None:
    async def main() -> int:
        return await asyncio.to_thread(int, "7") + await asyncio.to_thread(int, "seven")

    with pytest.raises(ValueError, match="seven"):
        run(main())
