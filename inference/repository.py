"""Jobs and their findings in the database: leased by one worker at a time, published once."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, uuid4, uuid5

from sqlalchemy import Connection, Row, and_, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from imaging.finding import Finding
from inference.inference_job import LEASE_S, MAX_ATTEMPTS, InferenceJob, JobStatus, Lease
from storage.database import Database
from storage.tables import findings, inference_jobs

OPEN = (JobStatus.REQUESTED, JobStatus.IN_PROGRESS)


class JobRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    def request(
        self,
        connection: Connection,
        *,
        study_instance_uid: str,
        series_instance_uid: str,
        model: str,
        sop_instance_uids: Iterable[str],
        at: datetime,
    ) -> str | None:
        """Create the job for exactly these instances; None when it exists already.

        A series that grew since its last job gets a new one. Open jobs on the smaller series
        are called off, and findings that nobody decided on make way when the new ones stand.
        """
        digest = hashlib.sha256("\n".join(sorted(sop_instance_uids)).encode()).hexdigest()
        job_id = str(uuid4())
        # The unique constraint decides, before anything else is touched: of two that come at once the second
        # waits for the first, and must not call its job off.
        if not _insert_once(
            connection,
            id=job_id,
            study_instance_uid=study_instance_uid,
            series_instance_uid=series_instance_uid,
            model=model,
            instances_sha256=digest,
            status=JobStatus.REQUESTED,
            attempts=0,
            lease_token=0,
            progress=0.0,
            created_at=at,
        ):
            return None
        connection.execute(
            update(inference_jobs)
            .where(
                inference_jobs.c.series_instance_uid == series_instance_uid,
                inference_jobs.c.model == model,
                inference_jobs.c.id != job_id,
                inference_jobs.c.status.in_(OPEN),
            )
            .values(status=JobStatus.CANCELLED, finished_at=at, lease_token=inference_jobs.c.lease_token + 1)
        )
        return job_id

    def lease(self, job_id: str, at: datetime, lease_s: float = LEASE_S) -> Lease | None:
        """Take the job if it is free; None when it is finished or somebody holds it.

        A job that was started MAX_ATTEMPTS times without an end is failed here: it kills its worker.
        """
        with self._database.transaction() as connection:
            # Locked until the commit: whoever asks at the same moment then sees this lease.
            # (SQLite knows no such lock and needs none: a transaction is alone.)
            row = connection.execute(
                select(inference_jobs).where(inference_jobs.c.id == job_id).with_for_update()
            ).first()
            if row is None or row.status not in OPEN:
                return None
            if row.status == JobStatus.IN_PROGRESS and row.lease_expires_at > at:
                return None
            if row.attempts >= MAX_ATTEMPTS:
                self._finish(connection, job_id, JobStatus.FAILED, at, reason=GAVE_UP)
                return None
            expires_at = at + timedelta(seconds=lease_s)
            connection.execute(
                update(inference_jobs)
                .where(inference_jobs.c.id == job_id)
                .values(
                    status=JobStatus.IN_PROGRESS,
                    attempts=row.attempts + 1,
                    lease_token=row.lease_token + 1,
                    lease_expires_at=expires_at,
                    progress=0.0,
                    stage=None,
                )
            )
            return Lease(
                job_id=job_id,
                token=row.lease_token + 1,
                study_instance_uid=row.study_instance_uid,
                series_instance_uid=row.series_instance_uid,
                model=row.model,
                attempt=row.attempts + 1,
                expires_at=expires_at,
            )

    def renew(
        self, lease: Lease, at: datetime, progress: float, stage: str | None, lease_s: float = LEASE_S
    ) -> bool:
        """Lengthen the lease and note the progress (0 to 1). False: somebody else has the job now."""
        with self._database.transaction() as connection:
            result = connection.execute(
                update(inference_jobs)
                .where(*_held_by(lease))
                .values(lease_expires_at=at + timedelta(seconds=lease_s), progress=progress, stage=stage)
            )
            return result.rowcount == 1

    def release(self, lease: Lease, *, tried: bool) -> None:
        """Give the job back. Not `tried`: what it needed is away, which is not the job's fault."""
        with self._database.transaction() as connection:
            connection.execute(
                update(inference_jobs)
                .where(*_held_by(lease))
                .values(
                    status=JobStatus.REQUESTED,
                    attempts=inference_jobs.c.attempts - (0 if tried else 1),
                    lease_expires_at=None,
                    nudged_at=None if tried else inference_jobs.c.nudged_at,
                    progress=0.0,
                )
            )

    def publish(self, lease: Lease, found: Sequence[Finding], at: datetime) -> bool:
        """Write the result once. False when the lease was lost: then nothing is written."""
        with self._database.transaction() as connection:
            held = connection.execute(
                select(inference_jobs.c.id).where(*_held_by(lease)).with_for_update()
            ).first()
            if held is None:
                return False
            self._retire_undecided(connection, lease)
            for finding in found:
                connection.execute(
                    insert(findings).values(
                        id=finding_id(lease.job_id, finding),
                        job_id=lease.job_id,
                        study_instance_uid=finding.study_instance_uid,
                        record=finding.to_json(),
                        status="preliminary",
                        version=1,
                    )
                )
            self._finish(connection, lease.job_id, JobStatus.COMPLETED, at, progress=1.0)
            return True

    def fail(self, lease: Lease, reason: Mapping[str, Any], at: datetime) -> bool:
        with self._database.transaction() as connection:
            held = connection.execute(
                select(inference_jobs.c.id).where(*_held_by(lease)).with_for_update()
            ).first()
            if held is None:
                return False
            self._finish(connection, lease.job_id, JobStatus.FAILED, at, reason=reason)
            return True

    def due_for_nudge(self, at: datetime, renudge_s: float) -> list[tuple[str, str]]:
        """Jobs (id, model) that nobody works on: never delivered, or their lease ran out.

        Marks them as nudged, so that a job waiting in a long queue is not nudged every sweep.
        """
        stale = at - timedelta(seconds=renudge_s)
        condition = and_(
            or_(
                inference_jobs.c.status == JobStatus.REQUESTED,
                and_(
                    inference_jobs.c.status == JobStatus.IN_PROGRESS, inference_jobs.c.lease_expires_at < at
                ),
            ),
            or_(inference_jobs.c.nudged_at.is_(None), inference_jobs.c.nudged_at < stale),
        )
        with self._database.reading() as connection:
            due = connection.execute(
                select(inference_jobs.c.id, inference_jobs.c.model).where(condition)
            ).all()
        if due:
            with self._database.transaction() as connection:
                connection.execute(
                    update(inference_jobs)
                    .where(inference_jobs.c.id.in_([row.id for row in due]))
                    .values(nudged_at=at)
                )
        return [(row.id, row.model) for row in due]

    def of_study(self, connection: Connection, study_instance_uid: str) -> list[InferenceJob]:
        """Jobs of a study, the newest last; those called off are left out."""
        rows = connection.execute(
            select(inference_jobs)
            .where(
                inference_jobs.c.study_instance_uid == study_instance_uid,
                inference_jobs.c.status != JobStatus.CANCELLED,
            )
            .order_by(inference_jobs.c.created_at)
        )
        return [_job(row) for row in rows]

    def of_studies(
        self, connection: Connection, study_instance_uids: Sequence[str]
    ) -> dict[str, list[InferenceJob]]:
        by_study: dict[str, list[InferenceJob]] = {uid: [] for uid in study_instance_uids}
        rows = connection.execute(
            select(inference_jobs)
            .where(
                inference_jobs.c.study_instance_uid.in_(study_instance_uids),
                inference_jobs.c.status != JobStatus.CANCELLED,
            )
            .order_by(inference_jobs.c.created_at)
        )
        for row in rows:
            by_study[row.study_instance_uid].append(_job(row))
        return by_study

    def _retire_undecided(self, connection: Connection, lease: Lease) -> None:
        earlier = select(inference_jobs.c.id).where(
            inference_jobs.c.series_instance_uid == lease.series_instance_uid,
            inference_jobs.c.model == lease.model,
            inference_jobs.c.id != lease.job_id,
        )
        connection.execute(
            findings.delete().where(findings.c.job_id.in_(earlier), findings.c.status == "preliminary")
        )

    @staticmethod
    def _finish(connection: Connection, job_id: str, status: JobStatus, at: datetime, **values: Any) -> None:
        connection.execute(
            update(inference_jobs)
            .where(inference_jobs.c.id == job_id)
            .values(
                status=status,
                finished_at=at,
                lease_expires_at=None,
                lease_token=inference_jobs.c.lease_token + 1,
                **values,
            )
        )


GAVE_UP: Mapping[str, str] = {
    "code": "analysis-gave-up",
    "en": "The AI could not finish reading these images after several tries. "
    "Please read them without AI; support has been given the details.",
    "zh": "AI 多次尝试后仍未能完成对这些图像的分析。请直接阅片；详细信息已留给技术支持。",
}


def finding_id(job_id: str, finding: Finding) -> str:
    """The same finding of the same job has the same id, whoever writes it."""
    return str(uuid5(NAMESPACE_OID, f"{job_id}/{json.dumps(finding.to_json(), sort_keys=True)}"))


def _insert_once(connection: Connection, **values: Any) -> bool:
    """Insert a job; False when there is one for the same series, model and instances."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    result = connection.execute(
        dialect.insert(inference_jobs)
        .values(**values)
        .on_conflict_do_nothing(index_elements=["series_instance_uid", "model", "instances_sha256"])
    )
    return result.rowcount == 1


def _held_by(lease: Lease) -> tuple[Any, ...]:
    return (
        inference_jobs.c.id == lease.job_id,
        inference_jobs.c.lease_token == lease.token,
        inference_jobs.c.status == JobStatus.IN_PROGRESS,
    )


def _job(row: Row[Any]) -> InferenceJob:
    return InferenceJob(
        id=row.id,
        study_instance_uid=row.study_instance_uid,
        series_instance_uid=row.series_instance_uid,
        model=row.model,
        status=JobStatus(row.status),
        attempts=row.attempts,
        progress=row.progress,
        stage=row.stage,
        reason=row.reason,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
