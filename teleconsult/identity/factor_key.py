"""What second factors are kept under: a copy of the database alone opens no account.

Secrets of authenticator apps are encrypted (AES-256-GCM, NIST SP 800-38D), each bound to its user;
of recovery codes only a keyed hash is kept.
"""

import hmac
import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from teleconsult.errors import SecondFactorUnreadable

NONCE_BYTES = 12


class FactorKey:
    """Made from the installation's own secret."""

    def __init__(self, secret: str) -> None:
        self._cipher = AESGCM(sha256(b"teleconsult.second-factors\0" + secret.encode()).digest())
        self._mac_key = sha256(b"teleconsult.recovery-codes\0" + secret.encode()).digest()

    def seal(self, user_id: str, secret: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, user_id.encode())

    def open(self, user_id: str, sealed: bytes) -> bytes:
        """Raises SecondFactorUnreadable: another user's, changed, or the installation's secret is another."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], user_id.encode())
        except InvalidTag as error:
            raise SecondFactorUnreadable from error

    def mac(self, user_id: str, code: str) -> str:
        return hmac.new(self._mac_key, f"{user_id}\0{code}".encode(), "sha256").hexdigest()
