"""A link by which a patient, or who comes with them, takes part without an account. Pure.

Who has the address alone is told nothing: the code, which comes another way, opens it. The first browser that
gives the right code has the link; every other one is refused.
"""

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from teleconsult.consults.consult import LIVE, Status
from teleconsult.errors import (
    LinkBlocked,
    LinkCodeMissing,
    LinkConsultCancelled,
    LinkConsultOver,
    LinkExpired,
    LinkRevoked,
    LinkUsed,
)

TOKEN_BYTES = 20  # 160 bits, in hexadecimal: programs that mark links in a text take it whole
CODE_DIGITS = 6
TRIES = 5
# A page that is open says so every few seconds.
ONLINE_FOR = timedelta(seconds=20)
CANCELLED = frozenset({Status.CANCELLED, Status.DECLINED, Status.NO_SHOW})


class LinkFor(StrEnum):
    """Who comes by it; the values are those of signaling.roles.Role."""

    PATIENT = "patient"
    COMPANION = "companion"
    INTERPRETER = "interpreter"


class Phase(StrEnum):
    """Where the page says that it is."""

    PREPARING = "preparing"
    WAITING = "waiting"
    IN_CALL = "in-call"
    LEFT = "left"


class LinkState(StrEnum):
    """What the clinician sees of it."""

    NOT_OPENED = "not-opened"
    OPENED = "opened"  # the code was not given yet
    IDENTIFIED = "identified"
    CONSENTED = "consented"
    WAITING = "waiting"
    IN_CALL = "in-call"
    BLOCKED = "blocked"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class PatientLink:
    """One link. Token, code and session are kept as hashes; that of the code holds the token too."""

    id: str
    consult_id: str
    kind: LinkFor
    name: str
    token_sha256: str
    code_sha256: str
    created_by_id: str
    created_at: datetime
    expires_at: datetime
    tries_left: int = TRIES
    opened_at: datetime | None = None
    session_sha256: str | None = None
    consent_id: str | None = None
    phase: Phase = Phase.PREPARING
    seen_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by_id: str | None = None

    def check_open(self, status: Status, at: datetime) -> None:
        """Raises LinkRevoked, LinkBlocked, LinkExpired, LinkConsultCancelled, LinkConsultOver."""
        if self.revoked_at is not None:
            raise LinkRevoked
        if self.tries_left <= 0:
            raise LinkBlocked
        if self.expires_at <= at:
            raise LinkExpired
        if status in CANCELLED:
            raise LinkConsultCancelled
        if status not in LIVE:
            raise LinkConsultOver

    def check_session(self, session: str | None) -> None:
        """Raises LinkCodeMissing: nobody has given the code yet; LinkUsed: another browser has."""
        if self.session_sha256 is None:
            raise LinkCodeMissing
        if session is None or not hmac.compare_digest(self.session_sha256, sha256_of(session)):
            raise LinkUsed

    def claimed(self, token: str, code: str, session: str) -> "PatientLink":
        """With the right code it belongs to this session; with a wrong one it has a try less.

        Raises:
            LinkUsed: it belongs to another browser already.
        """
        if self.session_sha256 is not None:
            raise LinkUsed
        if not hmac.compare_digest(self.code_sha256, code_hash(token, code)):
            return replace(self, tries_left=self.tries_left - 1)
        return replace(self, session_sha256=sha256_of(session))

    def state(self, at: datetime, has_consented: bool) -> LinkState:
        if self.revoked_at is not None:
            return LinkState.REVOKED
        if self.tries_left <= 0:
            return LinkState.BLOCKED
        if self.expires_at <= at:
            return LinkState.EXPIRED
        is_online = self.seen_at is not None and abs(at - self.seen_at) < ONLINE_FOR
        if is_online and self.phase in (Phase.WAITING, Phase.IN_CALL):
            return LinkState(self.phase)
        if has_consented:
            return LinkState.CONSENTED
        if self.session_sha256 is not None:
            return LinkState.IDENTIFIED
        return LinkState.NOT_OPENED if self.opened_at is None else LinkState.OPENED


def sha256_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def code_hash(token: str, code: str) -> str:
    return sha256_of(f"{token}:{code}")
