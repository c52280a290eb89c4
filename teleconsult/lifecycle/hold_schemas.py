"""What the API says and takes about legal holds."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from teleconsult.consults.consult import Status
from teleconsult.lifecycle.schemas import In
from teleconsult.studies.schemas import PatientOut
from teleconsult.text import Text
from teleconsult.users.schemas import UserRefOut

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
    reason: str
    placed_at: datetime
    placed_by: UserRefOut | None  # null: on the command line
    lifted_at: datetime | None
    lifted_by: UserRefOut | None
    lift_reason: str | None


class NewHoldsIn(In):
    """A hold on each, for one reason."""

    subjects: Annotated[list[Subject], Field(min_length=1, max_length=50)]
    reason: HoldReason


class EndOfHoldIn(In):
    reason: HoldReason
