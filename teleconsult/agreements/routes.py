"""Who may ask whom: administrators propose, accept and end; clinicians see whom a request reaches."""

from typing import Any
from uuid import uuid4

from fastapi import APIRouter
from sqlalchemy import Connection

from storage import audit_log
from teleconsult import access
from teleconsult.agreements.agreement import Agreement, check_terms
from teleconsult.agreements.repository import AgreementRepository
from teleconsult.agreements.schemas import (
    AgreementEndIn,
    AgreementIn,
    AgreementOut,
    AgreementsOut,
    ReachOut,
)
from teleconsult.dependencies import AgreementReader, CurrentUser, InstitutionManager, Now, Parts, PartsOfApp
from teleconsult.errors import NotAllowed, NotFound
from teleconsult.users.schemas import InstitutionOut
from teleconsult.users.user import User

router = APIRouter(prefix="/api/agreements", tags=["agreements"])
agreements = AgreementRepository()


@router.get("")
def list_agreements(parts: Parts, user: AgreementReader, now: Now) -> AgreementsOut:
    """The own institution's agreements, and with whom another could be made."""
    with parts.database.reading() as connection:
        places = parts.users.institutions(connection)
        known = agreements.of_institution(connection, user.institution.id)
    return AgreementsOut(
        own=InstitutionOut.of(user.institution),
        may_manage=access.may_manage_institution(user),
        others=[InstitutionOut.of(one) for one in places.values() if one.id != user.institution.id],
        agreements=[AgreementOut.of(one, places, user, now) for one in known],
    )


@router.get("/reach")
def list_reach(parts: Parts, user: CurrentUser, now: Now) -> list[ReachOut]:
    """Whom a request of the caller reaches, by specialty and legal role; what is missing reaches nobody."""
    with parts.database.reading() as connection:
        places = parts.users.institutions(connection)
        return [ReachOut.of(one, places) for one in agreements.reach(connection, user, now)]


@router.post("", status_code=201)
def propose_agreement(body: AgreementIn, parts: Parts, user: InstitutionManager, now: Now) -> AgreementOut:
    """Propose an agreement between the own and another institution; it holds once the other side accepts."""
    check_terms(
        body.inviting_institution_id, body.invited_institution_id, body.scopes(), body.starts_at, body.ends_at
    )
    agreement = Agreement(
        id=str(uuid4()),
        inviting_institution_id=body.inviting_institution_id,
        invited_institution_id=body.invited_institution_id,
        scopes=body.scopes(),
        starts_at=body.starts_at,
        ends_at=body.ends_at,
        proposed_at=now,
        proposed_by_id=user.id,
        proposing_institution_id=user.institution.id,
    )
    if user.institution.id not in agreement.sides:
        raise NotAllowed
    with parts.database.transaction() as connection:
        if not agreement.sides <= parts.users.institutions(connection).keys():
            raise NotFound
        agreements.add(connection, agreement)
        terms = body.model_dump(mode="json")
        _audit(connection, now, user, "agreement-proposed", agreement, terms)
        out = _out(parts, connection, agreement, user, now)
    _changed(parts, agreement)
    return out


@router.post("/{agreement_id}/acceptance")
def accept_agreement(agreement_id: str, parts: Parts, user: InstitutionManager, now: Now) -> AgreementOut:
    """The side that did not propose says yes."""
    with parts.database.transaction() as connection:
        read = agreements.get_of(connection, agreement_id, user.institution.id)
        accepted = read.accept(institution_id=user.institution.id, actor_id=user.id, at=now)
        agreements.save(connection, read, accepted)
        _audit(connection, now, user, "agreement-accepted", accepted)
        out = _out(parts, connection, accepted, user, now)
    _changed(parts, accepted)
    return out


@router.post("/{agreement_id}/end")
def end_agreement(
    agreement_id: str, body: AgreementEndIn, parts: Parts, user: InstitutionManager, now: Now
) -> AgreementOut:
    """Either side ends it at once. Accepted consults go on; waiting ones leave the other side's worklist."""
    with parts.database.transaction() as connection:
        read = agreements.get_of(connection, agreement_id, user.institution.id)
        ended = read.end(actor_id=user.id, at=now, reason=body.reason)
        agreements.save(connection, read, ended)
        _audit(connection, now, user, "agreement-ended", ended, {"reason": body.reason})
        out = _out(parts, connection, ended, user, now)
    _changed(parts, ended)
    return out


def _out(
    parts: PartsOfApp, connection: Connection, agreement: Agreement, user: User, at: Now
) -> AgreementOut:
    return AgreementOut.of(agreement, parts.users.institutions(connection), user, at)


def _audit(
    connection: Connection,
    at: Now,
    user: User,
    action: str,
    agreement: Agreement,
    details: dict[str, Any] | None = None,
) -> None:
    audit_log.record(
        connection,
        at=at,
        actor=user.id,
        action=action,
        subject=f"agreement/{agreement.id}",
        details=details,
    )


def _changed(parts: PartsOfApp, agreement: Agreement) -> None:
    for institution_id in agreement.sides:
        parts.publish({"type": "agreements-changed", "institution_id": institution_id})
