"""A version on trial reads every series that arrives, and nobody is shown what it finds."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydicom import Dataset
from sqlalchemy import insert, select

from imaging.finding import Finding, FindingKind
from imaging.gate_rules import RULES
from imaging.pacs import StoredInstance
from imaging.result_header import Maker
from inference.bundle_adding import add_bundle
from inference.errors import BundleError
from inference.inference_job import JobStatus, Priority
from inference.job_runner import JobRunner
from inference.look import Look
from inference.model_registry import ModelRegistry
from inference.model_version import ModelVersion
from inference.out_of_distribution import AS_USUAL
from inference.repository import JobRepository
from storage.database import Database
from storage.local_files import LocalFiles
from storage.tables import findings, inference_jobs, institutions, shadow_findings
from teleconsult.lifecycle.study_rows import forget_series
from teleconsult.studies.arrival import assess_and_queue
from teleconsult.studies.registration import Arrival, register
from teleconsult.studies.repository import StudyRepository
from tests.bundle_builders import a_bundle
from tests.dicom_builders import a_mammogram, as_bytes
from tests.integration.app.test_model_watch import runner_of

MODELS = Path(__file__).resolve().parents[3] / "models"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SLOT = "mammography"


class Archive:
    """Holds one series, and keeps what is stored."""

    def __init__(self, images: list[Dataset]) -> None:
        self.images, self.stored = images, 0

    def series_headers(self, _study: str, _series: str) -> list[Dataset]:
        return self.images

    def fetch_series(self, _study: str, _series: str) -> list[bytes]:
        return [as_bytes(image) for image in self.images]

    def store(self, _content: bytes) -> StoredInstance:
        self.stored += 1
        return StoredInstance("orthanc-id", False, "1.2", "1.2.3", "1.2.3.9")


@pytest.fixture
def image() -> Dataset:
    return a_mammogram()


@pytest.fixture
def parts(database: Database, tmp_path: Path, image: Dataset) -> Any:
    models = ModelRegistry(database, MODELS, tmp_path / "models")
    with database.transaction() as connection:
        connection.execute(insert(institutions).values(id="i", name_en="I", name_zh="I", position=0))
        models.enter_shipped(connection, NOON)
    events: list[dict[str, Any]] = []
    return SimpleNamespace(
        database=database,
        pacs=Archive([image]),
        studies=StudyRepository(),
        jobs=JobRepository(database),
        models=models,
        objects=LocalFiles(tmp_path / "objects"),
        publish=events.append,
        events=events,
        settings=SimpleNamespace(gate_rules=RULES),
    )


@pytest.fixture
def on_trial(parts: Any, tmp_path: Path) -> ModelVersion:
    version = add_bundle(
        parts.models, parts.database, a_bundle(tmp_path), SLOT, by="u1", at=NOON, trial=lambda *_: None
    )
    with parts.database.transaction() as connection:
        return parts.models.shadow(connection, version.name, version.version, by="u1", at=NOON)  # type: ignore[no-any-return]


def arrive(parts: Any, image: Dataset) -> None:
    with parts.database.transaction() as connection:
        register(parts.studies, connection, image, "orthanc-id", Arrival("i", None, NOON))
    assess_and_queue(parts, str(image.StudyInstanceUID), NOON)


def a_finding(image: Dataset, version: ModelVersion) -> Finding:
    return Finding(
        kind=FindingKind.MASS,
        probability=0.9,
        threshold=0.5,
        study_instance_uid=str(image.StudyInstanceUID),
        series_instance_uid=str(image.SeriesInstanceUID),
        sop_instance_uid=str(image.SOPInstanceUID),
        centre_lps_mm=None,
        box_lps_mm=None,
        box_px=(10.0, 10.0, 20.0, 20.0),
        diameter_mm=8.0,
        model=version.name,
        model_version=version.version,
        weights_sha256=version.weights_sha256,
    )


def runner(parts: Any, found: list[Finding], maker: ModelVersion) -> JobRunner:
    def reader(job_model: str) -> Any:
        bundle = parts.models.resolve(job_model)

        def read(_datasets: Any, _progress: Any, told: Any, _measured: Any) -> list[Finding]:
            told(Look({}, AS_USUAL))
            return found if bundle.name == maker.name else []

        return SimpleNamespace(
            maker=Maker(bundle.name, bundle.version, bundle.weights_sha256),
            read=read,
            evidence=lambda *_: None,
        )

    return runner_of(parts, reader, NOON)


def rows(parts: Any, table: Any) -> list[Any]:
    with parts.database.reading() as connection:
        return list(connection.execute(select(table)).all())


def test_a_series_that_arrives_gets_a_job_for_the_slot_and_one_for_each_version_on_trial(
    parts: Any, image: Dataset, on_trial: ModelVersion
) -> None:
    arrive(parts, image)
    jobs = {row.model: row.priority for row in rows(parts, inference_jobs)}
    assert jobs == {SLOT: Priority.ROUTINE, on_trial.trial_job_model: Priority.SHADOW}
    with parts.database.reading() as connection:
        listed = parts.jobs.of_study(connection, str(image.StudyInstanceUID))
    assert [job.model for job in listed] == [SLOT]


def test_what_a_version_on_trial_finds_is_kept_apart_told_nobody_and_stored_nowhere(
    parts: Any, image: Dataset, on_trial: ModelVersion
) -> None:
    arrive(parts, image)
    parts.events.clear()
    job = next(row.id for row in rows(parts, inference_jobs) if row.model == on_trial.trial_job_model)
    runner(parts, [a_finding(image, on_trial)], on_trial).run(job)
    assert rows(parts, findings) == []
    (kept,) = rows(parts, shadow_findings)
    assert (kept.name, kept.version) == (on_trial.name, on_trial.version)
    assert kept.record["probability"] == 0.9
    assert parts.pacs.stored == 0
    assert not [event for event in parts.events if event["type"] == "findings-changed"]
    with parts.database.transaction() as connection:
        forget_series(connection, [str(image.SeriesInstanceUID)])
    assert rows(parts, shadow_findings) == []


def test_a_trial_that_ended_before_its_job_began_fails_that_job_alone(
    parts: Any, image: Dataset, on_trial: ModelVersion
) -> None:
    arrive(parts, image)
    with parts.database.transaction() as connection:
        parts.models.retire(connection, on_trial.name, on_trial.version, by="u1", at=NOON)
    job = next(row.id for row in rows(parts, inference_jobs) if row.model == on_trial.trial_job_model)
    runner(parts, [], on_trial).run(job)
    status = {row.model: row.status for row in rows(parts, inference_jobs)}
    assert status == {SLOT: JobStatus.REQUESTED, on_trial.trial_job_model: JobStatus.FAILED}


def _suspend(parts: Any) -> None:
    active = parts.models.active(SLOT)
    with parts.database.transaction() as connection:
        parts.models.suspend(connection, active.name, active.version, "agreement", by="watch", at=NOON)


def _damage(parts: Any) -> None:
    def damaged(_model: str) -> Any:
        raise BundleError("the weights are not the ones that were named")

    parts.models.resolve = damaged


@pytest.mark.parametrize(("spoil", "code"), [(_suspend, "model-suspended"), (_damage, "model-not-usable")])
def test_a_model_that_may_not_read_ends_the_job_with_a_plain_reason_at_once(
    parts: Any, image: Dataset, spoil: Any, code: str
) -> None:
    arrive(parts, image)
    shipped = parts.models.active(SLOT)
    spoil(parts)
    (job,) = rows(parts, inference_jobs)
    runner(parts, [], shipped).run(job.id)
    (job,) = rows(parts, inference_jobs)
    assert (job.status, job.attempts) == (JobStatus.FAILED, 1)
    assert job.reason["code"].startswith(code)


def test_a_promotion_holds_from_the_next_job_on(parts: Any, image: Dataset, on_trial: ModelVersion) -> None:
    arrive(parts, image)
    with parts.database.transaction() as connection:
        parts.models.record_evaluation(
            connection,
            on_trial.name,
            on_trial.version,
            weights_sha256=on_trial.weights_sha256,
            subject="phantoms",
            figures={},
            by="u1",
            at=NOON,
        )
        parts.models.promote(connection, on_trial.name, on_trial.version, by="u1", at=NOON)
    job = next(row.id for row in rows(parts, inference_jobs) if row.model == SLOT)
    runner(parts, [a_finding(image, on_trial)], on_trial).run(job)
    (found,) = rows(parts, findings)
    assert found.record["model"] == on_trial.name
