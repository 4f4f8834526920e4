"""Real time in steps."""

import asyncio
from collections.abc import AsyncIterator


async def every(period_s: float) -> AsyncIterator[float]:
    """The loop's time, once per period. Steps that a busy loop missed are left out, not made up for."""
    loop = asyncio.get_running_loop()
    due_s = loop.time()
    while True:
        yield due_s
        due_s = max(due_s + period_s, loop.time())
        await asyncio.sleep(due_s - loop.time())
