"""Rules that delete studies, or move them to the cold store, once they are old enough. One pass a day.

What a consult rests on is held: no rule deletes it, whatever its age; and nobody what is on legal hold.
"""

import logging
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
from teleconsult.lifecycle.archive_removal import remove_all
from teleconsult.lifecycle.deletion import delete_study
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
            _note(connection, "retention-rule-removed", rule, user, at)
            return
    raise NotFound


def concerned(connection: Connection, rule: RetentionRule, at: datetime) -> list[str]:
    """Studies that the rule is about at this moment, the oldest first."""
    query = select(studies.c.study_instance_uid).where(
        studies.c.institution_id == rule.institution_id,
        studies.c.received_at < at - timedelta(days=rule.older_than_days),
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
    return list(connection.execute(query.where(~is_kept).order_by(studies.c.received_at)).scalars())


def apply_rules(parts: PartsOfApp, at: datetime) -> dict[str, int]:
    """Apply every rule once; how many studies each action met. Raises PacsUnavailable."""
    done = {str(action): 0 for action in Action}
    with parts.database.reading() as connection:
        rules = rules_of(connection)
    for rule in rules:
        with parts.database.reading() as connection:
            uids = concerned(connection, rule, at)
        for uid in uids:
            if _apply(parts, rule, uid, at):
                done[rule.action] += 1
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


def _apply(parts: PartsOfApp, rule: RetentionRule, study_instance_uid: str, at: datetime) -> bool:
    try:
        if rule.action is Action.COLD:
            make_cold(parts, study_instance_uid, "system", at)
            return True
        with parts.database.transaction() as connection:
            study = parts.studies.find(connection, study_instance_uid)
            if study is None or study.deleted_at is not None or is_held(connection, study_instance_uid):
                return False
            delete_study(parts, connection, study, actor="system", reason=f"retention-rule/{rule.id}", at=at)
        return True
    except (StudyInUse, StudyNotInArchive, OnLegalHold):  # somebody was quicker, or it is to be kept
        log.info("retention-skipped study_instance_uid=%s", study_instance_uid)
        return False


def _note(
    connection: Connection, action: str, rule: RetentionRule, user: User, at: datetime, **said: bool
) -> None:
    audit_log.record(
        connection,
        at=at,
        actor=user.id,
        action=action,
        subject=f"retention-rule/{rule.id}",
        details={
            "modality": rule.modality,
            "older_than_days": rule.older_than_days,
            "action": rule.action,
            **said,
        },
    )
