"""Who is rung for which request: kept, so that a restart forgets none."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from storage.tables import rings


@dataclass(frozen=True, slots=True)
class Ring:
    consult_id: str
    user_id: str
    rung: int  # 0: rung at once
    rang_at: datetime
    dismissed_at: datetime | None


class RingRepository:
    def ring(
        self, connection: Connection, consult_id: str, user_ids: Iterable[str], rung: int, at: datetime
    ) -> frozenset[str]:
        """Ring those who are not rung yet; whom."""
        new = frozenset(user_ids) - self.rung(connection, consult_id)
        for user_id in sorted(new):
            connection.execute(
                insert(rings).values(consult_id=consult_id, user_id=user_id, rung=rung, rang_at=at)
            )
        return new

    def rung(self, connection: Connection, consult_id: str) -> frozenset[str]:
        return frozenset(connection.scalars(select(rings.c.user_id).where(rings.c.consult_id == consult_id)))

    def of_user(self, connection: Connection, user_id: str) -> list[Ring]:
        """Those that the user has not put aside."""
        rows = connection.execute(
            select(rings)
            .where(rings.c.user_id == user_id, rings.c.dismissed_at.is_(None))
            .order_by(rings.c.rang_at.desc())
            .limit(50)
        )
        return [Ring(**row._mapping) for row in rows]

    def get(self, connection: Connection, consult_id: str, user_id: str) -> Ring | None:
        row = connection.execute(
            select(rings).where(rings.c.consult_id == consult_id, rings.c.user_id == user_id)
        ).first()
        return Ring(**row._mapping) if row else None

    def dismiss(self, connection: Connection, consult_id: str, user_id: str, at: datetime) -> None:
        connection.execute(
            update(rings)
            .where(rings.c.consult_id == consult_id, rings.c.user_id == user_id)
            .where(rings.c.dismissed_at.is_(None))
            .values(dismissed_at=at)
        )

    def counts(self, connection: Connection, consult_id: str) -> tuple[int, int]:
        """How many were rung, and how many of them said: not me."""
        row = connection.execute(
            select(func.count(), func.count(rings.c.dismissed_at)).where(rings.c.consult_id == consult_id)
        ).one()
        return row[0], row[1]

    def forget(self, connection: Connection, consult_id: str) -> None:
        """Before a request is submitted again."""
        connection.execute(delete(rings).where(rings.c.consult_id == consult_id))
