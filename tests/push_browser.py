"""A browser's half of Web Push, for tests: its keys, and how it reads. Source: RFC 8291 3.4, RFC 8188 2."""

import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from teleconsult.notifications.repository import PushSubscription
from teleconsult.notifications.web_push import base64url, from_base64url, public_bytes


@dataclass
class PushBrowser:
    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def public_key(self) -> bytes:
        return public_bytes(self.key.public_key())

    def subscription(self, user_id: str = "u") -> PushSubscription:
        return PushSubscription(
            "s",
            user_id,
            self.endpoint,
            base64url(self.public_key),
            base64url(self.auth),
            "Chromium on Linux",
            datetime.now(UTC),
        )

    def read(self, body: bytes) -> bytes:
        salt, record_size, sender = body[:16], int.from_bytes(body[16:20], "big"), body[21 : 21 + body[20]]
        encrypted = body[21 + body[20] :]
        assert len(encrypted) <= record_size
        sender_key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        shared = self.key.exchange(ec.ECDH(), sender_key)

        def derive(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
            return HKDF(hashes.SHA256(), length, salt, info).derive(secret)

        ikm = derive(self.auth, shared, b"WebPush: info\0" + self.public_key + sender, 32)
        key = derive(salt, ikm, b"Content-Encoding: aes128gcm\0", 16)
        nonce = derive(salt, ikm, b"Content-Encoding: nonce\0", 12)
        padded = AESGCM(key).decrypt(nonce, encrypted, None).rstrip(b"\0")
        assert padded.endswith(b"\x02")  # the last record
        return padded[:-1]


def checked_vapid(authorization: str) -> tuple[dict[str, Any], str]:
    """The claims of a request whose signature holds, and the key it was made with. Source: RFC 8292."""
    scheme, _, rest = authorization.partition(" ")
    assert scheme == "vapid"
    token, key = (part.strip()[2:] for part in rest.split(","))
    signed, _, signature = token.rpartition(".")
    raw = from_base64url(signature)
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), from_base64url(key))
    r, s = (int.from_bytes(half, "big") for half in (raw[:32], raw[32:]))
    public.verify(encode_dss_signature(r, s), signed.encode(), ec.ECDSA(hashes.SHA256()))
    header, claims = (json.loads(from_base64url(part)) for part in signed.split("."))
    assert header == {"typ": "JWT", "alg": "ES256"}
    return claims, key
