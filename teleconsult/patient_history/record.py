"""One item of a patient's history, in the terms of the FHIR R4 resource that it is given out as. Pure."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from teleconsult.text import Text

MOST_RECORDS: Final = 300  # of one consult

Name = Annotated[Text, Field(min_length=1, max_length=200)]
Words = Annotated[Text, Field(max_length=500)]
Figure = Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]


def _as_fhir_date_time(value: str) -> str:
    """A date as far as it is known (2019, 2019-03, 2019-03-07), or a moment with its time zone.

    Source: FHIR R4, 2.24.0.1, dateTime.
    """
    if "T" in value:
        if datetime.fromisoformat(value).tzinfo is None:
            raise ValueError("a moment needs its time zone")
    else:
        date.fromisoformat(f"{value}-01-01"[:10])
    return value


_DATE_TIME = r"^\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2}))?)?)?$"
FhirDateTime = Annotated[str, Field(pattern=_DATE_TIME), AfterValidator(_as_fhir_date_time)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Coding(_Part):
    system: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^\S+$")]
    code: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^\S+( \S+)*$")]


class Allergy(_Part):
    """AllergyIntolerance."""

    kind: Literal["allergy"] = "allergy"
    text: Name
    coding: Coding | None = None
    reaction: Words = ""
    criticality: Literal["low", "high", "unable-to-assess"] | None = None


class Condition(_Part):
    """Condition; not active: it is over."""

    kind: Literal["condition"] = "condition"
    text: Name
    coding: Coding | None = None
    is_active: bool = True
    onset: FhirDateTime | None = None
    note: Words = ""


class Medication(_Part):
    """MedicationStatement; not taken: no longer."""

    kind: Literal["medication"] = "medication"
    text: Name
    coding: Coding | None = None
    is_taken: bool = True
    dosage: Words = ""


class Observation(_Part):
    """Observation: a vital sign or a laboratory result, as a number with its unit or in words.

    `low` and `high` are the reference range in the value's own unit. `stated` is what the source itself says
    of the value; it counts where there is no range.
    """

    kind: Literal["observation"] = "observation"
    category: Literal["vital-signs", "laboratory"]
    text: Name
    coding: Coding | None = None
    value: Figure | None = None
    comparator: Literal["<", "<=", ">=", ">"] | None = None
    unit: Annotated[Text, Field(max_length=40)] = ""  # UCUM
    words: Words = ""
    low: Figure | None = None
    high: Figure | None = None
    stated: Literal["low", "normal", "high", "abnormal"] | None = None
    effective: FhirDateTime | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Observation":
        if (self.value is None) == (self.words == ""):
            raise ValueError("a result is either a number or words")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("the reference range ends before it begins")
        return self


class NoneKnown(_Part):
    """Somebody asked, and there is none: not the same as nobody having said anything."""

    kind: Literal["none-known"] = "none-known"
    of: Literal["allergy", "condition", "medication"]


HistoryRecord = Annotated[
    Allergy | Condition | Medication | Observation | NoneKnown, Field(discriminator="kind")
]


class Flag(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    ABNORMAL = "abnormal"


def flag_of(record: HistoryRecord) -> Flag | None:
    """Where a value stands to its reference range; None where nobody can tell.

    "< 5" is below a range from 5 on, and "> 5" above one up to 5; what such a bound leaves open stays open.
    """
    if not isinstance(record, Observation):
        return None
    value, comparator, low, high = record.value, record.comparator, record.low, record.high
    if value is None or (low is None and high is None):
        return Flag(record.stated) if record.stated else None
    if comparator in (None, "<", "<=") and low is not None and _below(value, comparator, low):
        return Flag.LOW
    if comparator in (None, ">", ">=") and high is not None and _above(value, comparator, high):
        return Flag.HIGH
    if comparator in ("<", "<="):
        return Flag.NORMAL if low is None and high is not None and value <= high else None
    if comparator in (">", ">="):
        return Flag.NORMAL if high is None and low is not None and value >= low else None
    return Flag.NORMAL


def _below(value: float, comparator: str | None, low: float) -> bool:
    return value <= low if comparator == "<" else value < low


def _above(value: float, comparator: str | None, high: float) -> bool:
    return value >= high if comparator == ">" else value > high


def contradiction(records: Sequence[HistoryRecord]) -> str | None:
    """The kind of which some are named and none are said to be known, in one and the same form."""
    named = {record.kind for record in records}
    return next((r.of for r in records if isinstance(r, NoneKnown) and r.of in named), None)
