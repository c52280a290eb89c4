"""Asking for a consult, moving it along its table, and entering its room."""

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Query, Request
from sqlalchemy import Connection

from signaling.join_token import JoinGrant, issue
from signaling.roles import Role
from storage import audit_log
from storage.errors import StaleVersion
from teleconsult import access
from teleconsult.access import Part
from teleconsult.agreements.agreement import Scope
from teleconsult.agreements.repository import AgreementRepository
from teleconsult.consents.consent import ConsentMethod
from teleconsult.consults.consult import (
    LIVE,
    NEEDS_IMAGES,
    TRANSITIONS,
    Consult,
    ConsultForm,
    Event,
    HistoryEntry,
    Seat,
    Status,
)
from teleconsult.consults.images_at_hand import require_images
from teleconsult.consults.rooms import tell_room
from teleconsult.consults.schemas import (
    ConsultEventIn,
    ConsultIn,
    ConsultOut,
    ConsultsOut,
    ConsultStudyIn,
    JoinOut,
    RelayOut,
    consults_out,
)
from teleconsult.dependencies import CurrentUser, Now, Parts, PartsOfApp
from teleconsult.errors import (
    BadPanel,
    ConsentMissing,
    IllegalTransition,
    NotAllowed,
    NotFound,
    StudyMissing,
    StudyOfAnotherPatient,
)
from teleconsult.measurements.keeping import remind_room
from teleconsult.notifications.telling import announce, tell_of_step
from teleconsult.opinions.panel import DISCIPLINES
from teleconsult.patient_history.repository import keep_history
from teleconsult.ringing import ringing
from teleconsult.scheduling.repository import AppointmentRepository
from teleconsult.studies.repository import Study
from teleconsult.users.user import User
from teleconsult.worklist.paging import PAGE, After, Limit
from teleconsult.worklist.repository import WorklistRepository
from teleconsult.worklist.worklist_filter import Sort, WorklistFilter

router = APIRouter(prefix="/api/consults", tags=["consults"])
agreements = AgreementRepository()
appointments = AppointmentRepository()

# These have routes of their own: signing asks for the password again, the others for a time.
NOT_BY_EVENT_ROUTE = frozenset({Event.SIGN, Event.SCHEDULE, Event.RESCHEDULE})


@router.post("", status_code=201)
def ask_for_consult(body: ConsultIn, parts: Parts, user: CurrentUser, now: Now) -> ConsultOut:
    """Ask for a consult on a patient of the own institution; specialists see it at once."""
    if not access.may_ask_for_consult(user):
        raise NotAllowed
    if not body.consent.given and body.consent.method is not ConsentMethod.EMERGENCY:
        raise ConsentMissing
    consult_id = str(uuid4())
    consent = body.consent.attested(consult_id, user, now)
    if not body.study_instance_uids:
        raise StudyMissing
    with parts.database.transaction() as connection:
        patient = parts.studies.get_patient(connection, body.patient_id)
        if patient.institution_id != user.institution.id:
            raise NotFound
        for uid in body.study_instance_uids:
            _study_of_patient(parts, connection, uid, patient.id, user)
        agreements.require_reach(connection, user, Scope(body.specialty, body.legal_role), now)
        seats = _seats(connection, body, user, now)
        consult = Consult(
            id=consult_id,
            status=Status.REQUESTED,
            version=1,
            patient_id=patient.id,
            question=body.question,
            urgency=body.urgency,
            specialty=body.specialty,
            legal_role=body.legal_role,
            consent=consent,
            requested_by_id=user.id,
            inviting_institution_id=user.institution.id,
            specialist_id=None,
            study_instance_uids=tuple(dict.fromkeys(body.study_instance_uids)),
            created_at=now,
            history=(HistoryEntry(now, Event.SUBMIT, user.id),),
            form=body.form,
            first_report=(body.first_report or None) if body.form is ConsultForm.OPINION else None,
            seats=seats,
        )
        parts.consults.add(connection, consult)
        keep_history(connection, consult.id, body.history, user, now)
        _audit(connection, now, user, "consult-requested", consult.id)
        out = _out(parts, connection, consult, user)
        kept = parts.consults.get(connection, consult.id)
        told = tell_of_step(parts, connection, kept, Event.SUBMIT, user)
        ringing.begin(parts, connection, kept, now)
    _changed(parts, consult.id)
    announce(parts, told)
    return out


@router.get("")
def list_consults(
    parts: Parts,
    user: CurrentUser,
    now: Now,
    study: Annotated[str | None, Query(max_length=64)] = None,
    after: After = None,
    limit: Limit = PAGE,
) -> ConsultsOut:
    """Consults in which the caller has a part, the newest first; with `study`, those about it alone."""
    with parts.database.reading() as connection:
        if study is not None:
            about = parts.consults.of_study_for(connection, study, user)
            return ConsultsOut(consults=consults_out(parts, connection, about, user), next=None)
        wanted = WorklistFilter(kind="consult", sort=Sort.NEWEST)
        page = WorklistRepository(parts.consults).page(connection, user, wanted, now, after, limit)
        by_id = {one.id: one for one in parts.consults.by_ids(connection, [row.id for row in page.rows])}
        listed = [by_id[row.id] for row in page.rows]
        return ConsultsOut(consults=consults_out(parts, connection, listed, user), next=page.next)


@router.get("/{consult_id}")
def read_consult(consult_id: str, parts: Parts, user: CurrentUser) -> ConsultOut:
    with parts.database.reading() as connection:
        return _out(parts, connection, parts.consults.get_for(connection, consult_id, user), user)


@router.post("/{consult_id}/events")
def record_consult_event(
    consult_id: str, body: ConsultEventIn, parts: Parts, user: CurrentUser, now: Now
) -> ConsultOut:
    """Move a consult one step; a 409 names the steps that are possible."""
    if body.event in NEEDS_IMAGES | {Event.ACCEPT}:
        with parts.database.reading() as connection:
            consult = parts.consults.get_for(connection, consult_id, user)
        if body.event in NEEDS_IMAGES or consult.form is ConsultForm.OPINION:
            require_images(parts, consult, now)
    with parts.database.transaction() as connection:
        consult = parts.consults.get_for(connection, consult_id, user)
        if body.event in consult.possible and (
            body.event in NOT_BY_EVENT_ROUTE or not access.may_cause(user, body.event, consult)
        ):
            raise NotAllowed
        moved = consult.apply(body.event, actor_id=user.id, at=now, reason=body.reason)
        if body.event is Event.ACCEPT and consult.form is ConsultForm.OPINION:
            moved = moved.apply(Event.REPORT_WITHOUT_CALL, actor_id=user.id, at=now)
        if body.event is Event.SUBMIT:
            agreements.require_reach(connection, user, Scope(consult.specialty, consult.legal_role), now)
        if body.version != consult.version:
            raise StaleVersion(consult_id)
        saved = parts.consults.save(connection, moved)
        if body.event is Event.CALL_OFF:
            appointments.call_off(connection, consult_id, now)
        if body.event is Event.AMEND:
            report = parts.reports.get(connection, consult_id)
            parts.reports.save(connection, report.reopen(), read_version=report.version)
        _audit(connection, now, user, f"consult-{body.event}", consult_id)
        told = tell_of_step(parts, connection, saved, body.event, user)
        if body.event is Event.SUBMIT:
            ringing.begin(parts, connection, saved, now)
        told |= ringing.end(connection, saved)
        out = _out(parts, connection, saved, user)
    if consult.status in LIVE and saved.status not in LIVE:
        tell_room(parts, consult_id)
    else:
        _changed(parts, consult_id)
    announce(parts, told)
    return out


@router.post("/{consult_id}/studies")
def add_study_to_consult(
    consult_id: str, body: ConsultStudyIn, parts: Parts, user: CurrentUser, now: Now
) -> ConsultOut:
    """Add a further study, also while the room is open.

    One under another patient number is added only when the clinician confirms that it is the
    same person; the confirmation is in the audit log.
    """
    with parts.database.transaction() as connection:
        consult = parts.consults.get_for(connection, consult_id, user)
        if not access.may_add_study(user, consult):
            raise NotAllowed
        study = parts.studies.get_for(connection, body.study_instance_uid, user)
        same_number = study.patient.id == consult.patient_id
        if not same_number and not body.same_person_confirmed:
            raise StudyOfAnotherPatient
        parts.consults.add_study(connection, consult_id, body.study_instance_uid, now)
        action = "consult-study-added" if same_number else "consult-study-added-under-other-number"
        _audit(connection, now, user, action, consult_id)
        out = _out(parts, connection, parts.consults.get(connection, consult_id), user)
    _changed(parts, consult_id)
    return out


@router.post("/{consult_id}/join")
def join_room(consult_id: str, request: Request, parts: Parts, user: CurrentUser, now: Now) -> JoinOut:
    """A short-lived ticket into the consult's room. The first to enter an accepted consult starts it."""
    with parts.database.reading() as connection:
        consult = parts.consults.get_for(connection, consult_id, user)
        _part_in_room(user, consult)
    if Event.START in TRANSITIONS[consult.status]:
        require_images(parts, consult, now)
    with parts.database.transaction() as connection:
        consult = parts.consults.get_for(connection, consult_id, user)
        part = _part_in_room(user, consult)
        told: frozenset[str] = frozenset()
        if Event.START in TRANSITIONS[consult.status]:
            moved = consult.apply(Event.START, actor_id=user.id, at=now)
            saved = parts.consults.save(connection, moved)
            told = tell_of_step(parts, connection, saved, Event.START, user)
        _audit(connection, now, user, "room-entered", consult_id)
    _changed(parts, consult_id)
    announce(parts, told)
    remind_room(parts, consult_id)
    grant = JoinGrant(
        room_id=consult_id,
        participant_id=user.id,
        display_name=user.display_name,
        role=Role.PRESENTER,
        moderator=part is Part.ASSIGNED or user.id == consult.requested_by_id,
    )
    return JoinOut(
        signaling_url=relay_of(parts, consult_id, request),
        join_token=issue(parts.settings.join_secret, grant),
        ice_servers=[],
    )


@router.get("/{consult_id}/relay")
def read_relay(consult_id: str, request: Request, parts: Parts, user: CurrentUser) -> RelayOut:
    """Where the consult's room is now, for whoever is in it and whose relay does not answer."""
    with parts.database.reading() as connection:
        _part_in_room(user, parts.consults.get_for(connection, consult_id, user))
    return RelayOut(signaling_url=relay_of(parts, consult_id, request))


def _seats(connection: Connection, body: ConsultIn, user: User, now: Now) -> tuple[Seat, ...]:
    """The disciplines of a multidisciplinary consult, the chair's first. Raises BadPanel."""
    if body.form is not ConsultForm.PANEL:
        return ()
    further = (Seat(one.specialty, one.specialist_id, None) for one in body.disciplines)
    seats = (Seat(body.specialty, None, None), *further)
    if len(seats) not in DISCIPLINES or len({one.specialty for one in seats}) < len(seats):
        raise BadPanel
    for one in seats[1:]:
        reached = agreements.specialists(connection, user, Scope(one.specialty, body.legal_role), now)
        if not reached or (one.named_id is not None and one.named_id not in reached):
            raise BadPanel
    return seats


def _part_in_room(user: User, consult: Consult) -> Part | None:
    """Raises NotAllowed, IllegalTransition, ConsentMissing: no part in it, or its room is not open."""
    if not access.may_enter_room(user, consult):
        raise NotAllowed
    part = access.part_in(user, consult)
    # Whoever is asked for a discipline's opinion comes in once the two sides have begun.
    begins = Event.START in TRANSITIONS[consult.status] and (
        part is Part.PANEL or consult.form is ConsultForm.OPINION
    )
    if consult.status not in LIVE or begins:
        raise IllegalTransition("join", consult.status, access.possible_events(user, consult))
    if consult.consent is None:
        raise ConsentMissing
    return part


def relay_of(parts: PartsOfApp, consult_id: str, request: Request) -> str:
    return parts.rooms.relay_of(consult_id).format(host=request.url.hostname)


def _study_of_patient(
    parts: PartsOfApp, connection: Connection, study_instance_uid: str, patient_uuid: str, user: User
) -> Study:
    study = parts.studies.get_for(connection, study_instance_uid, user)
    if study.patient.id != patient_uuid:
        raise StudyOfAnotherPatient
    return study


def _out(parts: PartsOfApp, connection: Connection, consult: Consult, user: User) -> ConsultOut:
    return consults_out(parts, connection, [consult], user)[0]


def _audit(connection: Connection, now: Now, user: User, action: str, consult_id: str) -> None:
    audit_log.record(connection, at=now, actor=user.id, action=action, subject=f"consult/{consult_id}")


def _changed(parts: PartsOfApp, consult_id: str) -> None:
    parts.publish({"type": "consult-changed", "consult_id": consult_id})
