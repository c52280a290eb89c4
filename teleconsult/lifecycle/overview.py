"""What the page on which studies are managed shows of one institution."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select

from storage.tables import (
    audit_log,
    consult_studies,
    consults,
    instance_conflicts,
    instances,
    patients,
    series,
    studies,
)
from teleconsult.access import Upkeep, may_keep_up
from teleconsult.lifecycle.due import Due, due
from teleconsult.lifecycle.patient_merge import merges_of
from teleconsult.lifecycle.record_classes import Retention
from teleconsult.lifecycle.retention import RetentionRule, concerned, rules_of, subject_of
from teleconsult.lifecycle.schemas import (
    ConflictOut,
    DeletedStudyOut,
    ManagedSeriesOut,
    ManagedStudyOut,
    ManagementOut,
    MayOut,
    MergeOut,
    ReconciliationOut,
    RecordClassOut,
    RetentionRuleOut,
)
from teleconsult.lifecycle.study_rows import OVER
from teleconsult.studies.reconciliation import ACTION as RECONCILED
from teleconsult.studies.schemas import PatientOut
from teleconsult.users.user import User

AT_MOST = 100
SOON = timedelta(days=30)


def overview(
    connection: Connection, user: User, retention: Retention, text: str, at: datetime
) -> ManagementOut:
    """The newest studies and the patients that fit `text`, and everything else that can be managed."""
    found = _studies(connection, user, text, deleted=False)
    soon = due(connection, retention, at, user.institution.id, ahead=SOON)
    return ManagementOut(
        may=MayOut(**{upkeep.name.lower(): may_keep_up(user, upkeep) for upkeep in Upkeep}),
        studies=_managed(connection, found),
        deleted=[
            DeletedStudyOut(
                study_instance_uid=row.study_instance_uid,
                study_date=row.study_date,
                study_description=row.study_description,
                patient=_patient_of(row),
                deleted_at=row.deleted_at,
                reason=row.deletion_reason or "",
            )
            for row in _studies(connection, user, text, deleted=True)
        ],
        patients=_patients(connection, user, text),
        merges=_merges(connection, user),
        rules=[
            _rule_out(connection, rule, soon, at) for rule in rules_of(connection, user.institution.id)
        ],
        record_classes=RecordClassOut.of_all(retention, soon),
        grace_days=retention.grace_days,
        conflicts=_conflicts(connection, user),
        last_reconciliation=_last_reconciliation(connection),
    )


def rule_out(
    connection: Connection, rule: RetentionRule, retention: Retention, at: datetime
) -> RetentionRuleOut:
    soon = due(connection, retention, at, rule.institution_id, ahead=SOON)
    return _rule_out(connection, rule, soon, at)


def _rule_out(
    connection: Connection, rule: RetentionRule, soon: Sequence[Due], at: datetime
) -> RetentionRuleOut:
    name = subject_of(rule)
    return RetentionRuleOut(
        id=rule.id,
        modality=rule.modality,
        older_than_days=rule.older_than_days,
        action=rule.action,
        concerned_now=len(concerned(connection, rule, at)),
        first_goes_at=min(
            (one.goes_at for one in soon if one.rule == name and not one.is_on_hold), default=None
        ),
    )


def _studies(connection: Connection, user: User, text: str, *, deleted: bool) -> list[Row[Any]]:
    query = (
        select(
            studies,
            patients.c.patient_id.label("number"),
            patients.c.name,
            patients.c.birth_date,
            patients.c.sex,
        )
        .join(patients, patients.c.id == studies.c.patient_id)
        .where(
            studies.c.institution_id == user.institution.id,
            studies.c.deleted_at.is_not(None) if deleted else studies.c.deleted_at.is_(None),
        )
        .order_by((studies.c.deleted_at if deleted else studies.c.received_at).desc())
        .limit(AT_MOST)
    )
    for word in text.split():
        query = query.where(
            or_(
                patients.c.name.ilike(f"%{word}%"),
                patients.c.patient_id.ilike(f"%{word}%"),
                studies.c.study_description.ilike(f"%{word}%"),
            )
        )
    return list(connection.execute(query))


def _managed(connection: Connection, found: list[Row[Any]]) -> list[ManagedStudyOut]:
    uids = [row.study_instance_uid for row in found]
    by_study: dict[str, list[ManagedSeriesOut]] = {uid: [] for uid in uids}
    for row in connection.execute(
        select(
            series.c.study_instance_uid,
            series.c.series_instance_uid,
            series.c.modality,
            series.c.description,
            func.count(instances.c.sop_instance_uid).label("images"),
        )
        .join(instances, instances.c.series_instance_uid == series.c.series_instance_uid)
        .where(series.c.study_instance_uid.in_(uids), instances.c.is_image)
        .group_by(series.c.series_instance_uid)
        .order_by(series.c.series_number)
    ):
        by_study[row.study_instance_uid].append(
            ManagedSeriesOut(
                series_instance_uid=row.series_instance_uid,
                modality=row.modality,
                description=row.description,
                instance_count=row.images,
            )
        )
    used = set(
        connection.execute(
            select(consult_studies.c.study_instance_uid)
            .join(consults, consults.c.id == consult_studies.c.consult_id)
            .where(consult_studies.c.study_instance_uid.in_(uids), consults.c.status.not_in(OVER))
        ).scalars()
    )
    return [
        ManagedStudyOut(
            study_instance_uid=row.study_instance_uid,
            patient=_patient_of(row),
            study_date=row.study_date,
            study_description=row.study_description,
            received_at=row.received_at,
            tier=row.tier,
            is_in_use=row.study_instance_uid in used,
            series=by_study[row.study_instance_uid],
        )
        for row in found
    ]


def _patients(connection: Connection, user: User, text: str) -> list[PatientOut]:
    query = select(patients).where(
        patients.c.institution_id == user.institution.id, patients.c.merged_into.is_(None)
    )
    for word in text.split():
        query = query.where(or_(patients.c.name.ilike(f"%{word}%"), patients.c.patient_id.ilike(f"%{word}%")))
    return [_patient(row) for row in connection.execute(query.order_by(patients.c.name).limit(AT_MOST))]


def _merges(connection: Connection, user: User) -> list[MergeOut]:
    merges = merges_of(connection, user.institution.id)
    ids = {one for merge in merges for one in (merge.from_patient_id, merge.into_patient_id)}
    rows = connection.execute(select(patients).where(patients.c.id.in_(ids)))
    known = {row.id: _patient(row) for row in rows}
    return [
        MergeOut(
            id=merge.id,
            from_patient=known[merge.from_patient_id],
            into_patient=known[merge.into_patient_id],
            study_count=len(merge.record["studies"]),
            consult_count=len(merge.record["consults"]),
            reason=merge.record["reason"],
            merged_at=merge.merged_at,
            undone_at=merge.undone_at,
        )
        for merge in merges
    ]


def _conflicts(connection: Connection, user: User) -> list[ConflictOut]:
    rows = connection.execute(
        select(instance_conflicts)
        .where(instance_conflicts.c.institution_id == user.institution.id)
        .order_by(instance_conflicts.c.resolved_at.is_not(None), instance_conflicts.c.found_at.desc())
        .limit(AT_MOST)
    )
    return [
        ConflictOut(
            id=row.id,
            sop_instance_uid=row.sop_instance_uid,
            study_instance_uid=row.study_instance_uid,
            found_at=row.found_at,
            has_other_file=row.quarantine_key is not None,
            resolved_at=row.resolved_at,
            resolution=row.resolution,
        )
        for row in rows
    ]


def _last_reconciliation(connection: Connection) -> ReconciliationOut | None:
    row = connection.execute(
        select(audit_log.c.at, audit_log.c.details)
        .where(audit_log.c.action == RECONCILED)
        .order_by(audit_log.c.sequence.desc())
        .limit(1)
    ).first()
    return ReconciliationOut.of(row.at, row.details) if row else None


def _patient_of(row: Row[Any]) -> PatientOut:
    return PatientOut(
        id=row.patient_id, name=row.name, patient_id=row.number, birth_date=row.birth_date, sex=row.sex
    )


def _patient(row: Row[Any]) -> PatientOut:
    return PatientOut(
        id=row.id, name=row.name, patient_id=row.patient_id, birth_date=row.birth_date, sex=row.sex
    )
