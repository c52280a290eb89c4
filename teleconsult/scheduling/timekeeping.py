"""What the calendar causes by itself: reminders, and the end of a consult to which nobody came.

Every process of the application does this; the rows say what is due, and each is taken by one process.
"""

from datetime import datetime

from storage import audit_log
from storage.errors import StaleVersion
from teleconsult.consults.consult import SYSTEM, Event, Status
from teleconsult.dependencies import PartsOfApp
from teleconsult.errors import IllegalTransition
from teleconsult.scheduling.repository import AppointmentRepository

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
    parts.publish({"type": "consult-changed", "consult_id": consult_id})
    return True


def send_reminders(parts: PartsOfApp, at: datetime) -> int:
    """Return how many this process has sent."""
    with parts.database.reading() as connection:
        due = appointments.due_reminders(connection, at)
    if not due:
        return 0
    with parts.database.transaction() as connection:
        mine = [one for one in due if appointments.claim(connection, one, at)]
        still = {
            one.consult_id
            for one in mine
            if parts.consults.get(connection, one.consult_id).status is Status.SCHEDULED
        }
    sent = [one for one in mine if one.consult_id in still]
    for one in sent:
        parts.publish({"type": "reminder-due", "user_id": one.user_id, "consult_id": one.consult_id})
    return len(sent)
