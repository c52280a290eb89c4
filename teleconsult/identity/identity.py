"""Who somebody is: signing in by one step or two, proving it again, and keeping what proves it."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from storage import audit_log
from storage.database import Database
from storage.tables import started_sign_ins, users
from teleconsult.errors import (
    AccountDisabled,
    NoPasskeyHere,
    PasskeyRefused,
    ProofMissing,
    SecondFactorNeeded,
    SignInExpired,
    WrongCode,
    WrongCredentials,
    WrongPassword,
)
from teleconsult.identity import attempts, sessions
from teleconsult.identity.factor_key import FactorKey
from teleconsult.identity.passkey import Assertion, Site
from teleconsult.identity.second_factors import SecondFactors
from teleconsult.identity.sessions import Device, Session, digest
from teleconsult.users import passwords
from teleconsult.users.repository import JOINED, UserRepository, user_of
from teleconsult.users.user import User

SECOND_STEP_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Proof:
    """One of them. A user with a second factor proves it by that; anybody else by the password."""

    password: str | None = None
    code: str | None = None
    passkey: Assertion | None = None


@dataclass(frozen=True, slots=True)
class FirstStep:
    """What came of a sign-in's first step.

    `token` is None where the account is switched off; it is a session's unless `methods` are still to come.
    """

    token: str | None
    methods: Sequence[str] = ()

    def session_token(self) -> str:
        """Raises AccountDisabled, SecondFactorNeeded; only after what led to it is kept."""
        if self.token is None:
            raise AccountDisabled
        if self.methods:
            raise SecondFactorNeeded(self.token, self.methods)
        return self.token


class Identity:
    def __init__(
        self,
        database: Database,
        user_repository: UserRepository,
        key: FactorKey,
        known_passwords: Path | None = None,
    ) -> None:
        self._database, self._users, self._known_passwords = database, user_repository, known_passwords
        self.factors = SecondFactors(key)

    # Signing in and out

    def sign_in(self, username: str, password: str, at: datetime, device: Device) -> str:
        """Return a new session's token.

        Raises:
            WrongCredentials: unknown user or wrong password; the two look and take the same.
            TooManyAttempts: wrong several times in a row; the account is never locked for good.
            AccountDisabled: the password is right, but an administrator has switched the account off.
            SecondFactorNeeded: the password is right, and the account has a second factor.
        """
        counted = attempts.of_sign_in(username, device.address)
        with self._database.transaction() as connection:
            attempts.count(connection, counted, at)
            row = connection.execute(JOINED.where(users.c.username == username)).first()
        right = passwords.is_right(password, row.password_hash if row else passwords.decoy_hash())
        if row is None or not right:
            # The name that was tried is not kept: people type passwords there.
            self._audit(row.id if row else "unknown", "sign-in-refused", at, {"address": device.address})
            raise WrongCredentials
        with self._database.transaction() as connection:
            attempts.forgive(connection, counted, at)
            is_disabled = row.disabled_at is not None
            step = self.first_step(connection, row.id, is_disabled, at, device, by="password")
        return step.session_token()

    def first_step(
        self,
        connection: Connection,
        user_id: str,
        is_disabled: bool,
        at: datetime,
        device: Device,
        *,
        by: str,
    ) -> FirstStep:
        """Of a sign-in whose password was right, or for whom a hospital's provider vouches."""
        if is_disabled:
            record(connection, user_id, "sign-in-refused", at, {"address": device.address})
            return FirstStep(None)
        methods = self.factors.of(connection, user_id)
        if not methods:
            return FirstStep(self._open(connection, user_id, at, device, by=by))
        token = secrets.token_urlsafe(sessions.TOKEN_BYTES)
        connection.execute(delete(started_sign_ins).where(started_sign_ins.c.expires_at < at))
        connection.execute(
            insert(started_sign_ins).values(
                token_sha256=digest(token), user_id=user_id, expires_at=at + SECOND_STEP_WITHIN
            )
        )
        record(connection, user_id, "sign-in-begun", at, {"address": device.address, "by": by})
        return FirstStep(token, methods)

    def started_by(self, token: str, at: datetime) -> User:
        """Whose password was right. Raises SignInExpired."""
        with self._database.reading() as connection:
            row = connection.execute(
                JOINED.join(started_sign_ins, started_sign_ins.c.user_id == users.c.id).where(
                    started_sign_ins.c.token_sha256 == digest(token),
                    started_sign_ins.c.expires_at > at,
                    users.c.disabled_at.is_(None),
                )
            ).first()
        if row is None:
            raise SignInExpired
        return user_of(row)

    def complete_sign_in(self, token: str, proof: Proof, at: datetime, device: Device, site: Site) -> str:
        """Return a new session's token. Raises SignInExpired, and as `prove` does."""
        user = self.started_by(token, at)
        by = self.prove(user, proof, at, site)
        with self._database.transaction() as connection:
            ended = connection.execute(
                delete(started_sign_ins).where(started_sign_ins.c.token_sha256 == digest(token))
            )
            if ended.rowcount != 1:
                raise SignInExpired
            return self._open(connection, user.id, at, device, by=by)

    def sign_in_by_passkey(self, assertion: Assertion, at: datetime, device: Device, site: Site) -> str:
        """Return a new session's token: the passkey is one factor, its PIN or fingerprint the other.

        Raises: PasskeyRefused, AccountDisabled, TooManyAttempts.
        """
        counted = attempts.of_sign_in(f"passkey\0{assertion.credential_id}", device.address)
        with self._trying(counted, at):
            user_id = self._by_passkey(assertion, at, site, None)
        with self._database.transaction() as connection:
            if self._users.enabled(connection, user_id) is None:
                raise AccountDisabled
            return self._open(connection, user_id, at, device, by="passkey alone")

    def session(self, token: str | None, at: datetime) -> Session:
        """Raises NotSignedIn."""
        return sessions.session_of(self._database, token, at)

    def sign_out(self, session: Session, at: datetime) -> None:
        with self._database.transaction() as connection:
            sessions.end_session(connection, session.user.id, session.id)
            record(connection, session.user.id, "sign-out", at)

    # Proving it again

    def prove(self, user: User, proof: Proof, at: datetime, site: Site) -> str:
        """By what it was proved. For a signature this is asked each time: it is more than an open page.

        Raises: ProofMissing, WrongPassword, WrongCode, PasskeyRefused, TooManyAttempts.
        """
        with self._database.reading() as connection:
            has_factor = bool(self.factors.of(connection, user.id))
        if has_factor and proof.code is None and proof.passkey is None:
            raise ProofMissing
        with self._trying(attempts.of_proof(user.id), at):
            if not has_factor:
                self._check_password(user, proof.password or "", at)
                return "password"
            if proof.passkey is not None:
                self._by_passkey(proof.passkey, at, site, user.id)
                return "passkey"
            return self._by_code(user, proof.code or "", at)

    def step_up(self, session: Session, proof: Proof, at: datetime, device: Device, site: Site) -> str:
        """Return the session's new token; the old one is worth nothing any more. Raises as `prove` does."""
        by = self.prove(session.user, proof, at, site)
        with self._database.transaction() as connection:
            token = sessions.replace_session(connection, session.id, at, device)
            record(connection, session.user.id, "identity-proved", at, {"by": by})
        return token

    def change_password(
        self, session: Session, current: str, new: str, at: datetime, device: Device
    ) -> str:
        """Set a new password, end all sessions of the user, and return a new session's token.

        Raises: WrongPassword, WeakPassword, KnownPassword, TooManyAttempts.
        """
        user = session.user
        with self._trying(attempts.of_proof(user.id), at):
            self._check_password(user, current, at)
        passwords.check_new_password(
            new, old=current, username=user.username, known=self._known_passwords
        )
        password_hash = passwords.hash_password(new)
        with self._database.transaction() as connection:
            connection.execute(
                update(users)
                .where(users.c.id == user.id)
                .values(password_hash=password_hash, must_change_password=False)
            )
            sessions.end_sessions(connection, user.id)
            record(connection, user.id, "password-changed", at)
            return sessions.open_session(connection, user.id, at, device)

    # What a user keeps

    def challenge(self, user: User | None, at: datetime, site: Site) -> tuple[bytes, Sequence[str]]:
        """A challenge and the credential ids that may answer it; for nobody in particular: any.

        Raises NoPasskeyHere.
        """
        with self._database.transaction() as connection:
            if user is None:
                return self.factors.new_challenge(connection, None, at), ()
            own = [key for key in self.factors.passkeys_of(connection, user.id) if key.rp_id == site.rp_id]
            if not own:
                raise NoPasskeyHere
            return self.factors.new_challenge(connection, user.id, at), [key.credential_id for key in own]

    @contextmanager
    def changing(self, user: User, action: str, at: datetime) -> Iterator[Connection]:
        """A transaction with its entry in the audit log, for a step of a user's own security."""
        with self._database.transaction() as connection:
            yield connection
            record(connection, user.id, action, at)

    @contextmanager
    def _trying(self, counted: Sequence[attempts.Counted], at: datetime) -> Iterator[None]:
        """A try counts before it is judged, and is forgiven where no error came of it."""
        with self._database.transaction() as connection:
            attempts.count(connection, counted, at)
        yield
        with self._database.transaction() as connection:
            attempts.forgive(connection, counted, at)

    def _check_password(self, user: User, password: str, at: datetime) -> None:
        with self._database.reading() as connection:
            stored = connection.execute(select(users.c.password_hash).where(users.c.id == user.id)).scalar()
        if stored is None or not passwords.is_right(password, stored):
            self._audit(user.id, "proof-refused", at, {"by": "password"})
            raise WrongPassword

    def _by_code(self, user: User, code: str, at: datetime) -> str:
        with self._database.transaction() as connection:
            by = self.factors.take_code(connection, user.id, code, at)
            if by is None:
                record(connection, user.id, "proof-refused", at, {"by": "code"})
            elif by == "recovery-code":
                record(connection, user.id, "recovery-code-used", at)
        if by is None:
            raise WrongCode(at)
        return by

    def _by_passkey(self, assertion: Assertion, at: datetime, site: Site, user_id: str | None) -> str:
        with self._database.transaction() as connection:
            try:
                return self.factors.take_assertion(connection, assertion, site, at, user_id=user_id)
            except PasskeyRefused as error:  # kept: its challenge is used up, and the refusal is on record
                refused = error
                record(connection, user_id or "nobody", "proof-refused", at, {"by": f"passkey: {error.why}"})
        raise refused

    def _open(self, connection: Connection, user_id: str, at: datetime, device: Device, *, by: str) -> str:
        record(connection, user_id, "sign-in", at, {"by": by, "address": device.address})
        return sessions.open_session(connection, user_id, at, device)

    def _audit(self, user_id: str, action: str, at: datetime, details: dict[str, Any]) -> None:
        with self._database.transaction() as connection:
            record(connection, user_id, action, at, details)


def record(
    connection: Connection, user_id: str, action: str, at: datetime, details: dict[str, Any] | None = None
) -> None:
    """An entry of the audit log about a user's account, by that user."""
    audit_log.record(
        connection, at=at, actor=user_id, action=action, subject=f"user/{user_id}", details=details
    )
