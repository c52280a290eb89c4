"""For whoever lost the second factor and the recovery codes: the account opens by its password again."""

from sqlalchemy import Connection, delete, select

from storage import audit_log
from storage.database import Database, utc_now
from storage.tables import passkeys, recovery_codes, totp_secrets, users, webauthn_challenges
from teleconsult.identity.sessions import end_sessions


def reset_second_factors(connection: Connection, user_id: str) -> None:
    """All sessions of the user end."""
    for table in (totp_secrets, passkeys, recovery_codes, webauthn_challenges):
        connection.execute(delete(table).where(table.c.user_id == user_id))
    end_sessions(connection, user_id)


def reset_by_command(database: Database, username: str) -> bool:
    """On the server itself, where no administrator is left; whether there is such a user."""
    with database.transaction() as connection:
        user_id = connection.execute(select(users.c.id).where(users.c.username == username)).scalar()
        if user_id is None:
            return False
        reset_second_factors(connection, user_id)
        audit_log.record(
            connection,
            at=utc_now(),
            actor="command-line",
            action="second-factor-reset",
            subject=f"user/{user_id}",
        )
    return True
