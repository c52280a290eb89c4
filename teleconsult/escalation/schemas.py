"""What the API says of a ladder."""

from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import Connection

from teleconsult.dependencies import PartsOfApp
from teleconsult.escalation.ladder import Audience
from teleconsult.escalation.repository import EscalationRepository


class NextRungOut(BaseModel):
    at: datetime
    tells: list[Audience]


def next_rung_out(parts: PartsOfApp, connection: Connection, subject_id: str) -> NextRungOut | None:
    """Whom what waits reaches next; None: it waits no longer, or its ladder has no more."""
    waiting = EscalationRepository().find(connection, subject_id)
    if waiting is None or waiting.due_at is None:
        return None
    ladder = parts.settings.ladders[waiting.ladder]
    if waiting.next_rung >= len(ladder):
        return None
    return NextRungOut(at=waiting.due_at, tells=list(ladder[waiting.next_rung].tells))
