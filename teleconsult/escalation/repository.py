"""When a ladder goes on: kept, so that a restart forgets none, and taken by one process of several."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from storage.tables import escalations


@dataclass(frozen=True, slots=True)
class Escalation:
    """
    Attributes:
        subject_id: the consult that waits to be accepted, or the critical result.
    """

    subject_id: str
    ladder: str
    next_rung: int  # 0-based
    began_at: datetime
    due_at: datetime | None  # null: the ladder has no more


@dataclass(frozen=True, slots=True)
class Taken:
    """What taking a rung did: whose consult has changed, and whom to `announce` it to."""

    consult_id: str
    told: frozenset[str]


class EscalationRepository:
    def begin(self, connection: Connection, escalation: Escalation) -> None:
        connection.execute(insert(escalations).values(asdict(escalation)))

    def find(self, connection: Connection, subject_id: str) -> Escalation | None:
        row = connection.execute(select(escalations).where(escalations.c.subject_id == subject_id)).first()
        return Escalation(**row._mapping) if row else None

    def due(self, connection: Connection, at: datetime) -> list[Escalation]:
        rows = connection.execute(
            select(escalations).where(escalations.c.due_at <= at).order_by(escalations.c.due_at).limit(20)
        )
        return [Escalation(**row._mapping) for row in rows]

    def climb(self, connection: Connection, read: Escalation, next_due: datetime | None) -> bool:
        """Whether this rung is the caller's: of several processes it is one's."""
        taken = connection.execute(
            update(escalations)
            .where(escalations.c.subject_id == read.subject_id, escalations.c.next_rung == read.next_rung)
            .values(next_rung=read.next_rung + 1, due_at=next_due)
        )
        return taken.rowcount == 1

    def stop(self, connection: Connection, subject_id: str) -> None:
        connection.execute(delete(escalations).where(escalations.c.subject_id == subject_id))
