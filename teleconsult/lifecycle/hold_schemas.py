"""What the API says and takes about legal holds."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from teleconsult.consults.consult import Status
from teleconsult.lifecycle.legal_hold import LegalHold
from teleconsult.lifecycle.schemas import In
from teleconsult.studies.schemas import PatientOut
from teleconsult.text import Text
from teleconsult.users.schemas import InstitutionOut, UserRefOut

HoldReason = Annotated[Text, Field(min_length=3, max_length=500)]
Subject = Annotated[Text, Field(pattern=r"^(consult|study)/[A-Za-z0-9.-]{1,64}$")]


class HoldSubjectOut(BaseModel):
    """What may be on hold: a consult with all that belongs to it, or a study."""

    subject: str  # consult/ID or study/UID
    kind: Literal["consult", "study"]
    patient: PatientOut
    at: datetime  # when it was asked for, or came
    study_date: str | None
    study_description: str | None
    specialty: str | None
    status: Status | None
    holds: int  # that stand on itself


class LegalHoldOut(BaseModel):
    id: str
    on: HoldSubjectOut
    institution: InstitutionOut | None  # whose it is; null: placed on the command line
    is_own: bool  # then the institution ends it; of another's, reasons and people are not said
    reason: str | None
    placed_at: datetime
    placed_by: UserRefOut | None
    lifted_at: datetime | None
    lifted_by: UserRefOut | None
    lift_reason: str | None

    @classmethod
    def of(
        cls,
        hold: LegalHold,
        on: HoldSubjectOut,
        institution: InstitutionOut | None,
        people: Mapping[str, UserRefOut],
        *,
        is_own: bool,
    ) -> "LegalHoldOut":
        is_told = is_own or institution is None
        return cls(
            id=hold.id,
            on=on,
            institution=institution,
            is_own=is_own,
            reason=hold.reason if is_told else None,
            placed_at=hold.placed_at,
            placed_by=people.get(hold.placed_by) if is_told else None,
            lifted_at=hold.lifted_at,
            lifted_by=people.get(hold.lifted_by or "") if is_told else None,
            lift_reason=hold.lift_reason if is_told else None,
        )


class NewHoldsIn(In):
    """A hold on each, for one reason."""

    subjects: Annotated[list[Subject], Field(min_length=1, max_length=50)]
    reason: HoldReason


class EndOfHoldIn(In):
    reason: HoldReason
