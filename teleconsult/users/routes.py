"""Signing in and out, and a user's own settings."""

from fastapi import APIRouter, Response

from teleconsult.dependencies import SESSION_COOKIE, Now, Parts, SessionToken, SignedIn
from teleconsult.users.repository import SESSION_LIFETIME
from teleconsult.users.schemas import MeIn, MeOut, PasswordChangeIn, SignInIn

router = APIRouter(prefix="/api", tags=["users"])


def _set_cookie(response: Response, token: str, *, secure: bool) -> None:
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=int(SESSION_LIFETIME.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=secure,
        path="/",
    )


@router.post("/session")
def sign_in(body: SignInIn, response: Response, parts: Parts, now: Now) -> MeOut:
    token, user = parts.users.sign_in(body.username, body.password, now)
    _set_cookie(response, token, secure=parts.settings.secure_cookies)
    return MeOut.of(user)


@router.get("/session")
def read_session(user: SignedIn) -> MeOut:
    return MeOut.of(user)


@router.delete("/session", status_code=204)
def sign_out(response: Response, parts: Parts, now: Now, token: SessionToken = None) -> None:
    if token:
        parts.users.sign_out(token, now)
    response.delete_cookie(SESSION_COOKIE, path="/")


@router.put("/session/password")
def change_password(
    body: PasswordChangeIn, user: SignedIn, response: Response, parts: Parts, now: Now
) -> MeOut:
    """Choose an own password; every other session of this user ends."""
    token = parts.users.change_password(user, body.current_password, body.new_password, now)
    _set_cookie(response, token, secure=parts.settings.secure_cookies)
    return MeOut.of(parts.users.of_session(token, now))


@router.patch("/me")
def change_me(body: MeIn, user: SignedIn, parts: Parts, now: Now, token: SessionToken = None) -> MeOut:
    parts.users.set_language(user, body.language)
    return MeOut.of(parts.users.of_session(token, now))
