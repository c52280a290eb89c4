"""Passkeys from being made to signing in with them, on both real databases; the device is software."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from storage.database import Database
from teleconsult import errors
from teleconsult.identity.factor_key import FactorKey
from teleconsult.identity.identity import Identity, Proof
from teleconsult.identity.passkey import Assertion, Site, encoded
from teleconsult.identity.sessions import Device
from teleconsult.users.repository import UserRepository
from teleconsult.users.user import Role, User

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HERE = Device("10.0.0.1", "a browser")
SITE = Site("https://tele.example", "tele.example")
PRESENT, VERIFIED, WITH_CREDENTIAL = 0x01, 0x04, 0x40


class SoftPasskey:
    """What a security key does, without one."""

    def __init__(self, name: str) -> None:
        self.id = sha256(name.encode()).digest()
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.count = 0

    def _said(self, kind: str, challenge: bytes, site: Site) -> bytes:
        return json.dumps({"type": kind, "origin": site.origin, "challenge": encoded(challenge)}).encode()

    def register(self, identity: Identity, database: Database, user: User) -> None:
        with database.transaction() as connection:
            challenge = identity.factors.new_challenge(connection, user.id, NOON)
            identity.factors.add_passkey(
                connection,
                user.id,
                name="a key",
                client_data=self._said("webauthn.create", challenge, SITE),
                authenticator_data=self._data(SITE, PRESENT | WITH_CREDENTIAL)
                + bytes(16)
                + len(self.id).to_bytes(2, "big")
                + self.id,
                public_key=self.key.public_key().public_bytes(
                    Encoding.DER, PublicFormat.SubjectPublicKeyInfo
                ),
                site=SITE,
                at=NOON,
            )

    def _data(self, site: Site, flags: int) -> bytes:
        return sha256(site.rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def answer(self, challenge: bytes, site: Site = SITE, flags: int = PRESENT | VERIFIED) -> Assertion:
        self.count += 1
        said, data = self._said("webauthn.get", challenge, site), self._data(site, flags)
        signature = self.key.sign(data + sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
        return Assertion(encoded(self.id), said, data, signature)


@pytest.fixture
def identity(database: Database) -> Identity:
    return Identity(database, UserRepository(database), FactorKey("a secret of this installation"))


@pytest.fixture
def people(database: Database) -> tuple[User, User]:
    users = UserRepository(database)
    with database.transaction() as connection:
        place = users.add_institution(connection, "A", "甲")
        for username in ("wang", "li"):
            users.add(
                connection,
                username=username,
                display_name=username,
                roles=[Role.COORDINATOR],
                institution=place,
                specialty=None,
                password="a good long password",
            )
        wang, li = users.find(connection, "wang"), users.find(connection, "li")
    assert wang and li
    return wang, li


def test_a_passkey_proves_its_user_once_for_each_challenge_and_nobody_else(
    identity: Identity, database: Database, people: tuple[User, User]
) -> None:
    wang, li = people
    mine, other = SoftPasskey("mine"), SoftPasskey("other")
    mine.register(identity, database, wang)
    other.register(identity, database, li)
    challenge, allowed = identity.challenge(wang, NOON, SITE)
    assert list(allowed) == [encoded(mine.id)]
    answer = mine.answer(challenge)
    assert identity.prove(wang, Proof(passkey=answer), NOON, SITE) == "passkey"
    refused = [
        answer,  # once more
        other.answer(identity.challenge(wang, NOON, SITE)[0]),  # another user's
        mine.answer(identity.challenge(li, NOON, SITE)[0]),  # for another user's challenge
        mine.answer(b"a challenge that nobody gave out"),
    ]
    for one in refused:
        with pytest.raises(errors.PasskeyRefused):
            identity.prove(wang, Proof(passkey=one), NOON, SITE)


def test_an_old_challenge_and_a_copied_passkey_are_refused(
    identity: Identity, database: Database, people: tuple[User, User]
) -> None:
    wang, _ = people
    mine = SoftPasskey("mine")
    mine.register(identity, database, wang)
    old = mine.answer(identity.challenge(wang, NOON, SITE)[0])
    with pytest.raises(errors.PasskeyRefused):
        identity.prove(wang, Proof(passkey=old), NOON + timedelta(minutes=6), SITE)
    mine.count = 10
    identity.prove(wang, Proof(passkey=mine.answer(identity.challenge(wang, NOON, SITE)[0])), NOON, SITE)
    mine.count = 5
    with pytest.raises(errors.PasskeyRefused):
        identity.prove(wang, Proof(passkey=mine.answer(identity.challenge(wang, NOON, SITE)[0])), NOON, SITE)


def test_alone_a_passkey_opens_the_account_where_it_asked_who_holds_it(
    identity: Identity, database: Database, people: tuple[User, User]
) -> None:
    wang, _ = people
    mine = SoftPasskey("mine")
    mine.register(identity, database, wang)
    unasked = mine.answer(identity.challenge(None, NOON, SITE)[0], flags=PRESENT)
    with pytest.raises(errors.PasskeyRefused):
        identity.sign_in_by_passkey(unasked, NOON, HERE, SITE)
    asked = mine.answer(identity.challenge(None, NOON, SITE)[0])
    token = identity.sign_in_by_passkey(asked, NOON, HERE, SITE)
    assert identity.session(token, NOON).user == wang
    elsewhere = Site("https://evil.example", "evil.example")
    with pytest.raises(errors.PasskeyRefused):
        identity.sign_in_by_passkey(
            mine.answer(identity.challenge(None, NOON, SITE)[0], elsewhere), NOON, HERE, SITE
        )
    with pytest.raises(errors.NoPasskeyHere):
        identity.challenge(wang, NOON, elsewhere)
