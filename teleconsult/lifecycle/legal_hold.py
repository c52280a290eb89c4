"""Legal holds: while one stands, nobody deletes what it is on, and no rule does.

A hold on a consult is on its studies, recordings, stills, measurements and notifications; one on a study is
on that study. A hold and a deletion of the same thing at the same moment wait for each other: both lock the
row of the consult or the study (SQLite has one writer anyway).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection, insert, select, update

from storage import audit_log
from storage.tables import consult_studies, consults, legal_holds, studies
from teleconsult.errors import NotFound, OnLegalHold

COMMAND_LINE = "command-line"  # who places and lifts them


@dataclass(frozen=True, slots=True)
class LegalHold:
    id: str
    subject: str  # consult/ID or study/STUDY INSTANCE UID
    reason: str
    placed_at: datetime


def place(connection: Connection, subject: str, reason: str, at: datetime) -> LegalHold:
    """Several may stand on one subject: each has its reason and is lifted by itself.

    Raises:
        NotFound: also a study that was deleted.
    """
    kind, _, identifier = subject.partition("/")
    there = {
        "consult": select(consults.c.id).where(consults.c.id == identifier),
        "study": select(studies.c.study_instance_uid).where(
            studies.c.study_instance_uid == identifier, studies.c.deleted_at.is_(None)
        ),
    }.get(kind)
    if there is None or connection.execute(there.with_for_update()).first() is None:
        raise NotFound
    hold = LegalHold(str(uuid4()), subject, reason, at)
    connection.execute(
        insert(legal_holds).values(id=hold.id, subject=subject, reason=reason, placed_at=at)
    )
    _note(connection, "legal-hold-placed", hold, reason, at)
    return hold


def lift(connection: Connection, hold_id: str, reason: str, at: datetime) -> LegalHold:
    """Raises NotFound: none of this id stands."""
    for hold in standing(connection):
        if hold.id == hold_id:
            changed = update(legal_holds).where(legal_holds.c.id == hold_id)
            connection.execute(changed.values(lifted_at=at, lift_reason=reason))
            _note(connection, "legal-hold-lifted", hold, reason, at)
            return hold
    raise NotFound


def standing(connection: Connection) -> list[LegalHold]:
    """The oldest first."""
    columns = (legal_holds.c.id, legal_holds.c.subject, legal_holds.c.reason, legal_holds.c.placed_at)
    query = select(*columns).where(legal_holds.c.lifted_at.is_(None)).order_by(legal_holds.c.placed_at)
    return [LegalHold(*row) for row in connection.execute(query)]


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


def _note(connection: Connection, action: str, hold: LegalHold, reason: str, at: datetime) -> None:
    audit_log.record(
        connection,
        at=at,
        actor=COMMAND_LINE,
        action=action,
        subject=hold.subject,
        details={"hold": hold.id, "reason": reason},
    )
