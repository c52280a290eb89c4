"""Agreements between institutions in the database, and whom a request reaches under them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, false, insert, or_, select, update

from storage.errors import StaleVersion
from storage.tables import agreement_scopes, agreements, consults, users
from teleconsult import access
from teleconsult.agreements.agreement import Agreement, Scope, offered_to
from teleconsult.consults.consult import LegalRole, Specialty
from teleconsult.errors import NoAgreement, NotFound
from teleconsult.users.user import Role, User


@dataclass(frozen=True, slots=True)
class Reach:
    """How many specialists of one institution see a request of this kind."""

    scope: Scope
    institution_id: str
    specialists: int


class AgreementRepository:
    def add(self, connection: Connection, agreement: Agreement) -> None:
        connection.execute(insert(agreements).values(id=agreement.id, **_values(agreement)))
        connection.execute(
            insert(agreement_scopes),
            [
                {"agreement_id": agreement.id, "specialty": one.specialty, "legal_role": one.legal_role}
                for one in agreement.scopes
            ],
        )

    def save(self, connection: Connection, read: Agreement, changed: Agreement) -> None:
        """Raises StaleVersion when the agreement no longer stands as it was read."""
        result = connection.execute(
            update(agreements)
            .where(
                agreements.c.id == read.id,
                agreements.c.accepted_at.is_not_distinct_from(read.accepted_at),
                agreements.c.ended_at.is_not_distinct_from(read.ended_at),
            )
            .values(_values(changed))
        )
        if result.rowcount != 1:
            raise StaleVersion(read.id)

    def get_of(self, connection: Connection, agreement_id: str, institution_id: str) -> Agreement:
        """Raises NotFound, also for an agreement of others."""
        row = connection.execute(select(agreements).where(agreements.c.id == agreement_id)).first()
        if row is None or institution_id not in (row.inviting_institution_id, row.invited_institution_id):
            raise NotFound
        return _agreements(connection, [row])[0]

    def of_institution(self, connection: Connection, institution_id: str) -> list[Agreement]:
        """All in which the institution is one side, the newest first."""
        rows = connection.execute(
            select(agreements)
            .where(
                or_(
                    agreements.c.inviting_institution_id == institution_id,
                    agreements.c.invited_institution_id == institution_id,
                )
            )
            .order_by(agreements.c.proposed_at.desc())
        ).all()
        return _agreements(connection, rows)

    def of_inviting(self, connection: Connection, institution_ids: Collection[str]) -> list[Agreement]:
        """All under which one of these institutions asks others."""
        rows = connection.execute(
            select(agreements).where(agreements.c.inviting_institution_id.in_(institution_ids))
        ).all()
        return _agreements(connection, rows)

    def reach(self, connection: Connection, asking: User, at: datetime) -> list[Reach]:
        """What the user may ask for, and how many specialists each institution has for it."""
        known = self.of_inviting(connection, [asking.institution.id])
        rows = connection.execute(
            select(users.c.id, users.c.institution_id, users.c.specialty, users.c.roles).where(
                users.c.specialty.is_not(None), users.c.disabled_at.is_(None), users.c.id != asking.id
            )
        ).all()
        readers = [row for row in rows if access.READERS & {Role(role) for role in row.roles}]
        found = []
        for scope in (Scope(specialty, role) for specialty in Specialty for role in LegalRole):
            for institution_id in sorted(offered_to(known, asking.institution.id, scope, at)):
                count = sum(
                    row.institution_id == institution_id and row.specialty == scope.specialty
                    for row in readers
                )
                if count or institution_id != asking.institution.id:
                    found.append(Reach(scope, institution_id, count))
        return found

    def specialists(
        self, connection: Connection, asking: User, scope: Scope, at: datetime
    ) -> list[str]:
        """Whom a request of this kind reaches, by user id."""
        known = self.of_inviting(connection, [asking.institution.id])
        rows = connection.execute(
            select(users.c.id, users.c.roles).where(
                users.c.specialty == scope.specialty,
                users.c.institution_id.in_(offered_to(known, asking.institution.id, scope, at)),
                users.c.disabled_at.is_(None),
                users.c.id != asking.id,
            )
        )
        return [row.id for row in rows if access.READERS & {Role(role) for role in row.roles}]

    def require_reach(self, connection: Connection, asking: User, scope: Scope, at: datetime) -> None:
        """Raises NoAgreement: nobody may be asked for this."""
        if any(one.scope == scope for one in self.reach(connection, asking, at)):
            return
        rows = connection.execute(
            select(users.c.display_name, users.c.roles)
            .where(users.c.institution_id == asking.institution.id, users.c.disabled_at.is_(None))
            .order_by(users.c.display_name)
        )
        raise NoAgreement([row.display_name for row in rows if Role.ADMINISTRATOR in row.roles])


def wants(specialty: str | None) -> ColumnElement[bool]:
    """What holds for the rows of `consults` that specialists of this specialty may accept."""
    if specialty is None:
        return false()
    return or_(consults.c.specialty == specialty, consults.c.escalated_to == specialty)


def is_offered_to(
    institution_id: str, at: datetime, specialty: ColumnElement[str] = consults.c.specialty
) -> ColumnElement[bool]:
    """What holds for the rows of `consults` that `offered_to` would offer to this institution."""
    return or_(
        consults.c.inviting_institution_id == institution_id,
        exists().where(
            agreements.c.invited_institution_id == institution_id,
            agreements.c.inviting_institution_id == consults.c.inviting_institution_id,
            agreements.c.accepted_at.is_not(None),
            agreements.c.ended_at.is_(None),
            and_(agreements.c.starts_at <= at, agreements.c.ends_at > at),
            agreement_scopes.c.agreement_id == agreements.c.id,
            agreement_scopes.c.specialty == specialty,
            agreement_scopes.c.legal_role == consults.c.legal_role,
        ),
    )


def _values(agreement: Agreement) -> dict[str, Any]:
    return {
        "inviting_institution_id": agreement.inviting_institution_id,
        "invited_institution_id": agreement.invited_institution_id,
        "starts_at": agreement.starts_at,
        "ends_at": agreement.ends_at,
        "proposed_at": agreement.proposed_at,
        "proposed_by": agreement.proposed_by_id,
        "proposing_institution_id": agreement.proposing_institution_id,
        "accepted_at": agreement.accepted_at,
        "accepted_by": agreement.accepted_by_id,
        "ended_at": agreement.ended_at,
        "ended_by": agreement.ended_by_id,
        "end_reason": agreement.end_reason,
    }


def _agreements(connection: Connection, rows: Iterable[Row[Any]]) -> list[Agreement]:
    found = list(rows)
    scopes: dict[str, set[Scope]] = {row.id: set() for row in found}
    for one in connection.execute(
        select(agreement_scopes).where(agreement_scopes.c.agreement_id.in_(scopes))
    ):
        scopes[one.agreement_id].add(Scope(one.specialty, LegalRole(one.legal_role)))
    return [
        Agreement(
            id=row.id,
            inviting_institution_id=row.inviting_institution_id,
            invited_institution_id=row.invited_institution_id,
            scopes=frozenset(scopes[row.id]),
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            proposed_at=row.proposed_at,
            proposed_by_id=row.proposed_by,
            proposing_institution_id=row.proposing_institution_id,
            accepted_at=row.accepted_at,
            accepted_by_id=row.accepted_by,
            ended_at=row.ended_at,
            ended_by_id=row.ended_by,
            end_reason=row.end_reason,
        )
        for row in found
    ]
