"""What the calendar causes by itself: reminders, and the end of a consult to which nobody came.

Every process of the application does this; the rows say what is due, and each is taken by one process.
"""

from datetime import datetime

from sqlalchemy import Connection

from storage import audit_log
from storage.errors import StaleVersion
from teleconsult.consults.consult import SYSTEM, Event, Status
from teleconsult.consults.rooms import tell_room
from teleconsult.dependencies import PartsOfApp
from teleconsult.errors import IllegalTransition
from teleconsult.notifications.notification import Kind
from teleconsult.notifications.telling import announce
from teleconsult.scheduling.repository import AppointmentRepository, Reminder

appointments = AppointmentRepository()


def keep_time(parts: PartsOfApp, at: datetime) -> bool:
    """Whether anything was due."""
    ended = [end_missed(parts, consult_id, at) for consult_id in _missed(parts, at)]
    sent = send_reminders(parts, at)
    return any(ended) or sent > 0


def _missed(parts: PartsOfApp, at: datetime) -> list[str]:
    with parts.database.reading() as connection:
        return appointments.missed(connection, at)


def end_missed(parts: PartsOfApp, consult_id: str, at: datetime) -> bool:
    """Nobody entered the room of a planned consult. False: somebody, or another process, was faster."""
    try:
        with parts.database.transaction() as connection:
            consult = parts.consults.get(connection, consult_id)
            moved = consult.apply(Event.NOBODY_CAME, actor_id=SYSTEM, at=at)
            parts.consults.save(connection, moved)
            appointments.release(connection, consult_id)
            audit_log.record(
                connection,
                at=at,
                actor=SYSTEM,
                action=f"consult-{Event.NOBODY_CAME}",
                subject=f"consult/{consult_id}",
            )
    except (StaleVersion, IllegalTransition):
        return False
    tell_room(parts, consult_id)
    return True


def send_reminders(parts: PartsOfApp, at: datetime) -> int:
    """Return how many this process has sent."""
    with parts.database.reading() as connection:
        due = appointments.due_reminders(connection, at)
    if not due:
        return 0
    with parts.database.transaction() as connection:
        mine = [one for one in due if appointments.claim(connection, one, at)]
        sent = [one for one in mine if _tell(parts, connection, one, at)]
    for one in sent:
        parts.publish({"type": "reminder-due", "user_id": one.user_id, "consult_id": one.consult_id})
    announce(parts, {one.user_id for one in sent})
    return len(sent)


def _tell(parts: PartsOfApp, connection: Connection, reminder: Reminder, at: datetime) -> bool:
    """By the ways that the user chose. False: the consult has begun, or is over."""
    consult = parts.consults.get(connection, reminder.consult_id)
    if consult.status is not Status.SCHEDULED:
        return False
    planned = appointments.of_consults(connection, [consult.id])[consult.id]
    zone = appointments.availability_of(connection, reminder.user_id).zone
    other_id = consult.requested_by_id if reminder.user_id == planned.specialist_id else planned.specialist_id
    other = parts.users.get(connection, other_id).institution
    parts.notifications.tell(
        connection,
        {reminder.user_id},
        Kind.APPOINTMENT_NEAR,
        at=at,
        urgency=consult.urgency,
        consult_id=consult.id,
        values={
            "institution_en": other.name_en,
            "institution_zh": other.name_zh,
            "starts_at": f"{planned.starts_at.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key})",
        },
    )
    return True
