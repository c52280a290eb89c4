"""Fan-out of 'something changed' between processes, over Redis publish/subscribe.

An event is a hint to look again, never the news itself: the database is the truth, so a lost
event costs a little time and nothing else.
"""

import json
import logging
from collections.abc import Mapping
from typing import Protocol

import redis

CHANNEL = "teleconsult.events"
log = logging.getLogger(__name__)


class Publish(Protocol):
    def __call__(self, event: Mapping[str, str]) -> None: ...


def redis_publisher(url: str) -> Publish:
    """Return a function that publishes one event, and only logs when Redis is away."""
    client = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)

    def publish(event: Mapping[str, str]) -> None:
        try:
            client.publish(CHANNEL, json.dumps(dict(event)))
        except redis.RedisError as error:
            log.warning("event-not-published type=%s error=%s", event.get("type"), type(error).__name__)

    return publish
