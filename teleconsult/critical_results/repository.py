"""Critical results in the database. Who changes one holds its consult (`queue_for`): one step at a time."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from storage.tables import consults, critical_results
from teleconsult.critical_results.category import Category
from teleconsult.critical_results.critical_result import (
    WAITS,
    CriticalResult,
    CriticalStatus,
    history_from_json,
    history_to_json,
)
from teleconsult.errors import NotFound
from teleconsult.users.user import User


class CriticalResultRepository:
    def add(self, connection: Connection, result: CriticalResult) -> None:
        connection.execute(
            insert(critical_results).values(
                id=result.id,
                consult_id=result.consult_id,
                category=result.category,
                finding=result.finding,
                status=result.status,
                raised_by=result.raised_by_id,
                raised_at=result.raised_at,
                due_at=result.due_at,
                told=list(result.told_ids),
                history=history_to_json(result.history),
            )
        )

    def save(self, connection: Connection, result: CriticalResult) -> None:
        connection.execute(
            update(critical_results)
            .where(critical_results.c.id == result.id)
            .values(status=result.status, history=history_to_json(result.history))
        )

    def get(self, connection: Connection, result_id: str) -> CriticalResult:
        """Raises NotFound."""
        row = connection.execute(select(critical_results).where(critical_results.c.id == result_id)).first()
        if row is None:
            raise NotFound
        return _result(row)

    def of_consult(self, connection: Connection, consult_id: str) -> list[CriticalResult]:
        """The first raised first."""
        rows = connection.execute(
            select(critical_results)
            .where(critical_results.c.consult_id == consult_id)
            .order_by(critical_results.c.raised_at, critical_results.c.id)
        )
        return [_result(row) for row in rows]

    def waiting_near(self, connection: Connection, user: User) -> list[CriticalResult]:
        """Those that wait and may concern the user, the first due first; the caller looks at rights."""
        rows = connection.execute(
            select(critical_results)
            .join(consults, consults.c.id == critical_results.c.consult_id)
            .where(
                critical_results.c.status.in_(WAITS),
                or_(
                    consults.c.inviting_institution_id == user.institution.id,
                    critical_results.c.raised_by == user.id,
                ),
            )
            .order_by(critical_results.c.due_at)
        )
        return [_result(row) for row in rows]


def _result(row: Row[Any]) -> CriticalResult:
    return CriticalResult(
        id=row.id,
        consult_id=row.consult_id,
        category=Category(row.category),
        finding=row.finding,
        status=CriticalStatus(row.status),
        raised_by_id=row.raised_by,
        raised_at=row.raised_at,
        due_at=row.due_at,
        told_ids=tuple(row.told),
        history=history_from_json(row.history),
    )


def people_of(results: Collection[CriticalResult]) -> set[str]:
    """The ids of everybody whom they name."""
    return {
        user_id
        for result in results
        for user_id in (result.raised_by_id, *result.told_ids, *(step.actor_id for step in result.history))
    }
