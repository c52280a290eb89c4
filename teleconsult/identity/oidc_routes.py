"""Signing in by a hospital's identity provider: which there are, beginning, and completing it."""

from typing import Annotated

from fastapi import APIRouter, Cookie, Response

from teleconsult.dependencies import Now, PageSite, Parts, UserDevice
from teleconsult.identity.oidc_sign_in import WITHIN
from teleconsult.identity.schemas import MeOut, OidcAddressOut, OidcAnswerIn, OidcProviderOut
from teleconsult.identity.session_routes import entered

router = APIRouter(prefix="/api/session", tags=["users"])
COOKIE = "teleconsult_sign_in"
PATH = "/api/session/provider"  # to nowhere else is the cookie sent
RETURN_PAGE = "/login/provider"  # of the front end; registered with the provider as redirect URI


@router.get("/providers")
def list_providers(parts: Parts) -> list[OidcProviderOut]:
    return [
        OidcProviderOut(id=one.id, name_en=one.name_en, name_zh=one.name_zh)
        for one in parts.oidc.providers
    ]


@router.post("/provider/{provider_id}")
def begin_at_provider(
    provider_id: str, response: Response, parts: Parts, now: Now, site: PageSite
) -> OidcAddressOut:
    """Where the page is to go; it comes back to `/login/provider` with what completes the sign-in."""
    address, browser = parts.oidc.begin(provider_id, f"{site.origin}{RETURN_PAGE}", now)
    response.set_cookie(
        COOKIE,
        browser,
        max_age=int(WITHIN.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=parts.settings.secure_cookies,
        path=PATH,
    )
    return OidcAddressOut(address=address)


@router.put("/provider")
def complete_at_provider(
    body: OidcAnswerIn,
    response: Response,
    parts: Parts,
    now: Now,
    device: UserDevice,
    browser: Annotated[str | None, Cookie(alias=COOKIE)] = None,
) -> MeOut:
    """As with a password, the problem `second-factor-needed` holds the token of the second step."""
    response.delete_cookie(COOKIE, path=PATH, secure=parts.settings.secure_cookies, httponly=True)
    token = parts.oidc.complete(body.state, body.code, body.iss, browser, now, device)
    return entered(response, parts, token, now)
