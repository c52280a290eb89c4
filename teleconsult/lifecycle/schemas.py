"""What the API says and takes about keeping studies and patients in order."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from teleconsult.lifecycle.due import Due
from teleconsult.lifecycle.record_classes import CLASSES, RecordClass, Retention, SetBy
from teleconsult.lifecycle.retention import Action
from teleconsult.studies.schemas import PatientOut
from teleconsult.text import Text

Reason = Annotated[Text, Field(min_length=3, max_length=1000)]
Uid = Annotated[Text, Field(pattern=r"^[0-9.]{1,64}$")]
Date = Annotated[Text, Field(pattern=r"^(\d{8})?$")]


class In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ReasonIn(In):
    reason: Reason


class SplitIn(In):
    """Whose the series are: name in DICOM's form (carets), birth date as YYYYMMDD or empty."""

    series_instance_uids: Annotated[list[Uid], Field(min_length=1, max_length=500)]
    patient_id: Annotated[Text, Field(min_length=1, max_length=64)]
    patient_name: Annotated[Text, Field(min_length=1, max_length=200)]
    birth_date: Date = ""
    sex: Literal["", "F", "M", "O"] = ""
    reason: Reason


class SplitOut(BaseModel):
    study_instance_uid: str


class MergeIn(In):
    from_patient_id: Annotated[Text, Field(max_length=36)]
    into_patient_id: Annotated[Text, Field(max_length=36)]
    reason: Reason


class MergeOut(BaseModel):
    id: str
    from_patient: PatientOut
    into_patient: PatientOut
    study_count: int
    consult_count: int
    reason: str
    merged_at: datetime
    undone_at: datetime | None


class PreviewedRule(In):
    modality: Annotated[Text, Field(pattern=r"^[A-Z0-9]{1,16}$")] | None = None
    older_than_days: Annotated[int, Field(ge=1, le=36_500)]
    action: Action


class RetentionPreviewOut(BaseModel):
    concerned_now: int  # studies that are old enough today
    begins_at: datetime  # at the earliest


class RetentionRuleIn(PreviewedRule):
    originals_elsewhere: bool = False  # kept there for as long as the law asks


class RetentionRuleOut(BaseModel):
    id: str
    modality: str | None
    older_than_days: int
    action: Action
    concerned_now: int  # studies that are old enough
    first_goes_at: datetime | None  # at the earliest; null: the rule deletes nothing within a month


class RecordClassOut(BaseModel):
    """How long records of a class are kept. None: no number of days is set, or asked for by the law."""

    name: RecordClass
    set_by: SetBy
    days: int | None
    least_days: int | None
    due_soon: int  # would be deleted within 30 days
    on_hold: int  # of those whose days are over by then

    @classmethod
    def of_all(cls, retention: Retention, soon: Sequence[Due]) -> "list[RecordClassOut]":
        return [
            cls(
                name=name,
                set_by=row.set_by,
                days=retention.days.get(name),
                least_days=row.least_days,
                due_soon=sum(one.record_class is name and not one.is_on_hold for one in soon),
                on_hold=sum(one.record_class is name and one.is_on_hold for one in soon),
            )
            for name, row in CLASSES.items()
        ]


class ManagedSeriesOut(BaseModel):
    series_instance_uid: str
    modality: str
    description: str | None
    instance_count: int


class ManagedStudyOut(BaseModel):
    study_instance_uid: str
    patient: PatientOut
    study_date: str | None
    study_description: str | None
    received_at: datetime
    tier: Literal["archive", "cold", "warming"]
    is_in_use: bool
    series: list[ManagedSeriesOut]


class DeletedStudyOut(BaseModel):
    study_instance_uid: str
    study_date: str | None
    study_description: str | None
    patient: PatientOut
    deleted_at: datetime
    reason: str


class ConflictOut(BaseModel):
    id: str
    sop_instance_uid: str
    study_instance_uid: str
    found_at: datetime
    has_other_file: bool
    resolved_at: datetime | None
    resolution: str | None


class ReconciliationOut(BaseModel):
    at: datetime
    found: int
    mended: int
    differences: dict[str, int]

    @classmethod
    def of(cls, at: datetime, details: Any) -> "ReconciliationOut":
        return cls(
            at=at, found=details["found"], mended=details["mended"], differences=details["differences"]
        )


class MayOut(BaseModel):
    """What the user may do here."""

    delete_study: bool
    split_study: bool
    change_tier: bool
    merge_patients: bool
    resolve_conflict: bool
    set_retention: bool
    hold_records: bool
    reconcile: bool


class ManagementOut(BaseModel):
    may: MayOut
    studies: list[ManagedStudyOut]
    deleted: list[DeletedStudyOut]
    patients: list[PatientOut]
    merges: list[MergeOut]
    rules: list[RetentionRuleOut]
    record_classes: list[RecordClassOut]
    grace_days: int  # for which what a rule deletes is announced before
    conflicts: list[ConflictOut]
    last_reconciliation: ReconciliationOut | None
