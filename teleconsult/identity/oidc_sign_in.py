"""Signing in by a hospital's identity provider: what was begun, and whose account it opens.

A begun sign-in belongs to the browser that began it, counts once, and is forgotten after ten minutes. The
first time an account is made; each time the account gets the roles that the provider's claims mean here.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, delete, insert, or_, select, update

from storage.database import Database
from storage.tables import institutions, oidc_identities, oidc_sign_ins, users
from teleconsult.errors import NoRoleHere, NotFound, OidcRefused, SignInExpired
from teleconsult.identity.identity import FirstStep, Identity, record
from teleconsult.identity.oidc_client import Asked, OidcClient
from teleconsult.identity.oidc_provider import OidcProvider
from teleconsult.identity.sessions import Device, digest
from teleconsult.users import passwords
from teleconsult.users.members import check_roles

WITHIN = timedelta(minutes=10)
_TOKEN_BYTES = 32


class OidcSignIn:
    def __init__(self, database: Database, identity: Identity, providers: Sequence[OidcProvider]) -> None:
        self._database, self._identity = database, identity
        self._clients = {provider.id: OidcClient(provider) for provider in providers}

    @property
    def providers(self) -> list[OidcProvider]:
        return [client.provider for client in self._clients.values()]

    def begin(self, provider_id: str, redirect_uri: str, at: datetime) -> tuple[str, str]:
        """Where the browser is to go, and the token that it keeps meanwhile.

        Raises: NotFound, OidcUnreachable, OidcRefused.
        """
        client = self._client(provider_id)
        state, nonce, verifier, browser = (secrets.token_urlsafe(_TOKEN_BYTES) for _ in range(4))
        asked = Asked(state, nonce, verifier, redirect_uri)
        address = client.address_for(asked, at)
        with self._database.transaction() as connection:
            connection.execute(delete(oidc_sign_ins).where(oidc_sign_ins.c.expires_at < at))
            connection.execute(
                insert(oidc_sign_ins).values(
                    state_sha256=digest(state),
                    browser_sha256=digest(browser),
                    provider=provider_id,
                    nonce=nonce,
                    code_verifier=verifier,
                    redirect_uri=redirect_uri,
                    expires_at=at + WITHIN,
                )
            )
        return address, browser

    def complete(
        self, state: str, code: str, issuer: str | None, browser: str | None, at: datetime, device: Device
    ) -> str:
        """Return a new session's token.

        Raises:
            SignInExpired: this browser began none such, or it took too long, or it was completed before.
            OidcRefused, OidcUnreachable: the provider does not vouch for anybody.
            NoRoleHere, SpecialtyMissing: it does, but for nobody who works here.
            AccountDisabled, SecondFactorNeeded: as for a password.
        """
        provider_id, asked = self._taken(state, browser, at)
        client = self._client(provider_id)
        try:
            if issuer is not None and issuer != client.provider.issuer:
                raise OidcRefused("the answer is another issuer's")
            claims = client.claims_of(code, asked, at)
        except OidcRefused as error:
            self._refused(provider_id, f"oidc: {error.why}", at, device)
            raise
        with self._database.transaction() as connection:
            step = self._entered(connection, client.provider, claims, at, device)
        if step is None:
            self._refused(provider_id, "oidc: no role", at, device)
            raise NoRoleHere
        return step.session_token()

    def _client(self, provider_id: str) -> OidcClient:
        if provider_id not in self._clients:
            raise NotFound
        return self._clients[provider_id]

    def _taken(self, state: str, browser: str | None, at: datetime) -> tuple[str, Asked]:
        """Raises SignInExpired."""
        which = (
            oidc_sign_ins.c.state_sha256 == digest(state),
            oidc_sign_ins.c.browser_sha256 == digest(browser or ""),
            oidc_sign_ins.c.expires_at > at,
        )
        with self._database.transaction() as connection:
            row = connection.execute(select(oidc_sign_ins).where(*which)).first()
            if row is None or connection.execute(delete(oidc_sign_ins).where(*which)).rowcount != 1:
                raise SignInExpired
        return row.provider, Asked(state, row.nonce, row.code_verifier, row.redirect_uri)

    def _entered(
        self,
        connection: Connection,
        provider: OidcProvider,
        claims: dict[str, Any],
        at: datetime,
        device: Device,
    ) -> FirstStep | None:
        """None: the claims give no role here. Raises SpecialtyMissing, OidcRefused."""
        roles, specialty = provider.roles_of(claims), provider.specialty_of(claims)
        if not roles:
            return None
        check_roles(roles, specialty)
        own = {
            "display_name": provider.display_name_of(claims),
            "roles": sorted(roles),
            "specialty": specialty,
        }
        subject = (oidc_identities.c.issuer == provider.issuer, oidc_identities.c.subject == claims["sub"])
        known = connection.execute(
            select(users.c.id, users.c.disabled_at, users.c.roles)
            .join(oidc_identities, oidc_identities.c.user_id == users.c.id)
            .where(*subject)
        ).first()
        if known is None:
            user_id, is_disabled = self._added(connection, provider, claims, own), False
            record(connection, user_id, "member-added", at, {"by": provider.id, "roles": own["roles"]})
        else:
            user_id, is_disabled = known.id, known.disabled_at is not None
            connection.execute(update(users).where(users.c.id == user_id).values(**own))
            if known.roles != own["roles"]:
                record(connection, user_id, "member-changed", at, {"by": provider.id, "roles": own["roles"]})
        by = f"provider {provider.id}"
        return self._identity.first_step(connection, user_id, is_disabled, at, device, by=by)

    def _added(
        self, connection: Connection, provider: OidcProvider, claims: dict[str, Any], own: dict[str, Any]
    ) -> str:
        place = connection.execute(
            select(institutions.c.id).where(
                or_(institutions.c.id == provider.institution, institutions.c.name_en == provider.institution)
            )
        ).scalar()
        if place is None:
            raise OidcRefused(f"there is no institution {provider.institution!r} here")
        username = provider.username_of(claims)
        if connection.execute(select(users.c.id).where(users.c.username == username)).first() is not None:
            username = f"{digest(claims['sub'])[:12]}@{provider.id}"
        user_id = str(uuid4())
        connection.execute(
            insert(users).values(
                id=user_id,
                username=username,
                password_hash=passwords.hash_password(secrets.token_urlsafe(_TOKEN_BYTES)),
                must_change_password=False,
                language="en" if str(claims.get("locale", "")).lower().startswith("en") else "zh-CN",
                institution_id=place,
                **own,
            )
        )
        connection.execute(
            insert(oidc_identities).values(issuer=provider.issuer, subject=claims["sub"], user_id=user_id)
        )
        return user_id

    def _refused(self, provider_id: str, why: str, at: datetime, device: Device) -> None:
        details = {"provider": provider_id, "why": why[:300], "address": device.address}
        with self._database.transaction() as connection:
            record(connection, "nobody", "sign-in-refused", at, details)
