"""What a driver says reaches its reader in order, and what does not is counted."""

import asyncio

from drivers.queue import EventQueue


async def test_items_come_in_order_and_the_iteration_ends_with_the_device() -> None:
    queue: EventQueue[int] = EventQueue()
    queue.offer(1)
    queue.offer(2)
    queue.close()
    assert [item async for item in queue] == [1, 2]


async def test_who_waits_is_woken_by_an_item_and_by_the_end() -> None:
    queue: EventQueue[int] = EventQueue()
    loop = asyncio.get_running_loop()
    loop.call_soon(queue.offer, 7)
    assert await asyncio.wait_for(anext(queue), 5) == 7
    loop.call_soon(queue.close)
    assert [item async for item in queue] == []


async def test_when_nobody_listens_the_oldest_are_dropped_and_counted() -> None:
    queue: EventQueue[int] = EventQueue(limit=3)
    for i in range(5):
        queue.offer(i)
    queue.close()
    assert queue.dropped == 2
    assert [item async for item in queue] == [2, 3, 4]
