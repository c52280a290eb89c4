"""Signing in and out, proving again who it is, and a user's own settings."""

from fastapi import APIRouter, Response

from teleconsult.dependencies import (
    FRESH,
    CurrentSession,
    Now,
    PageSite,
    Parts,
    PartsOfApp,
    SessionToken,
    UserDevice,
    session_cookie,
)
from teleconsult.errors import NotSignedIn
from teleconsult.identity.passkey import encoded
from teleconsult.identity.schemas import (
    AssertionIn,
    ChallengeIn,
    ChallengeOut,
    MeIn,
    MeOut,
    PasswordChangeIn,
    ProofIn,
    SecondStepIn,
    SignInIn,
)
from teleconsult.identity.sessions import LIFETIME

router = APIRouter(prefix="/api", tags=["users"])


def entered(response: Response, parts: PartsOfApp, token: str, now: Now) -> MeOut:
    response.set_cookie(
        session_cookie(parts.settings),
        token,
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=parts.settings.secure_cookies,
        path="/",
    )
    return MeOut.of(parts.identity.session(token, now))


def tell_open_pages(parts: PartsOfApp, user_id: str) -> None:
    """They connect again, and those whose session ended hear so."""
    parts.publish({"type": "account-changed", "user_id": user_id})


@router.post("/session")
def sign_in(body: SignInIn, response: Response, parts: Parts, now: Now, device: UserDevice) -> MeOut:
    """The problem `second-factor-needed` holds the token with which the second step goes on."""
    token = parts.identity.sign_in(body.username, body.password, now, device)
    return entered(response, parts, token, now)


@router.post("/session/second-step")
def complete_sign_in(
    body: SecondStepIn, response: Response, parts: Parts, now: Now, device: UserDevice, site: PageSite
) -> MeOut:
    token = parts.identity.complete_sign_in(body.token, body.proof(), now, device, site)
    return entered(response, parts, token, now)


@router.post("/session/passkey")
def sign_in_by_passkey(
    body: AssertionIn, response: Response, parts: Parts, now: Now, device: UserDevice, site: PageSite
) -> MeOut:
    token = parts.identity.sign_in_by_passkey(body.assertion(), now, device, site)
    return entered(response, parts, token, now)


@router.post("/session/passkey-challenge")
def ask_passkey(
    body: ChallengeIn, parts: Parts, now: Now, site: PageSite, session_token: SessionToken = None
) -> ChallengeOut:
    """For a sign-in's second step, for whoever is signed in, or to sign in by a passkey alone."""
    if body.token is not None:
        user = parts.identity.started_by(body.token, now)
    else:
        try:
            user = parts.identity.session(session_token, now).user
        except NotSignedIn:
            user = None
    challenge, credential_ids = parts.identity.challenge(user, now, site)
    return ChallengeOut(challenge=encoded(challenge), rp_id=site.rp_id, credential_ids=list(credential_ids))


@router.post("/session/proof")
def prove_again(
    body: ProofIn,
    session: CurrentSession,
    response: Response,
    parts: Parts,
    now: Now,
    device: UserDevice,
    site: PageSite,
) -> MeOut:
    """After the problem `step-up-needed`: for some minutes the step that was refused is possible."""
    token = parts.identity.step_up(session, body.proof(), now, device, site)
    return entered(response, parts, token, now)


@router.get("/session")
def read_session(session: CurrentSession) -> MeOut:
    return MeOut.of(session)


@router.get("/session/freshness", status_code=204, dependencies=[FRESH])
def check_freshness() -> None:
    """Asked before a link to a file is followed, since a link cannot ask who it is."""


@router.delete("/session", status_code=204)
def sign_out(response: Response, parts: Parts, now: Now, token: SessionToken = None) -> None:
    response.delete_cookie(
        session_cookie(parts.settings), path="/", secure=parts.settings.secure_cookies, httponly=True
    )
    try:
        session = parts.identity.session(token, now)
    except NotSignedIn:
        return
    parts.identity.sign_out(session, now)
    tell_open_pages(parts, session.user.id)


@router.put("/session/password")
def change_password(
    body: PasswordChangeIn,
    session: CurrentSession,
    response: Response,
    parts: Parts,
    now: Now,
    device: UserDevice,
) -> MeOut:
    """Choose an own password; every other session of this user ends."""
    token = parts.identity.change_password(session, body.current_password, body.new_password, now, device)
    tell_open_pages(parts, session.user.id)
    return entered(response, parts, token, now)


@router.patch("/me")
def change_me(
    body: MeIn, session: CurrentSession, parts: Parts, now: Now, token: SessionToken = None
) -> MeOut:
    """Change one's own preferences; what is not named stays."""
    parts.users.change_preferences(session.user, body.model_dump(exclude_none=True))
    return MeOut.of(parts.identity.session(token, now))
