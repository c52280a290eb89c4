"""Who is signed in, where, and when each last proved who it is: the sessions in the database.

A session's token is known to its browser alone; the database keeps the hash, which names the session.
"""

import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection, delete, desc, exists, func, insert, select, update
from sqlalchemy.exc import OperationalError

from storage.database import Database
from storage.tables import institutions, oidc_identities, started_sign_ins, user_sessions, users
from teleconsult.errors import NotFound, NotSignedIn
from teleconsult.identity.second_factors import KINDS, kinds_in
from teleconsult.users.repository import JOINED, user_of
from teleconsult.users.user import User

LIFETIME = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)
TOKEN_BYTES = 32
MAX_ADDRESS, MAX_AGENT = 64, 300

_WHOLE = (
    JOINED.add_columns(
        institutions.c.second_factor_roles,
        user_sessions.c.token_sha256,
        user_sessions.c.last_seen_at,
        func.coalesce(user_sessions.c.proved_at, user_sessions.c.created_at).label("last_proved_at"),
        exists().where(oidc_identities.c.user_id == users.c.id).label("has_provider"),
        *(has.label(name) for name, has in KINDS.items()),
    )
    .join(user_sessions, user_sessions.c.user_id == users.c.id)
    .where(users.c.disabled_at.is_(None))
)


@dataclass(frozen=True, slots=True)
class Device:
    """From where a session is used, as the request tells."""

    address: str
    agent: str


@dataclass(frozen=True, slots=True)
class Session:
    id: str
    user: User
    proved_at: datetime
    second_factors: tuple[str, ...]  # "totp", "passkey"
    must_set_up_second_factor: bool

    def is_fresh(self, at: datetime, minutes: int) -> bool:
        """Also where two machines' clocks differ a little; not after the clock was set back by hours."""
        return abs(at - self.proved_at) <= timedelta(minutes=minutes)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """As its user sees it in the list."""

    id: str
    created_at: datetime
    last_seen_at: datetime | None
    address: str | None
    agent: str | None


def open_session(
    connection: Connection, user_id: str, at: datetime, device: Device, expires_at: datetime | None = None
) -> str:
    """The new session's token."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    connection.execute(
        insert(user_sessions).values(
            token_sha256=digest(token),
            user_id=user_id,
            created_at=at,
            proved_at=at,
            last_seen_at=at,
            expires_at=expires_at or at + LIFETIME,
            address=device.address[:MAX_ADDRESS],
            agent=device.agent[:MAX_AGENT],
        )
    )
    return token


def session_of(database: Database, token: str | None, at: datetime) -> Session:
    """Raises NotSignedIn when the token is absent, unknown or expired."""
    if not token:
        raise NotSignedIn
    with database.reading() as connection:
        row = connection.execute(
            _WHOLE.where(user_sessions.c.token_sha256 == digest(token), user_sessions.c.expires_at > at)
        ).first()
    if row is None:
        raise NotSignedIn
    if row.last_seen_at is None or abs(at - row.last_seen_at) > SEEN_EVERY:
        _note_seen(database, row.token_sha256, at)
    user = user_of(row)
    factors = kinds_in(row._mapping)
    return Session(
        id=row.token_sha256,
        user=user,
        proved_at=row.last_proved_at,
        second_factors=factors,
        # Whoever has no password here could not prove who it is for a signature.
        must_set_up_second_factor=not factors
        and (row.has_provider or bool(user.roles & set(row.second_factor_roles))),
    )


def replace_session(connection: Connection, session_id: str, at: datetime, device: Device) -> str:
    """A new token for a session whose user proved again who it is; the old one is worth nothing any more.

    Raises NotSignedIn: it ended meanwhile.
    """
    old = connection.execute(select(user_sessions).where(user_sessions.c.token_sha256 == session_id)).first()
    if old is None:
        raise NotSignedIn
    connection.execute(delete(user_sessions).where(user_sessions.c.token_sha256 == session_id))
    return open_session(connection, old.user_id, at, device, old.expires_at)


def sessions_of(connection: Connection, user_id: str, at: datetime) -> Sequence[OpenSession]:
    rows = connection.execute(
        select(user_sessions)
        .where(user_sessions.c.user_id == user_id, user_sessions.c.expires_at > at)
        .order_by(desc(func.coalesce(user_sessions.c.last_seen_at, user_sessions.c.created_at)))
    )
    return [
        OpenSession(row.token_sha256, row.created_at, row.last_seen_at, row.address, row.agent)
        for row in rows
    ]


def end_session(connection: Connection, user_id: str, session_id: str) -> None:
    """Raises NotFound, also for another user's."""
    ended = connection.execute(
        delete(user_sessions).where(
            user_sessions.c.token_sha256 == session_id, user_sessions.c.user_id == user_id
        )
    )
    if ended.rowcount != 1:
        raise NotFound


def end_sessions(connection: Connection, user_id: str, keep: str | None = None) -> int:
    """All of the user's, and sign-ins that wait for a second factor; how many sessions ended."""
    connection.execute(delete(started_sign_ins).where(started_sign_ins.c.user_id == user_id))
    which = [user_sessions.c.user_id == user_id]
    if keep is not None:
        which.append(user_sessions.c.token_sha256 != keep)
    return connection.execute(delete(user_sessions).where(*which)).rowcount


def digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _note_seen(database: Database, session_id: str, at: datetime) -> None:
    with suppress(OperationalError), database.transaction() as connection:  # a full disk stops no reader
        connection.execute(
            update(user_sessions).where(user_sessions.c.token_sha256 == session_id).values(last_seen_at=at)
        )
