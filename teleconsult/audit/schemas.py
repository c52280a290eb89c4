"""What the API says and takes about the audit log."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from storage.audit_chain import AuditEntry, Checkpoint, Verdict
from storage.audit_formats import is_refused
from teleconsult.audit.reading import Deed, Wanted, numbers_of
from teleconsult.dependencies import PartsOfApp
from teleconsult.emergency_access.emergency_access import EMERGENCY
from teleconsult.notifications.schemas import WordsOut
from teleconsult.text import Line
from teleconsult.users.schemas import UserRefOut
from teleconsult.users.user import User

Sought = Annotated[Line, Field(min_length=1, max_length=64)]


class AuditForm(StrEnum):
    CSV = "csv"
    FHIR = "fhir"
    SYSLOG = "syslog"


class AuditFilter(BaseModel):
    model_config = ConfigDict(extra="forbid")

    person: Sought | None = None  # part of a name, or an id
    patient: Sought | None = None  # a patient number of the own institution
    deed: Deed | None = None
    refused: bool | None = None
    address: Sought | None = None  # how it begins
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    def wanted(self) -> Wanted:
        return Wanted(
            person=self.person,
            patient=self.patient,
            deed=self.deed,
            is_refused=self.refused,
            address=self.address,
            since=self.since,
            until=self.until,
        )


class AuditPageFilter(AuditFilter):
    before: int | None = Field(default=None, ge=1)  # `next` of the page before
    limit: int = Field(default=50, ge=1, le=200)


class AuditExportFilter(AuditFilter):
    form: AuditForm = AuditForm.CSV


class AuditEntryOut(BaseModel):
    sequence: int
    at: datetime
    who: UserRefOut | None  # null: the system, a patient by link, or an unknown name
    actor: str
    action: str
    subject: str
    patient_number: str | None  # where the subject is a record of the own institution
    refused: bool
    address: str | None
    under_emergency: bool
    details: dict[str, Any]


class AuditPageOut(BaseModel):
    entries: list[AuditEntryOut]
    next: int | None


class ViewerOut(BaseModel):
    who: UserRefOut | None
    actor: str
    entries: int
    under_emergency: int
    first_at: datetime
    last_at: datetime


class ViewersOut(BaseModel):
    patient_number: str
    people: list[ViewerOut]


class ChainFaultOut(BaseModel):
    sequence: int
    sentence: WordsOut


class CheckpointOut(BaseModel):
    sequence: int
    at: datetime

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> "CheckpointOut":
        return cls(sequence=checkpoint.sequence, at=checkpoint.at)


class ChainOut(BaseModel):
    """How the log stands since its last signed checkpoint."""

    entries: int
    last_checkpoint: CheckpointOut | None
    fault: ChainFaultOut | None  # null: it holds
    public_key: str


class VerificationOut(BaseModel):
    """What a look at the whole log found."""

    entries: int
    checkpoints: int
    fault: ChainFaultOut | None


def fault_out(verdict: Verdict) -> ChainFaultOut | None:
    fault = verdict.fault
    if fault is None:
        return None
    return ChainFaultOut(sequence=fault.sequence, sentence=WordsOut(en=fault.en, zh=fault.zh))


def entries_out(
    parts: PartsOfApp, connection: Connection, entries: Sequence[AuditEntry], reader: User
) -> list[AuditEntryOut]:
    people = parts.users.by_ids(connection, {one.actor for one in entries})
    numbers = numbers_of(connection, reader, {one.subject for one in entries})
    return [
        AuditEntryOut(
            sequence=one.sequence,
            at=one.at,
            who=UserRefOut.of(people[one.actor]) if one.actor in people else None,
            actor=one.actor,
            action=one.action,
            subject=one.subject,
            patient_number=numbers.get(one.subject),
            refused=is_refused(one.action),
            address=one.details.get("address") or None,
            under_emergency=EMERGENCY in one.details,
            details={name: value for name, value in one.details.items() if name != "address"},
        )
        for one in entries
    ]
