"""What the API says and takes about critical results."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from teleconsult import access
from teleconsult.consults.consult import Consult
from teleconsult.critical_results.category import BothLanguages, Category, shipped_categories
from teleconsult.critical_results.critical_result import CriticalEvent, CriticalResult, CriticalStatus
from teleconsult.critical_results.repository import people_of
from teleconsult.dependencies import PartsOfApp
from teleconsult.escalation.ladder import Audience, Ladders, ladder_of
from teleconsult.escalation.schemas import NextRungOut, next_rung_out
from teleconsult.studies.schemas import PatientOut
from teleconsult.text import Text
from teleconsult.users.schemas import UserRefOut
from teleconsult.users.user import User

Sentence = Annotated[Text, Field(max_length=1000)]


class CriticalResultIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    category: Category
    finding: Annotated[Sentence, Field(min_length=1)]


class AcknowledgementIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    decision: Sentence  # what the inviting side will do


class TelephoneIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    spoken_to: Annotated[Text, Field(max_length=100)]
    read_back: bool
    decision: Sentence = ""


class CriticalWithdrawalIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Sentence


class RungOut(BaseModel):
    after_minutes: float
    tells: list[Audience]


class CriticalCategoryOut(BaseModel):
    code: Category
    title: BothLanguages
    examples: BothLanguages
    ladder: list[RungOut]  # the first rung: by when it is to be acknowledged


class CriticalCategoriesOut(BaseModel):
    source: str
    categories: list[CriticalCategoryOut]

    @classmethod
    def of(cls, ladders: Ladders) -> "CriticalCategoriesOut":
        shipped = shipped_categories()
        return cls(
            source=shipped.source,
            categories=[
                CriticalCategoryOut(
                    code=one.code,
                    title=one.title,
                    examples=one.examples,
                    ladder=[
                        RungOut(after_minutes=rung.after.total_seconds() / 60, tells=list(rung.tells))
                        for rung in ladders[ladder_of(one.code)]
                    ],
                )
                for one in shipped.categories
            ],
        )


class CriticalStepOut(BaseModel):
    at: datetime
    event: CriticalEvent
    actor: UserRefOut | None  # null: the system
    words: str
    spoken_to: str | None


class CriticalResultOut(BaseModel):
    id: str
    consult_id: str
    patient: PatientOut
    category: Category
    title: BothLanguages
    finding: str
    status: CriticalStatus
    raised_by: UserRefOut
    raised_at: datetime
    told: list[UserRefOut]
    due_at: datetime
    history: list[CriticalStepOut]
    next: NextRungOut | None
    may_acknowledge: bool
    may_telephone: bool  # and withdraw


class CriticalResultsOut(BaseModel):
    results: list[CriticalResultOut]
    may_raise: bool


def critical_results_out(
    parts: PartsOfApp, connection: Connection, consult: Consult, results: Sequence[CriticalResult], user: User
) -> list[CriticalResultOut]:
    people = parts.users.by_ids(connection, people_of(results))
    titles = {one.code: one.title for one in shipped_categories().categories}
    patient = PatientOut.of(parts.studies.get_patient(connection, consult.patient_id))
    return [
        CriticalResultOut(
            id=one.id,
            consult_id=one.consult_id,
            patient=patient,
            category=one.category,
            title=titles[one.category],
            finding=one.finding,
            status=one.status,
            raised_by=UserRefOut.of(people[one.raised_by_id]),
            raised_at=one.raised_at,
            told=[UserRefOut.of(people[user_id]) for user_id in one.told_ids],
            due_at=one.due_at,
            history=[
                CriticalStepOut(
                    at=step.at,
                    event=step.event,
                    actor=UserRefOut.of(people[step.actor_id]) if step.actor_id in people else None,
                    words=step.words,
                    spoken_to=step.spoken_to,
                )
                for step in one.history
            ],
            next=next_rung_out(parts, connection, one.id),
            may_acknowledge=one.waits and access.may_acknowledge_critical(user, consult),
            may_telephone=one.waits and access.may_raise_critical(user, consult),
        )
        for one in results
    ]
