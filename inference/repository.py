"""Jobs and their findings in the database: leased by one worker at a time, published once."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, uuid4, uuid5

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from imaging.breast_measures import BreastMeasures
from imaging.finding import Finding
from inference.evidence import evidence_key
from inference.follow_up import PriorStudy
from inference.inference_job import (
    HELD_AT_MOST_S,
    LEASE_S,
    MAX_ATTEMPTS,
    MAX_SERVER_ENDS,
    TRY_AGAIN_AFTER_S,
    TRY_AGAIN_WHEN_FULL_S,
    WHOLE_SERIES,
    InferenceJob,
    JobStatus,
    Lease,
    Priority,
)
from inference.model_version import BEHIND_SLOT, slot_of
from inference.observation import Observation, record_observation
from inference.prior_study import prior_of
from inference.slabs import Slab, digest
from storage.database import Database
from storage.tables import archive_removals, findings, inference_jobs, shadow_findings

OPEN = (JobStatus.REQUESTED, JobStatus.IN_PROGRESS)
ASKED_AT_ONCE = 8  # jobs that a worker tries to get before it looks again,
ROUNDS = 5  # and how often it looks
READ_SHARE = 0.85  # of a job's progress is its slabs'


class JobRepository:
    def __init__(self, database: Database, worker: str | None = None) -> None:
        """`worker` is the name of who asks for leases, its own among all that use the database."""
        self._database = database
        self._worker = worker

    def request(
        self,
        connection: Connection,
        *,
        study_instance_uid: str,
        series_instance_uid: str,
        model: str,
        sop_instance_uids: Iterable[str],
        at: datetime,
        priority: Priority = Priority.ROUTINE,
    ) -> str | None:
        """Create the job for exactly these instances; None when it exists already.

        A series that grew since its last job gets a new one. Open jobs on the smaller series
        are called off, and findings that nobody decided on make way when the new ones stand.
        """
        job_id = str(uuid4())
        # The unique constraint decides, before anything else is touched: of two that come at once the second
        # waits for the first, and must not call its job off.
        if not _insert_once(
            connection,
            id=job_id,
            study_instance_uid=study_instance_uid,
            series_instance_uid=series_instance_uid,
            model=model,
            slab_index=WHOLE_SERIES,
            instances_sha256=digest(sop_instance_uids),
            priority=priority,
            created_at=at,
        ):
            return None
        _call_off(
            connection,
            at,
            inference_jobs.c.series_instance_uid == series_instance_uid,
            inference_jobs.c.model == model,
            inference_jobs.c.slab_index == WHOLE_SERIES,
            inference_jobs.c.id != job_id,
        )
        return job_id

    def request_slabs(
        self,
        connection: Connection,
        *,
        study_instance_uid: str,
        series_instance_uid: str,
        model: str,
        slabs: Sequence[Slab],
        at: datetime,
        priority: Priority = Priority.ROUTINE,
        complete: bool = False,
    ) -> int:
        """Create a job for each slab that has none, and return how many are new.

        A slab that got more slices gets a new job, the old one is called off, also one that failed; with a
        `complete` series every slab that is not among `slabs`.
        """
        new = 0
        for slab in slabs:
            new += _insert_once(
                connection,
                id=str(uuid4()),
                study_instance_uid=study_instance_uid,
                series_instance_uid=series_instance_uid,
                model=model,
                slab_index=slab.index,
                slab=slab.to_json(),
                instances_sha256=slab.instances_sha256,
                priority=priority,
                created_at=at,
            )
        inputs = [slab.instances_sha256 for slab in slabs]
        _call_off(
            connection,
            at,
            inference_jobs.c.series_instance_uid == series_instance_uid,
            inference_jobs.c.model == model,
            inference_jobs.c.slab_index != WHOLE_SERIES,
            inference_jobs.c.instances_sha256.not_in(inputs),
            true() if complete else inference_jobs.c.slab_index.in_([slab.index for slab in slabs]),
            statuses=(*OPEN, JobStatus.FAILED),
        )
        return new

    def lease_next(self, queue: str, at: datetime) -> Lease | None:
        """Take the most urgent job of this model that is free and ready; None when there is none.

        Of equal urgency what puts a series together comes first, then the oldest. So an emergency waits for
        one slab at most, however many routine ones stand before it.
        """
        query = (
            select(inference_jobs.c.id)
            .where(_is_of(queue), _is_free(at), _is_ready())
            .order_by(
                inference_jobs.c.priority.desc(),
                inference_jobs.c.slab_index != WHOLE_SERIES,
                inference_jobs.c.created_at,
                inference_jobs.c.slab_index,
            )
            .limit(ASKED_AT_ONCE)
        )
        for _ in range(ROUNDS):  # whoever else asks may be quicker, and what is given up makes others ready
            with self._database.reading() as connection:
                waiting = [row.id for row in connection.execute(query)]
            if not waiting:
                break
            for job_id in waiting:
                lease = self.lease(job_id, at)
                if lease is not None:
                    return lease
        return None

    def lease(self, job_id: str, at: datetime, lease_s: float = LEASE_S) -> Lease | None:
        """Take the job if it is free; None when it is finished or somebody holds it.

        A job that was started MAX_ATTEMPTS times without an end is failed here: it kills its worker. And one
        in which the whole server ended MAX_SERVER_ENDS times: nothing else may take a server down so often.
        """
        with self._database.transaction() as connection:
            # Locked until the commit: whoever asks at the same moment then sees this lease.
            # (SQLite knows no such lock and needs none: a transaction is alone.)
            row = connection.execute(
                select(inference_jobs).where(inference_jobs.c.id == job_id).with_for_update()
            ).first()
            if row is None or row.status not in OPEN:
                return None
            if row.lease_expires_at is not None and at < row.lease_expires_at <= _held_at_most(at):
                return None
            if row.attempts >= MAX_ATTEMPTS or row.server_ends >= MAX_SERVER_ENDS:
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
                    leased_by=self._worker,
                    progress=0.0,
                    stage=None,
                    reason=None,
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
                slab=None if row.slab is None else Slab.from_json(row.slab),
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

    def release(self, lease: Lease, at: datetime, *, tried: bool) -> None:
        """Give the job back. Not `tried`: what it needed is away, which is not the job's fault.

        After an error it is left alone for a while: what caused it, as a full disk, may pass.
        """
        wait_s = TRY_AGAIN_AFTER_S * 2.0 ** (lease.attempt - 1)
        self._give_back(lease, at + timedelta(seconds=wait_s) if tried else None, tried=tried)

    def take_back_all(self) -> int:
        """Free what workers had in hand when the whole server ended; return how many jobs it is.

        It costs no attempt: the study did not end what everything ended with. Called before a worker begins.
        """
        return self._take_back(
            true(),
            attempts=inference_jobs.c.attempts - 1,
            server_ends=inference_jobs.c.server_ends + 1,
        )

    def take_back_own(self) -> int:
        """Free what this worker had in hand when it was killed last; return how many jobs it is.

        Called by a new process before it begins: nobody needs to wait for the rest of the lease.
        """
        return self._take_back(inference_jobs.c.leased_by == self._worker) if self._worker else 0

    def _take_back(self, which: ColumnElement[bool], **values: Any) -> int:
        with self._database.transaction() as connection:
            result = connection.execute(
                update(inference_jobs)
                .where(inference_jobs.c.status == JobStatus.IN_PROGRESS, which)
                .values(
                    status=JobStatus.REQUESTED,
                    lease_token=inference_jobs.c.lease_token + 1,
                    lease_expires_at=None,
                    nudged_at=None,
                    progress=0.0,
                    **values,
                )
            )
            return result.rowcount

    def put_off(self, lease: Lease, reason: Mapping[str, Any], at: datetime) -> None:
        """Give the job back until there may be room on the disk, and say why; it costs no attempt."""
        again_at = at + timedelta(seconds=TRY_AGAIN_WHEN_FULL_S)
        self._give_back(lease, again_at, tried=False, reason=dict(reason))

    def _give_back(self, lease: Lease, not_before: datetime | None, *, tried: bool, **values: Any) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                update(inference_jobs)
                .where(*_held_by(lease))
                .values(
                    status=JobStatus.REQUESTED,
                    attempts=inference_jobs.c.attempts - (0 if tried else 1),
                    lease_expires_at=not_before,
                    nudged_at=None,
                    progress=0.0,
                    **values,
                )
            )

    def is_called_off(self, job_id: str) -> bool:
        """Return whether nobody will publish this job any more: it was stopped, given up or overtaken."""
        with self._database.reading() as connection:
            status = connection.execute(
                select(inference_jobs.c.status).where(inference_jobs.c.id == job_id)
            ).scalar()
            return status in (None, JobStatus.FAILED, JobStatus.CANCELLED)

    def finish_slab(self, lease: Lease, reading: Mapping[str, Any] | None, at: datetime) -> bool:
        """Keep what was read in a slab. False when the lease was lost: then nothing is written.

        Args:
            reading: None: these slices make no volume by themselves; whoever merges finds out why.
        """
        with self._database.transaction() as connection:
            held = connection.execute(
                select(inference_jobs.c.id).where(*_held_by(lease)).with_for_update()
            ).first()
            if held is None:
                return False
            self._finish(connection, lease.job_id, JobStatus.COMPLETED, at, progress=1.0, reading=reading)
            return True

    def slab_readings(self, series_instance_uid: str, model: str) -> list[dict[str, Any]]:
        """Return what was read in the slabs of a series, those included that have been overtaken since."""
        with self._database.reading() as connection:
            rows = connection.execute(
                select(inference_jobs.c.reading).where(
                    *_slabs_of(series_instance_uid, model), inference_jobs.c.reading.is_not(None)
                )
            )
            return [row.reading for row in rows]

    def failed_slab(self, series_instance_uid: str, model: str) -> Mapping[str, Any] | None:
        """Return why a slab of the series could not be read, None where all could."""
        with self._database.reading() as connection:
            reason: Mapping[str, Any] | None = connection.execute(
                select(inference_jobs.c.reason).where(
                    *_slabs_of(series_instance_uid, model), inference_jobs.c.status == JobStatus.FAILED
                )
            ).scalar()
            return reason

    def studies_waiting(self, connection: Connection) -> dict[str, Priority]:
        """Return the studies of which something is still to be read, and how urgent the least of it is."""
        rows = connection.execute(
            select(inference_jobs.c.study_instance_uid, func.min(inference_jobs.c.priority).label("least"))
            .where(inference_jobs.c.status.in_(OPEN), inference_jobs.c.priority != Priority.SHADOW)
            .group_by(inference_jobs.c.study_instance_uid)
        )
        return {row.study_instance_uid: Priority(row.least) for row in rows}

    def set_priority(
        self, connection: Connection, study_instance_uids: Sequence[str], priority: Priority
    ) -> None:
        """Let what is still to be read of these studies come sooner, or later."""
        connection.execute(
            update(inference_jobs)
            .where(
                inference_jobs.c.study_instance_uid.in_(study_instance_uids),
                inference_jobs.c.status.in_(OPEN),
                inference_jobs.c.priority != Priority.SHADOW,
            )
            .values(priority=priority)
        )

    def stop(
        self, connection: Connection, study_instance_uid: str, reason: Mapping[str, Any], at: datetime
    ) -> int:
        """End what is still to be read of a study; who reads it stops. Return how many jobs it were."""
        result = connection.execute(
            update(inference_jobs)
            .where(_is_for_readers(study_instance_uid), inference_jobs.c.status.in_(OPEN))
            .values(
                status=JobStatus.FAILED,
                reason=dict(reason),
                finished_at=at,
                lease_expires_at=None,
                lease_token=inference_jobs.c.lease_token + 1,
            )
        )
        return result.rowcount

    def ask_again(self, connection: Connection, study_instance_uid: str) -> int:
        """Let what failed, or was stopped, be read after all. Return how many jobs it is."""
        result = connection.execute(
            update(inference_jobs)
            .where(_is_for_readers(study_instance_uid), inference_jobs.c.status == JobStatus.FAILED)
            .values(
                status=JobStatus.REQUESTED,
                attempts=0,
                server_ends=0,
                progress=0.0,
                stage=None,
                reason=None,
                nudged_at=None,
                finished_at=None,
            )
        )
        return result.rowcount

    def publish(
        self,
        lease: Lease,
        found: Sequence[Finding],
        at: datetime,
        observation: Observation | None = None,
        breasts: Sequence[BreastMeasures] = (),
    ) -> bool:
        """Write the result once. False when the lease was lost: then nothing is written.

        Args:
            observation: what is kept of the series to watch the model by.
            breasts: what was measured of each mammogram.
        """
        with self._database.transaction() as connection:
            held = connection.execute(
                select(inference_jobs.c.id).where(*_held_by(lease)).with_for_update()
            ).first()
            if held is None:
                return False
            self._retire_undecided(connection, lease, at)
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
            if observation is not None:
                record_observation(connection, observation, lease.study_instance_uid)
            reading = {"breasts": [one.to_json() for one in breasts]} if breasts else None
            self._finish(connection, lease.job_id, JobStatus.COMPLETED, at, progress=1.0, reading=reading)
            return True

    def breasts_of(self, connection: Connection, study_instance_uid: str) -> dict[str, BreastMeasures]:
        """Return what was measured last of each mammogram of a study, by SOP Instance UID."""
        rows = connection.execute(
            select(inference_jobs.c.reading)
            .where(
                inference_jobs.c.study_instance_uid == study_instance_uid,
                inference_jobs.c.slab_index == WHOLE_SERIES,
                inference_jobs.c.status == JobStatus.COMPLETED,
                inference_jobs.c.reading.is_not(None),
            )
            .order_by(inference_jobs.c.finished_at)
        )
        each = (BreastMeasures.from_json(one) for row in rows for one in row.reading["breasts"])
        return {one.sop_instance_uid: one for one in each}

    def prior_of(self, study_instance_uid: str, model: str) -> PriorStudy | None:
        """Return what the study's findings are compared with, None without a prior."""
        with self._database.reading() as connection:
            return prior_of(connection, study_instance_uid, slot_of(model))

    def publish_unseen(self, lease: Lease, found: Sequence[Finding], at: datetime) -> bool:
        """Write what a version on trial found, where nobody is shown it. False when the lease was lost."""
        with self._database.transaction() as connection:
            held = connection.execute(
                select(inference_jobs.c.id).where(*_held_by(lease)).with_for_update()
            ).first()
            if held is None:
                return False
            connection.execute(
                shadow_findings.delete().where(shadow_findings.c.job_id.in_(_earlier_jobs(lease)))
            )
            for finding in found:
                connection.execute(
                    insert(shadow_findings).values(
                        id=finding_id(lease.job_id, finding),
                        job_id=lease.job_id,
                        study_instance_uid=finding.study_instance_uid,
                        name=finding.model,
                        version=finding.model_version,
                        record=finding.to_json(),
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
            _is_free(at),
            _is_ready(),
            or_(
                inference_jobs.c.nudged_at.is_(None),
                inference_jobs.c.nudged_at < stale,
                inference_jobs.c.nudged_at > at,  # the clock was set back
            ),
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
        """Jobs on whole series of a study, the newest last; those called off are left out."""
        return self.of_studies(connection, [study_instance_uid])[study_instance_uid]

    def of_studies(
        self, connection: Connection, study_instance_uids: Sequence[str]
    ) -> dict[str, list[InferenceJob]]:
        """The same for several; none on trial. A job that waits for its slabs is as far as they are."""
        by_study: dict[str, list[InferenceJob]] = {uid: [] for uid in study_instance_uids}
        rows = connection.execute(
            select(inference_jobs)
            .where(
                inference_jobs.c.study_instance_uid.in_(study_instance_uids),
                inference_jobs.c.status != JobStatus.CANCELLED,
                inference_jobs.c.slab_index == WHOLE_SERIES,
                ~inference_jobs.c.model.contains(BEHIND_SLOT),
            )
            .order_by(inference_jobs.c.created_at)
        ).all()
        waiting = [row.series_instance_uid for row in rows if row.status == JobStatus.REQUESTED]
        shares = self._shares_read(connection, waiting) if waiting else {}
        for row in rows:
            share = shares.get((row.series_instance_uid, row.model))
            by_study[row.study_instance_uid].append(_job(row, share))
        return by_study

    def slabs_read(
        self, connection: Connection, study_instance_uids: Sequence[str]
    ) -> dict[str, tuple[int, int]]:
        """Return for each study with slabs how many have been read, and how many there are so far."""
        read = func.sum(case((inference_jobs.c.status == JobStatus.COMPLETED, 1), else_=0))
        rows = connection.execute(
            select(inference_jobs.c.study_instance_uid, read.label("read"), func.count().label("all"))
            .where(
                inference_jobs.c.study_instance_uid.in_(study_instance_uids),
                inference_jobs.c.slab_index != WHOLE_SERIES,
                inference_jobs.c.priority != Priority.SHADOW,
                inference_jobs.c.status.in_((*OPEN, JobStatus.COMPLETED)),
            )
            .group_by(inference_jobs.c.study_instance_uid)
        )
        return {row.study_instance_uid: (int(row.read), int(row.all)) for row in rows}

    @staticmethod
    def _shares_read(
        connection: Connection, series_instance_uids: Sequence[str]
    ) -> dict[tuple[str, str], float]:
        """How far the slabs are of series whose whole is still to be put together, 0 to 1."""
        rows = connection.execute(
            select(
                inference_jobs.c.series_instance_uid,
                inference_jobs.c.model,
                func.avg(inference_jobs.c.progress).label("share"),
            )
            .where(
                inference_jobs.c.series_instance_uid.in_(series_instance_uids),
                inference_jobs.c.slab_index != WHOLE_SERIES,
                inference_jobs.c.status != JobStatus.CANCELLED,
            )
            .group_by(inference_jobs.c.series_instance_uid, inference_jobs.c.model)
        )
        return {(row.series_instance_uid, row.model): float(row.share) for row in rows}

    def _retire_undecided(self, connection: Connection, lease: Lease, at: datetime) -> None:
        undecided = (findings.c.job_id.in_(_earlier_jobs(lease)), findings.c.status == "preliminary")
        gone = connection.execute(select(findings.c.id).where(*undecided)).scalars().all()
        if gone:
            connection.execute(
                insert(archive_removals),
                [{"orthanc_id": None, "object_key": evidence_key(one), "asked_at": at} for one in gone],
            )
            connection.execute(findings.delete().where(*undecided))

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
        .values(status=JobStatus.REQUESTED, attempts=0, lease_token=0, progress=0.0, **values)
        .on_conflict_do_nothing(
            index_elements=["series_instance_uid", "model", "slab_index", "instances_sha256"]
        )
    )
    return result.rowcount == 1


def _call_off(
    connection: Connection,
    at: datetime,
    *which: ColumnElement[bool],
    statuses: Sequence[JobStatus] = OPEN,
) -> int:
    """Cancel jobs; whoever holds one has lost it."""
    result = connection.execute(
        update(inference_jobs)
        .where(*which, inference_jobs.c.status.in_(statuses))
        .values(status=JobStatus.CANCELLED, finished_at=at, lease_token=inference_jobs.c.lease_token + 1)
    )
    return result.rowcount


def _is_for_readers(study_instance_uid: str) -> ColumnElement[bool]:
    """Jobs of a study, without the trial runs that no reader sees."""
    return and_(
        inference_jobs.c.study_instance_uid == study_instance_uid,
        inference_jobs.c.priority != Priority.SHADOW,
    )


def _is_of(queue: str) -> ColumnElement[bool]:
    """Jobs of a model in any of its versions: `name` or `name@version`."""
    return or_(
        inference_jobs.c.model == queue, inference_jobs.c.model.startswith(f"{queue}@", autoescape=True)
    )


def _is_free(at: datetime) -> ColumnElement[bool]:
    return and_(
        inference_jobs.c.status.in_(OPEN),
        or_(
            inference_jobs.c.lease_expires_at.is_(None),
            inference_jobs.c.lease_expires_at <= at,
            inference_jobs.c.lease_expires_at > _held_at_most(at),
        ),
    )


def _held_at_most(at: datetime) -> datetime:
    return at + timedelta(seconds=HELD_AT_MOST_S)


def _is_ready() -> ColumnElement[bool]:
    """Slabs always are; the whole series once none of its slabs is still to be read."""
    slab = inference_jobs.alias("slab")
    unread = exists().where(
        slab.c.series_instance_uid == inference_jobs.c.series_instance_uid,
        slab.c.model == inference_jobs.c.model,
        slab.c.slab_index != WHOLE_SERIES,
        slab.c.status.in_(OPEN),
    )
    return or_(inference_jobs.c.slab_index != WHOLE_SERIES, ~unread)


def _earlier_jobs(lease: Lease) -> Select[tuple[str]]:
    """The other jobs of the same model on the same series."""
    return select(inference_jobs.c.id).where(
        inference_jobs.c.series_instance_uid == lease.series_instance_uid,
        inference_jobs.c.model == lease.model,
        inference_jobs.c.id != lease.job_id,
    )


def _slabs_of(series_instance_uid: str, model: str) -> tuple[ColumnElement[bool], ...]:
    return (
        inference_jobs.c.series_instance_uid == series_instance_uid,
        inference_jobs.c.model == model,
        inference_jobs.c.slab_index != WHOLE_SERIES,
    )


def _held_by(lease: Lease) -> tuple[Any, ...]:
    return (
        inference_jobs.c.id == lease.job_id,
        inference_jobs.c.lease_token == lease.token,
        inference_jobs.c.status == JobStatus.IN_PROGRESS,
    )


def _job(row: Row[Any], share_read: float | None) -> InferenceJob:
    """The job; with the share of its slabs that are read while it waits for them."""
    waits = row.status == JobStatus.REQUESTED and share_read is not None
    is_begun = waits and bool(share_read) and row.reason is None
    return InferenceJob(
        id=row.id,
        study_instance_uid=row.study_instance_uid,
        series_instance_uid=row.series_instance_uid,
        model=row.model,
        status=JobStatus.IN_PROGRESS if is_begun else JobStatus(row.status),
        attempts=row.attempts,
        progress=READ_SHARE * (share_read or 0.0) if waits else row.progress,
        stage="detect" if is_begun else row.stage,
        reason=row.reason,
        created_at=row.created_at,
        finished_at=row.finished_at,
        priority=Priority(row.priority),
    )
