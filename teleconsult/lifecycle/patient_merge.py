"""Two records of one person become one: studies and consults move, and can be moved back.

Only our records change. The files in the archive keep the number and name that they came with, and so does
whatever arrives later under the old number: it is shown under the patient it was merged into.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, insert, select, update

from storage import audit_log
from storage.tables import consults, patient_merges, patients, studies
from teleconsult.errors import MergeNotPossible, MergeUndone, NotFound
from teleconsult.users.user import User


@dataclass(frozen=True, slots=True)
class PatientMerge:
    id: str
    from_patient_id: str
    into_patient_id: str
    record: dict[str, Any]  # the patient as it was, and the studies and consults that moved
    merged_at: datetime
    undone_at: datetime | None


def merge(
    connection: Connection, from_id: str, into_id: str, *, user: User, reason: str, at: datetime
) -> str:
    """Return the merge's id.

    Raises:
        NotFound: one of them is not a patient of the user's institution.
        MergeNotPossible: the same one twice, or one was merged already.
    """
    leaving, staying = _own(connection, from_id, user), _own(connection, into_id, user)
    if leaving.id == staying.id or leaving.merged_into or staying.merged_into:
        raise MergeNotPossible
    moved_studies = _ids(connection, studies.c.study_instance_uid, studies.c.patient_id == leaving.id)
    moved_consults = _ids(connection, consults.c.id, consults.c.patient_id == leaving.id)
    _move(connection, moved_studies, moved_consults, staying.id)
    connection.execute(update(patients).where(patients.c.id == leaving.id).values(merged_into=staying.id))
    merge_id = str(uuid4())
    connection.execute(
        insert(patient_merges).values(
            id=merge_id,
            institution_id=user.institution.id,
            from_patient_id=leaving.id,
            into_patient_id=staying.id,
            record={"studies": moved_studies, "consults": moved_consults, "reason": reason},
            merged_by=user.id,
            merged_at=at,
        )
    )
    audit_log.record(
        connection,
        at=at,
        actor=user.id,
        action="patients-merged",
        subject=f"patient/{staying.id}",
        details={"from": leaving.id, "studies": moved_studies, "consults": moved_consults, "reason": reason},
    )
    return merge_id


def undo(connection: Connection, merge_id: str, *, user: User, reason: str, at: datetime) -> None:
    """Move back what the merge moved, and what came since under the old number.

    Raises:
        NotFound: no such merge in the user's institution.
        MergeUndone: that happened already.
        MergeNotPossible: the patient was merged further meanwhile: undo that first.
    """
    row = connection.execute(
        select(patient_merges).where(
            patient_merges.c.id == merge_id, patient_merges.c.institution_id == user.institution.id
        )
    ).first()
    if row is None:
        raise NotFound
    if row.undone_at is not None:
        raise MergeUndone
    if _own(connection, row.into_patient_id, user).merged_into is not None:
        raise MergeNotPossible
    moved_studies, moved_consults = row.record["studies"], row.record["consults"]
    _move(connection, moved_studies, moved_consults, row.from_patient_id)
    connection.execute(update(patients).where(patients.c.id == row.from_patient_id).values(merged_into=None))
    connection.execute(
        update(patient_merges).where(patient_merges.c.id == merge_id).values(undone_by=user.id, undone_at=at)
    )
    audit_log.record(
        connection,
        at=at,
        actor=user.id,
        action="patient-merge-undone",
        subject=f"patient/{row.from_patient_id}",
        details={"from": row.into_patient_id, "studies": moved_studies, "reason": reason},
    )


def merges_of(connection: Connection, institution_id: str) -> list[PatientMerge]:
    """The newest first."""
    rows = connection.execute(
        select(patient_merges)
        .where(patient_merges.c.institution_id == institution_id)
        .order_by(patient_merges.c.merged_at.desc())
    )
    return [
        PatientMerge(
            row.id, row.from_patient_id, row.into_patient_id, row.record, row.merged_at, row.undone_at
        )
        for row in rows
    ]


def note_arrival(
    connection: Connection, institution_id: str, patient_id: str, study_instance_uid: str
) -> None:
    """A new study came under the number of a patient that was merged: undoing the merge takes it along."""
    row = connection.execute(
        select(patient_merges.c.id, patient_merges.c.record)
        .join(patients, patients.c.id == patient_merges.c.from_patient_id)
        .where(
            patients.c.institution_id == institution_id,
            patients.c.patient_id == patient_id,
            patient_merges.c.undone_at.is_(None),
        )
    ).first()
    if row is not None:
        record = {**row.record, "studies": [*row.record["studies"], study_instance_uid]}
        connection.execute(update(patient_merges).where(patient_merges.c.id == row.id).values(record=record))


def _own(connection: Connection, patient_id: str, user: User) -> Row[Any]:
    row = connection.execute(select(patients).where(patients.c.id == patient_id)).first()
    if row is None or row.institution_id != user.institution.id:
        raise NotFound
    return row


def _ids(connection: Connection, column: Any, condition: Any) -> list[str]:
    return list(connection.execute(select(column).where(condition)).scalars())


def _move(
    connection: Connection, study_uids: Sequence[str], consult_ids: Sequence[str], patient_id: str
) -> None:
    connection.execute(
        update(studies).where(studies.c.study_instance_uid.in_(study_uids)).values(patient_id=patient_id)
    )
    connection.execute(update(consults).where(consults.c.id.in_(consult_ids)).values(patient_id=patient_id))
