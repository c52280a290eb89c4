"""The whole installation killed and started again, and a study that kills its worker each time."""

from collections.abc import Iterator
from functools import partial

import pytest
from sqlalchemy import select

from inference.inference_job import MAX_ATTEMPTS, JobStatus
from storage.database import Database
from storage.tables import inference_jobs
from tests.chaos.losses import losses_of
from tests.chaos.parts import MODEL
from tests.chaos.writers import Work, copy_of
from tests.installation_server import Installation, free_ports_of_an_installation, wait_until
from tests.processes import kill, processes

pytestmark = [pytest.mark.timeout(1800), pytest.mark.chaos]
RESTARTS = MAX_ATTEMPTS  # of a study that ended its worker as often no more would be read
ACTS = 15  # that people get done between two ends


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Work]:
    running = Installation(tmp_path_factory.mktemp("restarted") / "data", free_ports_of_an_installation())
    try:
        yield Work(running.start(), running.archive())
    finally:
        running.stop()


def test_everything_killed_at_once_and_started_again_loses_nothing(work: Work) -> None:
    installation = work.installation
    with work.going_on():
        for _ in range(RESTARTS):
            work.gets_done(ACTS)
            assert installation.process is not None
            installation.process.kill()
            installation.process.wait()
            wait_until(lambda: not processes(installation, ""), "nothing of it runs")
            installation.start()
    assert losses_of(work) == []


def test_a_study_that_kills_its_worker_each_time_fails_with_a_reason_and_the_next_is_read(
    work: Work,
) -> None:
    database = Database(f"sqlite:///{work.installation.data / 'teleconsult.db'}")
    study = work.clinician.upload(copy_of(work.phantom))["study_instance_uid"]
    query = select(inference_jobs.c.id).where(
        inference_jobs.c.study_instance_uid == study, inference_jobs.c.status == JobStatus.IN_PROGRESS
    )

    def starts(attempt: int) -> str | None:
        with database.reading() as connection:
            return connection.execute(query.where(inference_jobs.c.attempts == attempt)).scalar()

    query = query.where(inference_jobs.c.id == wait_until(partial(starts, 1), "it is being read"))
    for attempt in range(1, MAX_ATTEMPTS + 1):
        wait_until(partial(starts, attempt), f"it is read for the {attempt}. time")
        kill(work.installation, f"-n {MODEL}@")
    database.close()

    ended = wait_until(
        lambda: (ai := work.clinician.get(f"/api/studies/{study}")["ai"])["status"] == "failed" and ai,
        "it is given up",
    )
    assert ended["reason"]["code"] == "analysis-gave-up"
    assert ended["reason"]["en"] and ended["reason"]["zh"]
    following = work.clinician.upload(copy_of(work.phantom))["study_instance_uid"]
    wait_until(lambda: work.clinician.get(f"/api/studies/{following}")["ai"]["status"] == "completed", "read")
