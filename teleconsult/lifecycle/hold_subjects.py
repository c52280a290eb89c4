"""What a legal hold is on, or may be put on, as a page shows it."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, literal, null, or_, select

from storage.tables import consults, legal_holds, patients, studies
from teleconsult.lifecycle.hold_schemas import HoldSubjectOut
from teleconsult.lifecycle.legal_hold import is_shown_to, may_be_held
from teleconsult.studies.schemas import PatientOut

MOST_FOUND = 50


def subjects_by_name(
    connection: Connection, institution_id: str, names: Collection[str]
) -> dict[str, HoldSubjectOut]:
    """Of `consult/ID` and `study/UID`, as the institution sees them; also studies that were deleted since."""
    ids = {"consult": list[str](), "study": list[str]()}
    for kind, _, identifier in (name.partition("/") for name in names):
        ids[kind].append(identifier)
    found = [
        *_read(connection, _consults(institution_id).where(consults.c.id.in_(ids["consult"]))),
        *_read(connection, _studies(institution_id).where(studies.c.study_instance_uid.in_(ids["study"]))),
    ]
    return {one.subject: one for one in found}


def find_subjects(connection: Connection, institution_id: str, text: str) -> list[HoldSubjectOut]:
    """What the institution may hold of patients that fit each word, the newest first."""
    of_consults = _consults(institution_id).where(may_be_held(institution_id))
    of_studies = _studies(institution_id).where(
        studies.c.institution_id == institution_id, studies.c.deleted_at.is_(None)
    )
    for word in text.split():
        of_consults = of_consults.where(_fits(word, consults.c.id))
        of_studies = of_studies.where(
            _fits(word, studies.c.study_instance_uid, studies.c.study_description)
        )
    found = [
        *_read(connection, of_consults.order_by(consults.c.created_at.desc()).limit(MOST_FOUND)),
        *_read(connection, of_studies.order_by(studies.c.received_at.desc()).limit(MOST_FOUND)),
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)[:MOST_FOUND]


_PATIENT = (
    patients.c.id.label("whose"),
    patients.c.patient_id.label("number"),
    patients.c.name,
    patients.c.birth_date,
    patients.c.sex,
)


def _consults(institution_id: str) -> Select[Any]:
    return select(
        *_subject("consult", consults.c.id, institution_id),
        consults.c.created_at.label("at"),
        null().label("study_date"),
        null().label("study_description"),
        consults.c.specialty,
        consults.c.status,
        *_PATIENT,
    ).join_from(consults, patients, patients.c.id == consults.c.patient_id)


def _studies(institution_id: str) -> Select[Any]:
    return select(
        *_subject("study", studies.c.study_instance_uid, institution_id),
        studies.c.received_at.label("at"),
        studies.c.study_date,
        studies.c.study_description,
        null().label("specialty"),
        null().label("status"),
        *_PATIENT,
    ).join_from(studies, patients, patients.c.id == studies.c.patient_id)


def _subject(kind: str, key: ColumnElement[str], institution_id: str) -> tuple[ColumnElement[Any], ...]:
    """Its kind, its name, and how many holds stand on it."""
    subject = literal(f"{kind}/") + key
    holds = select(func.count()).where(
        legal_holds.c.subject == subject, legal_holds.c.lifted_at.is_(None), is_shown_to(institution_id)
    )
    return literal(kind).label("kind"), subject.label("subject"), holds.scalar_subquery().label("holds")


def _fits(word: str, key: ColumnElement[str], *texts: ColumnElement[Any]) -> ColumnElement[bool]:
    named = (patients.c.name, patients.c.patient_id, *texts)
    return or_(key == word, *(one.icontains(word, autoescape=True) for one in named))


def _read(connection: Connection, query: Select[Any]) -> list[HoldSubjectOut]:
    return [
        HoldSubjectOut(
            patient=PatientOut(
                id=row.whose, name=row.name, patient_id=row.number, birth_date=row.birth_date, sex=row.sex
            ),
            **{name: getattr(row, name) for name in HoldSubjectOut.model_fields if name != "patient"},
        )
        for row in connection.execute(query)
    ]
