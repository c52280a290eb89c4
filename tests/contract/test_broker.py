"""What carries the nudges: Redis and RabbitMQ, with workers of their own that are killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from kombu.exceptions import OperationalError

from inference.broker_url import SETTING
from inference.celery_broker import CeleryBroker, broker_answers
from tests.installation_server import REPOSITORY, wait_until
from tests.processes import parent_of
from tests.rabbitmq_server import RabbitmqServer, rabbitmq
from tests.redis_server import REDIS, RedisServer

__all__ = ["rabbitmq"]

pytestmark = pytest.mark.timeout(300)
MODEL = "a_model"


class Worker:
    """A Celery worker as an installation has it, whose job is a file (nudged_worker.py)."""

    def __init__(self, url: str, folder: Path) -> None:
        self._folder = folder
        environment = {**os.environ, SETTING: url, "TELECONSULT_DATA": str(folder)}
        command = [sys.executable, "-m", "celery", "-A", "tests.nudged_worker", "worker", "-l", "INFO"]
        command += ["-Q", MODEL, "-c", "1", "--without-gossip", "--without-mingle"]
        with (folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, env=environment, cwd=REPOSITORY, stdout=log, stderr=log, start_new_session=True
            )

    def lines(self, name: str) -> list[str]:
        path = self._folder / name
        return path.read_text().splitlines() if path.exists() else []

    def has_begun(self, times: int) -> None:
        wait_until(lambda: len(self.lines("begun")) >= times, f"a nudge is taken up: {times}", 60)

    def goes_on(self) -> None:
        (self._folder / "go").touch()

    def has_done(self, times: int) -> None:
        wait_until(lambda: len(self.lines("done")) >= times, f"what was begun is done: {times}", 60)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    if REDIS is None:
        pytest.skip("there is no redis-server here")
    server = RedisServer()
    try:
        yield server.start()
    finally:
        server.kill()


@pytest.fixture(params=["Redis", "RabbitMQ"])
def kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def server(kind: str, request: pytest.FixtureRequest) -> RedisServer | RabbitmqServer:
    server: RedisServer | RabbitmqServer = request.getfixturevalue(kind.lower())
    return server


@pytest.fixture
def url(server: RedisServer | RabbitmqServer) -> str:
    return server.new_url() if isinstance(server, RabbitmqServer) else server.url


@pytest.fixture
def new_worker(url: str, tmp_path: Path) -> Iterator[Callable[[], Worker]]:
    made: list[Worker] = []

    def new() -> Worker:
        made.append(Worker(url, tmp_path))
        return made[-1]

    yield new
    for worker in made:
        worker.kill()


def test_each_nudge_reaches_one_of_the_workers(url: str, new_worker: Callable[[], Worker]) -> None:
    worker, _ = new_worker(), new_worker()
    worker.goes_on()
    broker = CeleryBroker(url)
    for _ in range(5):
        broker.nudge(MODEL)
    worker.has_done(5)
    assert worker.lines("done") == [MODEL] * 5


def test_what_a_killed_process_of_a_worker_had_in_hand_is_given_again(
    url: str, new_worker: Callable[[], Worker]
) -> None:
    worker = new_worker()
    CeleryBroker(url).nudge(MODEL)
    worker.has_begun(1)
    (child,) = map(int, worker.lines("begun"))
    assert parent_of(child) == worker.process.pid
    os.kill(child, signal.SIGKILL)
    worker.has_begun(2)
    worker.goes_on()
    worker.has_done(1)
    assert len(set(worker.lines("begun"))) == 2


@pytest.mark.parametrize("kind", ["RabbitMQ"])  # Redis gives it again after hours: the sweeper is sooner
def test_what_a_killed_worker_had_in_hand_goes_to_another(url: str, new_worker: Callable[[], Worker]) -> None:
    first = new_worker()
    CeleryBroker(url).nudge(MODEL)
    first.has_begun(1)
    first.kill()
    other = new_worker()
    other.has_begun(2)
    other.goes_on()
    other.has_done(1)


@pytest.mark.parametrize("kind", ["RabbitMQ"])  # the tests' Redis keeps nothing
def test_a_nudge_into_a_queue_that_nobody_made_outlives_the_death_of_the_broker(
    server: RabbitmqServer, url: str
) -> None:
    CeleryBroker(url).nudge(MODEL)
    server.kill()
    server.start()
    assert server.waiting(url, MODEL) == 1


def test_a_broker_that_is_away_is_said_and_one_that_is_back_is_found_by_both_sides(
    server: RedisServer | RabbitmqServer, url: str, new_worker: Callable[[], Worker]
) -> None:
    worker, broker = new_worker(), CeleryBroker(url)
    worker.goes_on()
    broker.nudge(MODEL)
    worker.has_done(1)
    assert broker_answers(url)
    server.kill()
    assert not broker_answers(url)
    with pytest.raises(OperationalError):
        broker.nudge(MODEL)
    server.start()
    assert broker_answers(url)

    def nudged() -> bool:  # the sweeper tries again too
        with suppress(OperationalError):
            broker.nudge(MODEL)
            return True
        return False

    wait_until(nudged, "the sender has another connection", 60)
    worker.has_done(2)


@pytest.mark.parametrize("kind", ["RabbitMQ"])
def test_a_wrong_password_is_a_broker_that_is_away(url: str) -> None:
    wrong = url.replace("@", "x@")
    assert not broker_answers(wrong)
    with pytest.raises(OperationalError):
        CeleryBroker(wrong).nudge(MODEL)
