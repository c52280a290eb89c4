"""The threads that work on what was uploaded: so many, and none of those that answer pages and calls.

Who comes while as many wait as may is told when to come again, before anything of the body is read.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread

from teleconsult.errors import UploadsBusy

AT_ONCE = 16
WAITING_AT_MOST = 128  # what waits is held in memory

T = TypeVar("T")


class Hands:
    def __init__(self, at_once: int = AT_ONCE, waiting_at_most: int = WAITING_AT_MOST) -> None:
        self._threads = CapacityLimiter(at_once)
        self._waiting_at_most = waiting_at_most

    async def refuse_when_busy(self) -> None:
        """Raises UploadsBusy."""
        if self._threads.statistics().tasks_waiting >= self._waiting_at_most:
            raise UploadsBusy

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """What `work` returns, once a thread was free for it."""
        return await to_thread.run_sync(work, *arguments, limiter=self._threads)


hands = Hands()
