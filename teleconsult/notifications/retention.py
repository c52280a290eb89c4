"""How long notifications are kept, and the sweep that deletes what is older.

TELECONSULT_NOTIFICATION_DAYS=read:90,unread:365. What was read counts from its reading, what was not from
its coming. What became of a case stands in its record and in the audit log, not here.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select

from storage.database import Database
from storage.tables import notification_deliveries, notifications

AT_ONCE = 500  # rows: nobody else waits long for the database


@dataclass(frozen=True, slots=True)
class KeptFor:
    read: int = 90  # days
    unread: int = 365  # days

    @classmethod
    def from_text(cls, text: str) -> "KeptFor":
        """What a setting like `read:30` says; where it says nothing, the default. Raises ValueError."""
        kept = cls()
        for entry in filter(None, (part.strip() for part in text.split(","))):
            name, _, days = entry.partition(":")
            if name not in ("read", "unread") or int(days) < 1:
                raise ValueError(f"{entry}: read or unread, and at least one day")
            kept = replace(kept, **{name: int(days)})
        return kept


def delete_old(database: Database, kept_for: KeptFor, at: datetime) -> bool:
    """Delete some of what is too old, with what was planned of it; whether there was any."""
    is_old = or_(
        notifications.c.read_at < at - timedelta(days=kept_for.read),
        notifications.c.read_at.is_(None)
        & (notifications.c.created_at < at - timedelta(days=kept_for.unread)),
    )
    with database.reading() as connection:
        ids = connection.scalars(select(notifications.c.id).where(is_old).limit(AT_ONCE)).all()
    if not ids:
        return False
    with database.transaction() as connection:
        connection.execute(
            delete(notification_deliveries).where(notification_deliveries.c.notification_id.in_(ids))
        )
        connection.execute(delete(notifications).where(notifications.c.id.in_(ids)))
    return True
