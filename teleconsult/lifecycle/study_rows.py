"""The rows under a study, read and removed as a whole: for deletion, tiering and splitting."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update

from inference.evidence import evidence_key
from inference.inference_job import JobStatus
from storage.tables import (
    consult_studies,
    consults,
    findings,
    inference_jobs,
    instances,
    series,
    shadow_findings,
    studies,
)
from teleconsult.consults.consult import Status
from teleconsult.errors import NotFound
from teleconsult.studies.repository import Study, StudyRepository
from teleconsult.users.user import User

UNDECIDED = "preliminary"
# Consults that are over: their record stands by itself. A signed one still awaits the other side's decision,
# which rests on the report and no longer on the images.
OVER = frozenset({Status.SIGNED, Status.CLOSED, Status.DECLINED, Status.CANCELLED, Status.NO_SHOW})
NEVER_TOOK_PLACE = frozenset({Status.DECLINED, Status.CANCELLED, Status.NO_SHOW})


@dataclass(frozen=True, slots=True)
class StoredInstance:
    sop_instance_uid: str
    series_instance_uid: str
    orthanc_id: str
    is_image: bool


def of_own_institution(
    repository: StudyRepository, connection: Connection, study_instance_uid: str, user: User
) -> Study:
    """The study, which is the user's institution's own and not deleted. Raises NotFound."""
    study = repository.find(connection, study_instance_uid)
    if study is None or study.institution_id != user.institution.id or study.deleted_at is not None:
        raise NotFound
    return study


def instances_of(connection: Connection, study_instance_uid: str) -> list[StoredInstance]:
    """Every object of the study, reports and other results among them."""
    rows = connection.execute(
        select(
            instances.c.sop_instance_uid,
            instances.c.series_instance_uid,
            instances.c.orthanc_id,
            instances.c.is_image,
        )
        .join(series, instances.c.series_instance_uid == series.c.series_instance_uid)
        .where(series.c.study_instance_uid == study_instance_uid)
    )
    return [StoredInstance(*row) for row in rows]


def evidence_of(connection: Connection, series_instance_uids: Collection[str]) -> list[str]:
    """Where the object store keeps the pictures of findings on these series: cut-outs of their images."""
    query = (
        select(findings.c.id)
        .join(inference_jobs, inference_jobs.c.id == findings.c.job_id)
        .where(inference_jobs.c.series_instance_uid.in_(series_instance_uids))
    )
    return [evidence_key(finding_id) for finding_id in connection.execute(query).scalars()]


def forget_series(connection: Connection, series_instance_uids: Collection[str]) -> None:
    """Remove series and their instances, and what AI said of them that nobody decided on.

    Open jobs are called off. A job whose findings are all gone goes too, so that the same images, sent
    again, are read again.
    """
    of_series = inference_jobs.c.series_instance_uid.in_(series_instance_uids)
    connection.execute(
        update(inference_jobs)
        .where(of_series, inference_jobs.c.status.in_((JobStatus.REQUESTED, JobStatus.IN_PROGRESS)))
        .values(status=JobStatus.CANCELLED, lease_token=inference_jobs.c.lease_token + 1)
    )
    jobs = select(inference_jobs.c.id).where(of_series)
    connection.execute(delete(findings).where(findings.c.job_id.in_(jobs), findings.c.status == UNDECIDED))
    connection.execute(delete(shadow_findings).where(shadow_findings.c.job_id.in_(jobs)))
    connection.execute(
        delete(inference_jobs).where(of_series, inference_jobs.c.id.not_in(select(findings.c.job_id)))
    )
    connection.execute(delete(instances).where(instances.c.series_instance_uid.in_(series_instance_uids)))
    connection.execute(delete(series).where(series.c.series_instance_uid.in_(series_instance_uids)))


def is_in_use(connection: Connection, study_instance_uid: str) -> bool:
    """Whether a consult that is not over uses the study."""
    return _consult_exists(connection, study_instance_uid, OVER)


def is_held(connection: Connection, study_instance_uid: str) -> bool:
    """Whether the study is part of the record of a consult that took, or may still take, place."""
    return _consult_exists(connection, study_instance_uid, NEVER_TOOK_PLACE)


def set_tier(connection: Connection, study_instance_uid: str, tier: str, *, was: str) -> bool:
    """False: it is not where it was thought to be, or deleted."""
    changed = connection.execute(
        update(studies)
        .where(
            studies.c.study_instance_uid == study_instance_uid,
            studies.c.tier == was,
            studies.c.deleted_at.is_(None),
        )
        .values(tier=tier)
    )
    return changed.rowcount == 1


def _consult_exists(connection: Connection, study_instance_uid: str, except_in: Collection[Status]) -> bool:
    query = (
        select(consults.c.id)
        .join(consult_studies, consult_studies.c.consult_id == consults.c.id)
        .where(
            consult_studies.c.study_instance_uid == study_instance_uid,
            consults.c.status.not_in(except_in),
        )
    )
    return connection.execute(query.limit(1)).first() is not None
