"""The consents to a consult: recorded, scanned, withdrawn, and emergency reasons reviewed afterwards."""

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from storage import audit_log
from teleconsult import access
from teleconsult.consents.consent import Consent, ConsentMethod
from teleconsult.consents.repository import (
    add_consent,
    awaiting_review,
    consents_of,
    find_consent,
    save_consent,
)
from teleconsult.consents.scans import JPEG, MOST_BYTES, PDF, checked, keep_scan, read_scan
from teleconsult.consents.schemas import (
    ConsentIn,
    ConsentOut,
    ConsentsOut,
    ConsentTextOut,
    EmergencyOut,
    ReviewIn,
    WithdrawalIn,
    people_of,
)
from teleconsult.consents.texts import newest_text, require_newest
from teleconsult.consents.withdrawal import withdraw
from teleconsult.consults.consult import Consult
from teleconsult.consults.rooms import tell_room
from teleconsult.dependencies import CurrentUser, Now, Parts, PartsOfApp
from teleconsult.errors import NotAllowed, NotFound, ScanKeptAlready, ScanTooLarge, UploadTooLarge
from teleconsult.request_body import LIMITED_BY_ROUTE, read_body
from teleconsult.stills.keeping import keys_of
from teleconsult.users.schemas import UserRefOut
from teleconsult.users.user import User

router = APIRouter(tags=["consents"])
OF_CONSULT = "/api/consults/{consult_id}/consents"
ON_PAPER = frozenset({ConsentMethod.WRITTEN, ConsentMethod.WITNESSED})
AS_SCAN: dict[int | str, dict[str, Any]] = {200: {"content": {PDF: {}, JPEG: {}}}}


@router.get(OF_CONSULT)
def list_consents(consult_id: str, parts: Parts, user: CurrentUser) -> ConsentsOut:
    with parts.database.reading() as connection:
        consult = parts.consults.get_for(connection, consult_id, user, access.may_see_consents)
        return _out(parts, connection, consult, user)


@router.post(OF_CONSULT, status_code=201)
def record_consent(
    consult_id: str, body: ConsentIn, parts: Parts, user: CurrentUser, now: Now
) -> ConsentsOut:
    """Attest that the patient, or who decides for them, has consented; or give the emergency reason."""
    if body.text is not None:
        require_newest(body.text.shown())
    with parts.database.transaction() as connection:
        consult = parts.consults.get_for(connection, consult_id, user, access.may_see_consents)
        if not access.may_record_consent(user, consult):
            raise NotAllowed
        consent = body.attested(consult_id, user, now)
        add_consent(connection, consent)
        _audit(connection, now, user, "consent-recorded", consent)
        out = _out(parts, connection, consult, user)
    tell_room(parts, consult_id)
    return out


@router.post(OF_CONSULT + "/withdrawal")
def withdraw_consent(
    consult_id: str, body: WithdrawalIn, parts: Parts, user: CurrentUser, now: Now
) -> ConsentsOut:
    """The patient has said no to a clinician: all consents to this consult end."""
    with parts.database.transaction() as connection:
        consult = parts.consults.get_for(connection, consult_id, user, access.may_see_consents)
        withdraw(parts, connection, consult, by_id=user.id, reason=body.reason, at=now)
        out = _out(parts, connection, consult, user)
    tell_room(parts, consult_id)
    return out


@router.put(OF_CONSULT + "/{consent_id}/scan", status_code=201, max_body_size=LIMITED_BY_ROUTE)
async def keep_consent_scan(
    consult_id: str, consent_id: str, request: Request, parts: Parts, user: CurrentUser, now: Now
) -> ConsentsOut:
    """Keep the signed paper, which is the body: a PDF, JPEG or PNG of at most 24 MB."""
    try:
        content = await read_body(request, MOST_BYTES)
    except UploadTooLarge as error:
        raise ScanTooLarge(MOST_BYTES >> 20) from error
    return await run_in_threadpool(_keep_scan, parts, consult_id, consent_id, content, user, now)


@router.get(OF_CONSULT + "/{consent_id}/scan", response_class=Response, responses=AS_SCAN)
def read_consent_scan(
    consult_id: str, consent_id: str, parts: Parts, user: CurrentUser, now: Now
) -> Response:
    """The scan as it is kept. Written to the audit log."""
    with parts.database.transaction() as connection:
        parts.consults.get_for(connection, consult_id, user, access.may_see_consents)
        consent = find_consent(connection, consult_id, consent_id)
        if consent.scan is None:
            raise NotFound
        key = keys_of(parts).open(connection, consent.scan.kept_at)
        content = read_scan(parts.objects, key, consent.scan)
        _audit(connection, now, user, "consent-scan-read", consent)
    ending = "pdf" if consent.scan.content_type == PDF else "jpg"
    name = f"consent-{consent.given_at:%Y%m%d-%H%M%S}.{ending}"
    # A stranger's PDF is handed to the reader's own program, never opened within our page.
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=consent.scan.content_type, headers=headers)


@router.post(OF_CONSULT + "/{consent_id}/review", status_code=204)
def review_emergency(
    consult_id: str, consent_id: str, body: ReviewIn, parts: Parts, user: CurrentUser, now: Now
) -> None:
    """Who asked for the consult, or a coordinator of that side, has looked at an emergency reason."""
    with parts.database.transaction() as connection:
        consult = parts.consults.get(connection, consult_id)
        if not access.may_review_emergency(user, consult):
            raise NotFound if access.part_in(user, consult) is None else NotAllowed
        consent = find_consent(connection, consult_id, consent_id)
        save_consent(connection, consent, consent.reviewed(by_id=user.id, at=now, note=body.note))
        _audit(connection, now, user, "emergency-reviewed", consent)
    parts.publish({"type": "consult-changed", "consult_id": consult_id})


@router.get("/api/consents/awaiting-review")
def list_emergencies(parts: Parts, user: CurrentUser) -> list[EmergencyOut]:
    """Emergency reasons that this user may review, the oldest first."""
    with parts.database.reading() as connection:
        out = []
        for consent in awaiting_review(connection, user.institution.id):
            consult = parts.consults.get(connection, consent.consult_id)
            if not access.may_review_emergency(user, consult):
                continue
            patient = parts.studies.get_patient(connection, consult.patient_id)
            author = parts.users.get(connection, consent.recorded_by_id or consult.requested_by_id)
            out.append(
                EmergencyOut(
                    consult_id=consult.id,
                    consent_id=consent.id,
                    reason=consent.note or "",
                    recorded_by=UserRefOut.of(author),
                    given_at=consent.given_at,
                    patient_id=patient.patient_id,
                )
            )
        return out


def _keep_scan(
    parts: PartsOfApp, consult_id: str, consent_id: str, content: bytes, user: User, now: Now
) -> ConsentsOut:
    with parts.database.reading() as connection:
        consult = parts.consults.get_for(connection, consult_id, user, access.may_see_consents)
        consent = find_consent(connection, consult_id, consent_id)
    if not access.may_record_consent(user, consult):
        raise NotAllowed
    if consent.scan is not None or consent.method not in ON_PAPER:
        raise ScanKeptAlready
    kept, kind = checked(content)
    keys = keys_of(parts)
    scan, key = keep_scan(parts.objects, consent.id, kept, kind)
    with parts.database.transaction() as connection:
        keys.add(connection, scan.kept_at, consult.inviting_institution_id, key, now)
        save_consent(connection, consent, replace(consent, scan=scan))
        _audit(connection, now, user, "consent-scanned", consent)
        out = _out(parts, connection, consult, user)
    parts.publish({"type": "consult-changed", "consult_id": consult_id})
    return out


def _out(parts: PartsOfApp, connection: Connection, consult: Consult, user: User) -> ConsentsOut:
    known = consents_of(connection, consult.id)
    people = parts.users.by_ids(connection, {one for consent in known for one in people_of(consent)})
    return ConsentsOut(
        consents=[ConsentOut.of(one, people) for one in known],
        is_in_force=any(one.is_in_force for one in known),
        text=ConsentTextOut.of(newest_text()),
        may_record=access.may_record_consent(user, consult),
        may_review=access.may_review_emergency(user, consult),
    )


def _audit(connection: Connection, now: Now, user: User, action: str, consent: Consent) -> None:
    audit_log.record(
        connection,
        at=now,
        actor=user.id,
        action=action,
        subject=f"consult/{consent.consult_id}",
        details={"consent": consent.id, "method": consent.method},
    )
