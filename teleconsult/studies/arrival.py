"""From slices to AI jobs: what happens when a series has arrived, whichever way it came."""

import logging
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime

from kombu.exceptions import OperationalError as BrokerAway

from imaging.errors import InstanceNotFound
from imaging.gate import assess_series
from inference.celery_broker import CeleryBroker, queue_of
from inference.inference_job import Priority
from inference.slabs import READ_BY_SLABS, plan_slabs
from teleconsult.dependencies import PartsOfApp
from teleconsult.standstill import Standstill
from teleconsult.studies.arriving_slabs import slices_of
from teleconsult.studies.follower import is_behind
from teleconsult.studies.reading_order import priority_of, put_urgent_first

RENUDGE_S = 10.0
MOST_NUDGES = 64  # at once for one model: more workers than read with it; each asks until nothing is left
QUIET_S = 10.0  # without news a series is complete, where nobody said how many images it has
GIVEN_UP_S = 120.0  # and where somebody did, and sends no more
log = logging.getLogger(__name__)


class CompleteSeries:
    """Finds the series that are complete, again and again, and lets AI begin with them."""

    def __init__(self, parts: PartsOfApp) -> None:
        self._parts = parts
        self._standstill = Standstill()

    def step(self, at: datetime) -> bool:
        """Gate and queue every series that is complete. False: there is none left."""
        for study_instance_uid, series_instance_uids in self._complete().items():
            try:
                assess_and_queue(self._parts, study_instance_uid, at, only=series_instance_uids)
            except InstanceNotFound:  # gone from the archive behind our back: the others go on
                log.warning("series-not-in-archive study_instance_uid=%s", study_instance_uid)
        return False

    def _complete(self) -> dict[str, list[str]]:
        """Series by their study: those that have as many images as was said, and those gone quiet.

        While we are behind the archive's news, silence means nothing. Whatever comes later opens one again.
        """
        with self._parts.database.reading() as connection:
            growing = self._parts.studies.growing(connection)
        still_s = self._standstill.lasts_s({one.series_instance_uid: one.last_arrival_at for one in growing})
        counted = [one for one in growing if one.is_counted]
        quiet = [
            one
            for one in growing
            if still_s[one.series_instance_uid] > (QUIET_S if one.expected_count is None else GIVEN_UP_S)
        ]
        complete: dict[str, list[str]] = {}
        for one in counted if quiet and is_behind(self._parts) else (*counted, *quiet):
            complete.setdefault(one.study_instance_uid, []).append(one.series_instance_uid)
        return complete


def assess_and_queue(
    parts: PartsOfApp, study_instance_uid: str, at: datetime, *, only: Collection[str] | None = None
) -> list[str]:
    """Put series of the study, or all of them, through the input gate and ask for the AI jobs it allows.

    Verdict and job are written together, and only if the series did not grow meanwhile: each state of a
    series has its effect once, whoever is killed. What is judged already is not read again.
    Returns the ids of new jobs.
    """
    with parts.database.reading() as connection:
        study = parts.studies.find(connection, study_instance_uid)
        if study is None or study.deleted_at is not None or study.tier != "archive":
            return []  # it is looked at once it is all in the archive again
        series = parts.studies.series_of(connection, [study_instance_uid])[study_instance_uid]
    job_ids = []
    for record in series:
        is_judged = record.verdict is not None  # since its last arrival
        if is_judged or (only is not None and record.series_instance_uid not in only):
            continue
        headers = parts.pacs.series_headers(study_instance_uid, record.series_instance_uid)
        verdict = assess_series(headers, parts.settings.gate_rules)
        with parts.database.transaction() as connection:
            stands = parts.studies.set_verdict(connection, verdict, len(record.instances), at)
            if not stands or verdict.verdict == "not-usable" or verdict.model is None:
                continue
            priority = priority_of(connection, study_instance_uid, headers)
            if verdict.model in READ_BY_SLABS:
                parts.jobs.request_slabs(
                    connection,
                    study_instance_uid=study_instance_uid,
                    series_instance_uid=record.series_instance_uid,
                    model=verdict.model,
                    slabs=plan_slabs(slices_of(record.instances), complete=True),
                    at=at,
                    priority=priority,
                    complete=True,
                )
            job_id = parts.jobs.request(
                connection,
                study_instance_uid=study_instance_uid,
                series_instance_uid=record.series_instance_uid,
                model=verdict.model,
                sop_instance_uids=[i.sop_instance_uid for i in record.instances],
                at=at,
                priority=priority,
            )
            for on_trial in parts.models.shadows(connection, verdict.model):
                parts.jobs.request(
                    connection,
                    study_instance_uid=study_instance_uid,
                    series_instance_uid=record.series_instance_uid,
                    model=on_trial.trial_job_model,
                    sop_instance_uids=[i.sop_instance_uid for i in record.instances],
                    at=at,
                    priority=Priority.SHADOW,
                )
        if job_id:
            job_ids.append(job_id)
    parts.publish({"type": "study-changed", "study_instance_uid": study_instance_uid})
    return job_ids


def nudge_due_jobs(parts: PartsOfApp, broker: CeleryBroker, at: datetime) -> int:
    """Nudge for every job that nobody works on. The broker being away costs time, never a job."""
    put_urgent_first(parts.database, parts.jobs)
    sent: Counter[str] = Counter()
    for job_id, model in parts.jobs.due_for_nudge(at, RENUDGE_S):
        queue = queue_of(model)
        if sent[queue] < MOST_NUDGES:
            sent[queue] += _nudged(broker, job_id, model)
    return sent.total()


def _nudged(broker: CeleryBroker, job_id: str, model: str) -> bool:
    try:
        broker.nudge(queue_of(model))
    except BrokerAway:
        log.warning("broker-away job_id=%s", job_id)
        return False
    return True


def studies_of(uids: Iterable[str | None]) -> list[str]:
    """Distinct, in order of first appearance."""
    return list(dict.fromkeys(uid for uid in uids if uid))
