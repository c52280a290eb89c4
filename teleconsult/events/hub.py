"""Events from Redis to the open pages: each page gets only what its user may see."""

import asyncio
import json
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import redis.asyncio as redis
from redis.exceptions import RedisError
from starlette.concurrency import run_in_threadpool

from storage.events import CHANNEL
from teleconsult.users.user import User

RECONNECT_DELAY_S = 1.0
MAX_QUEUED = 200
log = logging.getLogger(__name__)

Event = dict[str, str]


@dataclass(eq=False, slots=True)
class Listener:
    """One open page. Its queue is bounded: a page that does not read is told to reload everything."""

    user: User
    queue: asyncio.Queue[Event] = field(default_factory=lambda: asyncio.Queue(MAX_QUEUED))

    def offer(self, event: Event) -> None:
        if self.queue.full():
            while not self.queue.empty():
                self.queue.get_nowait()
            event = {"type": "resync"}
        self.queue.put_nowait(event)


class EventHub:
    """Subscribes once to Redis and hands each event to the listeners who may see its subject.

    `who_sees` is asked once for each event, however many pages are open.
    """

    def __init__(self, redis_url: str, who_sees: Callable[[Collection[User], Event], set[str]]) -> None:
        self._redis_url = redis_url
        self._who_sees = who_sees
        self._listeners: set[Listener] = set()

    def add(self, listener: Listener) -> None:
        self._listeners.add(listener)

    def remove(self, listener: Listener) -> None:
        self._listeners.discard(listener)

    async def run(self) -> None:
        """Until cancelled. After every reconnect all pages look again: events may have been missed."""
        first = True
        while True:
            try:
                await self._listen(resync=not first)
            except RedisError as error:
                log.warning("events-away error=%s", type(error).__name__)
            first = False
            await asyncio.sleep(RECONNECT_DELAY_S)

    async def _listen(self, *, resync: bool) -> None:
        client = redis.Redis.from_url(self._redis_url, health_check_interval=10)
        try:
            async with client.pubsub() as subscription:
                await subscription.subscribe(CHANNEL)
                if resync:
                    for listener in self._listeners:
                        listener.offer({"type": "resync"})
                async for message in subscription.listen():
                    if message["type"] == "message":
                        await self._distribute(json.loads(message["data"]))
        finally:
            await client.aclose()

    async def _distribute(self, event: Event) -> None:
        listeners = list(self._listeners)
        users = {listener.user.id: listener.user for listener in listeners}
        allowed = await run_in_threadpool(self._who_sees, users.values(), event)
        for listener in listeners:
            if listener.user.id in allowed:
                listener.offer(event)
