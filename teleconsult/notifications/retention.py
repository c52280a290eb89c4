"""The sweep that deletes notifications that were kept long enough (lifecycle/record_classes.py).

What was read counts from its reading, what was not from its coming. What became of a case stands in its
record and in the audit log, not here; but those of a consult on legal hold stay: they say who was told when.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select

from storage.database import Database
from storage.tables import notification_deliveries, notifications
from teleconsult.lifecycle.legal_hold import consults_on_hold
from teleconsult.lifecycle.record_classes import RecordClass, Retention

AT_ONCE = 500  # rows: nobody else waits long for the database


def delete_old(database: Database, retention: Retention, at: datetime) -> bool:
    """Delete some of what is too old, with what was planned of it; whether there was any."""
    read, unread = (
        at - timedelta(days=retention.days[name])
        for name in (RecordClass.NOTIFICATION_READ, RecordClass.NOTIFICATION_UNREAD)
    )
    is_old = or_(
        notifications.c.read_at < read,
        notifications.c.read_at.is_(None) & (notifications.c.created_at < unread),
    )
    consult_id = notifications.c.consult_id
    with database.reading() as connection:
        is_free = or_(consult_id.is_(None), consult_id.not_in(consults_on_hold(connection)))
        ids = connection.scalars(select(notifications.c.id).where(is_old, is_free).limit(AT_ONCE)).all()
    if not ids:
        return False
    with database.transaction() as connection:
        connection.execute(
            delete(notification_deliveries).where(notification_deliveries.c.notification_id.in_(ids))
        )
        connection.execute(delete(notifications).where(notifications.c.id.in_(ids)))
    return True
