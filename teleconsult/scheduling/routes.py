"""Hours that can be booked, appointments for consults, and the calendar that other programs read."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime
from sqlalchemy import Connection

from storage import audit_log
from storage.errors import StaleVersion
from teleconsult import access
from teleconsult.access import Part
from teleconsult.consults.consult import Consult, Event, Status
from teleconsult.consults.schemas import ConsultOut, consults_out
from teleconsult.dependencies import CurrentUser, Now, Parts, PartsOfApp
from teleconsult.errors import BadAvailability, IllegalTransition, NotAllowed, NotFound, SlotTaken
from teleconsult.notifications.telling import announce, tell_of_step
from teleconsult.scheduling.appointment import Appointment, CalendarEvent, check_time, icalendar
from teleconsult.scheduling.availability import Slot, check, free_slots, is_time_zone
from teleconsult.scheduling.repository import SHOWN_IN_FEED_FOR, AppointmentRepository
from teleconsult.scheduling.schemas import (
    AppointmentIn,
    AvailabilityOut,
    CalendarEntryOut,
    CalendarOut,
    ClockOut,
    FeedOut,
    SlotOut,
    SlotsOut,
)
from teleconsult.studies.schemas import PatientOut
from teleconsult.users.schemas import UserRefOut
from teleconsult.users.user import User

router = APIRouter(prefix="/api", tags=["scheduling"])
appointments = AppointmentRepository()

ASKED_FOR_AT_MOST = timedelta(days=62)
FEED_AHEAD = timedelta(days=366)
CALENDAR_TYPE = "text/calendar; charset=utf-8"

Since = Annotated[AwareDatetime, Query()]
Until = Annotated[AwareDatetime, Query()]


@router.get("/clock")
def read_clock(_: CurrentUser, now: Now) -> ClockOut:
    """The server's time: what a page shows as 'in 10 minutes' must not rest on the device's clock."""
    return ClockOut(now=now)


@router.get("/calendar")
def read_calendar(since: Since, until: Until, parts: Parts, user: CurrentUser, now: Now) -> CalendarOut:
    """The caller's appointments and hours; 62 days at most."""
    until = min(until, since + ASKED_FOR_AT_MOST)
    with parts.database.reading() as connection:
        availability = appointments.availability_of(connection, user.id)
        booked = appointments.of_user(connection, user.id, since, until)
        return CalendarOut(
            now=now,
            is_bookable=bool(user.roles & access.READERS),
            availability=AvailabilityOut.of(availability),
            entries=_entries(parts, connection, booked, user),
            free=[
                SlotOut.of(slot)
                for slot in free_slots(
                    availability, appointments.busy(connection, user.id, since, until), max(since, now), until
                )
            ],
            feed_made_at=appointments.feed_made_at(connection, user.id),
        )


@router.put("/calendar/availability")
def change_availability(
    body: AvailabilityOut, parts: Parts, user: CurrentUser, now: Now
) -> AvailabilityOut:
    """Say when one can be booked, in which time zone, and when one wants to be reminded."""
    changed = body.availability(user.id)
    check(changed)
    with parts.database.transaction() as connection:
        saved = appointments.save_availability(connection, changed)
        _audit(connection, now, user, "availability-changed", f"user/{user.id}")
    return AvailabilityOut.of(saved)


@router.post("/calendar/feed", status_code=201)
def make_feed(parts: Parts, user: CurrentUser, now: Now) -> FeedOut:
    """A new secret address of the caller's calendar; an earlier one is void from now on."""
    with parts.database.transaction() as connection:
        token = appointments.make_feed(connection, user.id, now)
        _audit(connection, now, user, "calendar-feed-made", f"user/{user.id}")
    return FeedOut(path=f"/api/calendar/feeds/{token}.ics")


@router.delete("/calendar/feed", status_code=204)
def revoke_feed(parts: Parts, user: CurrentUser, now: Now) -> None:
    with parts.database.transaction() as connection:
        appointments.revoke_feed(connection, user.id)
        _audit(connection, now, user, "calendar-feed-revoked", f"user/{user.id}")


@router.get("/calendar/feeds/{token}.ics", response_class=Response)
def read_feed(token: Annotated[str, Path(max_length=64)], parts: Parts, now: Now) -> Response:
    """The calendar for programs that cannot sign in. The address is the secret; no patient is named."""
    with parts.database.reading() as connection:
        user_id = appointments.user_of_feed(connection, token)
        shown = appointments.of_user(connection, user_id, now - SHOWN_IN_FEED_FOR, now + FEED_AHEAD)
        text = _icalendar(parts, connection, shown, user_id)
    return Response(text, media_type=CALENDAR_TYPE, headers={"Cache-Control": "private, no-cache"})


@router.get("/consults/{consult_id}/slots")
def list_slots(
    consult_id: str, since: Since, until: Until, parts: Parts, user: CurrentUser, now: Now
) -> SlotsOut:
    """When the consult's specialist is free; her other appointments are not told."""
    until = min(until, since + ASKED_FOR_AT_MOST)
    with parts.database.reading() as connection:
        consult = parts.consults.get_for(connection, consult_id, user)
        _scheduling_step(consult, user)
        specialist_id = _specialist_of(consult)
        availability = appointments.availability_of(connection, specialist_id)
        busy = appointments.busy(connection, specialist_id, since, until)
    return SlotsOut(
        now=now,
        time_zone=availability.time_zone,
        slot_minutes=availability.slot_minutes,
        has_hours=bool(availability.weekly or any(availability.exceptions.values())),
        slots=[SlotOut.of(slot) for slot in free_slots(availability, busy, max(since, now), until)],
    )


@router.put("/consults/{consult_id}/appointment")
def book_appointment(
    consult_id: str, body: AppointmentIn, parts: Parts, user: CurrentUser, now: Now
) -> ConsultOut:
    """Plan the consult for a time, or for another one. Of two who want the same time, one gets it.

    The inviting side takes a free slot; the specialist may also take a time beside her hours.
    """
    if not is_time_zone(body.time_zone):
        raise BadAvailability("time-zone")
    with parts.database.transaction() as connection:
        consult = parts.consults.get_for(connection, consult_id, user)
        event = _scheduling_step(consult, user)
        if body.version != consult.version:
            raise StaleVersion(consult_id)
        slot = _slot_to_book(connection, consult, user, body.starts_at, now)
        earlier = appointments.of_consults(connection, [consult_id]).get(consult_id)
        is_specialist = access.part_in(user, consult) is Part.ASSIGNED
        availability = appointments.availability_of(connection, _specialist_of(consult))
        inviting_zone = earlier.inviting_time_zone if earlier else _zone_of_asking(connection, consult)
        appointment = Appointment(
            consult_id=consult_id,
            specialist_id=_specialist_of(consult),
            booked_by_id=user.id,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            specialist_time_zone=body.time_zone if is_specialist else availability.time_zone,
            inviting_time_zone=inviting_zone if is_specialist else body.time_zone,
            sequence=earlier.sequence + 1 if earlier else 0,
            changed_at=now,
        )
        moved = consult.apply(
            event, actor_id=user.id, at=now, reason=body.reason or None, starts_at=slot.starts_at
        )
        saved = parts.consults.save(connection, moved)
        appointments.book(connection, appointment)
        appointments.remind(connection, appointment, {appointment.specialist_id, consult.requested_by_id})
        audit_log.record(
            connection,
            at=now,
            actor=user.id,
            action=f"consult-{event}",
            subject=f"consult/{consult_id}",
            details={"starts_at": slot.starts_at.isoformat()},
        )
        told = tell_of_step(parts, connection, saved, event, user)
        out = consults_out(parts, connection, [saved], user)[0]
    parts.publish({"type": "consult-changed", "consult_id": consult_id})
    announce(parts, told)
    return out


@router.get("/consults/{consult_id}/appointment.ics", response_class=Response)
def download_appointment(consult_id: str, parts: Parts, user: CurrentUser) -> Response:
    with parts.database.reading() as connection:
        consult = parts.consults.get_for(connection, consult_id, user)
        found = list(appointments.of_consults(connection, [consult.id]).values())
        if not found:
            raise NotFound
        text = _icalendar(parts, connection, found, user.id)
    disposition = f'attachment; filename="consult-{consult_id}.ics"'
    return Response(text, media_type=CALENDAR_TYPE, headers={"Content-Disposition": disposition})


@router.get("/reminders")
def list_reminders(parts: Parts, user: CurrentUser, now: Now) -> list[CalendarEntryOut]:
    """Appointments that the caller was reminded of and has not yet said to know."""
    with parts.database.reading() as connection:
        found = appointments.of_consults(connection, appointments.unseen(connection, user.id, now))
        return _entries(parts, connection, list(found.values()), user)


@router.post("/reminders/{consult_id}/seen", status_code=204)
def see_reminder(consult_id: str, parts: Parts, user: CurrentUser, now: Now) -> None:
    with parts.database.transaction() as connection:
        appointments.see(connection, user.id, consult_id, now)


def _scheduling_step(consult: Consult, user: User) -> Event:
    """`schedule` or `reschedule`, whichever is this user's now. Raises IllegalTransition, NotAllowed."""
    event = Event.RESCHEDULE if consult.status is Status.SCHEDULED else Event.SCHEDULE
    if not access.may_book(user, consult):
        raise NotAllowed
    if event not in consult.possible:
        raise IllegalTransition(event, consult.status, access.possible_events(user, consult))
    return event


def _specialist_of(consult: Consult) -> str:
    assert consult.specialist_id is not None  # from `accepted` on
    return consult.specialist_id


def _slot_to_book(
    connection: Connection, consult: Consult, user: User, starts_at: datetime, now: datetime
) -> Slot:
    """Raises BadAppointmentTime, SlotTaken."""
    specialist_id = _specialist_of(consult)
    availability = appointments.availability_of(connection, specialist_id)
    slot = Slot(starts_at, starts_at + availability.slot_length)
    check_time(slot, now)
    if access.part_in(user, consult) is Part.ASSIGNED:
        return slot
    own = appointments.of_consults(connection, [consult.id]).get(consult.id)
    busy = [
        one
        for one in appointments.busy(connection, specialist_id, slot.starts_at, slot.ends_at)
        if own is None or one != own.slot
    ]
    if slot not in free_slots(availability, busy, slot.starts_at, slot.ends_at):
        raise SlotTaken
    return slot


def _zone_of_asking(connection: Connection, consult: Consult) -> str:
    return appointments.availability_of(connection, consult.requested_by_id).time_zone


def _entries(
    parts: PartsOfApp, connection: Connection, booked: list[Appointment], user: User
) -> list[CalendarEntryOut]:
    entries = []
    for one in sorted(booked, key=lambda appointment: appointment.starts_at):
        consult = parts.consults.get(connection, one.consult_id)
        if access.part_in(user, consult) is None:
            continue
        other = consult.requested_by_id if user.id == one.specialist_id else one.specialist_id
        entries.append(
            CalendarEntryOut(
                consult_id=one.consult_id,
                starts_at=one.starts_at,
                ends_at=one.ends_at,
                status=consult.status,
                patient=PatientOut.of(parts.studies.get_patient(connection, consult.patient_id)),
                specialty=consult.specialty,
                with_whom=UserRefOut.of(parts.users.get(connection, other)),
            )
        )
    return entries


def _icalendar(
    parts: PartsOfApp, connection: Connection, shown: list[Appointment], user_id: str
) -> str:
    origin = next(iter(parts.settings.public_origins), None)
    events = []
    for one in shown:
        consult = parts.consults.get(connection, one.consult_id)
        other_id = consult.requested_by_id if user_id == one.specialist_id else one.specialist_id
        other = parts.users.get(connection, other_id)
        events.append(
            CalendarEvent(
                appointment=one,
                specialty=consult.specialty,
                other_side=f"{other.display_name}, {other.institution.name_zh} {other.institution.name_en}",
                url=f"{origin}/consults/{one.consult_id}" if origin else None,
            )
        )
    return icalendar(events)


def _audit(connection: Connection, now: Now, user: User, action: str, subject: str) -> None:
    audit_log.record(connection, at=now, actor=user.id, action=action, subject=subject)
