"""What the page behind a link does: no account, but the link's token in a header and a cookie of its own.

The token is never in an address here, so that no log and no proxy has it.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel
from sqlalchemy import Connection

from signaling.join_token import JoinGrant, issue
from signaling.roles import Role
from storage import audit_log
from teleconsult.consents.consent import Consent, ConsentMethod
from teleconsult.consents.repository import add_consent, consents_of
from teleconsult.consents.schemas import ConsentTextOut, PatientWithdrawalIn
from teleconsult.consents.texts import newest_text, require_newest
from teleconsult.consents.withdrawal import withdraw
from teleconsult.consults.consult import PATIENT, Consult
from teleconsult.consults.rooms import tell_room
from teleconsult.consults.routes import relay_of
from teleconsult.consults.schemas import JoinOut, RelayOut
from teleconsult.dependencies import Now, Parts, PartsOfApp, UserDevice
from teleconsult.errors import ConsentMissing, LinkBlocked, LinkCodeMissing, LinkCodeWrong, NotAllowed
from teleconsult.patient_links.link import LinkFor, PatientLink
from teleconsult.patient_links.repository import link_of_token, save_link
from teleconsult.patient_links.schemas import CodeIn, PresenceIn, SignatureIn, VisitOut
from teleconsult.users.schemas import UserRefOut

router = APIRouter(prefix="/api/patient-link", tags=["patient links"])

SESSION_BYTES = 32
SEEN_EVERY = timedelta(seconds=8)


async def _token(
    device: UserDevice,
    parts: Parts,
    token: Annotated[str, Header(alias="X-Patient-Link", min_length=16, max_length=64)],
) -> str:
    parts.link_rate.check(token, device.address)
    return token


Token = Annotated[str, Depends(_token)]


class DoorOut(BaseModel):
    """Before the code nothing is told but whether it is still to be given."""

    needs_code: bool


@router.get("")
def open_patient_link(request: Request, token: Token, parts: Parts, now: Now) -> DoorOut:
    with parts.database.transaction() as connection:
        link, _ = _open(parts, connection, token, now)
        try:
            link.check_session(_session(request, link))
        except LinkCodeMissing:
            if link.opened_at is None:
                save_link(connection, replace(link, opened_at=now))
                _audit(connection, now, "patient-link-opened", link)
            needs_code = True
        else:
            needs_code = False
    if needs_code and link.opened_at is None:
        _changed(parts, link)
    return DoorOut(needs_code=needs_code)


@router.post("/code")
def give_code(body: CodeIn, response: Response, token: Token, parts: Parts, now: Now) -> VisitOut:
    """The first browser with the right code has the link. Five wrong ones end it."""
    session = secrets.token_urlsafe(SESSION_BYTES)
    with parts.database.transaction() as connection:
        link, consult = _open(parts, connection, token, now)
        tried = link.claimed(token, body.code, session)
        save_link(connection, tried)
        is_right = tried.session_sha256 is not None
        _audit(connection, now, "patient-link-code-given" if is_right else "patient-link-code-wrong", tried)
        out = _out(parts, connection, tried, consult)
    _changed(parts, link)
    if not is_right:  # after the transaction, which keeps the lost try
        raise LinkCodeWrong(tried.tries_left) if tried.tries_left else LinkBlocked
    response.set_cookie(
        _cookie(link),
        session,
        max_age=int((link.expires_at - now).total_seconds()),
        httponly=True,
        samesite="strict",
        secure=parts.settings.secure_cookies,
        path="/api/patient-link",
    )
    return out


@router.post("/presence")
def tell_presence(
    body: PresenceIn, request: Request, token: Token, parts: Parts, now: Now
) -> VisitOut:
    """Where the page is; the answer says how things stand. A page that is open asks every few seconds."""
    with _visit(parts, request, token, now) as (connection, link, consult):
        is_news = body.phase is not link.phase
        if is_news or link.seen_at is None or abs(now - link.seen_at) > SEEN_EVERY:
            save_link(connection, replace(link, phase=body.phase, seen_at=now))
        out = _out(parts, connection, link, consult)
    if is_news or link.seen_at is None:
        _changed(parts, link)
    return out


@router.post("/consent")
def sign_consent(
    body: SignatureIn, request: Request, token: Token, parts: Parts, now: Now
) -> VisitOut:
    """The patient, or who decides for them, consents with their name."""
    require_newest(body.text.shown())
    with _visit(parts, request, token, now) as (connection, link, consult):
        _require_patient(link)
        consent = Consent(
            id=str(uuid4()),
            consult_id=consult.id,
            method=ConsentMethod.BY_LINK,
            given_at=now,
            text=body.text.shown(),
            giver=body.giver,
            relation=body.relation,
            signature=body.signature,
        )
        add_consent(connection, consent)
        signed = replace(link, consent_id=consent.id)
        save_link(connection, signed)
        _audit(connection, now, "consent-recorded", link)
        out = _out(parts, connection, signed, parts.consults.get(connection, consult.id))
    tell_room(parts, link.consult_id)
    return out


@router.post("/withdrawal")
def withdraw_by_link(
    body: PatientWithdrawalIn, request: Request, token: Token, parts: Parts, now: Now
) -> VisitOut:
    """The patient takes the consent back: nothing is recorded any more, and the consult is put on hold."""
    with _visit(parts, request, token, now) as (connection, link, consult):
        _require_patient(link)
        withdraw(parts, connection, consult, by_id=None, reason=body.reason, at=now)
        out = _out(parts, connection, link, parts.consults.get(connection, consult.id))
    tell_room(parts, link.consult_id)
    return out


@router.post("/join")
def join_by_link(request: Request, token: Token, parts: Parts, now: Now) -> JoinOut:
    """A short-lived ticket into the waiting room. It starts no consult."""
    with _visit(parts, request, token, now) as (connection, link, consult):
        if not _may_enter(connection, link, consult):
            raise ConsentMissing
        _audit(connection, now, "room-entered", link)
    grant = JoinGrant(
        room_id=consult.id,
        participant_id=link.id,
        display_name=link.name,
        role=Role(link.kind.value),
        waits=True,
    )
    return JoinOut(
        signaling_url=relay_of(parts, consult.id, request),
        join_token=issue(parts.settings.join_secret, grant),
        ice_servers=[],
    )


@router.get("/relay")
def read_relay_by_link(request: Request, token: Token, parts: Parts, now: Now) -> RelayOut:
    with _visit(parts, request, token, now) as (_, __, consult):
        pass
    return RelayOut(signaling_url=relay_of(parts, consult.id, request))


@contextmanager
def _visit(
    parts: PartsOfApp, request: Request, token: str, at: datetime
) -> Iterator[tuple[Connection, PatientLink, Consult]]:
    """The link and its consult, for the browser that gave the code. Raises what the two checks raise."""
    with parts.database.transaction() as connection:
        link, consult = _open(parts, connection, token, at)
        link.check_session(_session(request, link))
        yield connection, link, consult


def _open(
    parts: PartsOfApp, connection: Connection, token: str, at: datetime
) -> tuple[PatientLink, Consult]:
    link = link_of_token(connection, token)
    consult = parts.consults.get(connection, link.consult_id)
    link.check_open(consult.status, at)
    return link, consult


def _cookie(link: PatientLink) -> str:
    """Of each link its own: a patient and who comes along may share a phone."""
    return f"teleconsult_link_{link.id[:8]}"


def _session(request: Request, link: PatientLink) -> str | None:
    return request.cookies.get(_cookie(link))


def _require_patient(link: PatientLink) -> None:
    """Raises NotAllowed: who comes along consents for nobody."""
    if link.kind is not LinkFor.PATIENT:
        raise NotAllowed


def _has_consented(connection: Connection, link: PatientLink) -> bool:
    return any(
        one.id == link.consent_id and one.is_in_force for one in consents_of(connection, link.consult_id)
    )


def _may_enter(connection: Connection, link: PatientLink, consult: Consult) -> bool:
    own = link.kind is not LinkFor.PATIENT or _has_consented(connection, link)
    return own and consult.consent is not None


def _out(
    parts: PartsOfApp, connection: Connection, link: PatientLink, consult: Consult
) -> VisitOut:
    doctors = [one for one in (consult.requested_by_id, consult.specialist_id) if one]
    people = parts.users.by_ids(connection, doctors)
    return VisitOut(
        kind=link.kind,
        name=link.name,
        doctors=[UserRefOut.of(people[one]) for one in doctors],
        consent_text=ConsentTextOut.of(newest_text()),
        has_consented=_has_consented(connection, link),
        may_enter=_may_enter(connection, link, consult),
    )


def _audit(connection: Connection, at: datetime, action: str, link: PatientLink) -> None:
    audit_log.record(
        connection,
        at=at,
        actor=PATIENT,
        action=action,
        subject=f"consult/{link.consult_id}",
        details={"link": link.id, "kind": link.kind},
    )


def _changed(parts: PartsOfApp, link: PatientLink) -> None:
    parts.publish({"type": "consult-changed", "consult_id": link.consult_id})


