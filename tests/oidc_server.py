"""An identity provider of a hospital on this machine: discovery, code flow with PKCE, signed ID tokens.

It holds to OpenID Connect Core 1.0, section 3.1, and refuses what a provider refuses: another redirect URI, a
code that was used, a verifier that does not fit. `claims` says who is signed in there; `twist` makes a token
of what it would have said, for attacks.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "teleconsult", "a secret of the provider & of us"
ACCESS_TOKEN = "for the UserInfo endpoint alone"
Claims = dict[str, Any]


@cache
def first_key() -> RSAKey:
    """Of every provider here: making one takes as long as a test."""
    return RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})


class OidcServer:
    def __init__(self, port: int, redirect_uri: str) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.redirect_uri = redirect_uri
        self.key = first_key()
        self.claims: Claims = {"sub": "4711", "preferred_username": "Wang.Li", "name": "王丽", "roles": []}
        self.user_info: Claims | None = None  # what the UserInfo endpoint answers; None: there is none
        self.refuses: str | None = None
        self.configuration: Claims = {}  # what differs from the right one
        self.twist: Callable[[Claims], str] | None = None
        self.jwks_asked = 0
        self._codes: dict[str, dict[str, str]] = {}

    def token(self, claims: Claims, **header: Any) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid, **header}, claims, self.key)

    def known(self) -> Claims:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "id_token_signing_alg_values_supported": ["RS256"],
            **({} if self.user_info is None else {"userinfo_endpoint": f"{self.issuer}/userinfo"}),
            **self.configuration,
        }

    def keys(self) -> Claims:
        self.jwks_asked += 1
        return {"keys": [self.key.as_dict(private=False)]}

    def authorize(self, asked: dict[str, str]) -> str | None:
        """Where the browser is sent; None: this client may not ask so."""
        if asked.get("client_id") != CLIENT_ID or asked.get("redirect_uri") != self.redirect_uri:
            return None
        if asked.get("response_type") != "code" or asked.get("code_challenge_method") != "S256":
            return None
        if self.refuses is not None:
            answer = {"error": self.refuses, "state": asked["state"]}
        else:
            code = secrets.token_urlsafe(16)
            self._codes[code] = asked
            answer = {"code": code, "state": asked["state"], "iss": self.issuer}
        return f"{self.redirect_uri}?{urlencode(answer)}"

    def exchange(self, form: dict[str, str], authorization: str) -> tuple[int, Claims]:
        user, _, password = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        if (unquote(user), unquote(password)) != (CLIENT_ID, CLIENT_SECRET):
            return 401, {"error": "invalid_client"}
        asked = self._codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or challenge != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        if form.get("redirect_uri") != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "nonce": asked["nonce"],
            **self.claims,
        }
        token = self.token(claims) if self.twist is None else self.twist(claims)
        return 200, {"access_token": ACCESS_TOKEN, "token_type": "Bearer", "id_token": token}


@contextmanager
def oidc_server(redirect_uri: str = "http://localhost/none") -> Iterator[OidcServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if parts.path == "/.well-known/openid-configuration":
                self._answer(200, provider.known())
            elif parts.path == "/jwks":
                self._answer(200, provider.keys())
            elif parts.path == "/userinfo" and self.headers["Authorization"] == f"Bearer {ACCESS_TOKEN}":
                self._answer(200, provider.user_info or {})
            elif parts.path == "/authorize" and (there := provider.authorize(asked)) is not None:
                self.send_response(302)
                self.send_header("Location", there)
                self.end_headers()
            else:
                self._answer(400, {"error": "invalid_request"})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._answer(*provider.exchange(form, self.headers.get("Authorization", "")))

        def _answer(self, status: int, content: Claims) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = OidcServer(server.server_address[1], redirect_uri)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
