"""Which brokers may carry the nudges."""

import pytest

from inference.broker_url import broker_url_of, fault_of, is_rabbitmq

REDIS, RABBITMQ = "redis://:secret@host:6379/0", "amqp://teleconsult:secret@host/vhost"


def test_nudges_go_to_redis_unless_there_is_a_broker_of_their_own() -> None:
    assert broker_url_of({"TELECONSULT_REDIS_URL": REDIS}) == REDIS
    assert broker_url_of({"TELECONSULT_REDIS_URL": REDIS, "TELECONSULT_BROKER_URL": ""}) == REDIS
    assert broker_url_of({"TELECONSULT_REDIS_URL": REDIS, "TELECONSULT_BROKER_URL": RABBITMQ}) == RABBITMQ
    assert is_rabbitmq(RABBITMQ) and not is_rabbitmq(REDIS)


@pytest.mark.parametrize(
    ("url", "word"),
    [
        (REDIS, None),
        (RABBITMQ, None),
        ("sqla+sqlite:///queue.db", "amqp://"),
        ("filesystem://", "amqp://"),
        ("amqp://guest:guest@host", "guest"),
        ("amqp://host", "password"),
    ],
)
def test_a_broker_that_loses_jobs_or_lets_anybody_in_is_refused(url: str, word: str | None) -> None:
    fault = fault_of(url)
    assert (word in fault) if word and fault else fault is word
