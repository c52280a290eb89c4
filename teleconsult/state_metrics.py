"""What the app reads at each scrape: how much waits, and which part answers."""

import shutil
from collections.abc import Iterator

from sqlalchemy import func, select

from inference.celery_broker import queue_of
from inference.inference_job import JobStatus
from storage.database import utc_now
from storage.tables import audit_log, consults, inference_jobs, notification_deliveries
from teleconsult.audit.forwarding import waiting
from teleconsult.consults.consult import TRANSITIONS
from teleconsult.dependencies import PartsOfApp
from teleconsult.health import all_answers
from telemetry.metrics import Family

WAITING_JOBS = (JobStatus.REQUESTED, JobStatus.IN_PROGRESS)
OPEN_CONSULTS = tuple(status for status, steps in TRANSITIONS.items() if steps)


def state_families(parts: PartsOfApp) -> Iterator[Family]:
    answers = all_answers(parts)
    yield Family.of(
        "teleconsult_part_up",
        "gauge",
        "1 where a part answers the app, as on the page /status.",
        [({"name": part}, float(answer)) for part, answer in answers.items()],
    )
    yield Family.of(
        "teleconsult_data_folder_free_bytes",
        "gauge",
        "Room on the disk of the data folder.",
        [({}, shutil.disk_usage(parts.settings.data_folder).free)],
    )
    if answers["database"]:
        yield from of_the_database(parts)


def of_the_database(parts: PartsOfApp) -> Iterator[Family]:
    job, consult, delivery = inference_jobs.c, consults.c, notification_deliveries.c
    now = utc_now()
    with parts.database.reading() as connection:
        jobs = connection.execute(
            select(job.model, job.status, func.count(), func.min(job.created_at))
            .where(job.status.in_(WAITING_JOBS))
            .group_by(job.model, job.status)
        ).all()
        open_consults = connection.execute(
            select(consult.status, func.count())
            .where(consult.status.in_(OPEN_CONSULTS))
            .group_by(consult.status)
        ).all()
        unsent = connection.execute(
            select(delivery.channel, func.count())
            .where(delivery.next_attempt_at.is_not(None))
            .group_by(delivery.channel)
        ).all()
        audit_entries = connection.execute(select(func.max(audit_log.c.sequence))).scalar()
        receiver = parts.settings.syslog
        left = waiting(connection, receiver.name) if receiver else None
    counts: dict[tuple[str, str], int] = {}
    ages: dict[str, float] = {}
    for model, status, count, since in jobs:
        queue = queue_of(model)
        counts[queue, status] = counts.get((queue, status), 0) + count
        if status == JobStatus.REQUESTED:
            ages[queue] = max(ages.get(queue, 0.0), (now - since).total_seconds())
    yield Family.of(
        "teleconsult_jobs",
        "gauge",
        "AI jobs that wait or run.",
        [({"model": model, "status": status}, count) for (model, status), count in counts.items()],
    )
    yield Family.of(
        "teleconsult_oldest_waiting_job_seconds",
        "gauge",
        "For how long the oldest AI job has waited; no sample where none waits.",
        [({"model": model}, age) for model, age in ages.items()],
    )
    yield Family.of(
        "teleconsult_consults",
        "gauge",
        "Consults that are not at their end.",
        [({"status": status}, count) for status, count in open_consults],
    )
    yield Family.of(
        "teleconsult_unsent_notifications",
        "gauge",
        "Notifications that are still to go out.",
        [({"channel": channel}, count) for channel, count in unsent],
    )
    yield Family.of(
        "teleconsult_audit_entries_total",
        "counter",
        "Entries in the audit log.",
        [({}, audit_entries or 0)],
    )
    if receiver is None or left is None:
        return
    for name, help, value in (
        ("teleconsult_audit_unsent_entries", "Entries that the receiver does not have.", left.entries),
        ("teleconsult_audit_unsent_seconds", "How long the oldest has waited.", left.seconds(now)),
        ("teleconsult_audit_unsent_alarm_seconds", "How long one may.", receiver.alarm_after.total_seconds()),
    ):
        yield Family.of(name, "gauge", help, [({}, value)])
