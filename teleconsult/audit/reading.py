"""What a privacy officer finds in the audit log: what the own people did, and who touched the own records.

An entry names a person and a record by identifier; whose record that is, is asked of the tables of today.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    Table,
    and_,
    case,
    func,
    literal,
    not_,
    or_,
    select,
    union_all,
)

from storage.audit_chain import AuditEntry
from storage.audit_formats import REFUSED_ENDINGS
from storage.audit_log import READ_AT_ONCE
from storage.database import Database
from storage.tables import audit_log, consults, findings, patients, recordings, stills, studies, users
from teleconsult.emergency_access.emergency_access import EMERGENCY
from teleconsult.errors import NotFound
from teleconsult.users.user import User


class Deed(StrEnum):
    VIEWED = "viewed"
    SEARCHED = "searched"
    CHANGED = "changed"
    EXPORTED = "exported"
    SIGN_IN = "sign-in"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; None is not narrowed down.

    Attributes:
        person: part of a name or user name, or a user's id.
        patient: a patient number of the own institution.
        address: from where, as the beginning of an IP address.
    """

    person: str | None = None
    patient: str | None = None
    deed: Deed | None = None
    is_refused: bool | None = None
    address: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def fields(self) -> list[str]:
        """Which are filled in: what may be kept of a search."""
        return [name for name in self.__slots__ if getattr(self, name) is not None]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one person did with one patient's records."""

    actor: str
    entries: int
    under_emergency: int
    first_at: datetime
    last_at: datetime


_LOG = audit_log.c
_ADDRESS = _LOG.details["address"].as_string()
_UNDER_EMERGENCY = or_(
    _LOG.details[EMERGENCY].as_string().is_not(None), _LOG.action.startswith("emergency-access-")
)
_REFUSED = or_(*(_LOG.action.endswith(one) for one in REFUSED_ENDINGS))
_DEEDS: dict[Deed, ColumnElement[bool]] = {
    Deed.VIEWED: or_(_LOG.action.endswith("viewed"), _LOG.action == "consent-scan-read"),
    Deed.SEARCHED: _LOG.action.endswith("searched"),
    Deed.EXPORTED: or_(*(_LOG.action.endswith(one) for one in ("exported", "downloaded", "sent"))),
    Deed.SIGN_IN: or_(
        *(
            _LOG.action.startswith(one)
            for one in ("sign-in", "proof-", "session", "password-", "second-factor")
        )
    ),
}
_CHANGED = not_(or_(*_DEEDS.values(), _REFUSED))
# The kind of a subject, the table of what it names, and what leads from there to the patient.
_OF_PATIENT: tuple[tuple[str, Table, ColumnElement[str], ColumnElement[str]], ...] = (
    ("patient", patients, patients.c.id, patients.c.id),
    ("study", studies, studies.c.study_instance_uid, studies.c.patient_id),
    ("consult", consults, consults.c.id, consults.c.patient_id),
    ("finding", findings, findings.c.id, studies.c.patient_id),
    ("still", stills, stills.c.id, consults.c.patient_id),
    ("recording", recordings, recordings.c.id, consults.c.patient_id),
)


def person_of(connection: Connection, user: User, patient_number: str) -> str:
    """The own institution's patient; of a merged number, the one that stays. Raises NotFound."""
    query = select(func.coalesce(patients.c.merged_into, patients.c.id)).where(
        patients.c.institution_id == user.institution.id, patients.c.patient_id == patient_number
    )
    found = connection.execute(query).scalar()
    if found is None:
        raise NotFound
    return str(found)


def page(
    connection: Connection, user: User, wanted: Wanted, *, before: int | None, limit: int
) -> list[AuditEntry]:
    """The newest first. `before`: those older than this one. Raises NotFound: no such patient."""
    query = _query(connection, user, wanted).order_by(_LOG.sequence.desc()).limit(limit)
    if before is not None:
        query = query.where(_LOG.sequence < before)
    return [AuditEntry(**row._mapping) for row in connection.execute(query)]


def every(database: Database, user: User, wanted: Wanted) -> Iterator[AuditEntry]:
    """The oldest first, a part at a time: an export may be of any length."""
    after = 0
    while True:
        with database.reading() as connection:
            query = _query(connection, user, wanted).where(_LOG.sequence > after)
            rows = connection.execute(query.order_by(_LOG.sequence).limit(READ_AT_ONCE)).all()
        for row in rows:
            yield AuditEntry(**row._mapping)
        if len(rows) < READ_AT_ONCE:
            return
        after = rows[-1].sequence


def seen_by(connection: Connection, patient_id: str) -> list[Seen]:
    """Everybody who had to do with a patient's records, whoever did last first."""
    last = func.max(_LOG.at)
    query = (
        select(
            _LOG.actor,
            func.count(),
            func.sum(case((_UNDER_EMERGENCY, 1), else_=0)),
            func.min(_LOG.at),
            last,
        )
        .where(_LOG.subject.in_(_subjects_of(patient_id)), not_(_REFUSED))
        .group_by(_LOG.actor)
        .order_by(last.desc())
    )
    return [Seen(*row) for row in connection.execute(query)]


def numbers_of(connection: Connection, user: User, subjects: set[str]) -> dict[str, str]:
    """Of subjects that are records of the own institution's: the patient's number."""
    found: dict[str, str] = {}
    for kind, table, key, patient in _OF_PATIENT:
        ids = [one.partition("/")[2] for one in subjects if one.startswith(f"{kind}/")]
        if not ids:
            continue
        query = _joined(select(key, patients.c.patient_id), table)
        if table is not patients:
            query = query.join(patients, patients.c.id == patient)
        query = query.where(key.in_(ids), patients.c.institution_id == user.institution.id)
        found |= {f"{kind}/{row[0]}": row[1] for row in connection.execute(query)}
    return found


def _query(connection: Connection, user: User, wanted: Wanted) -> Select[Any]:
    query = select(audit_log)
    if wanted.patient is None:
        query = query.where(_is_of(user))
    else:
        query = query.where(_LOG.subject.in_(_subjects_of(person_of(connection, user, wanted.patient))))
    if wanted.person is not None:
        named = or_(
            users.c.id == wanted.person,
            users.c.username.icontains(wanted.person, autoescape=True),
            users.c.display_name.icontains(wanted.person, autoescape=True),
        )
        query = query.where(_LOG.actor.in_(select(users.c.id).where(named)))
    if wanted.deed is Deed.EMERGENCY:
        query = query.where(_UNDER_EMERGENCY)
    elif wanted.deed is not None:
        query = query.where(_DEEDS.get(wanted.deed, _CHANGED))
    if wanted.is_refused is not None:
        query = query.where(_REFUSED if wanted.is_refused else not_(_REFUSED))
    if wanted.address is not None:
        query = query.where(_ADDRESS.startswith(wanted.address, autoescape=True))
    if wanted.since is not None:
        query = query.where(_LOG.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(_LOG.at < wanted.until)
    return query


def _is_of(user: User) -> ColumnElement[bool]:
    """Whether somebody of the user's institution did it, or it was done to one of its records."""
    place = user.institution.id
    people = select(users.c.id).where(users.c.institution_id == place)
    return or_(_LOG.actor.in_(people), *(_names_record_of(place, *one) for one in _OF_PATIENT))


def _names_record_of(
    institution_id: str, kind: str, table: Table, key: ColumnElement[str], patient: ColumnElement[str]
) -> ColumnElement[bool]:
    """Asked for each entry by the record's own key: no list of all records of an institution."""
    query = _joined(select(key), table)
    if table is not patients:
        query = query.join(patients, patients.c.id == patient)
    there = query.where(
        key == func.substr(_LOG.subject, len(kind) + 2), patients.c.institution_id == institution_id
    )
    return and_(_LOG.subject.startswith(f"{kind}/"), there.correlate(audit_log).exists())


def _subjects_of(patient_id: str) -> CompoundSelect[Any]:
    """What entries name that is of one patient, also under numbers that were merged."""
    same = select(patients.c.id).where(func.coalesce(patients.c.merged_into, patients.c.id) == patient_id)
    return union_all(
        *(
            _joined(select(literal(f"{kind}/").concat(key)), table).where(patient.in_(same))
            for kind, table, key, patient in _OF_PATIENT
        )
    )


def _joined(query: Select[Any], table: Table) -> Select[Any]:
    """From the table, joined with what knows its patient."""
    query = query.select_from(table)
    if table is findings:
        return query.join(studies, studies.c.study_instance_uid == findings.c.study_instance_uid)
    if table in (stills, recordings):
        return query.join(consults, consults.c.id == table.c.consult_id)
    return query

