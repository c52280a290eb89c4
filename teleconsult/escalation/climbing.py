"""Takes the rungs that are due, of whatever waits."""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from storage.errors import StaleVersion
from teleconsult.critical_results import critical_steps
from teleconsult.critical_results.category import Category
from teleconsult.dependencies import PartsOfApp
from teleconsult.errors import IllegalTransition
from teleconsult.escalation.ladder import RINGS, Rung, due, ladder_of
from teleconsult.escalation.repository import Escalation, EscalationRepository, Taken
from teleconsult.notifications.telling import announce
from teleconsult.ringing import ringing

escalation_repository = EscalationRepository()

# Takes one rung (its number is 1-based) in the transaction; None: it waits no longer.
TakeRung = Callable[[PartsOfApp, Connection, str, Rung, int, datetime], Taken | None]
TAKE: Mapping[str, TakeRung] = {
    **dict.fromkeys(RINGS, ringing.take_rung),
    **{ladder_of(category): critical_steps.take_rung for category in Category},
}


def climb_due(parts: PartsOfApp, at: datetime) -> bool:
    """Take every rung that is due; whether there was one."""
    with parts.database.reading() as connection:
        waiting = escalation_repository.due(connection, at)
    return any([climb(parts, escalation, at) for escalation in waiting])


def climb(parts: PartsOfApp, escalation: Escalation, at: datetime) -> bool:
    """Take one rung. False: another process took it, or it waits no longer."""
    ladder = parts.settings.ladders[escalation.ladder]
    number = escalation.next_rung + 1
    try:
        with parts.database.transaction() as connection:
            next_due = due(ladder, number, escalation.began_at)
            if not escalation_repository.climb(connection, escalation, next_due):
                return False
            taken = None
            if number <= len(ladder):  # a hospital may have shortened it meanwhile
                take = TAKE[escalation.ladder]
                taken = take(parts, connection, escalation.subject_id, ladder[number - 1], number, at)
            if taken is None:
                escalation_repository.stop(connection, escalation.subject_id)
                return False
    except (StaleVersion, IllegalTransition):
        return False  # it is looked at again in a moment
    parts.publish({"type": "consult-changed", "consult_id": taken.consult_id})
    announce(parts, taken.told)
    return True
