"""From readers' decisions to a suspended model and back, on the real tables."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydicom import Dataset
from pydicom.uid import generate_uid
from sqlalchemy import insert, select, update

from imaging.finding import Finding, FindingKind
from imaging.gate_rules import RULES
from imaging.pacs import StoredInstance
from imaging.reasons import Reason
from imaging.result_header import Maker
from inference.inference_job import JobStatus
from inference.job_runner import JobRunner
from inference.look import Look
from inference.model_registry import ModelRegistry
from inference.model_version import State
from inference.observation import UNKNOWN, cautions_of, observations_of
from inference.out_of_distribution import Outlook
from inference.repository import JobRepository
from inference.series_cache import SeriesCache
from storage import audit_log
from storage.local_files import LocalFiles
from storage.tables import archive_removals, findings, inference_jobs, institutions
from teleconsult.lifecycle.study_rows import evidence_of
from teleconsult.models.watch import EVERY, ModelWatch, alarms_on_record, watch_models
from teleconsult.studies.arrival import assess_and_queue
from teleconsult.studies.registration import Arrival, register
from teleconsult.studies.repository import StudyRepository
from tests.databases import new_sqlite
from tests.dicom_builders import a_mammogram, as_bytes

MODELS = Path(__file__).resolve().parents[3] / "models"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SLOT = "mammography"
CAUTION = Reason("input-unlike-training", "odd", "异常")


class Archive:
    """Holds images by series, and forgets what is stored."""

    def __init__(self) -> None:
        self.images: dict[str, list[Dataset]] = {}

    def series_headers(self, _study: str, series: str) -> list[Dataset]:
        return self.images[series]

    def fetch_series(self, _study: str, series: str) -> list[bytes]:
        return [as_bytes(image) for image in self.images[series]]

    def store(self, _content: bytes) -> StoredInstance:
        return StoredInstance("orthanc-id", False, "1.2", "1.2.3", "1.2.3.9")


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Any]:
    database = new_sqlite(tmp_path / "watch.db")
    models = ModelRegistry(database, MODELS, tmp_path / "models")
    with database.transaction() as connection:
        connection.execute(insert(institutions).values(id="i", name_en="I", name_zh="I", position=0))
        models.enter_shipped(connection, NOON - timedelta(days=30))
    events: list[dict[str, Any]] = []
    yield SimpleNamespace(
        database=database,
        pacs=Archive(),
        studies=StudyRepository(),
        jobs=JobRepository(database),
        models=models,
        objects=LocalFiles(tmp_path / "objects"),
        publish=events.append,
        events=events,
        settings=SimpleNamespace(gate_rules=RULES),
    )
    database.close()


def arrive(parts: Any, at: datetime = NOON) -> Dataset:
    """A mammogram comes in and is queued."""
    study, series, instance = (str(generate_uid()) for _ in range(3))
    image = a_mammogram(
        StudyInstanceUID=study, SeriesInstanceUID=series, SOPInstanceUID=instance, Manufacturer="GE"
    )
    parts.pacs.images[str(image.SeriesInstanceUID)] = [image]
    with parts.database.transaction() as connection:
        register(parts.studies, connection, image, "orthanc-id", Arrival("i", None, at))
    assess_and_queue(parts, str(image.StudyInstanceUID), at)
    return image


def runner_of(parts: Any, reader: Callable[[str], Any], at: datetime) -> JobRunner:
    return JobRunner(
        jobs=parts.jobs,
        pacs=parts.pacs,
        reader=reader,
        series=SeriesCache(parts.pacs),
        objects=parts.objects,
        publish=parts.publish,
        now=lambda: at,
    )


def read(parts: Any, image: Dataset, flags: int, at: datetime = NOON, caution: Reason | None = None) -> Any:
    """The worker reads it, finds so many things, and the job's row is returned."""

    def reader(job_model: str) -> Any:
        bundle = parts.models.resolve(job_model)

        def read_images(_datasets: Any, _progress: Any, told: Any, _measured: Any) -> list[Finding]:
            told(Look({"grain": -1.7, "contrast": float("nan")}, Outlook({}, (), caution, None)))
            return [a_flag(image, n, bundle) for n in range(flags)]

        maker = Maker(bundle.name, bundle.version, bundle.weights_sha256)
        return SimpleNamespace(maker=maker, read=read_images, evidence=lambda *_: None)

    runner = runner_of(parts, reader, at)
    query = select(inference_jobs).where(inference_jobs.c.series_instance_uid == str(image.SeriesInstanceUID))
    with parts.database.reading() as connection:
        job_id = connection.execute(query).one().id
    runner.run(job_id)
    with parts.database.reading() as connection:
        return connection.execute(query).one()


def a_flag(image: Dataset, number: int, bundle: Any) -> Finding:
    return Finding(
        kind=FindingKind.MASS,
        probability=0.5 + number / 1000,
        threshold=0.5,
        study_instance_uid=str(image.StudyInstanceUID),
        series_instance_uid=str(image.SeriesInstanceUID),
        sop_instance_uid=str(image.SOPInstanceUID),
        centre_lps_mm=None,
        box_lps_mm=None,
        box_px=(10.0, 10.0, 20.0, 20.0),
        diameter_mm=8.0,
        model=bundle.name,
        model_version=bundle.version,
        weights_sha256=bundle.weights_sha256,
    )


def decide(parts: Any, image: Dataset, status: str, at: datetime = NOON) -> None:
    with parts.database.transaction() as connection:
        connection.execute(
            update(findings)
            .where(findings.c.study_instance_uid == str(image.StudyInstanceUID))
            .values(status=status, decided_at=at)
        )


def in_charge(parts: Any) -> Any:
    with parts.database.reading() as connection:
        return next(v for v in parts.models.versions(connection, SLOT))


def test_readers_who_reject_suspend_the_model_and_an_administrator_resumes_it(parts: Any) -> None:
    first = arrive(parts)
    assert read(parts, first, flags=40).status == JobStatus.COMPLETED
    decide(parts, first, "rejected")
    parts.events.clear()

    watch_models(parts, NOON)
    version = in_charge(parts)
    assert version.state is State.SUSPENDED
    assert "0 of 40" in version.state_reason and "40 个标记中的 0 个" in version.state_reason
    assert {"type": "models-changed"} in parts.events
    with parts.database.reading() as connection:
        (standing,) = alarms_on_record(connection, version.name, version.version)
    assert (standing.alarm.kind, standing.alarm.level) == ("agreement", "critical")

    failed = read(parts, arrive(parts), flags=1)
    assert failed.status == JobStatus.FAILED
    assert failed.reason["code"] == "model-suspended-since"
    assert "since 2026-03-01" in failed.reason["en"] and "2026-03-01" in failed.reason["zh"]

    later = NOON + timedelta(hours=1)
    with parts.database.transaction() as connection:
        parts.models.resume(
            connection, version.name, version.version, by="u1", at=later, reason="students practised"
        )
    watch_models(parts, later + EVERY)
    assert in_charge(parts).state is State.ACTIVE, "what was decided before the resumption is settled"
    assert read(parts, arrive(parts, later), flags=1, at=later).status == JobStatus.COMPLETED
    with parts.database.reading() as connection:
        deeds = [(e.action, e.details.get("reason")) for e in audit_log.entries(connection)]
        (cleared,) = alarms_on_record(connection, version.name, version.version)
    assert ("model-active", "students practised") in deeds
    assert any(action == "model-suspended" for action, _ in deeds)
    assert cleared.cleared_at == later + EVERY


def test_a_model_that_readers_agree_with_goes_on(parts: Any) -> None:
    image = arrive(parts)
    read(parts, image, flags=40)
    decide(parts, image, "accepted")
    watch_models(parts, NOON)
    assert in_charge(parts).state is State.ACTIVE


def test_what_is_needed_to_watch_is_kept_with_the_result_once(parts: Any) -> None:
    image = arrive(parts)
    job = read(parts, image, flags=2, caution=CAUTION)
    version = in_charge(parts)
    with parts.database.reading() as connection:
        (kept,) = observations_of(connection, version.name, version.version)
        assert cautions_of(connection, [job.id]) == {job.id: CAUTION.to_json()}
    assert kept.features["grain"] == -1.7 and kept.features["contrast"] is None
    assert kept.scores == [0.5, 0.501]
    assert (kept.institution_id, kept.slot, kept.at) == ("i", SLOT, NOON)
    assert (kept.scanner.manufacturer, kept.scanner.kernel) == ("GE", UNKNOWN)


def test_the_watch_looks_again_only_when_it_is_time_to(parts: Any) -> None:
    watch = ModelWatch(parts)
    watch.step(NOON)
    image = arrive(parts)
    read(parts, image, flags=40)
    decide(parts, image, "rejected")
    watch.step(NOON + EVERY / 2)
    assert in_charge(parts).state is State.ACTIVE
    watch.step(NOON + EVERY)
    assert in_charge(parts).state is State.SUSPENDED


def test_pictures_of_findings_go_when_a_grown_series_is_read_again(parts: Any) -> None:
    image = arrive(parts)
    read(parts, image, flags=3)
    with parts.database.reading() as connection:
        keys = evidence_of(connection, [str(image.SeriesInstanceUID)])
    assert len(keys) == 3
    with parts.database.transaction() as connection:
        again = parts.jobs.request(
            connection,
            study_instance_uid=str(image.StudyInstanceUID),
            series_instance_uid=str(image.SeriesInstanceUID),
            model=SLOT,
            sop_instance_uids=["1.2", "1.3"],
            at=NOON,
        )
    lease = parts.jobs.lease(again, NOON)
    assert parts.jobs.publish(lease, [], NOON)
    with parts.database.reading() as connection:
        gone = connection.execute(select(archive_removals.c.object_key)).scalars().all()
    assert sorted(gone) == sorted(keys)
