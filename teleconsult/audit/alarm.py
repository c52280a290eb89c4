"""Whom it concerns that the audit log cannot be written, or does not reach its receiver."""

from datetime import datetime

from sqlalchemy import Connection, select

from storage.tables import users
from teleconsult.dependencies import PartsOfApp
from teleconsult.notifications.notification import Kind
from teleconsult.users.user import Role


def tell_administrators(parts: PartsOfApp, kind: Kind, connection: Connection, since: datetime) -> None:
    """Write a notification for each administrator of every institution."""
    rows = connection.execute(select(users.c.id, users.c.roles).where(users.c.disabled_at.is_(None)))
    told = [row.id for row in rows if Role.ADMINISTRATOR in row.roles]
    parts.notifications.tell(connection, told, kind, at=since)
