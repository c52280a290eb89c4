"""Opening a case in an emergency ("break-glass"), ending it, and its review by a privacy officer."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from fastapi import APIRouter
from sqlalchemy import Connection

from storage import audit_log
from teleconsult import access
from teleconsult.consults.consult import Consult
from teleconsult.dependencies import (
    FRESH,
    EmergencyUser,
    Now,
    Parts,
    PartsOfApp,
    PrivacyOfficer,
)
from teleconsult.emergency_access.emergency_access import (
    EMERGENCY,
    AccessReview,
    EmergencyAccess,
    ReviewVerdict,
)
from teleconsult.emergency_access.repository import (
    access_of,
    access_to_review,
    accesses_to_review,
    add_access,
    open_accesses,
    save_access,
)
from teleconsult.emergency_access.schemas import (
    FEWEST_LETTERS,
    AccessReviewIn,
    EmergencyAccessIn,
    EmergencyAccessOut,
    OwnAccessesOut,
    OwnAccessOut,
    accesses_out,
)
from teleconsult.errors import EmergencyNotNeeded, NotAllowed, NotFound
from teleconsult.notifications.notification import Kind
from teleconsult.notifications.telling import announce
from teleconsult.users.user import User

router = APIRouter(prefix="/api/emergency-accesses", tags=["emergency access"])


@router.post("", status_code=201, dependencies=[FRESH])
def open_in_emergency(
    body: EmergencyAccessIn, parts: Parts, user: EmergencyUser, now: Now
) -> OwnAccessOut:
    """Open a case for a bounded time; privacy officers are told at once, and every step is marked.

    A case that is out of reach answers like one that is not there.
    """
    with parts.database.transaction() as connection:
        consult = _wanted(parts, connection, body, user)
        lasts = timedelta(minutes=parts.settings.emergency_access_minutes)
        opened = EmergencyAccess(
            str(uuid4()), consult.id, user.id, body.kind, body.reason, now, expires_at=now + lasts
        )
        add_access(connection, opened)
        audit_log.mark(EMERGENCY, opened.id)
        _audit(connection, user, "emergency-access-opened", opened, kind=body.kind)
        told = _watchers(parts, connection, user, consult)
        for kind, whom in told.items():
            _tell(parts, connection, kind, whom, user, opened)
    announce(parts, set().union(*told.values()))
    return _own_out(opened, consult)


@router.get("/own")
def list_own_accesses(parts: Parts, user: EmergencyUser, now: Now) -> OwnAccessesOut:
    """What the user has open now, and for how long a case may be opened."""
    with parts.database.reading() as connection:
        own = open_accesses(connection, user.id, now)
        cases = {one.id: one for one in parts.consults.by_ids(connection, {one.consult_id for one in own})}
    return OwnAccessesOut(
        minutes=parts.settings.emergency_access_minutes,
        fewest_letters=FEWEST_LETTERS,
        open=[_own_out(one, cases[one.consult_id]) for one in own],
    )


@router.post("/{access_id}/end", status_code=204)
def end_access(access_id: str, parts: Parts, user: EmergencyUser, now: Now) -> None:
    """The user needs it no longer."""
    with parts.database.transaction() as connection:
        own = access_of(connection, access_id, user.id)
        ended = own.ended(now)
        save_access(connection, own, ended)
        _audit(connection, user, "emergency-access-ended", ended, at=now)


@router.get("")
def list_accesses(
    parts: Parts, user: PrivacyOfficer, reviewed: bool = False
) -> list[EmergencyAccessOut]:
    """Those by the own institution's people and those to its records: still to be reviewed, or reviewed."""
    with parts.database.reading() as connection:
        found = accesses_to_review(connection, user.institution.id, is_reviewed=reviewed)
        return accesses_out(parts, connection, found)


@router.post("/{access_id}/review")
def review_access(
    access_id: str, body: AccessReviewIn, parts: Parts, user: PrivacyOfficer, now: Now
) -> EmergencyAccessOut:
    """Accept it, or object to it; nobody reviews an access of their own."""
    told: set[str] = set()
    with parts.database.transaction() as connection:
        found = access_to_review(connection, access_id, user.institution.id)
        if found.user_id == user.id:
            raise NotAllowed
        reviewed = found.reviewed(AccessReview(now, user.id, body.verdict, body.note))
        save_access(connection, found, reviewed)
        _audit(connection, user, "emergency-access-reviewed", reviewed, at=now, verdict=body.verdict)
        if body.verdict is ReviewVerdict.OBJECTED:
            told = {found.user_id}
            _tell(parts, connection, Kind.EMERGENCY_ACCESS_OBJECTED, told, user, reviewed, at=now)
        out = accesses_out(parts, connection, [reviewed])[0]
    announce(parts, told)
    return out


def _wanted(parts: PartsOfApp, connection: Connection, body: EmergencyAccessIn, user: User) -> Consult:
    """The case that is to be opened. Raises NotFound; EmergencyNotNeeded: the user sees it already."""
    if body.consult_id is not None:
        about = [parts.consults.get(connection, body.consult_id)]
    else:
        uid = body.study_instance_uid or ""
        if parts.studies.visible_to(connection, user, only=[uid]):
            raise EmergencyNotNeeded
        about = parts.consults.of_study(connection, uid)
    if any(access.part_in(user, one) is not None for one in about):
        raise EmergencyNotNeeded
    within = [one for one in about if access.is_in_emergency_reach(user, one)]
    if not within:
        raise NotFound
    return max(within, key=lambda one: one.created_at)


def _watchers(
    parts: PartsOfApp, connection: Connection, user: User, consult: Consult
) -> dict[Kind, set[str]]:
    """Both hospitals' privacy officers but the user; of one without, administrators, who may name one."""
    told: dict[Kind, set[str]] = {Kind.EMERGENCY_ACCESS: set(), Kind.EMERGENCY_ACCESS_UNWATCHED: set()}
    for place in {user.institution.id, consult.inviting_institution_id}:
        people = [one for one in parts.users.of_institutions(connection, [place]) if one.id != user.id]
        officers = {one.id for one in people if access.may_read_audit_log(one)}
        if officers:
            told[Kind.EMERGENCY_ACCESS] |= officers
        else:
            administrators = {one.id for one in people if access.may_manage_institution(one)}
            told[Kind.EMERGENCY_ACCESS_UNWATCHED] |= administrators
    return told


def _tell(
    parts: PartsOfApp,
    connection: Connection,
    kind: Kind,
    told: set[str],
    actor: User,
    opened: EmergencyAccess,
    at: datetime | None = None,
) -> None:
    place = actor.institution
    parts.notifications.tell(
        connection,
        told,
        kind,
        at=at or opened.opened_at,
        values={
            "person": actor.display_name,
            "institution_en": place.name_en,
            "institution_zh": place.name_zh,
        },
    )


def _own_out(opened: EmergencyAccess, consult: Consult) -> OwnAccessOut:
    return OwnAccessOut(
        id=opened.id,
        consult_id=opened.consult_id,
        study_instance_uids=list(consult.study_instance_uids),
        expires_at=opened.expires_at,
    )


def _audit(
    connection: Connection,
    user: User,
    action: str,
    opened: EmergencyAccess,
    at: datetime | None = None,
    **details: Any,
) -> None:
    """The reason is not in the log: people write names into it."""
    audit_log.record(
        connection,
        at=at or opened.opened_at,
        actor=user.id,
        action=action,
        subject=f"consult/{opened.consult_id}",
        details=details | {EMERGENCY: opened.id},
    )
