"""Ask an identity provider who somebody is.

Sources: OpenID Connect Core 1.0, sections 3.1 (code flow) and 5.3 (UserInfo endpoint); OpenID Connect
Discovery 1.0, section 4; RFC 7636 (PKCE); RFC 9207 (the answer names its issuer).
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from teleconsult.errors import OidcRefused, OidcUnreachable
from teleconsult.identity.oidc_provider import OidcProvider

KEPT_FOR: Final = timedelta(hours=1)
TIMEOUT_S: Final = 10
MOST_BYTES: Final = 1 << 20
CLOCKS_DIFFER_S: Final = 60
# Of a key pair: with a shared one whoever knows the client's secret could sign.
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")


@dataclass(frozen=True, slots=True)
class Asked:
    """What one sign-in was begun with."""

    state: str
    nonce: str
    code_verifier: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class _Metadata:
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    fetched_at: datetime


class OidcClient:
    def __init__(self, provider: OidcProvider) -> None:
        self.provider = provider
        self._lock = threading.Lock()
        self._metadata: _Metadata | None = None
        self._keys: KeySet | None = None

    def address_for(self, asked: Asked, at: datetime) -> str:
        """Where the browser is sent. Raises OidcUnreachable."""
        endpoint = self._known(at).authorization_endpoint
        with self._session(asked) as session:
            url: str = session.create_authorization_url(
                endpoint, state=asked.state, nonce=asked.nonce, code_verifier=asked.code_verifier
            )[0]
        return url

    def claims_of(self, code: str, asked: Asked, at: datetime) -> dict[str, Any]:
        """The checked claims of the ID token that the provider gives for the code.

        What it leaves out is asked for at the UserInfo endpoint: there a provider may answer what a scope
        stands for (section 5.4).

        Raises:
            OidcUnreachable: it gave no answer.
            OidcRefused: it refused the code, or its token does not hold.
        """
        metadata = self._known(at)
        try:
            with self._session(asked) as session:
                token = session.fetch_token(
                    metadata.token_endpoint,
                    code=code,
                    code_verifier=asked.code_verifier,
                    timeout=TIMEOUT_S,
                    allow_redirects=False,
                )
        except requests.RequestException as error:
            raise OidcUnreachable(self.provider.name_en, self.provider.name_zh) from error
        except (AuthlibBaseError, ValueError) as error:
            raise OidcRefused(f"token endpoint: {error}") from error
        id_token = token.get("id_token") if isinstance(token, dict) else None
        if not isinstance(id_token, str):
            raise OidcRefused("no ID token")
        access_token = token.get("access_token")
        claims = self._checked(id_token, access_token, asked, at)
        endpoint = metadata.userinfo_endpoint
        if endpoint and isinstance(access_token, str) and self.provider.is_left_out_of(claims):
            return {**self._user_info(endpoint, access_token, claims["sub"]), **claims}
        return claims

    def _user_info(self, endpoint: str, access_token: str, subject: str) -> dict[str, Any]:
        """Raises OidcUnreachable, OidcRefused: it is somebody else's (section 5.3.2)."""
        found = self._fetch(endpoint, {"Authorization": f"Bearer {access_token}"})
        if found.get("sub") != subject:
            raise OidcRefused("UserInfo: another subject")
        return found

    def _checked(self, id_token: str, access_token: Any, asked: Asked, at: datetime) -> dict[str, Any]:
        try:
            try:
                decoded = jwt.decode(id_token, self._key_set(at), algorithms=list(ALGORITHMS))
            except (JoseError, ValueError):  # perhaps of a key that is new since
                decoded = jwt.decode(id_token, self._key_set(at, anew=True), algorithms=list(ALGORITHMS))
            client_id = self.provider.client_id
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                {
                    "iss": {"essential": True, "value": self.provider.issuer},
                    "aud": {"essential": True, "value": client_id},
                    "sub": {"essential": True},
                    "nonce": {"essential": True, "value": asked.nonce},
                },
                {"nonce": asked.nonce, "client_id": client_id, "access_token": access_token},
            )
            claims.validate(now=int(at.timestamp()), leeway=CLOCKS_DIFFER_S)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise OidcRefused(f"ID token: {error}") from error
        if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
            raise OidcRefused("ID token: no subject")
        return dict(claims)

    def _session(self, asked: Asked) -> OAuth2Session:
        provider = self.provider
        return OAuth2Session(
            provider.client_id,
            provider.client_secret,
            token_endpoint_auth_method=provider.client_authentication if provider.client_secret else "none",
            scope=provider.scope,
            redirect_uri=asked.redirect_uri,
            code_challenge_method="S256",
        )

    def _known(self, at: datetime) -> _Metadata:
        with self._lock:
            if self._metadata is None or abs(at - self._metadata.fetched_at) > KEPT_FOR:
                self._metadata, self._keys = self._discovered(at), None
            return self._metadata

    def _discovered(self, at: datetime) -> _Metadata:
        found = self._fetch(f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self.provider.issuer:
            raise OidcRefused("its configuration names another issuer")
        scheme = self.provider.issuer.partition("://")[0]  # no step from https back to http

        def endpoint(name: str) -> str:
            address = found.get(name)
            if not isinstance(address, str) or not address.startswith((f"{scheme}://", "https://")):
                raise OidcRefused(f"its configuration has no usable {name}")
            return address

        return _Metadata(
            endpoint("authorization_endpoint"),
            endpoint("token_endpoint"),
            endpoint("jwks_uri"),
            endpoint("userinfo_endpoint") if "userinfo_endpoint" in found else None,
            at,
        )

    def _key_set(self, at: datetime, anew: bool = False) -> KeySet:
        metadata = self._known(at)
        with self._lock:
            if self._keys is None or anew:
                self._keys = KeySet.import_key_set(self._fetch(metadata.jwks_uri))  # type: ignore[arg-type]
            return self._keys

    def _fetch(self, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        try:
            with requests.get(
                url, headers=headers, timeout=TIMEOUT_S, allow_redirects=False, stream=True
            ) as answer:
                if answer.status_code != 200:
                    raise OidcUnreachable(self.provider.name_en, self.provider.name_zh)
                content = answer.raw.read(MOST_BYTES + 1, decode_content=True)
            if len(content) > MOST_BYTES:
                raise OidcRefused(f"{url} is too long")
            found = json.loads(content)
        except requests.RequestException as error:
            raise OidcUnreachable(self.provider.name_en, self.provider.name_zh) from error
        except ValueError as error:
            raise OidcRefused(f"{url} is no JSON") from error
        if not isinstance(found, dict):
            raise OidcRefused(f"{url} is no JSON object")
        return found
