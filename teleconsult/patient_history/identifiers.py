"""Under which numbers a patient is known: the own one, merged ones, and those of the consult's studies."""

from dataclasses import dataclass

from sqlalchemy import Connection, or_, select

from storage.tables import consult_studies, institutions, patients, studies
from teleconsult.consults.consult import Consult
from teleconsult.users.user import Institution


@dataclass(frozen=True, slots=True)
class PatientNumber:
    """A patient's number, and the institution that gave it."""

    patient_id: str
    institution: Institution


def numbers_of(connection: Connection, consult: Consult) -> list[PatientNumber]:
    """The patient's own number first.

    A study under another number joins a consult only after a clinician said that it is the same person's.
    """
    of_studies = (
        select(studies.c.patient_id)
        .join(consult_studies, consult_studies.c.study_instance_uid == studies.c.study_instance_uid)
        .where(consult_studies.c.consult_id == consult.id)
    )
    query = (
        select(patients.c.id.label("uuid"), patients.c.patient_id, institutions)
        .join(institutions, institutions.c.id == patients.c.institution_id)
        .where(
            or_(
                patients.c.id == consult.patient_id,
                patients.c.merged_into == consult.patient_id,
                patients.c.id.in_(of_studies),
            )
        )
        .order_by(institutions.c.position, patients.c.patient_id)
    )
    rows = sorted(connection.execute(query).all(), key=lambda row: row.uuid != consult.patient_id)
    return [
        PatientNumber(row.patient_id, Institution(row.id, row.name_en, row.name_zh)) for row in rows
    ]
