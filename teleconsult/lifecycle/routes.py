"""Keep studies and patients of the own institution in order. Who may do what is a table in `access`."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import select, update

from storage import audit_log
from storage.tables import instance_conflicts
from teleconsult import access
from teleconsult.access import Upkeep
from teleconsult.dependencies import CurrentUser, Now, Parts
from teleconsult.errors import ConflictResolved, NotAllowed, NotFound
from teleconsult.lifecycle import patient_merge, retention, study_split, tiering
from teleconsult.lifecycle.deletion import delete_study, empty_archive_now
from teleconsult.lifecycle.overview import overview, rule_out
from teleconsult.lifecycle.schemas import (
    ManagementOut,
    MergeIn,
    PreviewedRule,
    ReasonIn,
    ReconciliationOut,
    RetentionPreviewOut,
    RetentionRuleIn,
    RetentionRuleOut,
    SplitIn,
    SplitOut,
)
from teleconsult.lifecycle.study_rows import of_own_institution
from teleconsult.studies.arrival import assess_and_queue
from teleconsult.studies.reconciliation import Reconciliation
from teleconsult.users.user import User

router = APIRouter(prefix="/api/manage", tags=["manage"])


def require_upkeep(user: User, upkeep: Upkeep) -> None:
    if not access.may_keep_up(user, upkeep):
        raise NotAllowed


@router.get("")
def read_management(
    parts: Parts, user: CurrentUser, now: Now, q: Annotated[str, Query(max_length=200)] = ""
) -> ManagementOut:
    """Studies and patients of the own institution that fit `q`, and what else is kept in order."""
    if not access.may_keep_anything_up(user):
        raise NotAllowed
    with parts.database.transaction() as connection:
        audit_log.record(connection, at=now, actor=user.id, action="management-viewed", subject="studies")
        return overview(connection, user, parts.settings.retention, q, now)


@router.post("/studies/{study_instance_uid}/deletion", status_code=204)
def delete(study_instance_uid: str, body: ReasonIn, parts: Parts, user: CurrentUser, now: Now) -> None:
    """Images and objects go; that it was there, and why it went, stays. Sending it again restores it."""
    require_upkeep(user, Upkeep.DELETE_STUDY)
    with parts.database.transaction() as connection:
        study = of_own_institution(parts.studies, connection, study_instance_uid, user)
        delete_study(parts, connection, study, actor=user.id, reason=body.reason, at=now)
    empty_archive_now(parts)


@router.post("/studies/{study_instance_uid}/split", status_code=201)
def split(study_instance_uid: str, body: SplitIn, parts: Parts, user: CurrentUser, now: Now) -> SplitOut:
    """Some series become a study of another patient, with new UIDs."""
    require_upkeep(user, Upkeep.SPLIT_STUDY)
    with parts.database.reading() as connection:
        study = of_own_institution(parts.studies, connection, study_instance_uid, user)
    patient = study_split.OtherPatient(body.patient_id, body.patient_name, body.birth_date, body.sex)
    into = study_split.split_study(
        parts, study, frozenset(body.series_instance_uids), patient, user=user, reason=body.reason, at=now
    )
    empty_archive_now(parts)
    for uid in (into, study_instance_uid):
        assess_and_queue(parts, uid, now)
    return SplitOut(study_instance_uid=into)


@router.post("/studies/{study_instance_uid}/cold", status_code=204)
def move_to_cold_store(study_instance_uid: str, parts: Parts, user: CurrentUser, now: Now) -> None:
    require_upkeep(user, Upkeep.CHANGE_TIER)
    with parts.database.reading() as connection:
        of_own_institution(parts.studies, connection, study_instance_uid, user)
    tiering.make_cold(parts, study_instance_uid, user.id, now)
    empty_archive_now(parts)


@router.post("/studies/{study_instance_uid}/recall", status_code=202)
def bring_back(study_instance_uid: str, parts: Parts, user: CurrentUser, now: Now) -> None:
    """Opening the study does this too."""
    require_upkeep(user, Upkeep.CHANGE_TIER)
    with parts.database.transaction() as connection:
        of_own_institution(parts.studies, connection, study_instance_uid, user)
        tiering.ask_back(connection, study_instance_uid, user.id, now)


@router.post("/merges", status_code=201)
def merge_patients(body: MergeIn, parts: Parts, user: CurrentUser, now: Now) -> dict[str, str]:
    """Studies and consults of one patient are shown under another. Files in the archive stay as they are."""
    require_upkeep(user, Upkeep.MERGE_PATIENTS)
    with parts.database.transaction() as connection:
        merge_id = patient_merge.merge(
            connection, body.from_patient_id, body.into_patient_id, user=user, reason=body.reason, at=now
        )
    return {"id": merge_id}


@router.post("/merges/{merge_id}/undo", status_code=204)
def undo_merge(merge_id: str, body: ReasonIn, parts: Parts, user: CurrentUser, now: Now) -> None:
    require_upkeep(user, Upkeep.MERGE_PATIENTS)
    with parts.database.transaction() as connection:
        patient_merge.undo(connection, merge_id, user=user, reason=body.reason, at=now)


@router.get("/retention-rules/preview")
def preview_retention_rule(
    asked: Annotated[PreviewedRule, Query()], parts: Parts, user: CurrentUser, now: Now
) -> RetentionPreviewOut:
    """What a rule that is not there yet would meet, and when it would begin."""
    require_upkeep(user, Upkeep.SET_RETENTION)
    rule = retention.RetentionRule(
        "", user.institution.id, asked.modality, asked.older_than_days, asked.action, now
    )
    with parts.database.reading() as connection:
        concerned = retention.concerned(connection, rule, now)
    grace = parts.settings.retention.grace if asked.action is retention.Action.DELETE else timedelta(0)
    return RetentionPreviewOut(concerned_now=len(concerned), begins_at=now + grace)


@router.post("/retention-rules", status_code=201)
def add_retention_rule(body: RetentionRuleIn, parts: Parts, user: CurrentUser, now: Now) -> RetentionRuleOut:
    """What a consult rests on is never deleted by a rule. Rules are applied once a day; announced at once."""
    require_upkeep(user, Upkeep.SET_RETENTION)
    with parts.database.transaction() as connection:
        rule = retention.add_rule(
            connection,
            user=user,
            modality=body.modality,
            older_than_days=body.older_than_days,
            action=body.action,
            originals_elsewhere=body.originals_elsewhere,
            at=now,
        )
    retention.announce_due(parts, now)
    with parts.database.reading() as connection:
        return rule_out(connection, rule, parts.settings.retention, now)


@router.delete("/retention-rules/{rule_id}", status_code=204)
def remove_retention_rule(rule_id: str, parts: Parts, user: CurrentUser, now: Now) -> None:
    require_upkeep(user, Upkeep.SET_RETENTION)
    with parts.database.transaction() as connection:
        retention.remove_rule(connection, rule_id, user=user, at=now)
    retention.announce_due(parts, now)  # another rule's, now that this one is gone


@router.post("/conflicts/{conflict_id}/resolution", status_code=204)
def resolve_conflict(conflict_id: str, body: ReasonIn, parts: Parts, user: CurrentUser, now: Now) -> None:
    """Somebody looked at it. The image in the archive stays; the other file stays in quarantine."""
    require_upkeep(user, Upkeep.RESOLVE_CONFLICT)
    with parts.database.transaction() as connection:
        row = connection.execute(
            select(instance_conflicts).where(
                instance_conflicts.c.id == conflict_id,
                instance_conflicts.c.institution_id == user.institution.id,
            )
        ).first()
        if row is None:
            raise NotFound
        if row.resolved_at is not None:
            raise ConflictResolved
        connection.execute(
            update(instance_conflicts)
            .where(instance_conflicts.c.id == conflict_id)
            .values(resolved_at=now, resolved_by=user.id, resolution=body.reason)
        )
        audit_log.record(
            connection,
            at=now,
            actor=user.id,
            action="instance-conflict-resolved",
            subject=f"instance/{row.sop_instance_uid}",
            details={"reason": body.reason},
        )


@router.post("/reconciliation")
def reconcile(parts: Parts, user: CurrentUser, now: Now) -> ReconciliationOut:
    """Find and mend differences between the archive and our records."""
    require_upkeep(user, Upkeep.RECONCILE)
    look = Reconciliation(parts, now)
    look.run()
    return ReconciliationOut.of(now, look.summary)
