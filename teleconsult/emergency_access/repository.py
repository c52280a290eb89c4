"""Emergency accesses in the database."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    ScalarSelect,
    Select,
    and_,
    insert,
    or_,
    select,
    update,
)

from storage.errors import StaleVersion
from storage.tables import consult_studies, consults, emergency_accesses, users
from teleconsult.emergency_access.emergency_access import (
    AccessReview,
    EmergencyAccess,
    EmergencyKind,
    ReviewVerdict,
)
from teleconsult.errors import NotFound

LISTED_AT_MOST = 200
_ROW = emergency_accesses.c


def add_access(connection: Connection, access: EmergencyAccess) -> None:
    connection.execute(insert(emergency_accesses).values(id=access.id, **_values(access)))


def save_access(connection: Connection, read: EmergencyAccess, changed: EmergencyAccess) -> None:
    """Raises StaleVersion: it no longer stands as it was read."""
    before = _values(read)
    result = connection.execute(
        update(emergency_accesses)
        .where(
            _ROW.id == read.id,
            *(_ROW[name].is_not_distinct_from(before[name]) for name in ("ended_at", "reviewed_at")),
        )
        .values(_values(changed))
    )
    if result.rowcount != 1:
        raise StaleVersion(read.id)


def access_of(connection: Connection, access_id: str, user_id: str) -> EmergencyAccess:
    """The user's own. Raises NotFound."""
    query = select(emergency_accesses).where(_ROW.id == access_id, _ROW.user_id == user_id)
    row = connection.execute(query).first()
    if row is None:
        raise NotFound
    return _access(row)


def access_to_review(connection: Connection, access_id: str, institution_id: str) -> EmergencyAccess:
    """One by the institution's people or to its records. Raises NotFound."""
    row = connection.execute(_concerning(institution_id).where(_ROW.id == access_id)).first()
    if row is None:
        raise NotFound
    return _access(row)


def accesses_to_review(
    connection: Connection, institution_id: str, *, is_reviewed: bool
) -> list[EmergencyAccess]:
    """Those by the institution's people and those to its records, the newest first."""
    reviewed = _ROW.reviewed_at.is_not(None) if is_reviewed else _ROW.reviewed_at.is_(None)
    query = _concerning(institution_id).where(reviewed).order_by(_ROW.opened_at.desc(), _ROW.id)
    return [_access(row) for row in connection.execute(query.limit(LISTED_AT_MOST))]


def open_accesses(connection: Connection, user_id: str, at: datetime) -> list[EmergencyAccess]:
    """Those of the user that are in force, the newest first."""
    query = select(emergency_accesses).where(_ROW.user_id == user_id, _in_force(at))
    return [_access(row) for row in connection.execute(query.order_by(_ROW.opened_at.desc()))]


def opened_to(
    connection: Connection, consult_ids: Collection[str], at: datetime
) -> dict[str, dict[str, str]]:
    """Of each consult: to whom it is open now, and by which access."""
    found: dict[str, dict[str, str]] = {}
    query = select(_ROW.consult_id, _ROW.user_id, _ROW.id)
    for row in connection.execute(query.where(_ROW.consult_id.in_(consult_ids), _in_force(at))):
        found.setdefault(row.consult_id, {})[row.user_id] = row.id
    return found


def consults_open_to(user_id: str, at: datetime) -> Select[tuple[str]]:
    """The same for one user, as a part of other queries."""
    return select(_ROW.consult_id).where(_ROW.user_id == user_id, _in_force(at))


def access_to_study(
    connection: Connection, study_instance_uid: str, user_id: str, at: datetime
) -> str | None:
    """The id of the access that is in force and by which the user sees the study; None: there is none."""
    return connection.execute(select(by_emergency_to_study(study_instance_uid, user_id, at))).scalar()


def by_emergency_to_study(
    study_instance_uid: ColumnElement[str] | str, user_id: str, at: datetime
) -> ScalarSelect[str]:
    """The same as a part of other queries."""
    return (
        select(_ROW.id)
        .join(consult_studies, consult_studies.c.consult_id == _ROW.consult_id)
        .where(
            consult_studies.c.study_instance_uid == study_instance_uid,
            _ROW.user_id == user_id,
            _in_force(at),
        )
        .limit(1)
        .scalar_subquery()
    )


def _in_force(at: datetime) -> ColumnElement[bool]:
    return and_(_ROW.ended_at.is_(None), _ROW.expires_at > at)


def _concerning(institution_id: str) -> Select[Any]:
    return (
        select(emergency_accesses)
        .join(users, users.c.id == _ROW.user_id)
        .join(consults, consults.c.id == _ROW.consult_id)
        .where(
            or_(
                users.c.institution_id == institution_id,
                consults.c.inviting_institution_id == institution_id,
            )
        )
    )


def _values(access: EmergencyAccess) -> dict[str, Any]:
    review = access.review
    return {
        "consult_id": access.consult_id,
        "user_id": access.user_id,
        "kind": access.kind,
        "reason": access.reason,
        "opened_at": access.opened_at,
        "expires_at": access.expires_at,
        "ended_at": access.ended_at,
        "reviewed_at": review and review.at,
        "reviewed_by": review and review.by_id,
        "verdict": review and review.verdict,
        "review_note": review and review.note,
    }


def _access(row: Row[Any]) -> EmergencyAccess:
    review = None
    if row.reviewed_at:
        review = AccessReview(row.reviewed_at, row.reviewed_by, ReviewVerdict(row.verdict), row.review_note)
    return EmergencyAccess(
        id=row.id,
        consult_id=row.consult_id,
        user_id=row.user_id,
        kind=EmergencyKind(row.kind),
        reason=row.reason,
        opened_at=row.opened_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        review=review,
    )
