"""The steps of a critical result: raised, acknowledged, telephoned, withdrawn, its rungs; all audited."""

from collections.abc import Iterable
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection

from storage import audit_log
from teleconsult import access
from teleconsult.consults.consult import SYSTEM, Consult
from teleconsult.critical_results.category import Category
from teleconsult.critical_results.critical_result import CriticalEvent, CriticalResult, CriticalStatus
from teleconsult.critical_results.repository import CriticalResultRepository
from teleconsult.dependencies import PartsOfApp
from teleconsult.errors import NotAllowed, NotFound
from teleconsult.escalation.ladder import Audience, Rung, ladder_of
from teleconsult.escalation.repository import Escalation, EscalationRepository, Taken
from teleconsult.notifications.notification import Kind
from teleconsult.notifications.telling import named
from teleconsult.users.user import Role, User

critical_repository = CriticalResultRepository()
escalation_repository = EscalationRepository()
# Who else hears of a step, and as what.
_NEWS = {
    CriticalEvent.ACKNOWLEDGE: Kind.CRITICAL_ACKNOWLEDGED,
    CriticalEvent.TELEPHONE: Kind.CRITICAL_TELEPHONED,
    CriticalEvent.WITHDRAW: Kind.CRITICAL_WITHDRAWN,
}


def raise_result(
    parts: PartsOfApp,
    connection: Connection,
    consult: Consult,
    user: User,
    category: Category,
    finding: str,
    at: datetime,
) -> frozenset[str]:
    """From now on it runs; whom to `announce` it to. Raises NotAllowed."""
    if not access.may_raise_critical(user, consult):
        raise NotAllowed
    ladder = parts.settings.ladders[ladder_of(category)]
    asking = parts.users.enabled(connection, consult.requested_by_id)
    told = frozenset([asking.id] if asking else _colleagues(parts, connection, consult))
    due_at = at + ladder[0].after
    result = CriticalResult(
        id=str(uuid4()),
        consult_id=consult.id,
        category=category,
        finding=finding,
        status=CriticalStatus.OPEN,
        raised_by_id=user.id,
        raised_at=at,
        due_at=due_at,
        told_ids=tuple(sorted(told)),
    )
    critical_repository.add(connection, result)
    escalation_repository.begin(connection, Escalation(result.id, ladder_of(category), 0, at, due_at))
    _tell(parts, connection, consult, told, Kind.CRITICAL_RESULT, user, at)
    _audit(connection, result, user.id, "critical-result-raised", at)
    return told


def take_step(
    parts: PartsOfApp,
    connection: Connection,
    consult: Consult,
    result_id: str,
    user: User,
    event: CriticalEvent,
    at: datetime,
    *,
    words: str,
    spoken_to: str | None = None,
) -> frozenset[str]:
    """Acknowledge, telephone or withdraw; whom to `announce` it to.

    Raises: NotFound, NotAllowed, and what `CriticalResult.apply` raises.
    """
    parts.consults.queue_for(connection, consult.id)
    result = critical_repository.get(connection, result_id)
    if result.consult_id != consult.id:
        raise NotFound
    may = access.may_acknowledge_critical if event is CriticalEvent.ACKNOWLEDGE else access.may_raise_critical
    if not may(user, consult):
        raise NotAllowed
    moved = result.apply(event, actor_id=user.id, at=at, words=words, spoken_to=spoken_to)
    critical_repository.save(connection, moved)
    escalation_repository.stop(connection, result.id)
    told = frozenset({result.raised_by_id, *result.told_ids} - {user.id})
    _tell(parts, connection, consult, told, _NEWS[event], user, at)
    _audit(connection, moved, user.id, f"critical-result-{event}", at)
    return told


def take_rung(
    parts: PartsOfApp, connection: Connection, result_id: str, rung: Rung, number: int, at: datetime
) -> Taken | None:
    """Tell whom the rung names that it still waits; None: it does no longer."""
    consult_id = critical_repository.get(connection, result_id).consult_id
    parts.consults.queue_for(connection, consult_id)
    result = critical_repository.get(connection, result_id)
    if not result.waits:
        return None
    consult = parts.consults.get(connection, consult_id)
    moved = result.apply(CriticalEvent.EXPIRE, actor_id=SYSTEM, at=at, words=rung.reason)
    critical_repository.save(connection, moved)
    finder = parts.users.get(connection, result.raised_by_id)
    to_telephone = {finder.id} if Audience.SPECIALIST in rung.tells else set()
    others: set[str] = set()
    if Audience.COLLEAGUES in rung.tells:
        others |= _colleagues(parts, connection, consult)
    others |= _with_roles(parts, connection, consult, rung.tells)
    others -= to_telephone
    _tell(parts, connection, consult, others, Kind.CRITICAL_OVERDUE, finder, at)
    _tell(parts, connection, consult, to_telephone, Kind.CRITICAL_TELEPHONE, finder, at)
    _audit(connection, moved, SYSTEM, "critical-result-expire", at, rung=number, tells=list(rung.tells))
    return Taken(consult_id, frozenset(others | to_telephone))


def _colleagues(parts: PartsOfApp, connection: Connection, consult: Consult) -> set[str]:
    """Who of the inviting side may acknowledge it."""
    reached = parts.users.of_institutions(connection, [consult.inviting_institution_id])
    return {user.id for user in reached if access.may_acknowledge_critical(user, consult)}


def _with_roles(
    parts: PartsOfApp, connection: Connection, consult: Consult, audiences: Iterable[Audience]
) -> set[str]:
    roles = {Audience.COORDINATORS: Role.COORDINATOR, Audience.ADMINISTRATORS: Role.ADMINISTRATOR}
    wanted = {roles[one] for one in audiences if one in roles}
    reached = parts.users.of_institutions(connection, [consult.inviting_institution_id])
    return {user.id for user in reached if user.roles & wanted}


def _tell(
    parts: PartsOfApp,
    connection: Connection,
    consult: Consult,
    user_ids: Iterable[str],
    kind: Kind,
    person: User,
    at: datetime,
) -> None:
    asking = parts.users.get(connection, consult.requested_by_id)
    values = named(parts, connection, consult)
    values |= {"person": person.display_name, "asking": asking.display_name}
    parts.notifications.tell(
        connection,
        list(user_ids),
        kind,
        at=at,
        urgency=consult.urgency,
        consult_id=consult.id,
        values=values,
    )


def _audit(
    connection: Connection, result: CriticalResult, actor: str, action: str, at: datetime, **details: object
) -> None:
    audit_log.record(
        connection,
        at=at,
        actor=actor,
        action=action,
        subject=f"consult/{result.consult_id}",
        details={"critical_result": result.id, "category": result.category, **details},
    )
