"""What the API says and takes about planned examinations."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from teleconsult.scheduled_procedures.scheduled_procedure import ProcedureStatus, ScheduledProcedure
from teleconsult.text import Text

# PS3.3 C.7.3.1.1.1: the modalities that are planned by a worklist.
Modality = Literal["CR", "CT", "DX", "ES", "MG", "MR", "NM", "OT", "PT", "RF", "US", "XA"]
NoBackslash = StringConstraints(pattern=r"^[^\\\n\t]*$")  # it would part values in DICOM, PS3.5 6.2


class ScheduledProcedureIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    patient_id: Annotated[Text, NoBackslash, Field(min_length=1, max_length=64)]
    patient_name: Annotated[Text, NoBackslash, Field(min_length=1, max_length=64)]
    patient_birth_date: date | None = None
    patient_sex: Literal["M", "F", "O"] | None = None
    modality: Modality
    procedure_description: Annotated[Text, NoBackslash, Field(max_length=64)] | None = None
    scheduled_at: AwareDatetime
    scheduled_station_ae_title: Annotated[Text, NoBackslash, Field(max_length=16)] | None = None
    performing_physician_name: Annotated[Text, NoBackslash, Field(max_length=64)] | None = None
    accession_number: Annotated[Text, NoBackslash, Field(max_length=16)] | None = None


class ScheduledProcedureEventIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    event: Literal["cancel"]


class ScheduledProcedureOut(BaseModel):
    id: str
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

    @classmethod
    def of(cls, planned: ScheduledProcedure) -> "ScheduledProcedureOut":
        return cls(
            id=planned.id,
            patient_id=planned.patient_id,
            patient_name=planned.patient_name,
            patient_birth_date=planned.patient_birth_date,
            patient_sex=planned.patient_sex,
            accession_number=planned.accession_number,
            study_instance_uid=planned.study_instance_uid,
            procedure_description=planned.procedure_description,
            modality=planned.modality,
            scheduled_station_ae_title=planned.scheduled_station_ae_title,
            scheduled_at=planned.scheduled_at,
            performing_physician_name=planned.performing_physician_name,
            status=planned.status,
        )
