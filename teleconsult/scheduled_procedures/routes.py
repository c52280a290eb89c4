"""Planning an examination: it is on the scanner's worklist until its study arrives or it is called off."""

import secrets
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends
from pydicom.uid import generate_uid

from storage import audit_log
from teleconsult import access
from teleconsult.dependencies import Now, Parts, who
from teleconsult.dicom_peers.dicom_peer import checked_ae_title
from teleconsult.errors import AccessionNumberTaken
from teleconsult.scheduled_procedures.repository import ScheduledProcedureRepository
from teleconsult.scheduled_procedures.scheduled_procedure import (
    ProcedureEvent,
    ProcedureStatus,
    ScheduledProcedure,
)
from teleconsult.scheduled_procedures.schemas import (
    ScheduledProcedureEventIn,
    ScheduledProcedureIn,
    ScheduledProcedureOut,
)
from teleconsult.users.user import User

router = APIRouter(prefix="/api/scheduled-procedures", tags=["schedule"])
procedures = ScheduledProcedureRepository()


Clinician = Annotated[User, Depends(who(access.may_schedule))]


@router.get("")
def list_scheduled_procedures(parts: Parts, user: Clinician, now: Now) -> list[ScheduledProcedureOut]:
    """What the own institution has planned, from a month ago on."""
    with parts.database.reading() as connection:
        found = procedures.recent_of(connection, user.institution.id, now)
    return [ScheduledProcedureOut.of(planned) for planned in found]


@router.post("", status_code=201)
def schedule_procedure(
    body: ScheduledProcedureIn, parts: Parts, user: Clinician, now: Now
) -> ScheduledProcedureOut:
    station = body.scheduled_station_ae_title
    planned = ScheduledProcedure(
        id=str(uuid4()),
        institution_id=user.institution.id,
        patient_id=body.patient_id,
        patient_name=body.patient_name,
        patient_birth_date=body.patient_birth_date.isoformat() if body.patient_birth_date else None,
        patient_sex=body.patient_sex,
        accession_number=body.accession_number or f"T{now:%y%m%d}{secrets.token_hex(4).upper()}",
        study_instance_uid=str(generate_uid()),
        procedure_description=body.procedure_description or None,
        modality=body.modality,
        scheduled_station_ae_title=checked_ae_title(station) if station else None,
        scheduled_at=body.scheduled_at,
        performing_physician_name=body.performing_physician_name or None,
        status=ProcedureStatus.SCHEDULED,
        created_by=user.id,
        created_at=now,
    )
    with parts.database.transaction() as connection:
        if procedures.has_accession_number(connection, planned.institution_id, planned.accession_number):
            raise AccessionNumberTaken
        procedures.add(connection, planned)
        audit_log.record(
            connection,
            at=now,
            actor=user.id,
            action="procedure-scheduled",
            subject=f"scheduled-procedure/{planned.id}",
        )
    return ScheduledProcedureOut.of(planned)


@router.post("/{procedure_id}/events")
def record_procedure_event(
    procedure_id: str, body: ScheduledProcedureEventIn, parts: Parts, user: Clinician, now: Now
) -> ScheduledProcedureOut:
    """Call off what is planned: no scanner finds it any more."""
    event = ProcedureEvent(body.event)
    with parts.database.transaction() as connection:
        planned = procedures.get_of(connection, procedure_id, user.institution.id).apply(event)
        procedures.save(connection, planned)
        audit_log.record(
            connection,
            at=now,
            actor=user.id,
            action="scheduled-procedure-cancelled",
            subject=f"scheduled-procedure/{planned.id}",
        )
    return ScheduledProcedureOut.of(planned)
