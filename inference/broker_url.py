"""Which broker carries the nudges: the Redis that the rest needs anyway, or a RabbitMQ of their own."""

from collections.abc import Mapping
from urllib.parse import urlsplit

SETTING = "TELECONSULT_BROKER_URL"
RABBITMQ_SCHEMES = ("amqp", "amqps")
SCHEMES = (*RABBITMQ_SCHEMES, "redis", "rediss")


def broker_url_of(environment: Mapping[str, str]) -> str:
    return environment.get(SETTING) or environment["TELECONSULT_REDIS_URL"]


def is_rabbitmq(url: str) -> bool:
    return urlsplit(url).scheme in RABBITMQ_SCHEMES


def fault_of(url: str) -> str | None:
    """What speaks against it as a sentence, or None. Celery's other brokers lose what is in hand."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        return f"{SETTING} must begin with one of {', '.join(f'{scheme}://' for scheme in SCHEMES)}"
    if is_rabbitmq(url) and parts.password in (None, "", "guest"):
        return f"{SETTING} needs a user of its own with a password, not RabbitMQ's guest"
    return None
