"""What the API says and takes about emergency accesses."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Connection

from teleconsult.dependencies import PartsOfApp
from teleconsult.emergency_access.emergency_access import (
    AccessReview,
    EmergencyAccess,
    EmergencyKind,
    ReviewVerdict,
)
from teleconsult.text import Text
from teleconsult.users.schemas import UserRefOut
from teleconsult.users.user import User

FEWEST_LETTERS = 10


class EmergencyAccessIn(BaseModel):
    """For a consult, or for a study that a consult is about."""

    model_config = ConfigDict(extra="forbid")

    consult_id: Annotated[str, Field(max_length=36)] | None = None
    study_instance_uid: Annotated[str, Field(max_length=64)] | None = None
    kind: EmergencyKind
    reason: Annotated[Text, Field(min_length=FEWEST_LETTERS, max_length=1000)]

    @model_validator(mode="after")
    def _names_one(self) -> "EmergencyAccessIn":
        if (self.consult_id is None) == (self.study_instance_uid is None):
            raise ValueError("name a consult or a study")
        return self


class AccessReviewIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    verdict: ReviewVerdict
    note: Annotated[Text, Field(min_length=1, max_length=1000)]


class OwnAccessOut(BaseModel):
    id: str
    consult_id: str
    study_instance_uids: list[str]
    expires_at: datetime


class OwnAccessesOut(BaseModel):
    minutes: int  # for how long one is opened
    fewest_letters: int  # of a reason
    open: list[OwnAccessOut]


class AccessReviewOut(BaseModel):
    at: datetime
    by: UserRefOut
    verdict: ReviewVerdict
    note: str


class EmergencyAccessOut(BaseModel):
    id: str
    consult_id: str
    patient_number: str
    by: UserRefOut
    kind: EmergencyKind
    reason: str
    opened_at: datetime
    over_at: datetime  # ended, or when it expires
    review: AccessReviewOut | None


def _review_out(review: AccessReview, people: Mapping[str, User]) -> AccessReviewOut:
    by = UserRefOut.of(people[review.by_id])
    return AccessReviewOut(at=review.at, by=by, verdict=review.verdict, note=review.note)


def accesses_out(
    parts: PartsOfApp, connection: Connection, accesses: Sequence[EmergencyAccess]
) -> list[EmergencyAccessOut]:
    people = parts.users.by_ids(
        connection,
        {one.user_id for one in accesses} | {one.review.by_id for one in accesses if one.review},
    )
    cases = {one.id: one for one in parts.consults.by_ids(connection, {one.consult_id for one in accesses})}
    patients = parts.studies.patients_by_ids(connection, {one.patient_id for one in cases.values()})
    return [
        EmergencyAccessOut(
            id=one.id,
            consult_id=one.consult_id,
            patient_number=patients[cases[one.consult_id].patient_id].patient_id,
            by=UserRefOut.of(people[one.user_id]),
            kind=one.kind,
            reason=one.reason,
            opened_at=one.opened_at,
            over_at=one.ended_at or one.expires_at,
            review=_review_out(one.review, people) if one.review else None,
        )
        for one in accesses
    ]
