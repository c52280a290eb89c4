"""The second factors of users in the database: authenticator apps, recovery codes, passkeys."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import uuid4

from sqlalchemy import Connection, Exists, RowMapping, delete, exists, func, insert, or_, select, update

from storage.tables import passkeys, recovery_codes, totp_secrets, users, webauthn_challenges
from teleconsult.errors import NotFound, PasskeyRefused, SecondFactorKnown, WrongCode
from teleconsult.identity import passkey as webauthn
from teleconsult.identity import recovery_code, totp
from teleconsult.identity.factor_key import FactorKey
from teleconsult.identity.passkey import Assertion, Site

CHALLENGE_LIFETIME = timedelta(minutes=5)
MOST_PASSKEYS = 20
# Whether the user of the outer query has one of each.
KINDS: Mapping[str, Exists] = {
    "totp": exists().where(
        totp_secrets.c.user_id == users.c.id, totp_secrets.c.confirmed_at.is_not(None)
    ),
    "passkey": exists().where(passkeys.c.user_id == users.c.id),
}


def kinds_in(row: RowMapping) -> tuple[str, ...]:
    """Which kinds there are, in a row that was asked for `KINDS`."""
    return tuple(name for name in KINDS if row[name])


@dataclass(frozen=True, slots=True)
class Passkey:
    id: str
    user_id: str
    credential_id: str
    name: str
    rp_id: str
    is_backed_up: bool
    created_at: datetime
    last_used_at: datetime | None


class SecondFactors:
    def __init__(self, key: FactorKey) -> None:
        self._key = key

    def of(self, connection: Connection, user_id: str) -> tuple[str, ...]:
        """Which kinds the user has: "totp", "passkey"."""
        own = select(*(has.label(name) for name, has in KINDS.items())).where(users.c.id == user_id)
        row = connection.execute(own).first()
        return () if row is None else kinds_in(row._mapping)

    # Authenticator apps

    def begin_totp(self, connection: Connection, user_id: str, at: datetime) -> bytes:
        """A new secret, not in use before its first code was given. Raises SecondFactorKnown."""
        if "totp" in self.of(connection, user_id):
            raise SecondFactorKnown
        secret = totp.new_secret()
        connection.execute(delete(totp_secrets).where(totp_secrets.c.user_id == user_id))
        connection.execute(
            insert(totp_secrets).values(
                user_id=user_id, sealed_secret=self._key.seal(user_id, secret), created_at=at
            )
        )
        return secret

    def confirm_totp(self, connection: Connection, user_id: str, code: str, at: datetime) -> None:
        """Raises WrongCode, NotFound: none was begun."""
        if not self._take_totp(connection, user_id, code, at, confirmed=False):
            raise WrongCode(at)

    def remove_totp(self, connection: Connection, user_id: str) -> None:
        connection.execute(delete(totp_secrets).where(totp_secrets.c.user_id == user_id))
        self._forget_unneeded_codes(connection, user_id)

    def take_code(self, connection: Connection, user_id: str, code: str, at: datetime) -> str | None:
        """Use up a code: what it was, "totp" or "recovery-code"; None: it is wrong, or was used before."""
        plain = "".join(code.split())
        if len(plain) == totp.DIGITS and plain.isdecimal() and plain.isascii():
            try:
                return "totp" if self._take_totp(connection, user_id, plain, at, confirmed=True) else None
            except NotFound:
                return None
        mac = self._key.mac(user_id, recovery_code.normal_form(code))
        used = connection.execute(
            delete(recovery_codes).where(
                recovery_codes.c.user_id == user_id, recovery_codes.c.code_mac == mac
            )
        )
        return "recovery-code" if used.rowcount == 1 else None

    def _take_totp(
        self, connection: Connection, user_id: str, code: str, at: datetime, *, confirmed: bool
    ) -> bool:
        is_set = totp_secrets.c.confirmed_at.is_not(None)
        state = is_set if confirmed else ~is_set
        row = connection.execute(select(totp_secrets).where(totp_secrets.c.user_id == user_id, state)).first()
        if row is None:
            raise NotFound
        step = totp.step_of(self._key.open(user_id, row.sealed_secret), code, at, row.last_step)
        if step is None:
            return False
        # Two at once with the same code: the second finds the step taken.
        taken = connection.execute(
            update(totp_secrets)
            .where(
                totp_secrets.c.user_id == user_id,
                or_(totp_secrets.c.last_step.is_(None), totp_secrets.c.last_step < step),
            )
            .values(last_step=step, confirmed_at=row.confirmed_at or at)
        )
        return taken.rowcount == 1

    # Recovery codes

    def new_recovery_codes(self, connection: Connection, user_id: str) -> list[str]:
        """Ten, kept nowhere; those from before are worth nothing any more."""
        codes = recovery_code.new_codes()
        connection.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
        connection.execute(
            insert(recovery_codes),
            [{"user_id": user_id, "code_mac": self._key.mac(user_id, code)} for code in codes],
        )
        return codes

    def recovery_codes_left(self, connection: Connection, user_id: str) -> int:
        return connection.execute(
            select(func.count()).select_from(recovery_codes).where(recovery_codes.c.user_id == user_id)
        ).scalar_one()

    def _forget_unneeded_codes(self, connection: Connection, user_id: str) -> None:
        if not self.of(connection, user_id):
            connection.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))

    # Passkeys

    def new_challenge(self, connection: Connection, user_id: str | None, at: datetime) -> bytes:
        challenge = secrets.token_bytes(webauthn.CHALLENGE_BYTES)
        connection.execute(delete(webauthn_challenges).where(webauthn_challenges.c.expires_at < at))
        connection.execute(
            insert(webauthn_challenges).values(
                challenge_sha256=sha256(challenge).hexdigest(),
                user_id=user_id,
                expires_at=at + CHALLENGE_LIFETIME,
            )
        )
        return challenge

    def passkeys_of(self, connection: Connection, user_id: str) -> Sequence[Passkey]:
        rows = connection.execute(
            select(passkeys).where(passkeys.c.user_id == user_id).order_by(passkeys.c.created_at)
        )
        return [
            Passkey(
                id=row.id,
                user_id=row.user_id,
                credential_id=row.credential_id,
                name=row.name,
                rp_id=row.rp_id,
                is_backed_up=row.is_backed_up,
                created_at=row.created_at,
                last_used_at=row.last_used_at,
            )
            for row in rows
        ]

    def add_passkey(
        self,
        connection: Connection,
        user_id: str,
        *,
        name: str,
        client_data: bytes,
        authenticator_data: bytes,
        public_key: bytes,
        site: Site,
        at: datetime,
    ) -> None:
        """Raises PasskeyRefused, SecondFactorKnown."""
        challenge = webauthn.challenge_of(client_data, "webauthn.create", site)
        self._take_challenge(connection, challenge, user_id, at)
        made = webauthn.read_authenticator_data(authenticator_data, site.rp_id)
        webauthn.check_public_key(public_key)
        if made.credential_id is None:
            raise PasskeyRefused("credential")
        known = connection.execute(
            select(passkeys.c.id).where(passkeys.c.credential_id == made.credential_id)
        ).first()
        if known or len(self.passkeys_of(connection, user_id)) >= MOST_PASSKEYS:
            raise SecondFactorKnown
        connection.execute(
            insert(passkeys).values(
                id=str(uuid4()),
                user_id=user_id,
                credential_id=made.credential_id,
                public_key=public_key,
                rp_id=site.rp_id,
                name=name,
                sign_count=made.sign_count,
                is_backed_up=made.is_backed_up,
                created_at=at,
            )
        )

    def take_assertion(
        self,
        connection: Connection,
        assertion: Assertion,
        site: Site,
        at: datetime,
        *,
        user_id: str | None,
    ) -> str:
        """The id of the user whose passkey it is.

        Args:
            user_id: whose it must be. None: it alone says who signs in, so it must have asked its user for
                a PIN, a fingerprint or the like.

        Raises PasskeyRefused.
        """
        challenge = webauthn.challenge_of(assertion.client_data, "webauthn.get", site)
        self._take_challenge(connection, challenge, user_id, at)
        row = connection.execute(
            select(passkeys).where(
                passkeys.c.credential_id == assertion.credential_id, passkeys.c.rp_id == site.rp_id
            )
        ).first()
        if row is None or user_id not in (None, row.user_id):
            raise PasskeyRefused("unknown")
        webauthn.check_signature(assertion, row.public_key)
        said = webauthn.read_authenticator_data(assertion.authenticator_data, site.rp_id)
        if user_id is None and not said.user_verified:
            raise PasskeyRefused("user not verified")
        if webauthn.is_copy(row.sign_count, said.sign_count):
            raise PasskeyRefused("sign count")
        connection.execute(
            update(passkeys)
            .where(passkeys.c.id == row.id)
            .values(sign_count=said.sign_count, is_backed_up=said.is_backed_up, last_used_at=at)
        )
        owner: str = row.user_id
        return owner

    def remove_passkey(self, connection: Connection, user_id: str, passkey_id: str) -> None:
        """Raises NotFound, also for another user's."""
        removed = connection.execute(
            delete(passkeys).where(passkeys.c.id == passkey_id, passkeys.c.user_id == user_id)
        )
        if removed.rowcount != 1:
            raise NotFound
        self._forget_unneeded_codes(connection, user_id)

    @staticmethod
    def _take_challenge(
        connection: Connection, challenge: bytes, user_id: str | None, at: datetime
    ) -> None:
        """Raises PasskeyRefused: not ours, another user's, too old, or answered before."""
        whose = webauthn_challenges.c.user_id
        taken = connection.execute(
            delete(webauthn_challenges).where(
                webauthn_challenges.c.challenge_sha256 == sha256(challenge).hexdigest(),
                whose.is_(None) if user_id is None else whose == user_id,
                webauthn_challenges.c.expires_at > at,
            )
        )
        if taken.rowcount != 1:
            raise PasskeyRefused("challenge")
