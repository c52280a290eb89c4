"""What is checked of a passkey, with one that is made of software here."""

import json
from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from teleconsult.errors import PasskeyRefused
from teleconsult.identity import passkey
from teleconsult.identity.passkey import Assertion, Site

SITE = Site("https://tele.example", "tele.example")
CHALLENGE = b"a challenge of thirty-two bytes."
KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC_KEY = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
PRESENT, VERIFIED, WITH_CREDENTIAL = 0x01, 0x04, 0x40


def client_data(kind: str = "webauthn.get", origin: str = SITE.origin, **more: object) -> bytes:
    said = {"type": kind, "origin": origin, "challenge": passkey.encoded(CHALLENGE), **more}
    return json.dumps(said).encode()


def authenticator_data(rp_id: str = SITE.rp_id, flags: int = PRESENT | VERIFIED, count: int = 7) -> bytes:
    return sha256(rp_id.encode()).digest() + bytes([flags]) + count.to_bytes(4, "big")


def assertion(about: bytes, data: bytes) -> Assertion:
    signature = KEY.sign(data + sha256(about).digest(), ec.ECDSA(hashes.SHA256()))
    return Assertion("id", about, data, signature)


def test_what_a_passkey_signed_holds() -> None:
    given = assertion(client_data(), authenticator_data())
    passkey.check_signature(given, PUBLIC_KEY)
    assert passkey.challenge_of(given.client_data, "webauthn.get", SITE) == CHALLENGE
    said = passkey.read_authenticator_data(given.authenticator_data, SITE.rp_id)
    assert (said.user_verified, said.is_backed_up, said.sign_count) == (True, False, 7)


@pytest.mark.parametrize(
    "about",
    [
        client_data(origin="https://evil.example"),
        client_data(origin="http://tele.example"),
        client_data(origin="https://tele.example.evil.example"),
        client_data(kind="webauthn.create"),
        client_data(crossOrigin=True),
        b"[]",
        b"no JSON",
        b'{"type": "webauthn.get"}',
    ],
)
def test_client_data_of_another_site_or_purpose_is_refused(about: bytes) -> None:
    with pytest.raises(PasskeyRefused):
        passkey.challenge_of(about, "webauthn.get", SITE)


@pytest.mark.parametrize(
    "data",
    [
        authenticator_data(rp_id="evil.example"),
        authenticator_data(flags=VERIFIED),
        authenticator_data()[:-1],
        authenticator_data(flags=PRESENT | WITH_CREDENTIAL),
        authenticator_data(flags=PRESENT | WITH_CREDENTIAL) + bytes(16) + b"\x00\x09" + b"short",
        b"",
    ],
)
def test_authenticator_data_of_another_site_or_without_a_person_or_cut_off_is_refused(data: bytes) -> None:
    with pytest.raises(PasskeyRefused):
        passkey.read_authenticator_data(data, SITE.rp_id)


def test_a_signature_over_anything_else_is_refused() -> None:
    given = assertion(client_data(), authenticator_data())
    for changed in (
        replace(given, authenticator_data=authenticator_data(count=8)),
        replace(given, client_data=client_data(more="x")),
        replace(given, signature=given.signature[:-1] + bytes([given.signature[-1] ^ 1])),
        replace(given, signature=b""),
    ):
        with pytest.raises(PasskeyRefused):
            passkey.check_signature(changed, PUBLIC_KEY)


def test_weak_and_unknown_keys_are_refused() -> None:
    def spki(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
        return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    passkey.check_public_key(PUBLIC_KEY)
    passkey.check_public_key(spki(ed25519.Ed25519PrivateKey.generate()))
    weak = [spki(rsa.generate_private_key(65537, 1024)), spki(ec.generate_private_key(ec.SECP384R1())), b"x"]
    for key in weak:
        with pytest.raises(PasskeyRefused):
            passkey.check_public_key(key)


def test_a_counter_that_does_not_go_up_is_a_copy() -> None:
    assert passkey.is_copy(5, 5) and passkey.is_copy(5, 4) and passkey.is_copy(5, 0)
    assert not passkey.is_copy(5, 6) and not passkey.is_copy(0, 0)  # many devices do not count


def test_a_bare_address_is_no_name() -> None:
    names = {"tele.example": True, "localhost": True, "192.168.1.5": False, "fe80::1": False, "": False}
    assert {host: Site(f"https://{host}", host).has_name for host in names} == names
