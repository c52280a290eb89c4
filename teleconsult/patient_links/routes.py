"""Making links to a consult, by its clinicians."""

import secrets
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from fastapi import APIRouter
from sqlalchemy import Connection

from storage import audit_log
from teleconsult import access
from teleconsult.consents.repository import consents_of
from teleconsult.consults.consult import LIVE, Consult
from teleconsult.consults.rooms import tell_room
from teleconsult.dependencies import CurrentUser, Now, Parts, PartsOfApp
from teleconsult.errors import IllegalTransition, NameMissing
from teleconsult.patient_links.link import (
    CODE_DIGITS,
    TOKEN_BYTES,
    LinkFor,
    PatientLink,
    code_hash,
    sha256_of,
)
from teleconsult.patient_links.repository import add_link, find_link, links_of, save_link
from teleconsult.patient_links.schemas import (
    NewPatientLinkOut,
    PatientLinkIn,
    PatientLinkOut,
    PatientLinksOut,
)
from teleconsult.users.user import User

router = APIRouter(prefix="/api/consults/{consult_id}/patient-links", tags=["patient links"])


@router.get("")
def list_patient_links(consult_id: str, parts: Parts, user: CurrentUser, now: Now) -> PatientLinksOut:
    with parts.database.reading() as connection:
        consult = parts.consults.get_for(connection, consult_id, user, access.may_invite_patient)
        standing = {one.id for one in consents_of(connection, consult_id) if one.is_in_force}
        links = links_of(connection, consult_id)
    return PatientLinksOut(
        links=[PatientLinkOut.of(one, now, one.consent_id in standing) for one in links],
        may_make=consult.status in LIVE,
    )


@router.post("", status_code=201)
def make_patient_link(
    consult_id: str, body: PatientLinkIn, parts: Parts, user: CurrentUser, now: Now
) -> NewPatientLinkOut:
    """A link and its code, which are to go to the patient by different ways; neither can be read again."""
    token = secrets.token_hex(TOKEN_BYTES)
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    with parts.database.transaction() as connection:
        consult = parts.consults.get_for(connection, consult_id, user, access.may_invite_patient)
        if consult.status not in LIVE:
            raise IllegalTransition("invite", consult.status, access.possible_events(user, consult))
        link = PatientLink(
            id=str(uuid4()),
            consult_id=consult_id,
            kind=body.kind,
            name=_name(parts, connection, consult, body),
            token_sha256=sha256_of(token),
            code_sha256=code_hash(token, code),
            created_by_id=user.id,
            created_at=now,
            expires_at=now + timedelta(hours=body.hours),
        )
        add_link(connection, link)
        _audit(connection, now, user, "patient-link-made", link)
    parts.publish({"type": "consult-changed", "consult_id": consult_id})
    return NewPatientLinkOut(path=f"/p/{token}", code=code, link=PatientLinkOut.of(link, now, False))


@router.post("/{link_id}/revocation", status_code=204)
def revoke_patient_link(consult_id: str, link_id: str, parts: Parts, user: CurrentUser, now: Now) -> None:
    """The link ends at once, and who is in the room by it leaves."""
    with parts.database.transaction() as connection:
        parts.consults.get_for(connection, consult_id, user, access.may_invite_patient)
        link = find_link(connection, consult_id, link_id)
        if link.revoked_at is None:
            save_link(connection, replace(link, revoked_at=now, revoked_by_id=user.id))
            _audit(connection, now, user, "patient-link-revoked", link)
    tell_room(parts, consult_id)


def _name(parts: PartsOfApp, connection: Connection, consult: Consult, body: PatientLinkIn) -> str:
    """What the others in the room read. Raises NameMissing."""
    if body.kind is LinkFor.PATIENT:
        return parts.studies.get_patient(connection, consult.patient_id).name
    if not body.name:
        raise NameMissing
    return body.name


def _audit(connection: Connection, now: Now, user: User, action: str, link: PatientLink) -> None:
    audit_log.record(
        connection,
        at=now,
        actor=user.id,
        action=action,
        subject=f"consult/{link.consult_id}",
        details={"link": link.id, "kind": link.kind},
    )
