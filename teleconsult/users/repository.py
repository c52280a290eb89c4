"""Users in the database."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, func, insert, select, update

from storage.database import Database
from storage.tables import institutions, users
from teleconsult.users import passwords
from teleconsult.users.user import Institution, Role, User

JOINED = select(users, institutions.c.name_en, institutions.c.name_zh).join(
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
            )
        )

    def change_preferences(self, user: User, preferences: Mapping[str, str | bool]) -> None:
        """`preferences`: columns of the user's own choice (identity.schemas.MeIn)."""
        if not preferences:
            return
        with self._database.transaction() as connection:
            connection.execute(update(users).where(users.c.id == user.id).values(**preferences))

    def get(self, connection: Connection, user_id: str) -> User:
        return user_of(connection.execute(JOINED.where(users.c.id == user_id)).one())

    def enabled(self, connection: Connection, user_id: str) -> User | None:
        """The user; None where the account is switched off."""
        row = connection.execute(
            JOINED.where(users.c.id == user_id, users.c.disabled_at.is_(None))
        ).first()
        return user_of(row) if row else None

    def of_institutions(self, connection: Connection, institution_ids: Iterable[str]) -> list[User]:
        """All whose accounts are not switched off, by username."""
        rows = connection.execute(
            JOINED.where(
                users.c.institution_id.in_(set(institution_ids)), users.c.disabled_at.is_(None)
            ).order_by(users.c.username)
        )
        return [user_of(row) for row in rows]

    def find(self, connection: Connection, username: str) -> User | None:
        row = connection.execute(JOINED.where(users.c.username == username)).first()
        return user_of(row) if row else None

    def by_ids(self, connection: Connection, user_ids: Iterable[str]) -> dict[str, User]:
        wanted = set(user_ids)
        rows = connection.execute(JOINED.where(users.c.id.in_(wanted))) if wanted else ()
        return {row.id: user_of(row) for row in rows}

    def everybody(self, connection: Connection) -> dict[str, User]:
        """By id, also those whose accounts are switched off."""
        return {row.id: user_of(row) for row in connection.execute(JOINED)}

    def institutions(self, connection: Connection) -> dict[str, Institution]:
        rows = connection.execute(select(institutions))
        return {row.id: Institution(row.id, row.name_en, row.name_zh) for row in rows}


def user_of(row: Row[Any]) -> User:
    return User(
        id=row.id,
        username=row.username,
        display_name=row.display_name,
        roles=frozenset(Role(role) for role in row.roles),
        institution=Institution(row.institution_id, row.name_en, row.name_zh),
        specialty=row.specialty,
        language=row.language,
        must_change_password=row.must_change_password,
        knows_first_steps=row.knows_first_steps,
    )
