"""Users and their sessions in the database."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from storage import audit_log
from storage.database import Database
from storage.tables import institutions, user_sessions, users
from teleconsult.errors import (
    AccountDisabled,
    NotSignedIn,
    TooManyAttempts,
    WrongCredentials,
    WrongPassword,
)
from teleconsult.users import passwords
from teleconsult.users.user import Institution, Role, User

SESSION_LIFETIME = timedelta(hours=12)
FREE_ATTEMPTS = 4
MAX_WAIT_S = 300

_JOINED = select(users, institutions.c.name_en, institutions.c.name_zh).join(
    institutions, users.c.institution_id == institutions.c.id
)


class UserRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    def is_empty(self) -> bool:
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(users)).scalar_one() == 0

    def add_institution(self, connection: Connection, name_en: str, name_zh: str) -> Institution:
        institution = Institution(str(uuid4()), name_en, name_zh)
        count = connection.execute(select(func.count()).select_from(institutions)).scalar_one()
        connection.execute(
            insert(institutions).values(id=institution.id, name_en=name_en, name_zh=name_zh, position=count)
        )
        return institution

    def add(
        self,
        connection: Connection,
        *,
        username: str,
        display_name: str,
        roles: Iterable[Role],
        institution: Institution,
        specialty: str | None,
        password: str,
        language: str = "zh-CN",
    ) -> None:
        """Add a user who must choose a password of their own at the first sign-in."""
        connection.execute(
            insert(users).values(
                id=str(uuid4()),
                username=username,
                display_name=display_name,
                password_hash=passwords.hash_password(password),
                must_change_password=True,
                roles=sorted(roles),
                specialty=specialty,
                language=language,
                institution_id=institution.id,
                failed_logins=0,
            )
        )

    def sign_in(self, username: str, password: str, at: datetime) -> tuple[str, User]:
        """Return a new session's token and its user.

        Raises:
            WrongCredentials: unknown user or wrong password; the two look and take the same.
            TooManyAttempts: wrong several times in a row. The delay belongs to the account and
                grows, but it never locks the account for good.
            AccountDisabled: the password is right, but an administrator has switched the account off.
        """
        with self._database.reading() as connection:
            row = connection.execute(_JOINED.where(users.c.username == username)).first()
        if row is None:
            passwords.is_right(password, passwords.decoy_hash())
            raise WrongCredentials
        if row.next_login_at is not None and row.next_login_at > at:
            raise TooManyAttempts(int((row.next_login_at - at).total_seconds()) + 1)
        right = passwords.is_right(password, row.password_hash)
        token = secrets.token_urlsafe(32)
        with self._database.transaction() as connection:
            if right:
                values: dict[str, Any] = {"failed_logins": 0, "next_login_at": None}
                if row.disabled_at is None:
                    self._open_session(connection, token, row.id, at)
            else:
                failed = row.failed_logins + 1
                wait_s = min(MAX_WAIT_S, 2 ** (failed - FREE_ATTEMPTS)) if failed > FREE_ATTEMPTS else 0
                values = {"failed_logins": failed, "next_login_at": at + timedelta(seconds=wait_s)}
            connection.execute(update(users).where(users.c.id == row.id).values(**values))
            action = "sign-in" if right and row.disabled_at is None else "sign-in-refused"
            audit_log.record(connection, at=at, actor=row.id, action=action, subject=f"user/{row.id}")
        if not right:
            raise WrongCredentials
        if row.disabled_at is not None:
            raise AccountDisabled
        return token, _user(row)

    def of_session(self, token: str | None, at: datetime) -> User:
        """Raises NotSignedIn when the token is absent, unknown or expired."""
        if not token:
            raise NotSignedIn
        with self._database.reading() as connection:
            row = connection.execute(
                _JOINED.join(user_sessions, user_sessions.c.user_id == users.c.id).where(
                    user_sessions.c.token_sha256 == _sha256(token),
                    user_sessions.c.expires_at > at,
                    users.c.disabled_at.is_(None),
                )
            ).first()
        if row is None:
            raise NotSignedIn
        return _user(row)

    def sign_out(self, token: str, at: datetime) -> None:
        with self._database.transaction() as connection:
            connection.execute(delete(user_sessions).where(user_sessions.c.token_sha256 == _sha256(token)))
            connection.execute(delete(user_sessions).where(user_sessions.c.expires_at < at))

    def change_password(self, user: User, current: str, new: str, at: datetime) -> str:
        """Set a new password, end all sessions of the user, and return a new session's token.

        Raises: WrongPassword, WeakPassword.
        """
        self.check_password(user, current)
        passwords.check_new_password(new, old=current, username=user.username)
        token = secrets.token_urlsafe(32)
        with self._database.transaction() as connection:
            connection.execute(
                update(users)
                .where(users.c.id == user.id)
                .values(password_hash=passwords.hash_password(new), must_change_password=False)
            )
            connection.execute(delete(user_sessions).where(user_sessions.c.user_id == user.id))
            self._open_session(connection, token, user.id, at)
            audit_log.record(
                connection, at=at, actor=user.id, action="password-changed", subject=f"user/{user.id}"
            )
        return token

    def check_password(self, user: User, password: str) -> None:
        """Raises WrongPassword. Used again at signing: a signature is more than an open page."""
        with self._database.reading() as connection:
            stored = connection.execute(select(users.c.password_hash).where(users.c.id == user.id)).scalar()
        if stored is None or not passwords.is_right(password, stored):
            raise WrongPassword

    def set_language(self, user: User, language: str) -> None:
        with self._database.transaction() as connection:
            connection.execute(update(users).where(users.c.id == user.id).values(language=language))

    def get(self, connection: Connection, user_id: str) -> User:
        return _user(connection.execute(_JOINED.where(users.c.id == user_id)).one())

    def enabled(self, connection: Connection, user_id: str) -> User | None:
        """The user; None where the account is switched off."""
        row = connection.execute(
            _JOINED.where(users.c.id == user_id, users.c.disabled_at.is_(None))
        ).first()
        return _user(row) if row else None

    def of_institutions(self, connection: Connection, institution_ids: Iterable[str]) -> list[User]:
        """All whose accounts are not switched off."""
        rows = connection.execute(
            _JOINED.where(users.c.institution_id.in_(set(institution_ids)), users.c.disabled_at.is_(None))
        )
        return [_user(row) for row in rows]

    def find(self, connection: Connection, username: str) -> User | None:
        row = connection.execute(_JOINED.where(users.c.username == username)).first()
        return _user(row) if row else None

    def by_ids(self, connection: Connection, user_ids: Iterable[str]) -> dict[str, User]:
        rows = connection.execute(_JOINED.where(users.c.id.in_(set(user_ids))))
        return {row.id: _user(row) for row in rows}

    def institutions(self, connection: Connection) -> dict[str, Institution]:
        rows = connection.execute(select(institutions))
        return {row.id: Institution(row.id, row.name_en, row.name_zh) for row in rows}

    @staticmethod
    def _open_session(connection: Connection, token: str, user_id: str, at: datetime) -> None:
        connection.execute(
            insert(user_sessions).values(
                token_sha256=_sha256(token),
                user_id=user_id,
                created_at=at,
                expires_at=at + SESSION_LIFETIME,
            )
        )


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _user(row: Row[Any]) -> User:
    return User(
        id=row.id,
        username=row.username,
        display_name=row.display_name,
        roles=frozenset(Role(role) for role in row.roles),
        institution=Institution(row.institution_id, row.name_en, row.name_zh),
        specialty=row.specialty,
        language=row.language,
        must_change_password=row.must_change_password,
    )
