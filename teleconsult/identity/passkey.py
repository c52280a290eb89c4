"""Checking what a passkey says: W3C Web Authentication Level 2, sections 7.1 and 7.2. Pure.

The browser hands out a new passkey's public key as SubjectPublicKeyInfo (Level 2, 5.2.1.1), so nothing here
reads CBOR. No attestation is asked for: which maker's device it is does not matter to a hospital's account.
"""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from teleconsult.errors import PasskeyRefused

CHALLENGE_BYTES = 32
ALGORITHMS = (-7, -8, -257)  # COSE: ES256, EdDSA, RS256
_USER_PRESENT, _USER_VERIFIED, _BACKED_UP, _HAS_CREDENTIAL = 0x01, 0x04, 0x10, 0x40
_FIXED_BYTES, _AAGUID_BYTES = 37, 16
MAX_CREDENTIAL_ID_BYTES = 1023
LEAST_RSA_BITS = 2048


@dataclass(frozen=True, slots=True)
class Site:
    """Where the page is: a passkey works for the host name for which it was made, and for no other."""

    origin: str
    rp_id: str

    @property
    def has_name(self) -> bool:
        """On a bare address no browser makes passkeys (Level 2, 5.1.3 step 7)."""
        try:
            ip_address(self.rp_id)
        except ValueError:
            return bool(self.rp_id)
        return False


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a passkey signed: its user was there, at this origin, for this challenge."""

    credential_id: str
    client_data: bytes
    authenticator_data: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Authenticated:
    """The authenticator data (Level 2, 6.1)."""

    user_verified: bool
    is_backed_up: bool
    sign_count: int
    credential_id: str | None


def encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def decoded(text: str) -> bytes:
    """Raises ValueError."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def challenge_of(client_data: bytes, kind: str, site: Site) -> bytes:
    """The challenge that was answered. `kind`: webauthn.create or webauthn.get.

    Raises PasskeyRefused: made for another site, or for another purpose.
    """
    try:
        said = json.loads(client_data)
        of_kind, origin, challenge = said["type"], said["origin"], decoded(said["challenge"])
    except (ValueError, KeyError, TypeError) as error:
        raise PasskeyRefused("client data") from error
    if of_kind != kind or origin != site.origin or said.get("crossOrigin") is True:
        raise PasskeyRefused("origin")
    return challenge


def read_authenticator_data(raw: bytes, rp_id: str) -> Authenticated:
    """Raises PasskeyRefused: of another site, nobody was there, or not understood."""
    if len(raw) < _FIXED_BYTES or not hmac.compare_digest(raw[:32], sha256(rp_id.encode()).digest()):
        raise PasskeyRefused("site")
    flags = raw[32]
    if not flags & _USER_PRESENT:
        raise PasskeyRefused("nobody was there")
    credential_id = None
    if flags & _HAS_CREDENTIAL:
        start = _FIXED_BYTES + _AAGUID_BYTES + 2
        length = int.from_bytes(raw[start - 2 : start], "big")
        if not 0 < length <= MAX_CREDENTIAL_ID_BYTES or len(raw) < start + length:
            raise PasskeyRefused("credential")
        credential_id = encoded(raw[start : start + length])
    return Authenticated(
        user_verified=bool(flags & _USER_VERIFIED),
        is_backed_up=bool(flags & _BACKED_UP),
        sign_count=int.from_bytes(raw[33:37], "big"),
        credential_id=credential_id,
    )


def check_public_key(public_key: bytes) -> None:
    """Raises PasskeyRefused for one of none of ALGORITHMS."""
    key = _load(public_key)
    if isinstance(key, rsa.RSAPublicKey):
        usable = key.key_size >= LEAST_RSA_BITS
    elif isinstance(key, ec.EllipticCurvePublicKey):
        usable = isinstance(key.curve, ec.SECP256R1)
    else:
        usable = isinstance(key, ed25519.Ed25519PublicKey)
    if not usable:
        raise PasskeyRefused("algorithm")


def check_signature(assertion: Assertion, public_key: bytes) -> None:
    """Raises PasskeyRefused."""
    signed = assertion.authenticator_data + sha256(assertion.client_data).digest()
    key = _load(public_key)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(assertion.signature, signed, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(assertion.signature, signed, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(assertion.signature, signed)
        else:
            raise PasskeyRefused("algorithm")
    except InvalidSignature as error:
        raise PasskeyRefused("signature") from error


def is_copy(known_count: int, sign_count: int) -> bool:
    """Level 2, 7.2 step 21: a counter that does not go up is another device with the same key."""
    return (known_count > 0 or sign_count > 0) and sign_count <= known_count


def _load(public_key: bytes) -> object:
    try:
        return load_der_public_key(public_key)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise PasskeyRefused("public key") from error
