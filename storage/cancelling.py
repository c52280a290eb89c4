"""Ends tasks for certain.

One cancellation may get lost: `asyncio.wait_for` of Python 3.11, by which redis-py waits until a command is
written, returns instead of being cancelled where both come in the same turn of the loop.
"""

import asyncio

AGAIN_S = 0.5


async def cancel(*tasks: asyncio.Task[None]) -> None:
    """Until all have ended. Those that failed have their errors left in them; nothing is raised."""
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN_S)
