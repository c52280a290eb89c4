"""What a legal hold is on, or may be put on, as a page shows it."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, or_, select

from storage.tables import consults, legal_holds, patients, studies
from teleconsult.consults.consult import Status
from teleconsult.lifecycle.hold_schemas import HoldSubjectOut
from teleconsult.studies.schemas import PatientOut

MOST_FOUND = 50


def subjects_by_name(connection: Connection, names: Collection[str]) -> dict[str, HoldSubjectOut]:
    """Of `consult/ID` and `study/UID`; also studies that were deleted since."""
    ids = {"consult": list[str](), "study": list[str]()}
    for kind, _, identifier in (name.partition("/") for name in names):
        ids[kind].append(identifier)
    found = [
        *_consults(connection, _OF_CONSULTS.where(consults.c.id.in_(ids["consult"]))),
        *_studies(connection, _OF_STUDIES.where(studies.c.study_instance_uid.in_(ids["study"]))),
    ]
    return {one.subject: one for one in found}


def find_subjects(connection: Connection, institution_id: str, text: str) -> list[HoldSubjectOut]:
    """Of the institution's own patients that fit each word, the newest first."""
    of_consults = _OF_CONSULTS.where(consults.c.inviting_institution_id == institution_id)
    of_studies = _OF_STUDIES.where(
        studies.c.institution_id == institution_id, studies.c.deleted_at.is_(None)
    )
    for word in text.split():
        of_consults = of_consults.where(_fits(word, consults.c.id))
        of_studies = of_studies.where(
            _fits(word, studies.c.study_instance_uid, studies.c.study_description)
        )
    found = [
        *_consults(connection, of_consults.order_by(consults.c.created_at.desc()).limit(MOST_FOUND)),
        *_studies(connection, of_studies.order_by(studies.c.received_at.desc()).limit(MOST_FOUND)),
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)[:MOST_FOUND]


_PATIENT = (
    patients.c.id.label("whose"),
    patients.c.patient_id.label("number"),
    patients.c.name,
    patients.c.birth_date,
    patients.c.sex,
)


def _standing_on(kind: str, key: ColumnElement[str]) -> ColumnElement[int]:
    """How many holds stand on it."""
    return (
        select(func.count())
        .where(legal_holds.c.subject == f"{kind}/" + key, legal_holds.c.lifted_at.is_(None))
        .scalar_subquery()
        .label("holds")
    )


_OF_CONSULTS = select(consults, *_PATIENT, _standing_on("consult", consults.c.id)).join(
    patients, patients.c.id == consults.c.patient_id
)
_OF_STUDIES = select(studies, *_PATIENT, _standing_on("study", studies.c.study_instance_uid)).join(
    patients, patients.c.id == studies.c.patient_id
)


def _fits(word: str, key: ColumnElement[str], *texts: ColumnElement[Any]) -> ColumnElement[bool]:
    named = (patients.c.name, patients.c.patient_id, *texts)
    return or_(key == word, *(one.icontains(word, autoescape=True) for one in named))


def _consults(connection: Connection, query: Select[Any]) -> list[HoldSubjectOut]:
    return [
        HoldSubjectOut(
            subject=f"consult/{row.id}",
            kind="consult",
            patient=_patient(row),
            at=row.created_at,
            study_date=None,
            study_description=None,
            specialty=row.specialty,
            status=Status(row.status),
            holds=row.holds,
        )
        for row in connection.execute(query)
    ]


def _studies(connection: Connection, query: Select[Any]) -> list[HoldSubjectOut]:
    return [
        HoldSubjectOut(
            subject=f"study/{row.study_instance_uid}",
            kind="study",
            patient=_patient(row),
            at=row.received_at,
            study_date=row.study_date,
            study_description=row.study_description,
            specialty=None,
            status=None,
            holds=row.holds,
        )
        for row in connection.execute(query)
    ]


def _patient(row: Row[Any]) -> PatientOut:
    return PatientOut(
        id=row.whose, name=row.name, patient_id=row.number, birth_date=row.birth_date, sex=row.sex
    )
