"""An archive that is slow or refuses, and a broker that is gone, while people work."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from inference.celery_broker import CeleryBroker
from storage.database import Database
from storage.tables import inference_jobs
from tests.chaos.archive_line import ArchiveLine, Line
from tests.chaos.losses import losses_of
from tests.chaos.parts import MODEL
from tests.chaos.writers import Work
from tests.installation_server import Installation, free_ports_of_an_installation, wait_until
from tests.orthanc_server import ORTHANC, USERNAME, OrthancServer
from tests.redis_server import REDIS, RedisServer

pytestmark = [pytest.mark.timeout(1800), pytest.mark.chaos]
REFUSALS = 20  # of what needs the archive, before it is good again
ACTS = 10  # of what needs none, meanwhile
GONE_S = 60.0
DUPLICATES = 40


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OrthancServer]:
    if ORTHANC is None or REDIS is None:
        pytest.skip("Orthanc or Redis is not installed; run 'make setup'")
    server = OrthancServer(tmp_path_factory.mktemp("archive"))
    yield server.start()
    server.stop()


@pytest.fixture(scope="module")
def line(archive: OrthancServer) -> Iterator[ArchiveLine]:
    opened = ArchiveLine(archive.http_port)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def broker() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server.start()
    server.kill()


@pytest.fixture(scope="module")
def work(
    archive: OrthancServer, line: ArchiveLine, broker: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Work]:
    """People in an installation whose archive and broker are ours to hurt."""
    folder: Path = tmp_path_factory.mktemp("hurt")
    password = folder / "archive_password"
    password.write_text(archive.password)
    settings = {
        "TELECONSULT_ORTHANC_URL": f"http://127.0.0.1:{line.port}",
        "TELECONSULT_ORTHANC_USERNAME": USERNAME,
        "TELECONSULT_ORTHANC_PASSWORD_FILE": str(password),
        "TELECONSULT_REDIS_URL": broker.url,
    }
    running = Installation(folder / "data", free_ports_of_an_installation(), settings=settings)
    try:
        yield Work(running.start(), archive.pacs)
    finally:
        running.stop()


@pytest.mark.parametrize("bad", [Line.REFUSING, Line.SLOW])
def test_a_bad_archive_holds_up_only_what_needs_it_and_loses_nothing(
    work: Work, line: ArchiveLine, bad: Line
) -> None:
    with work.going_on():
        try:
            line.becomes(bad)
            refused = work.ledger.answers["503"]
            work.gets_done(ACTS)
            if bad is Line.REFUSING:
                wait_until(lambda: work.ledger.answers["503"] >= refused + REFUSALS, "people are refused")
        finally:
            line.becomes(Line.GOOD)
    assert losses_of(work) == []


def test_a_broker_that_is_gone_for_a_minute_and_has_forgotten_all_loses_nothing(
    work: Work, broker: RedisServer
) -> None:
    with work.going_on():
        broker.kill()
        try:
            back_at = time.monotonic() + GONE_S
            work.gets_done(ACTS)
            time.sleep(max(0.0, back_at - time.monotonic()))  # the fault itself
        finally:
            broker.start()
        work.has_studies_read(1)
    assert losses_of(work) == []


def test_a_broker_that_says_everything_many_times_has_each_job_done_once(
    work: Work, broker: RedisServer
) -> None:
    nudges = CeleryBroker(broker.url)
    read = len(work.ledger.read)
    with work.going_on():
        wait_until(lambda: len(work.ledger.read) > read, "there is something to read")
        for _ in range(DUPLICATES):
            nudges.nudge(MODEL)
    assert losses_of(work) == []
    database = Database(f"sqlite:///{work.installation.data / 'teleconsult.db'}")
    with database.reading() as connection:
        query = select(inference_jobs.c.attempts).where(
            inference_jobs.c.study_instance_uid.in_(work.ledger.read[read:])
        )
        assert {row.attempts for row in connection.execute(query)} == {1}
    database.close()
