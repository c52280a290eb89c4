"""An installation whose workers are nudged by RabbitMQ: killed workers, duplicates, and the broker away."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from inference.celery_broker import CeleryBroker
from storage.tables import inference_jobs
from tests.installation_server import (
    REPOSITORY,
    Client,
    Installation,
    free_ports_of_an_installation,
    wait_until,
)
from tests.processes import kill
from tests.rabbitmq_server import RabbitmqServer, rabbitmq
from tests.readings import begun, is_read_once

__all__ = ["rabbitmq"]

pytestmark = pytest.mark.timeout(600)
MODEL = "lung_nodule_ct"
DUPLICATES = 40


@pytest.fixture(scope="module")
def url(rabbitmq: RabbitmqServer) -> str:
    return rabbitmq.new_url()


@pytest.fixture(scope="module")
def on_rabbitmq(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder: Path = tmp_path_factory.mktemp("on_rabbitmq")
    models = folder / "models"
    models.mkdir()
    (models / MODEL).symlink_to(REPOSITORY / "models" / MODEL)
    settings = {"TELECONSULT_BROKER_URL": url, "TELECONSULT_MODELS": str(models)}
    running = Installation(folder / "data", free_ports_of_an_installation(), settings=settings)
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture(scope="module")
def client(on_rabbitmq: Installation) -> Client:
    return on_rabbitmq.sign_in("clinician")


def test_a_study_is_read_once_although_its_worker_is_killed_and_nudges_come_many_times(
    on_rabbitmq: Installation, client: Client, url: str
) -> None:
    uid = begun(client, seed=301)
    broker = CeleryBroker(url)
    for _ in range(DUPLICATES):
        broker.nudge(MODEL)
    kill(on_rabbitmq, "inference.worker")
    is_read_once(on_rabbitmq, client, uid)

    database = on_rabbitmq.database()
    with database.reading() as connection:
        query = select(inference_jobs.c.attempts).where(inference_jobs.c.study_instance_uid == uid)
        attempts = list(connection.scalars(query))
    database.close()
    assert set(attempts) <= {1, 2}
    assert attempts.count(2) <= 1, "only what was in hand is begun again"


def test_a_broker_that_is_away_is_named_and_pages_are_served(
    on_rabbitmq: Installation, rabbitmq: RabbitmqServer
) -> None:
    def away() -> list[str]:
        parts = httpx.get(f"{on_rabbitmq.url}/api/health", timeout=60).json()["parts"]
        return [part for part, answers in parts.items() if not answers]

    wait_until(lambda: away() == [], "all answers")
    rabbitmq.kill()
    try:
        wait_until(lambda: away() == ["queue"], "the broker is missed")
        assert httpx.get(f"{on_rabbitmq.url}/readyz", timeout=60).status_code == 200
        chinese = {"Accept-Language": "zh-CN"}
        page = httpx.get(f"{on_rabbitmq.url}/status", headers=chinese, timeout=60).text
        assert "AI 任务队列（RabbitMQ）" in page
    finally:
        rabbitmq.start()
    wait_until(lambda: away() == [], "it is found again")
