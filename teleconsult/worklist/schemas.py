"""What the API says and takes about the worklist."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import Connection, Row

from teleconsult import access
from teleconsult.chat.message import unread_counts
from teleconsult.consults.consult import Event, LegalRole, Status, Urgency
from teleconsult.dependencies import PartsOfApp
from teleconsult.studies.schemas import PatientOut, StudySummaryOut, studies_out
from teleconsult.text import Text
from teleconsult.users.schemas import InstitutionOut, UserRefOut
from teleconsult.users.user import User
from teleconsult.worklist.reading import Reading
from teleconsult.worklist.reading_repository import ReadingRepository
from teleconsult.worklist.views import View


class ReadingOut(BaseModel):
    assigned_to: UserRefOut | None
    opened_by: UserRefOut | None  # who has it open at this moment
    opened_at: datetime | None
    read_by: UserRefOut | None
    read_at: datetime | None
    is_own: bool  # of the user's own institution, whose people may take it and mark it as read


class ListedConsultOut(BaseModel):
    id: str
    status: Status
    version: int
    question: str
    urgency: Urgency
    specialty: str
    legal_role: LegalRole
    requested_by: UserRefOut
    specialist: UserRefOut | None
    created_at: datetime
    possible_events: list[Event]
    unread_messages: int  # of its chat


class WorklistRowOut(BaseModel):
    """A study, with who reads it, or a consult."""

    id: str
    kind: Literal["study", "consult"]
    patient: PatientOut
    urgency: Urgency  # of a study: of the most urgent consult that waits for it
    ai_category: float
    ai_probability: float
    undecided_count: int
    modalities: list[str]
    study: StudySummaryOut | None
    reading: ReadingOut | None
    consult: ListedConsultOut | None


class WorklistOut(BaseModel):
    rows: list[WorklistRowOut]
    next: str | None
    count: int | None  # of the first page alone; 1001 means: more than 1000


class WorklistChoicesOut(BaseModel):
    """What the filters and the menus of a worklist offer."""

    institutions: list[InstitutionOut]
    colleagues: list[UserRefOut]


class AssignmentIn(BaseModel):
    assignee_id: str | None = Field(max_length=36)  # null: give it back
    was_id: str | None = Field(max_length=36)  # whose it was as the page showed it


class OpeningIn(BaseModel):
    take_over_reason: Text | None = Field(default=None, max_length=500)


class ReadIn(BaseModel):
    is_read: bool


class ViewIn(BaseModel):
    name: Text = Field(min_length=1, max_length=80)
    query: str = Field(max_length=1000, pattern=r"^[\x21-\x7e]*$")  # of the page's address, encoded
    is_default: bool = False
    is_shared: bool = False


class ViewOut(BaseModel):
    id: str
    name: str
    query: str
    is_default: bool
    is_shared: bool
    is_own: bool

    @classmethod
    def of(cls, view: View, user: User) -> "ViewOut":
        is_own = view.user_id == user.id
        return cls(
            id=view.id,
            name=view.name,
            query=view.query,
            is_default=view.is_default and is_own,
            is_shared=view.is_shared,
            is_own=is_own,
        )


_URGENCIES = (Urgency.ROUTINE, Urgency.URGENT, Urgency.EMERGENCY)


def rows_out(
    parts: PartsOfApp, connection: Connection, rows: Sequence[Row[Any]], user: User, at: datetime
) -> list[WorklistRowOut]:
    """The rows in their order, with a fixed number of queries. They are rows that the user may see."""
    if not rows:
        return []
    uids = [row.id for row in rows if row.kind == "study"]
    studies = studies_out(parts, connection, parts.studies.by_uids(connection, uids))
    by_uid = {study.study_instance_uid: study for study in studies}
    readings = ReadingRepository().of_studies(connection, uids)
    consults = {
        consult.id: consult
        for consult in parts.consults.by_ids(connection, [row.id for row in rows if row.kind == "consult"])
    }
    chatting = [consult.id for consult in consults.values() if access.may_chat(user, consult)]
    unread = unread_counts(connection, chatting, user.id)
    patients = parts.studies.patients_by_ids(connection, {c.patient_id for c in consults.values()})
    people = parts.users.by_ids(
        connection,
        {one.requested_by_id for one in consults.values()}
        | {one.specialist_id for one in consults.values() if one.specialist_id}
        | {person for reading in readings.values() for person in _people_in(reading)},
    )
    result = []
    for row in rows:
        study, consult = by_uid.get(row.id), consults.get(row.id)
        if study is None and consult is None:
            continue  # it was deleted between the two looks
        result.append(
            WorklistRowOut(
                id=row.id,
                kind=row.kind,
                patient=study.patient if study else PatientOut.of(patients[consults[row.id].patient_id]),
                urgency=_URGENCIES[row.urgency],
                ai_category=row.ai_category,
                ai_probability=row.ai_probability,
                undecided_count=row.undecided,
                modalities=row.modalities.split(),
                study=study,
                reading=reading_out(
                    readings.get(row.id, Reading(row.id)),
                    people,
                    at,
                    is_own=study.institution.id == user.institution.id,
                )
                if study
                else None,
                consult=ListedConsultOut(
                    id=consult.id,
                    status=consult.status,
                    version=consult.version,
                    question=consult.question,
                    urgency=consult.urgency,
                    specialty=consult.specialty,
                    legal_role=consult.legal_role,
                    requested_by=UserRefOut.of(people[consult.requested_by_id]),
                    specialist=UserRefOut.of(people[consult.specialist_id])
                    if consult.specialist_id
                    else None,
                    created_at=consult.created_at,
                    possible_events=access.possible_events(user, consult),
                    unread_messages=unread.get(consult.id, 0),
                )
                if consult
                else None,
            )
        )
    return result


def one_reading_out(
    parts: PartsOfApp, connection: Connection, reading: Reading, at: datetime, *, is_own: bool
) -> ReadingOut:
    return reading_out(reading, parts.users.by_ids(connection, _people_in(reading)), at, is_own=is_own)


def reading_out(reading: Reading, people: Mapping[str, User], at: datetime, *, is_own: bool) -> ReadingOut:
    def person(user_id: str | None) -> UserRefOut | None:
        return UserRefOut.of(people[user_id]) if user_id else None

    holder = reading.holder(at)
    return ReadingOut(
        assigned_to=person(reading.assigned_to_id),
        opened_by=person(holder),
        opened_at=reading.opened_at if holder else None,
        read_by=person(reading.read_by_id),
        read_at=reading.read_at,
        is_own=is_own,
    )


def _people_in(reading: Reading) -> set[str]:
    return {one for one in (reading.assigned_to_id, reading.opened_by_id, reading.read_by_id) if one}
