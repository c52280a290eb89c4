"""Patients' links in the database."""

from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from storage.tables import patient_links
from teleconsult.errors import LinkUnknown, NotFound
from teleconsult.patient_links.link import LinkFor, PatientLink, Phase, sha256_of


def add_link(connection: Connection, link: PatientLink) -> None:
    connection.execute(insert(patient_links).values(id=link.id, **_values(link)))


def save_link(connection: Connection, link: PatientLink) -> None:
    """Whoever read it for a change has held it since."""
    connection.execute(update(patient_links).where(patient_links.c.id == link.id).values(_values(link)))


def link_of_token(connection: Connection, token: str) -> PatientLink:
    """Held for a change until the transaction ends. Raises LinkUnknown."""
    row = connection.execute(
        select(patient_links).where(patient_links.c.token_sha256 == sha256_of(token)).with_for_update()
    ).first()
    if row is None:
        raise LinkUnknown
    return _link(row)


def links_of(connection: Connection, consult_id: str) -> list[PatientLink]:
    """All of a consult, the newest first."""
    query = select(patient_links).where(patient_links.c.consult_id == consult_id)
    return [_link(row) for row in connection.execute(query.order_by(patient_links.c.created_at.desc()))]


def find_link(connection: Connection, consult_id: str, link_id: str) -> PatientLink:
    """Raises NotFound."""
    found = [one for one in links_of(connection, consult_id) if one.id == link_id]
    if not found:
        raise NotFound
    return found[0]


def _values(link: PatientLink) -> dict[str, Any]:
    return {
        "consult_id": link.consult_id,
        "kind": link.kind,
        "name": link.name,
        "token_sha256": link.token_sha256,
        "code_sha256": link.code_sha256,
        "created_by": link.created_by_id,
        "created_at": link.created_at,
        "expires_at": link.expires_at,
        "tries_left": link.tries_left,
        "opened_at": link.opened_at,
        "session_sha256": link.session_sha256,
        "consent_id": link.consent_id,
        "phase": link.phase,
        "seen_at": link.seen_at,
        "revoked_at": link.revoked_at,
        "revoked_by": link.revoked_by_id,
    }


def _link(row: Row[Any]) -> PatientLink:
    return PatientLink(
        id=row.id,
        consult_id=row.consult_id,
        kind=LinkFor(row.kind),
        name=row.name,
        token_sha256=row.token_sha256,
        code_sha256=row.code_sha256,
        created_by_id=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        tries_left=row.tries_left,
        opened_at=row.opened_at,
        session_sha256=row.session_sha256,
        consent_id=row.consent_id,
        phase=Phase(row.phase),
        seen_at=row.seen_at,
        revoked_at=row.revoked_at,
        revoked_by_id=row.revoked_by,
    )
