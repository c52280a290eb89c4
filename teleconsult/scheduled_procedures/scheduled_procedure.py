"""Planned examinations: what a scanner finds on its worklist, and how that ends."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from enum import StrEnum

from imaging.modality_worklist import WorklistEntry
from teleconsult.errors import IllegalTransition


class ProcedureStatus(StrEnum):
    SCHEDULED = "scheduled"
    COMPLETED = "completed"  # its study has arrived
    CANCELLED = "cancelled"


class ProcedureEvent(StrEnum):
    CANCEL = "cancel"
    STUDY_ARRIVED = "study-arrived"


TRANSITIONS: Mapping[ProcedureStatus, Mapping[ProcedureEvent, ProcedureStatus]] = {
    ProcedureStatus.SCHEDULED: {
        ProcedureEvent.CANCEL: ProcedureStatus.CANCELLED,
        ProcedureEvent.STUDY_ARRIVED: ProcedureStatus.COMPLETED,
    },
    ProcedureStatus.COMPLETED: {},
    ProcedureStatus.CANCELLED: {},
}


@dataclass(frozen=True, slots=True)
class ScheduledProcedure:
    """One examination that is planned.

    Attributes:
        patient_name: as DICOM writes names, PS3.5 6.2.1.
        patient_birth_date: YYYY-MM-DD.
        study_instance_uid: the one that the scanner is told to use.
        scheduled_station_ae_title: None: any scanner of that modality.
    """

    id: str
    institution_id: str
    patient_id: str
    patient_name: str
    patient_birth_date: str | None
    patient_sex: str | None
    accession_number: str
    study_instance_uid: str
    procedure_description: str | None
    modality: str
    scheduled_station_ae_title: str | None
    scheduled_at: datetime
    performing_physician_name: str | None
    status: ProcedureStatus
    created_by: str | None
    created_at: datetime

    def apply(self, event: ProcedureEvent) -> "ScheduledProcedure":
        """Raises IllegalTransition."""
        possible = TRANSITIONS[self.status]
        if event not in possible:
            raise IllegalTransition(event, self.status, possible)
        return replace(self, status=possible[event])

    def worklist_entry(self, zone: tzinfo | None) -> WorklistEntry:
        """As a scanner in that time zone is told; None: the zone of this machine."""
        return WorklistEntry(
            patient_name=self.patient_name,
            patient_id=self.patient_id,
            patient_birth_date=self.patient_birth_date,
            patient_sex=self.patient_sex,
            accession_number=self.accession_number,
            requested_procedure_id=self.accession_number,
            scheduled_procedure_step_id=self.accession_number,
            study_instance_uid=self.study_instance_uid,
            description=self.procedure_description,
            modality=self.modality,
            station_ae_title=self.scheduled_station_ae_title,
            scheduled_at=self.scheduled_at.astimezone(zone),
            performing_physician_name=self.performing_physician_name,
        )
