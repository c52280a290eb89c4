"""What the rules would delete, and when: for the dry run, and for the page that shows what falls due."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from storage.tables import consults
from teleconsult.lifecycle.announced_deletions import announced, announced_since, goes_at
from teleconsult.lifecycle.legal_hold import consults_on_hold, studies_on_hold
from teleconsult.lifecycle.record_classes import RecordClass, Retention
from teleconsult.lifecycle.retention import due_studies, subject_of
from teleconsult.recordings.retention import due_at, due_recordings, rule_of
from teleconsult.recordings.retention import subject_of as subject_of_recording


@dataclass(frozen=True, slots=True)
class Due:
    record_class: RecordClass
    subject: str  # study/UID or recording/ID
    rule: str
    goes_at: datetime  # at the earliest
    is_on_hold: bool  # then it stays


def due(
    connection: Connection,
    retention: Retention,
    at: datetime,
    institution_id: str | None = None,
    *,
    ahead: timedelta = timedelta(0),
) -> list[Due]:
    """What is due at a moment, or so much later; of one institution, or of all.

    All but notifications, which are no records of a patient.
    """
    return [
        *_studies(connection, retention, at, ahead, institution_id),
        *_recordings(connection, retention, at, ahead, institution_id),
    ]


def _studies(
    connection: Connection, retention: Retention, at: datetime, ahead: timedelta, institution_id: str | None
) -> Iterator[Due]:
    on_hold, known = studies_on_hold(connection), announced(connection, "study")
    for uid, one in due_studies(connection, at + ahead, institution_id).items():
        subject, rule = f"study/{uid}", subject_of(one.rule)
        since = announced_since(known, subject, rule, at)
        goes = goes_at(one.at, since, retention.grace)
        yield Due(RecordClass.IMAGES, subject, rule, goes, uid in on_hold)


def _recordings(
    connection: Connection, retention: Retention, at: datetime, ahead: timedelta, institution_id: str | None
) -> Iterator[Due]:
    on_hold, known = consults_on_hold(connection), announced(connection, "recording")
    own = select(consults.c.id).where(consults.c.inviting_institution_id == institution_id)
    of_institution = set(connection.execute(own).scalars()) if institution_id else None
    for one in due_recordings(connection, retention, at + ahead):
        when = due_at(retention, one)
        if when is not None and (of_institution is None or one.consult_id in of_institution):
            subject, rule = subject_of_recording(one), rule_of(retention, one)
            goes = goes_at(when, announced_since(known, subject, rule, at), retention.grace)
            record_class = RecordClass(f"recording-{one.retention_class}")
            yield Due(record_class, subject, rule, goes, one.consult_id in on_hold)
