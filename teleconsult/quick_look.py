"""Threads for what takes the database a millisecond and every request asks: who is it, and is it theirs.

Few, because more of them only take Python's lock from each other and from the loop that answers. Apart from
the threads of all other work (a page's data, a PDF, an archive that does not answer, a write that waits for
the disk), so that nobody waits behind that to be let in. Those are few for the same reason: with twenty busy
users forty threads took 6.9 ms of processor time for an answer, sixteen 4.2 and four no less.
"""

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from anyio import CapacityLimiter, to_thread

AT_ONCE = 3
OTHER_WORK_AT_ONCE = 16

T = TypeVar("T")
_threads = CapacityLimiter(AT_ONCE)


async def quick_look(work: Callable[..., T], *arguments: object) -> T:
    """What `work` returns, in the order of asking."""
    return await to_thread.run_sync(work, *arguments, limiter=_threads)


def limit_other_work() -> None:
    """In the loop that serves: its threads are those of routes without `async`, too."""
    to_thread.current_default_thread_limiter().total_tokens = OTHER_WORK_AT_ONCE


class SharedLooks(Generic[T]):
    """Those who ask the same while nobody has begun to look share one look.

    A page asks on six connections at once who its user is. Each still learns only what holds after it asked.
    """

    def __init__(self) -> None:
        self._not_begun: dict[Hashable, asyncio.Task[T]] = {}

    async def ask(self, key: Hashable, work: Callable[..., T], *arguments: object) -> T:
        """What `work` returns or raises for whoever asked first for this key."""

        def begin() -> T:
            self._not_begun.pop(key, None)
            return work(*arguments)

        look = self._not_begun.get(key)
        if look is None:
            look = self._not_begun[key] = asyncio.create_task(quick_look(begin))
            look.add_done_callback(_retrieved)
        return await asyncio.shield(look)  # the others still wait for it


def _retrieved(look: "asyncio.Task[T]") -> None:
    """Nobody may be left to be told of its error: that is not worth a line in the log."""
    if not look.cancelled():
        look.exception()
