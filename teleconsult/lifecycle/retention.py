"""Rules that delete studies, or move them to the cold store, once they are old enough. One pass a day.

What a consult rests on is held: no rule deletes it, whatever its age; and nobody what is on legal hold.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import uuid4

from sqlalchemy import Connection, delete, exists, insert, select

from storage import audit_log
from storage.tables import audit_log as audit_rows
from storage.tables import consult_studies, consults, retention_rules, series, studies
from teleconsult.dependencies import PartsOfApp
from teleconsult.errors import NotFound, OnLegalHold, RetentionTooShort, StudyInUse, StudyNotInArchive
from teleconsult.lifecycle.announced_deletions import announce, forget_rule, goes_at
from teleconsult.lifecycle.archive_removal import remove_all
from teleconsult.lifecycle.deletion import delete_study
from teleconsult.lifecycle.legal_hold import studies_on_hold
from teleconsult.lifecycle.record_classes import CLASSES, RecordClass
from teleconsult.lifecycle.study_rows import NEVER_TOOK_PLACE, OVER, is_held
from teleconsult.lifecycle.tiering import make_cold
from teleconsult.users.user import User

PASS = "retention-pass"  # the audit log's action
EVERY = timedelta(days=1)
log = logging.getLogger(__name__)


class Action(StrEnum):
    DELETE = "delete"
    COLD = "cold"


@dataclass(frozen=True, slots=True)
class RetentionRule:
    id: str
    institution_id: str
    modality: str | None  # None: any
    older_than_days: int  # since the study was received
    action: Action
    created_at: datetime


def rules_of(connection: Connection, institution_id: str | None = None) -> list[RetentionRule]:
    """The rules of an institution, or of all, those that keep longest last."""
    query = select(retention_rules).order_by(retention_rules.c.older_than_days)
    if institution_id is not None:
        query = query.where(retention_rules.c.institution_id == institution_id)
    return [
        RetentionRule(
            row.id, row.institution_id, row.modality, row.older_than_days, Action(row.action), row.created_at
        )
        for row in connection.execute(query)
    ]


def add_rule(
    connection: Connection,
    *,
    user: User,
    modality: str | None,
    older_than_days: int,
    action: Action,
    originals_elsewhere: bool = False,
    at: datetime,
) -> RetentionRule:
    """Raises RetentionTooShort: it would delete what the law wants kept, and there is no other original."""
    least = CLASSES[RecordClass.IMAGES].least_days or 0
    if action is Action.DELETE and older_than_days < least and not originals_elsewhere:
        raise RetentionTooShort
    rule = RetentionRule(str(uuid4()), user.institution.id, modality, older_than_days, action, at)
    connection.execute(
        insert(retention_rules).values(
            id=rule.id,
            institution_id=rule.institution_id,
            modality=modality,
            older_than_days=older_than_days,
            action=action,
            created_by=user.id,
            created_at=at,
        )
    )
    _note(connection, "retention-rule-added", rule, user, at, originals_elsewhere=originals_elsewhere)
    return rule


def remove_rule(connection: Connection, rule_id: str, *, user: User, at: datetime) -> None:
    """Raises NotFound, also for another institution's."""
    for rule in rules_of(connection, user.institution.id):
        if rule.id == rule_id:
            connection.execute(delete(retention_rules).where(retention_rules.c.id == rule_id))
            forget_rule(connection, subject_of(rule))
            _note(connection, "retention-rule-removed", rule, user, at)
            return
    raise NotFound


def subject_of(rule: RetentionRule) -> str:
    return f"retention-rule/{rule.id}"


def concerned(connection: Connection, rule: RetentionRule, at: datetime) -> dict[str, datetime]:
    """Studies that the rule is about at this moment, and since when, the oldest first."""
    age = timedelta(days=rule.older_than_days)
    query = select(studies.c.study_instance_uid, studies.c.received_at).where(
        studies.c.institution_id == rule.institution_id,
        studies.c.received_at < at - age,
        studies.c.deleted_at.is_(None),
    )
    if rule.action is Action.COLD:
        query = query.where(studies.c.tier == "archive")
    if rule.modality is not None:
        query = query.where(
            exists().where(
                series.c.study_instance_uid == studies.c.study_instance_uid,
                series.c.modality == rule.modality,
            )
        )
    lets_go = NEVER_TOOK_PLACE if rule.action is Action.DELETE else OVER
    is_kept = exists().where(
        consult_studies.c.study_instance_uid == studies.c.study_instance_uid,
        consult_studies.c.consult_id == consults.c.id,
        consults.c.status.not_in(lets_go),
    )
    rows = connection.execute(query.where(~is_kept).order_by(studies.c.received_at))
    return {uid: received_at + age for uid, received_at in rows}


@dataclass(frozen=True, slots=True)
class StudyDue:
    rule: RetentionRule
    at: datetime  # since when


def due_studies(
    connection: Connection, at: datetime, institution_id: str | None = None
) -> dict[str, StudyDue]:
    """Those that a rule would delete by age, also those on legal hold: by UID."""
    found: dict[str, StudyDue] = {}
    for rule in rules_of(connection, institution_id):
        if rule.action is Action.DELETE:
            for uid, since in concerned(connection, rule, at).items():
                found.setdefault(uid, StudyDue(rule, since))
    return found


def apply_rules(parts: PartsOfApp, at: datetime) -> dict[str, int]:
    """Apply every rule once; how many studies each action met. Raises PacsUnavailable."""
    done = {str(Action.DELETE): delete_due(parts, at), str(Action.COLD): 0}
    with parts.database.reading() as connection:
        rules = [rule for rule in rules_of(connection) if rule.action is Action.COLD]
    for rule in rules:
        with parts.database.reading() as connection:
            uids = concerned(connection, rule, at)
        for uid in uids:
            with _passing_over(uid):
                make_cold(parts, uid, "system", at)
                done[Action.COLD] += 1
    remove_all(parts)
    with parts.database.transaction() as connection:
        audit_log.record(connection, at=at, actor="system", action=PASS, subject="retention", details=done)
    return done


def apply_if_due(parts: PartsOfApp, at: datetime) -> bool:
    """Apply the rules if that was not done for a day. False: there is nothing more to do now."""
    with parts.database.reading() as connection:
        if not rules_of(connection):
            return False
        recent = select(audit_rows.c.sequence).where(
            audit_rows.c.action == PASS, audit_rows.c.at > at - EVERY
        )
        if connection.execute(recent.limit(1)).first() is not None:
            return False
    apply_rules(parts, at)
    return False


def announce_due(parts: PartsOfApp, at: datetime) -> dict[str, tuple[StudyDue, datetime]]:
    """Announce the studies that fall due within the days of grace: by subject, and since when it is said."""
    with parts.database.reading() as connection:
        on_hold = studies_on_hold(connection)
        coming = {
            f"study/{uid}": due
            for uid, due in due_studies(connection, at + parts.settings.retention.grace).items()
            if uid not in on_hold
        }
    rules = {subject: subject_of(due.rule) for subject, due in coming.items()}
    said = announce(parts.database, "study", rules, at)
    return {subject: (coming[subject], since) for subject, since in said.items()}


def delete_due(parts: PartsOfApp, at: datetime) -> int:
    """Announce what falls due, delete what was announced for long enough; how many studies went."""
    grace = parts.settings.retention.grace
    done = 0
    for subject, (due, since) in announce_due(parts, at).items():
        if goes_at(due.at, since, grace) > at:
            continue
        uid = subject.removeprefix("study/")
        with _passing_over(uid), parts.database.transaction() as connection:
            study = parts.studies.find(connection, uid)
            if study is not None and study.deleted_at is None and not is_held(connection, uid):
                delete_study(
                    parts,
                    connection,
                    study,
                    actor="system",
                    reason=subject_of(due.rule),
                    at=at,
                    announced_at=since,
                )
                done += 1
    return done


@contextmanager
def _passing_over(study_instance_uid: str) -> Iterator[None]:
    """Somebody was quicker, or it is to be kept."""
    try:
        yield
    except (StudyInUse, StudyNotInArchive, OnLegalHold):
        log.info("retention-skipped study_instance_uid=%s", study_instance_uid)


def _note(
    connection: Connection, action: str, rule: RetentionRule, user: User, at: datetime, **said: bool
) -> None:
    audit_log.record(
        connection,
        at=at,
        actor=user.id,
        action=action,
        subject=subject_of(rule),
        details={
            "modality": rule.modality,
            "older_than_days": rule.older_than_days,
            "action": rule.action,
            **said,
        },
    )
