"""Join tokens that have opened a room: none of them opens one again.

A relay remembers its own for as long as they would be good; where relays share a Redis, `elsewhere` asks and
tells the others. Without Redis, or after its own restart, a relay knows what it has seen itself: calls go on.
"""

import time
from collections.abc import Awaitable, Callable

from signaling.errors import ExpiredJoinToken
from signaling.join_token import MAX_AGE_S


class SpentTokens:
    def __init__(self, elsewhere: Callable[[str], Awaitable[bool]] | None = None) -> None:
        self._elsewhere = elsewhere
        self._spent_at: dict[str, float] = {}  # by the ids of tokens, the oldest first; s, monotonic

    async def spend(self, token_id: str) -> None:
        """Raises ExpiredJoinToken: it was used before."""
        now = time.monotonic()
        while self._spent_at and now - next(iter(self._spent_at.values())) > MAX_AGE_S:
            del self._spent_at[next(iter(self._spent_at))]
        if token_id in self._spent_at:
            raise ExpiredJoinToken
        self._spent_at[token_id] = now
        if self._elsewhere is not None and not await self._elsewhere(token_id):
            raise ExpiredJoinToken
