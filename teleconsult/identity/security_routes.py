"""The page of a user's own security: second factors, recovery codes, and where the account is open."""

from fastapi import APIRouter
from sqlalchemy import Connection

from teleconsult.dependencies import FRESH, Now, OwnAccount, PageSite, Parts, PartsOfApp
from teleconsult.errors import AddressHasNoName, NotFound
from teleconsult.identity import sessions, totp
from teleconsult.identity.passkey import decoded
from teleconsult.identity.qr_code import as_svg
from teleconsult.identity.schemas import (
    NewPasskeyOut,
    NewTotpOut,
    OpenSessionOut,
    PasskeyIn,
    PasskeyOut,
    RecoveryCodesOut,
    SecurityOut,
    TotpCodeIn,
)
from teleconsult.identity.session_routes import tell_open_pages

router = APIRouter(prefix="/api/security", tags=["users"])


@router.get("")
def read_security(session: OwnAccount, parts: Parts, now: Now) -> SecurityOut:
    user_id, factors = session.user.id, parts.identity.factors
    with parts.database.reading() as connection:
        return SecurityOut(
            has_totp="totp" in session.second_factors,
            passkeys=[PasskeyOut.of(key) for key in factors.passkeys_of(connection, user_id)],
            recovery_codes_left=factors.recovery_codes_left(connection, user_id),
            sessions=[
                OpenSessionOut.of(one, session) for one in sessions.sessions_of(connection, user_id, now)
            ],
        )


@router.post("/totp", dependencies=[FRESH])
def begin_totp(session: OwnAccount, parts: Parts, now: Now) -> NewTotpOut:
    """A secret for an authenticator app; it counts once a code made of it was given."""
    with parts.database.transaction() as connection:
        secret = parts.identity.factors.begin_totp(connection, session.user.id, now)
    key_uri = totp.key_uri(secret, session.user.username)
    return NewTotpOut(secret=totp.as_text(secret), key_uri=key_uri, qr_svg=as_svg(key_uri))


@router.post("/totp/confirmation", dependencies=[FRESH])
def confirm_totp(body: TotpCodeIn, session: OwnAccount, parts: Parts, now: Now) -> RecoveryCodesOut:
    """Every other session of this user ends: it was opened with less than is asked for now."""
    with parts.identity.changing(session.user, "totp-set-up", now) as connection:
        code = "".join(body.code.split())
        parts.identity.factors.confirm_totp(connection, session.user.id, code, now)
        sessions.end_sessions(connection, session.user.id, keep=session.id)
        codes = _codes_for_first(connection, parts, session.user.id)
    tell_open_pages(parts, session.user.id)
    return codes


@router.delete("/totp", status_code=204, dependencies=[FRESH])
def remove_totp(session: OwnAccount, parts: Parts, now: Now) -> None:
    with parts.identity.changing(session.user, "totp-removed", now) as connection:
        parts.identity.factors.remove_totp(connection, session.user.id)


@router.post("/recovery-codes", dependencies=[FRESH])
def make_recovery_codes(session: OwnAccount, parts: Parts, now: Now) -> RecoveryCodesOut:
    """Ten new ones; those from before are worth nothing any more."""
    with parts.identity.changing(session.user, "recovery-codes-made", now) as connection:
        if not parts.identity.factors.of(connection, session.user.id):
            raise NotFound
        codes = parts.identity.factors.new_recovery_codes(connection, session.user.id)
    return RecoveryCodesOut(recovery_codes=codes)


@router.post("/passkeys/challenge", dependencies=[FRESH])
def begin_passkey(session: OwnAccount, parts: Parts, now: Now, site: PageSite) -> NewPasskeyOut:
    if not site.has_name:
        raise AddressHasNoName
    with parts.database.transaction() as connection:
        known = parts.identity.factors.passkeys_of(connection, session.user.id)
        challenge = parts.identity.factors.new_challenge(connection, session.user.id, now)
    return NewPasskeyOut.of(session.user, site, challenge, [key.credential_id for key in known])


@router.post("/passkeys", status_code=201, dependencies=[FRESH])
def add_passkey(
    body: PasskeyIn, session: OwnAccount, parts: Parts, now: Now, site: PageSite
) -> RecoveryCodesOut:
    """Every other session of this user ends: it was opened with less than is asked for now."""
    with parts.identity.changing(session.user, "passkey-added", now) as connection:
        parts.identity.factors.add_passkey(
            connection,
            session.user.id,
            name=body.name,
            client_data=decoded(body.client_data),
            authenticator_data=decoded(body.authenticator_data),
            public_key=decoded(body.public_key),
            site=site,
            at=now,
        )
        sessions.end_sessions(connection, session.user.id, keep=session.id)
        codes = _codes_for_first(connection, parts, session.user.id)
    tell_open_pages(parts, session.user.id)
    return codes


@router.delete("/passkeys/{passkey_id}", status_code=204, dependencies=[FRESH])
def remove_passkey(passkey_id: str, session: OwnAccount, parts: Parts, now: Now) -> None:
    with parts.identity.changing(session.user, "passkey-removed", now) as connection:
        parts.identity.factors.remove_passkey(connection, session.user.id, passkey_id)


@router.delete("/sessions/{session_id}", status_code=204)
def end_session(session_id: str, session: OwnAccount, parts: Parts, now: Now) -> None:
    with parts.identity.changing(session.user, "session-ended", now) as connection:
        sessions.end_session(connection, session.user.id, session_id)
    tell_open_pages(parts, session.user.id)


@router.delete("/sessions", status_code=204)
def end_other_sessions(session: OwnAccount, parts: Parts, now: Now) -> None:
    with parts.identity.changing(session.user, "other-sessions-ended", now) as connection:
        sessions.end_sessions(connection, session.user.id, keep=session.id)
    tell_open_pages(parts, session.user.id)


def _codes_for_first(connection: Connection, parts: PartsOfApp, user_id: str) -> RecoveryCodesOut:
    factors = parts.identity.factors
    has_some = factors.recovery_codes_left(connection, user_id) > 0
    return RecoveryCodesOut(
        recovery_codes=None if has_some else factors.new_recovery_codes(connection, user_id)
    )
