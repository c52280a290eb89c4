"""Rings for an urgent request: all whom it reaches at once, more along its ladder, until somebody accepts."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from storage import audit_log
from storage.errors import StaleVersion
from teleconsult import access
from teleconsult.access import Part
from teleconsult.consults.consult import SYSTEM, Consult, Event, Specialty, Status
from teleconsult.dependencies import PartsOfApp
from teleconsult.errors import NotAllowed, NotFound, RequestTaken
from teleconsult.escalation.ladder import RINGS, Audience, Rung, due
from teleconsult.escalation.repository import Escalation, EscalationRepository, Taken
from teleconsult.notifications.notification import Kind
from teleconsult.notifications.telling import announce, invited, named, tell_of_step
from teleconsult.ringing.repository import RingRepository
from teleconsult.users.user import Role, User

ring_repository = RingRepository()
escalation_repository = EscalationRepository()
ROLES = {Audience.COORDINATORS: Role.COORDINATOR, Audience.ADMINISTRATORS: Role.ADMINISTRATOR}


def begin(parts: PartsOfApp, connection: Connection, consult: Consult, at: datetime) -> None:
    """With the submission, in one transaction. A routine request waits in the worklists without ringing."""
    ring_repository.forget(connection, consult.id)
    escalation_repository.stop(connection, consult.id)
    if consult.urgency not in RINGS:
        return
    reached = {user.id for user in invited(parts, connection, consult)}
    ring_repository.ring(connection, consult.id, reached, 0, at)
    first = due(parts.settings.ladders[consult.urgency], 0, at)
    escalation_repository.begin(connection, Escalation(consult.id, consult.urgency, 0, at, first))


def end(connection: Connection, consult: Consult) -> frozenset[str]:
    """Once it waits no longer; whose pages stop ringing."""
    if consult.status is Status.REQUESTED:
        return frozenset()
    escalation_repository.stop(connection, consult.id)
    return ring_repository.rung(connection, consult.id)


def accept(parts: PartsOfApp, consult_id: str, user: User, at: datetime) -> Consult:
    """The first to accept has it, whatever happened to the request since it was shown.

    Raises:
        RequestTaken: somebody was faster, or it was withdrawn; it says who.
        NotFound: it never rang for this user.
    """
    try:
        with parts.database.transaction() as connection:
            if ring_repository.get(connection, consult_id, user.id) is None:
                raise NotFound
            consult = parts.consults.get(connection, consult_id)
            if consult.specialist_id == user.id:
                return consult
            _require_waiting(parts, connection, consult)
            if access.part_in(user, consult) is not Part.INVITED:
                raise NotAllowed
            moved = parts.consults.save(connection, consult.apply(Event.ACCEPT, actor_id=user.id, at=at))
            audit_log.record(
                connection, at=at, actor=user.id, action="consult-accept", subject=f"consult/{consult_id}"
            )
            told = tell_of_step(parts, connection, moved, Event.ACCEPT, user) | end(connection, moved)
    except StaleVersion:
        with parts.database.reading() as connection:
            _require_waiting(parts, connection, parts.consults.get(connection, consult_id))
        raise
    parts.publish({"type": "consult-changed", "consult_id": consult_id})
    announce(parts, told)
    return moved


def _require_waiting(parts: PartsOfApp, connection: Connection, consult: Consult) -> None:
    if consult.status is not Status.REQUESTED:
        holder = parts.users.get(connection, consult.specialist_id) if consult.specialist_id else None
        raise RequestTaken(holder.display_name if holder else None)


def take_rung(
    parts: PartsOfApp, connection: Connection, consult_id: str, rung: Rung, number: int, at: datetime
) -> Taken | None:
    """Tell whom the rung names; None: somebody has accepted meanwhile."""
    consult = parts.consults.get(connection, consult_id)
    if consult.status is not Status.REQUESTED:
        return None
    moved = consult.apply(Event.EXPIRE, actor_id=SYSTEM, at=at, reason=rung.reason)
    if Audience.GENERAL in rung.tells:
        moved = replace(moved, escalated_to=Specialty.GENERAL)
    saved = parts.consults.save(connection, moved)
    audit_log.record(
        connection,
        at=at,
        actor=SYSTEM,
        action="consult-expire",
        subject=f"consult/{consult.id}",
        details={"tells": list(rung.tells)},
    )
    may_accept = {user.id for user in invited(parts, connection, saved)}
    wanted = {ROLES[one] for one in rung.tells if one in ROLES}
    others = {
        user.id
        for user in parts.users.of_institutions(connection, saved.offered_to)
        if user.roles & wanted and user.id not in may_accept
    }
    values = named(parts, connection, saved)
    told: frozenset[str] = frozenset()
    for user_ids, kind in ((may_accept, Kind.REQUEST_RECEIVED), (others, Kind.REQUEST_WAITS)):
        new = ring_repository.ring(connection, consult.id, user_ids, number, at)
        parts.notifications.tell(
            connection, new, kind, at=at, urgency=saved.urgency, consult_id=consult.id, values=values
        )
        told |= new
    return Taken(consult.id, told)
