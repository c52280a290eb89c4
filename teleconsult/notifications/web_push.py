"""Web Push: a message to a browser that is not looking, readable by that browser alone.

Sources: RFC 8030 (the request), RFC 8291 (the encryption), RFC 8188 (its wire form), RFC 8292 (who sends it).
"""

import base64
import json
import os
import time
from pathlib import Path
from urllib.parse import urlsplit

import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from imaging.archive_address import ForbiddenAddress, check_url
from imaging.checked_connections import CheckedAdapter
from teleconsult.installation import write_privately
from teleconsult.notifications.sending import Letter, SendingFailed, answered, post

RECORD_SIZE = 4096  # RFC 8291 4: one record, and no push service takes less
LONGEST_PAYLOAD = RECORD_SIZE - 86 - 17  # less the header (RFC 8188 2.1), the tag and the padding delimiter
TOKEN_LIFETIME_S = 12 * 3600  # RFC 8292 2: at most 24 hours
TTL_S = {True: 3600, False: 24 * 3600}  # by urgency: how long the service keeps it for a browser that is off


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def own_key(file: Path) -> ec.EllipticCurvePrivateKey:
    """The installation's VAPID key, made at the first start. Another key would lose every subscription."""
    if not file.is_file():
        made = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        scratch = file.with_name(f"{file.name}.{os.getpid()}")
        write_privately(scratch, made.decode())
        try:
            os.link(scratch, file)  # of several processes that start together the first one's stays
        except FileExistsError:
            pass
        finally:
            scratch.unlink()
    key = serialization.load_pem_private_key(file.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def public_bytes(key: ec.EllipticCurvePublicKey) -> bytes:
    """65 bytes: the uncompressed point (SEC 1, 2.3.3)."""
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def encrypt(
    payload: bytes,
    *,
    p256dh: bytes,
    auth: bytes,
    sender: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """The body that only the browser with these keys can read: `aes128gcm`.

    Args:
        p256dh, auth: the browser's public key, 65 bytes, and its secret, 16 bytes.
        sender, salt: new for every message; given only to compare with the RFC's example.

    Raises:
        ValueError: the keys are none, or the payload is longer than LONGEST_PAYLOAD.

    Source: RFC 8291 3.4; RFC 8188 2.
    """
    if len(payload) > LONGEST_PAYLOAD or len(auth) != 16:
        raise ValueError("the payload is too long, or the secret is none")
    receiver = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), p256dh)
    sender = sender or ec.generate_private_key(ec.SECP256R1())
    salt = salt or os.urandom(16)
    sender_public = public_bytes(sender.public_key())
    info = b"WebPush: info\0" + p256dh + sender_public
    ikm = _hkdf(auth, sender.exchange(ec.ECDH(), receiver), info, 32)
    key = _hkdf(salt, ikm, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _hkdf(salt, ikm, b"Content-Encoding: nonce\0", 12)
    header = salt + RECORD_SIZE.to_bytes(4, "big") + bytes([len(sender_public)]) + sender_public
    return header + AESGCM(key).encrypt(nonce, payload + b"\x02", None)


def _hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def vapid_header(key: ec.EllipticCurvePrivateKey, endpoint: str, contact: str | None, at_s: float) -> str:
    """`Authorization` of one request: a JWT (RFC 7519) by ES256 and the public key. Source: RFC 8292 2, 3."""
    parts = urlsplit(endpoint)
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": int(at_s) + TOKEN_LIFETIME_S}
    if contact is not None:
        claims["sub"] = contact
    signed = ".".join(
        base64url(json.dumps(part, separators=(",", ":")).encode())
        for part in ({"typ": "JWT", "alg": "ES256"}, claims)
    )
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    signature = base64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return f"vapid t={signed}.{signature}, k={base64url(public_bytes(key.public_key()))}"


def check_endpoint(url: str, *, allow_local: bool) -> None:
    """A browser names it, so it must not lead us into our own network's services.

    Raises ForbiddenAddress: no https, or an address of this machine.
    """
    if urlsplit(url).scheme != "https" and not allow_local:
        raise ForbiddenAddress(url)
    check_url(url, allow_local=allow_local)


class WebPush:
    def __init__(self, key_file: Path, contact: str | None, *, allow_local: bool) -> None:
        self._key = own_key(key_file)
        self._contact = contact
        self._allow_local = allow_local

    @property
    def public_key(self) -> str:
        """As `applicationServerKey` of the Push API."""
        return base64url(public_bytes(self._key.public_key()))

    def send(self, letter: Letter) -> None:
        browser = letter.subscription
        if browser is None:
            raise SendingFailed("the browser has unsubscribed", is_gone=True)
        shown = {"id": letter.id, "text": letter.sentence, "url": letter.link, "urgent": letter.is_urgent}
        body = json.dumps(shown, ensure_ascii=False).encode()
        try:
            check_endpoint(browser.endpoint, allow_local=self._allow_local)
            p256dh, auth = from_base64url(browser.p256dh), from_base64url(browser.auth)
            encrypted = encrypt(body, p256dh=p256dh, auth=auth)
        except (ForbiddenAddress, ValueError) as error:
            raise SendingFailed(type(error).__name__, is_final=True) from error
        headers = {
            "Authorization": vapid_header(self._key, browser.endpoint, self._contact, time.time()),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(TTL_S[letter.is_urgent]),
            "Urgency": "high" if letter.is_urgent else "normal",
            # RFC 8030 5.4: at most 32 characters of base64url; a second try replaces the first.
            "Topic": letter.id.replace("-", "")[:32],
        }
        try:
            with requests.Session() as session:
                session.mount("https://", CheckedAdapter(allow_local=self._allow_local))
                status = post(browser.endpoint, encrypted, headers, session)
        except ForbiddenAddress as error:
            raise SendingFailed(type(error).__name__, is_final=True) from error
        if status in (404, 410):  # RFC 8030 7.3
            raise SendingFailed(f"HTTP {status}", is_gone=True)
        answered(status)
