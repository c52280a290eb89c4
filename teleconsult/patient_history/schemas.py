"""What the API says and takes about a patient's history."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, Field

from teleconsult.patient_history.record import MOST_RECORDS, Flag, HistoryRecord, flag_of
from teleconsult.patient_history.repository import HistoryEntry
from teleconsult.patient_history.vocabulary import SYSTEM_OF, Item, Kind
from teleconsult.text import Text
from teleconsult.users.schemas import InstitutionOut, UserRefOut
from teleconsult.users.user import User


class HistoryIn(BaseModel):
    records: list[HistoryRecord] = Field(min_length=1, max_length=MOST_RECORDS)


class HistoryErrorIn(BaseModel):
    reason: Text = Field(min_length=1, max_length=500)


class HistoryRecordOut(BaseModel):
    """A record as it was given; one in error says who marked it, when and why."""

    id: str
    consult_id: str
    record: HistoryRecord
    flag: Flag | None
    given_by: UserRefOut
    given_at: datetime
    in_error_at: datetime | None
    in_error_by: UserRefOut | None
    in_error_reason: str | None

    @classmethod
    def of(cls, entry: HistoryEntry, people: Mapping[str, User]) -> "HistoryRecordOut":
        return cls(
            id=entry.id,
            consult_id=entry.consult_id,
            record=entry.record,
            flag=flag_of(entry.record),
            given_by=UserRefOut.of(people[entry.given_by_id]),
            given_at=entry.given_at,
            in_error_at=entry.in_error_at,
            in_error_by=UserRefOut.of(people[entry.in_error_by_id]) if entry.in_error_by_id else None,
            in_error_reason=entry.in_error_reason,
        )


class PatientNumberOut(BaseModel):
    patient_id: str
    institution: InstitutionOut


class HistoryOut(BaseModel):
    """What was given with this consult, and with other consults of the patient that the user has part in."""

    entries: list[HistoryRecordOut]
    earlier: list[HistoryRecordOut]
    numbers: list[PatientNumberOut]
    may_add: bool


class BoundsOut(BaseModel):
    low: float | None
    high: float | None


class HistoryItemOut(BaseModel):
    """One line of the type-ahead."""

    kind: Kind
    system: str
    code: str | None
    en: str
    zh: str
    pinyin: str
    unit: str
    bounds: BoundsOut | None
    of_women: BoundsOut | None

    @classmethod
    def of(cls, item: Item) -> "HistoryItemOut":
        return cls(
            kind=item.kind,
            system=SYSTEM_OF[item.kind],
            code=item.code,
            en=item.en,
            zh=item.zh,
            pinyin=item.pinyin,
            unit=item.unit,
            bounds=BoundsOut(low=item.bounds[0], high=item.bounds[1]) if item.bounds else None,
            of_women=BoundsOut(low=item.of_women[0], high=item.of_women[1]) if item.of_women else None,
        )


class RefusedEntryOut(BaseModel):
    position: int
    resource_type: str
    en: str
    zh: str


class ReadBundleOut(BaseModel):
    """What a bundle says, to be looked at before it is given; nothing is kept yet.

    `is_other_patient`: it names patient numbers, and none of them is the number asked for.
    """

    records: list[HistoryRecord]
    refused: list[RefusedEntryOut]
    patient_numbers: list[str]
    patient_names: list[str]
    is_other_patient: bool
