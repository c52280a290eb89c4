"""Small results that cost much to make, kept up to a number of bytes; each is made once at a time."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable


class BoundedCache:
    """The least recently wanted goes first. Belongs to one event loop."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._size_bytes = 0
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._in_the_making: dict[Hashable, asyncio.Future[bytes]] = {}

    async def get(self, key: Hashable, make: Callable[[], Awaitable[bytes]]) -> bytes:
        """Return what is kept under the key, else what `make` returns; what it raises is not kept."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        making = self._in_the_making.get(key)
        if making is None:
            making = asyncio.ensure_future(make())
            self._in_the_making[key] = making
            making.add_done_callback(lambda done: self._keep(key, done))
        # Others wait for the same one: whoever leaves must not take it from them.
        return await asyncio.shield(making)

    def _keep(self, key: Hashable, made: "asyncio.Future[bytes]") -> None:
        del self._in_the_making[key]
        if made.cancelled() or made.exception() is not None:
            return
        self._kept[key] = made.result()
        self._size_bytes += len(made.result())
        while self._size_bytes > self._limit_bytes:
            _, dropped = self._kept.popitem(last=False)
            self._size_bytes -= len(dropped)
