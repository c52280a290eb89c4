"""From slices to AI jobs: what happens when a series has arrived, whichever way it came."""

import logging
from collections.abc import Iterable
from datetime import datetime

from kombu.exceptions import OperationalError as BrokerAway

from imaging.gate import assess_series
from inference.celery_broker import CeleryBroker
from inference.repository import JobRepository
from teleconsult.dependencies import PartsOfApp

RENUDGE_S = 30.0
log = logging.getLogger(__name__)


def assess_and_queue(parts: PartsOfApp, study_instance_uid: str, at: datetime) -> list[str]:
    """Put every series of the study through the input gate and ask for the AI jobs it allows.

    Does nothing new when called again on the same instances. Returns the ids of new jobs.
    """
    with parts.database.reading() as connection:
        series = parts.studies.series_of(connection, [study_instance_uid])[study_instance_uid]
    job_ids = []
    for record in series:
        headers = parts.pacs.series_headers(study_instance_uid, record.series_instance_uid)
        verdict = assess_series(headers)
        with parts.database.transaction() as connection:
            parts.studies.set_verdict(connection, verdict)
            if verdict.verdict == "not-usable" or verdict.model is None:
                continue
            job_id = parts.jobs.request(
                connection,
                study_instance_uid=study_instance_uid,
                series_instance_uid=record.series_instance_uid,
                model=verdict.model,
                sop_instance_uids=[i.sop_instance_uid for i in record.instances],
                at=at,
            )
        if job_id:
            job_ids.append(job_id)
    parts.publish({"type": "study-changed", "study_instance_uid": study_instance_uid})
    return job_ids


def nudge_due_jobs(jobs: JobRepository, broker: CeleryBroker, at: datetime) -> int:
    """Nudge every job that nobody works on. The broker being away costs time, never a job."""
    due = jobs.due_for_nudge(at, RENUDGE_S)
    return sum(_nudged(broker, job_id, model) for job_id, model in due)


def _nudged(broker: CeleryBroker, job_id: str, model: str) -> bool:
    try:
        broker.nudge(job_id, model)
    except BrokerAway:
        log.warning("broker-away job_id=%s", job_id)
        return False
    return True


def studies_of(uids: Iterable[str | None]) -> list[str]:
    """Distinct, in order of first appearance."""
    return list(dict.fromkeys(uid for uid in uids if uid))
