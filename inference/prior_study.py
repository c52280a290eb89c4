"""The study that a patient's findings are compared with, from the database."""

from datetime import date
from typing import Final

from sqlalchemy import Connection, exists, func, select

from imaging.finding import Finding
from inference.follow_up import PriorStudy
from inference.inference_job import WHOLE_SERIES, JobStatus
from storage.tables import edit_in_force, finding_edits, findings, inference_jobs, patients, studies

# Where patients were merged, all studies are shown under one.
_shown_patient: Final = func.coalesce(patients.c.merged_into, patients.c.id)


def _date(text: str) -> date | None:
    """Return a date as the table keeps it, None where the header had no real one."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def prior_of(connection: Connection, study_instance_uid: str, slot: str) -> PriorStudy | None:
    """Return the patient's newest earlier study that was read for the same task, None without one.

    What the model marked there and nobody rejected counts, whichever version marked it, and as a reader
    measured it where one did so anew.
    """
    current = connection.execute(
        select(studies.c.study_date, _shown_patient.label("patient"))
        .join(patients, studies.c.patient_id == patients.c.id)
        .where(studies.c.study_instance_uid == study_instance_uid)
    ).first()
    if current is None or current.study_date is None:
        return None
    prior = connection.execute(
        select(studies.c.study_instance_uid, studies.c.study_date)
        .join(patients, studies.c.patient_id == patients.c.id)
        .where(
            _shown_patient == current.patient,
            studies.c.study_date < current.study_date,
            studies.c.deleted_at.is_(None),
            exists().where(
                inference_jobs.c.study_instance_uid == studies.c.study_instance_uid,
                inference_jobs.c.model == slot,
                inference_jobs.c.slab_index == WHOLE_SERIES,
                inference_jobs.c.status == JobStatus.COMPLETED,
            ),
        )
        .order_by(studies.c.study_date.desc())
        .limit(1)
    ).first()
    if prior is None:
        return None
    records = connection.execute(
        select(findings.c.record, finding_edits.c.record.label("edit"))
        .join(inference_jobs, findings.c.job_id == inference_jobs.c.id)
        .outerjoin(finding_edits, edit_in_force)
        .where(
            findings.c.study_instance_uid == prior.study_instance_uid,
            findings.c.status != "rejected",
            inference_jobs.c.model == slot,
        )
        .order_by(findings.c.id)
    )
    on, now = (_date(text) for text in (prior.study_date, current.study_date))
    return PriorStudy(
        prior.study_instance_uid,
        on,
        None if on is None or now is None else (now - on).days,
        [Finding.from_json(row.edit or row.record) for row in records],
    )
