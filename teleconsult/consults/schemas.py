"""What the API says and takes about consults."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field
from sqlalchemy import Connection

from teleconsult import access
from teleconsult.consents.consent import Consent, ConsentMethod, Giver
from teleconsult.consents.schemas import ConsentIn
from teleconsult.consults.consult import (
    Consult,
    ConsultForm,
    Event,
    LegalRole,
    Specialty,
    Status,
    Urgency,
)
from teleconsult.dependencies import PartsOfApp
from teleconsult.findings.numbering import study_letters
from teleconsult.patient_history.record import MOST_RECORDS, HistoryRecord
from teleconsult.scheduling.repository import AppointmentRepository
from teleconsult.scheduling.schemas import AppointmentOut
from teleconsult.studies.schemas import PatientOut, StudySummaryOut, studies_out
from teleconsult.text import Text
from teleconsult.users.schemas import UserRefOut
from teleconsult.users.user import User


class RequestConsentIn(ConsentIn):
    """As the request says it: on whose behalf it is asked, the patient's own unless it says otherwise."""

    given: bool
    giver: Giver | None = Giver.PATIENT


class DisciplineIn(BaseModel):
    specialty: Specialty
    specialist_id: Annotated[str, Field(max_length=36)] | None = None  # null: any whom the request reaches


class ConsultIn(BaseModel):
    patient_id: str = Field(max_length=36)
    question: Text = Field(min_length=1, max_length=4000)
    urgency: Urgency
    specialty: Specialty
    legal_role: LegalRole = LegalRole.CONSULTATION
    form: ConsultForm = ConsultForm.CALL
    # Of the asking institution, for a second opinion.
    first_report: Annotated[Text, Field(max_length=20_000)] | None = None
    # The further ones of a multidisciplinary consult; `specialty` is the chair's.
    disciplines: list[DisciplineIn] = Field(default_factory=list, max_length=8)
    study_instance_uids: list[str] = Field(max_length=50)
    consent: RequestConsentIn
    history: list[HistoryRecord] = Field(default=[], max_length=MOST_RECORDS)


class ConsultEventIn(BaseModel):
    event: Event
    reason: Text | None = Field(default=None, max_length=1000)
    version: int


class ConsultStudyIn(BaseModel):
    study_instance_uid: str = Field(max_length=64)
    # The same person may have another number at another hospital; a person has to say so.
    same_person_confirmed: bool = False


class ConsentSummaryOut(BaseModel):
    """The consent that decides."""

    method: ConsentMethod
    given_at: datetime
    note: str | None
    awaits_review: bool


class HistoryEntryOut(BaseModel):
    at: datetime
    event: Event
    actor: UserRefOut | None  # null: the system, or the patient by link
    reason: str | None
    starts_at: datetime | None  # what was scheduled


class ConsultOut(BaseModel):
    id: str
    status: Status
    version: int
    patient: PatientOut
    question: str
    urgency: Urgency
    specialty: str
    legal_role: LegalRole
    consent: ConsentSummaryOut | None
    form: ConsultForm
    first_report: str | None
    requested_by: UserRefOut
    specialist: UserRefOut | None
    studies: list[StudySummaryOut]
    study_letters: dict[str, str]  # by Study Instance UID, before the numbers of findings; none for one study
    appointment: AppointmentOut | None
    created_at: datetime
    history: list[HistoryEntryOut]
    possible_events: list[Event]
    may_enter_room: bool  # once it is open
    may_chat: bool
    report_status: str | None


class RelayOut(BaseModel):
    signaling_url: str


class ConsultsOut(BaseModel):
    consults: list[ConsultOut]
    next: str | None  # `after` of the next page


class JoinOut(RelayOut):
    join_token: str
    ice_servers: list[dict[str, str]]


def consults_out(
    parts: PartsOfApp, connection: Connection, consults: Sequence[Consult], user: User
) -> list[ConsultOut]:
    people = parts.users.by_ids(
        connection,
        {c.requested_by_id for c in consults}
        | {c.specialist_id for c in consults if c.specialist_id}
        | {entry.actor_id for c in consults for entry in c.history},
    )
    uids = list(dict.fromkeys(uid for c in consults for uid in c.study_instance_uids))
    studies = parts.studies.visible_to(connection, user, only=uids)
    by_uid = {s.study_instance_uid: s for s in studies_out(parts, connection, studies)}
    patients = parts.studies.patients_by_ids(connection, {c.patient_id for c in consults})
    planned = AppointmentRepository().of_consults(connection, [c.id for c in consults])
    report_statuses = parts.reports.statuses(connection, [c.id for c in consults])
    return [
        ConsultOut(
            id=c.id,
            status=c.status,
            version=c.version,
            patient=PatientOut.of(patients[c.patient_id]),
            question=c.question,
            urgency=c.urgency,
            specialty=c.specialty,
            legal_role=c.legal_role,
            consent=_consent_out(c.consent),
            form=c.form,
            first_report=c.first_report,
            requested_by=UserRefOut.of(people[c.requested_by_id]),
            specialist=UserRefOut.of(people[c.specialist_id]) if c.specialist_id else None,
            studies=[by_uid[uid] for uid in c.study_instance_uids if uid in by_uid],
            study_letters=study_letters(c.study_instance_uids),
            appointment=(
                AppointmentOut.of_appointment(planned[c.id])
                if c.id in planned and planned[c.id].called_off_at is None
                else None
            ),
            created_at=c.created_at,
            history=[
                HistoryEntryOut(
                    at=entry.at,
                    event=entry.event,
                    actor=UserRefOut.of(people[entry.actor_id]) if entry.actor_id in people else None,
                    reason=entry.reason,
                    starts_at=entry.starts_at,
                )
                for entry in c.history
            ],
            possible_events=access.possible_events(user, c),
            may_enter_room=access.may_enter_room(user, c),
            may_chat=access.may_chat(user, c),
            report_status=report_statuses.get(c.id),
        )
        for c in consults
    ]


def _consent_out(consent: Consent | None) -> ConsentSummaryOut | None:
    if consent is None:
        return None
    return ConsentSummaryOut(
        method=consent.method,
        given_at=consent.given_at,
        note=consent.note,
        awaits_review=consent.awaits_review,
    )
