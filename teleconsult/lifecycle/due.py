"""What the rules would delete at a moment: for the dry run, and for the page that shows what falls due."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from storage.tables import consults
from teleconsult.lifecycle.legal_hold import consults_on_hold, studies_on_hold
from teleconsult.lifecycle.record_classes import RecordClass, Retention
from teleconsult.lifecycle.retention import Action, concerned, rules_of
from teleconsult.recordings.retention import due_recordings, rule_of


@dataclass(frozen=True, slots=True)
class Due:
    record_class: RecordClass
    subject: str  # study/UID or recording/ID
    rule: str
    is_on_hold: bool  # then it stays


def due(
    connection: Connection, retention: Retention, at: datetime, institution_id: str | None = None
) -> list[Due]:
    """All but notifications, which are no records of a patient; of one institution, or of all."""
    return [
        *_studies(connection, at, institution_id),
        *_recordings(connection, retention, at, institution_id),
    ]


def _studies(connection: Connection, at: datetime, institution_id: str | None) -> Iterator[Due]:
    on_hold, seen = studies_on_hold(connection), set()
    for rule in rules_of(connection, institution_id):
        for uid in concerned(connection, rule, at) if rule.action is Action.DELETE else ():
            if uid not in seen:
                seen.add(uid)
                yield Due(RecordClass.IMAGES, f"study/{uid}", f"retention-rule/{rule.id}", uid in on_hold)


def _recordings(
    connection: Connection, retention: Retention, at: datetime, institution_id: str | None
) -> Iterator[Due]:
    on_hold = consults_on_hold(connection)
    own = select(consults.c.id).where(consults.c.inviting_institution_id == institution_id)
    of_institution = set(connection.execute(own).scalars()) if institution_id else None
    for one in due_recordings(connection, retention, at):
        if of_institution is None or one.consult_id in of_institution:
            record_class = RecordClass(f"recording-{one.retention_class}")
            yield Due(
                record_class, f"recording/{one.id}", rule_of(retention, one), one.consult_id in on_hold
            )
