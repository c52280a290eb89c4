"""Legal holds: while one stands, nobody deletes what it is on, and no rule does.

A hold on a consult is on its studies, recordings, stills, measurements and notifications; one on a study is
on that study. A hold and a deletion of the same thing at the same moment wait for each other: both lock the
row of the consult or the study (SQLite has one writer anyway).

A hospital places them on the page "Manage", on its own records and on consults that its people answered, and
lifts those that it placed, whosever the record is; the command line places and lifts all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Select, and_, func, insert, or_, select, update

from storage import audit_log
from storage.tables import (
    consult_studies,
    consults,
    legal_holds,
    panel_opinions,
    recordings,
    studies,
    users,
)
from teleconsult.errors import NotFound, OnLegalHold
from teleconsult.lifecycle.announced_deletions import forget

COMMAND_LINE = "command-line"  # the actor of what is not done on the page
# What may be on hold: its kind, what names it, whose it is.
SUBJECTS = (
    ("consult", consults.c.id, consults.c.inviting_institution_id),
    ("study", studies.c.study_instance_uid, studies.c.institution_id),
)
MOST_SHOWN = 500


@dataclass(frozen=True, slots=True)
class LegalHold:
    id: str
    subject: str  # consult/ID or study/STUDY INSTANCE UID
    reason: str
    placed_at: datetime
    placed_by: str  # a user's id, or COMMAND_LINE
    institution_id: str | None = None  # whose it is; None: the command line's
    lifted_at: datetime | None = None
    lifted_by: str | None = None
    lift_reason: str | None = None


def place(
    connection: Connection,
    subject: str,
    reason: str,
    at: datetime,
    *,
    by: str = COMMAND_LINE,
    institution_id: str | None = None,
) -> LegalHold:
    """Several may stand on one subject: each has its reason and is lifted by itself.

    Raises:
        NotFound: also a study that was deleted, and what the institution may not hold, where one is given.
    """
    if not _is_there(connection, subject, institution_id):
        raise NotFound
    hold = LegalHold(str(uuid4()), subject, reason, at, by, institution_id)
    connection.execute(
        insert(legal_holds).values(
            id=hold.id,
            subject=subject,
            reason=reason,
            placed_at=at,
            placed_by=by,
            institution_id=institution_id,
        )
    )
    forget(connection, _under(connection, subject))
    _note(connection, "legal-hold-placed", hold, reason, by, at)
    return hold


def lift(
    connection: Connection,
    hold_id: str,
    reason: str,
    at: datetime,
    *,
    by: str = COMMAND_LINE,
    institution_id: str | None = None,
) -> LegalHold:
    """Raises NotFound: none of this id stands, or not one that the institution placed, where one is given."""
    query = _holds().where(legal_holds.c.id == hold_id, legal_holds.c.lifted_at.is_(None))
    if institution_id is not None:
        query = query.where(legal_holds.c.institution_id == institution_id)
    row = connection.execute(query).first()
    if row is None:
        raise NotFound
    hold = LegalHold(*row)
    changed = update(legal_holds).where(legal_holds.c.id == hold_id)
    connection.execute(changed.values(lifted_at=at, lifted_by=by, lift_reason=reason))
    _note(connection, "legal-hold-lifted", hold, reason, by, at)
    return hold


def standing(connection: Connection) -> list[LegalHold]:
    """The oldest first."""
    query = _holds().where(legal_holds.c.lifted_at.is_(None)).order_by(legal_holds.c.placed_at)
    return [LegalHold(*row) for row in connection.execute(query)]


def shown_to(connection: Connection, institution_id: str) -> list[LegalHold]:
    """Those that stand and then those that ended, the newest first."""
    query = _holds().where(is_shown_to(institution_id))
    ended, newest = legal_holds.c.lifted_at, legal_holds.c.placed_at
    query = query.order_by(ended.is_not(None), ended.desc(), newest.desc()).limit(MOST_SHOWN)
    return [LegalHold(*row) for row in connection.execute(query)]


def is_shown_to(institution_id: str) -> ColumnElement[bool]:
    """Of holds: those that it placed, and all on its own records."""
    subject = legal_holds.c.subject
    on_own = (
        and_(
            subject.startswith(f"{kind}/"),
            select(key)
            .where(key == func.substr(subject, len(kind) + 2), place_of == institution_id)
            .correlate(legal_holds)
            .exists(),
        )
        for kind, key, place_of in SUBJECTS
    )
    return or_(legal_holds.c.institution_id == institution_id, *on_own)


def may_be_held(institution_id: str) -> ColumnElement[bool]:
    """Of consults: those that it asked for, and those that its people accepted or gave an opinion in."""
    own = select(users.c.id).where(users.c.institution_id == institution_id)
    gave = select(panel_opinions.c.consult_id).where(panel_opinions.c.author_id.in_(own))
    return or_(
        consults.c.inviting_institution_id == institution_id,
        consults.c.specialist_id.in_(own),
        consults.c.id.in_(gave),
    )


def consults_on_hold(connection: Connection) -> set[str]:
    """Their identifiers."""
    kinds = (one.subject.partition("/") for one in standing(connection))
    return {identifier for kind, _, identifier in kinds if kind == "consult"}


def studies_on_hold(connection: Connection) -> set[str]:
    """Their UIDs, also those of consults that are on hold."""
    kinds = (one.subject.partition("/") for one in standing(connection))
    uids = {identifier for kind, _, identifier in kinds if kind == "study"}
    of_consults = select(consult_studies.c.study_instance_uid).where(
        consult_studies.c.consult_id.in_(consults_on_hold(connection))
    )
    return uids | set(connection.execute(of_consults).scalars())


def demand_none_on_study(connection: Connection, study_instance_uid: str) -> None:
    """Raises OnLegalHold: also for a consult that the study belongs to."""
    of_study = studies.c.study_instance_uid == study_instance_uid
    locked = select(studies.c.study_instance_uid).where(of_study)
    connection.execute(locked.with_for_update(key_share=True))  # rows that refer to it may come meanwhile
    consult_ids = connection.execute(
        select(consult_studies.c.consult_id).where(
            consult_studies.c.study_instance_uid == study_instance_uid
        )
    ).scalars()
    _demand_none(connection, consult_ids.all(), [f"study/{study_instance_uid}"])


def demand_none_on_consult(connection: Connection, consult_id: str) -> None:
    """Raises OnLegalHold."""
    _demand_none(connection, [consult_id], [])


def _demand_none(connection: Connection, consult_ids: Sequence[str], others: list[str]) -> None:
    locked = select(consults.c.id).where(consults.c.id.in_(consult_ids)).order_by(consults.c.id)
    connection.execute(locked.with_for_update(read=True))
    subjects = [*others, *(f"consult/{consult_id}" for consult_id in consult_ids)]
    query = select(legal_holds.c.id).where(
        legal_holds.c.subject.in_(subjects), legal_holds.c.lifted_at.is_(None)
    )
    if connection.execute(query.limit(1)).first() is not None:
        raise OnLegalHold


def _is_there(connection: Connection, subject: str, institution_id: str | None) -> bool:
    """The row stays locked."""
    kind, _, identifier = subject.partition("/")
    for name, key, place_of in SUBJECTS:
        if name == kind:
            query = select(key).where(key == identifier)
            if institution_id is not None:
                is_consult = kind == "consult"
                query = query.where(
                    may_be_held(institution_id) if is_consult else place_of == institution_id
                )
            if kind == "study":
                query = query.where(studies.c.deleted_at.is_(None))
            return connection.execute(query.with_for_update()).first() is not None
    return False


def _under(connection: Connection, subject: str) -> list[str]:
    """What rules would delete, were there no hold on the subject."""
    kind, _, identifier = subject.partition("/")
    if kind == "study":
        return [subject]
    of_consult = consult_studies.c.consult_id == identifier
    uids = connection.execute(select(consult_studies.c.study_instance_uid).where(of_consult)).scalars()
    ids = connection.execute(select(recordings.c.id).where(recordings.c.consult_id == identifier)).scalars()
    return [*(f"study/{uid}" for uid in uids), *(f"recording/{one}" for one in ids)]


def _holds() -> Select[Any]:
    return select(*(legal_holds.c[name] for name in LegalHold.__slots__))


def _note(
    connection: Connection, action: str, hold: LegalHold, reason: str, by: str, at: datetime
) -> None:
    audit_log.record(
        connection,
        at=at,
        actor=by,
        action=action,
        subject=hold.subject,
        details={"hold": hold.id, "reason": reason},
    )
