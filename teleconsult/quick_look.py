"""Threads for what takes the database a millisecond and every request asks: who is it, and is it theirs.

Few, because more of them only take Python's lock from each other and from the loop that answers. Apart from
the threads of slow work (a PDF, a picture, an archive that does not answer), so that nobody waits behind that
to be let in.
"""

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

AT_ONCE = 3

T = TypeVar("T")
_threads = CapacityLimiter(AT_ONCE)


async def quick_look(work: Callable[..., T], *arguments: object) -> T:
    """What `work` returns, in the order of asking."""
    return await to_thread.run_sync(work, *arguments, limiter=_threads)
