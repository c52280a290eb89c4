"""Who works at an institution: what its administrator may change, and what stays true meanwhile."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, or_, select, update
from sqlalchemy.exc import IntegrityError

from storage import audit_log
from storage.database import Database, utc_now
from storage.tables import institutions, users
from teleconsult import access
from teleconsult.errors import LastAdministrator, NotFound, SpecialtyMissing, UsernameTaken
from teleconsult.identity import attempts
from teleconsult.identity.resetting import reset_second_factors
from teleconsult.identity.second_factors import KINDS
from teleconsult.identity.sessions import end_sessions
from teleconsult.users import passwords
from teleconsult.users.repository import UserRepository
from teleconsult.users.user import Institution, Role, User


@dataclass(frozen=True, slots=True)
class Member:
    user: User
    disabled_at: datetime | None
    has_second_factor: bool = False

    @property
    def administers(self) -> bool:
        return self.disabled_at is None and Role.ADMINISTRATOR in self.user.roles


def check_roles(roles: Iterable[Role], specialty: str | None) -> None:
    """Raises SpecialtyMissing: a request finds its specialists by their specialty."""
    if access.READERS & set(roles) and specialty is None:
        raise SpecialtyMissing


def require_administrator(members: Iterable[Member]) -> None:
    """Raises LastAdministrator where nobody could let anybody in any more."""
    if not any(member.administers for member in members):
        raise LastAdministrator


class MemberRepository:
    """Members of one institution. Every change keeps at least one administrator who may sign in."""

    def __init__(self, user_repository: UserRepository) -> None:
        self._users = user_repository

    def of_institution(self, connection: Connection, institution_id: str) -> list[Member]:
        rows = connection.execute(
            select(users.c.id, users.c.disabled_at, or_(*KINDS.values()).label("has_second_factor"))
            .where(users.c.institution_id == institution_id)
            .order_by(users.c.username)
        ).all()
        known = self._users.by_ids(connection, [row.id for row in rows])
        return [Member(known[row.id], row.disabled_at, row.has_second_factor) for row in rows]

    def get_of(self, connection: Connection, user_id: str, institution_id: str) -> Member:
        """Raises NotFound, also for another institution's."""
        for member in self.of_institution(connection, institution_id):
            if member.user.id == user_id:
                return member
        raise NotFound

    def add(
        self,
        connection: Connection,
        institution: Institution,
        *,
        username: str,
        display_name: str,
        roles: Iterable[Role],
        specialty: str | None,
        language: str,
    ) -> tuple[Member, str]:
        """A new member and the one-time password, which is kept nowhere.

        Raises: UsernameTaken, SpecialtyMissing.
        """
        kept_roles = set(roles)
        check_roles(kept_roles, specialty)
        password = passwords.one_time_password()
        try:
            self._users.add(
                connection,
                username=username,
                display_name=display_name,
                roles=kept_roles,
                institution=institution,
                specialty=specialty,
                password=password,
                language=language,
            )
        except IntegrityError as error:
            raise UsernameTaken from error
        user = self._users.find(connection, username)
        assert user is not None  # just added
        return Member(user, None), password

    def change(
        self,
        connection: Connection,
        member: Member,
        *,
        display_name: str,
        roles: Iterable[Role],
        specialty: str | None,
        language: str,
    ) -> Member:
        """It holds from the member's next request on. Raises: SpecialtyMissing, LastAdministrator."""
        kept_roles = set(roles)
        check_roles(kept_roles, specialty)
        connection.execute(
            update(users)
            .where(users.c.id == member.user.id)
            .values(
                display_name=display_name, roles=sorted(kept_roles), specialty=specialty, language=language
            )
        )
        return self._checked(connection, member)

    def disable(self, connection: Connection, member: Member, at: datetime) -> Member:
        """End all sessions; what the member wrote and signed stays. Raises LastAdministrator."""
        connection.execute(update(users).where(users.c.id == member.user.id).values(disabled_at=at))
        end_sessions(connection, member.user.id)
        return self._checked(connection, member)

    def enable(self, connection: Connection, member: Member) -> Member:
        connection.execute(update(users).where(users.c.id == member.user.id).values(disabled_at=None))
        return self._checked(connection, member)

    def reset_password(self, connection: Connection, member: Member) -> str:
        """A new one-time password, which is kept nowhere; all sessions end."""
        password = passwords.one_time_password()
        connection.execute(
            update(users)
            .where(users.c.id == member.user.id)
            .values(
                password_hash=passwords.hash_password(password),
                must_change_password=True,
            )
        )
        attempts.forget_name(connection, member.user.username)
        end_sessions(connection, member.user.id)
        return password

    def reset_second_factors(self, connection: Connection, member: Member) -> Member:
        """For a member who lost them and the recovery codes; all sessions end."""
        reset_second_factors(connection, member.user.id)
        return replace(member, has_second_factor=False)

    def roles_with_second_factor(self, connection: Connection, institution_id: str) -> list[Role]:
        """In which roles a member must have one."""
        kept = connection.execute(
            select(institutions.c.second_factor_roles).where(institutions.c.id == institution_id)
        ).scalar_one()
        return [Role(role) for role in kept]

    def require_second_factor(
        self, connection: Connection, institution_id: str, roles: Iterable[Role]
    ) -> None:
        """From the next request on: who has none sets one up first. Nobody is kept out."""
        connection.execute(
            update(institutions)
            .where(institutions.c.id == institution_id)
            .values(second_factor_roles=sorted(set(roles)))
        )

    def _checked(self, connection: Connection, member: Member) -> Member:
        institution_id = member.user.institution.id
        require_administrator(self.of_institution(connection, institution_id))
        return self.get_of(connection, member.user.id, institution_id)


def add_administrator(database: Database, username: str, name_en: str, name_zh: str = "") -> str:
    """The one-time password of a new administrator; the institution is made where no other has its name.

    Raises UsernameTaken.
    """
    users_here = UserRepository(database)
    with database.transaction() as connection:
        named = {place.name_en: place for place in users_here.institutions(connection).values()}
        place = named.get(name_en) or users_here.add_institution(connection, name_en, name_zh or name_en)
        member, password = MemberRepository(users_here).add(
            connection,
            place,
            username=username,
            display_name=username,
            roles=[Role.ADMINISTRATOR],
            specialty=None,
            language="zh-CN",
        )
        audit_log.record(
            connection,
            at=utc_now(),
            actor="command-line",
            action="member-added",
            subject=f"user/{member.user.id}",
            details={"roles": [Role.ADMINISTRATOR], "institution": place.id},
        )
    return password
