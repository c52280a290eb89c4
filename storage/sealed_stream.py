"""What grows and must stay secret: encrypted pieces in the object store, each durable once it is appended.

A stream has a key of its own, which the key ring keeps encrypted (envelope encryption): whoever deletes that
forgets the stream. A piece cannot be changed, moved or left out in the
middle without being found out, and neither can the end of a stream that was closed. AES-256-GCM (NIST SP
800-38D); a nonce is the number of the piece under a key that no other stream has.
"""

import os
import secrets
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.errors import ObjectAlreadyStored, ObjectMissing, StreamDamaged
from storage.object_store import ObjectStore

KEY_BYTES = 32
NONCE_BYTES = 12
MAX_PIECES = 10_000_000


def secrets_in(file: Path) -> list[str]:
    """The secrets of an installation, one a line, the newest first."""
    return [line.strip() for line in file.read_text().splitlines() if line.strip()]


def master_key(secret: str) -> bytes:
    """Version 0 of the installation's key in the key ring, from a secret of at least 32 random characters."""
    return sha256(b"teleconsult.sealed-streams\0" + secret.encode()).digest()


def new_key() -> bytes:
    return AESGCM.generate_key(bit_length=8 * KEY_BYTES)


def wrap_key(by: bytes, key: bytes, about: str) -> bytes:
    """A key as it may be kept in the database, bound to what it is the key of."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(by).encrypt(nonce, key, about.encode())


def unwrap_key(by: bytes, wrapped: bytes, about: str) -> bytes:
    """Raises StreamDamaged: it was changed, or is of something else, or wrapped by another key."""
    try:
        return AESGCM(by).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], about.encode())
    except (InvalidTag, ValueError) as error:  # ValueError: too short to be anything
        raise StreamDamaged(about) from error


def new_place(record: str) -> str:
    """A prefix for a stream of this record, of each try its own: two at once do not write over each other."""
    return f"{record}/{secrets.token_hex(8)}"


class SealedStream:
    """One stream under `prefix` of the store; `key` is no other's, and one writer appends."""

    def __init__(self, objects: ObjectStore, key: bytes, prefix: str) -> None:
        self._objects, self._cipher, self._prefix = objects, AESGCM(key), prefix
        self.pieces = 0

    def append(self, data: bytes, is_last: bool = False) -> None:
        """Durable when it returns. Where the store raises, the same data may be appended again."""
        number = self.pieces
        if number >= MAX_PIECES:
            raise ValueError("a stream of too many pieces")
        sealed = self._cipher.encrypt(_nonce(number), data, self._about(number, is_last))
        content = bytes([is_last]) + sealed
        try:
            self._objects.put(self._object(number), content)
        except ObjectAlreadyStored:
            # A try before this one did arrive. Anything else under this nonce must not go out.
            if self._objects.get(self._object(number)) != content:
                raise
        self.pieces += 1

    def read(self, at_least: int = 0) -> Iterator[bytes]:
        """The pieces in order, to the last that there is: a stream that broke off has no last one.

        Raises:
            StreamDamaged: one was changed, is not where it belongs, or there are fewer than `at_least`.
        """
        for number in range(MAX_PIECES):
            try:
                content = self._objects.get(self._object(number))
            except ObjectMissing as error:
                if number < at_least:
                    raise StreamDamaged(self._object(number)) from error
                return
            is_last = content[:1] == b"\x01"
            try:
                yield self._cipher.decrypt(_nonce(number), content[1:], self._about(number, is_last))
            except InvalidTag as error:
                raise StreamDamaged(self._object(number)) from error
            if is_last:
                return

    def _object(self, number: int) -> str:
        return f"{self._prefix}/{number:07}"

    def _about(self, number: int, is_last: bool) -> bytes:
        return f"{self._prefix}\0{number}\0{int(is_last)}".encode()


def _nonce(number: int) -> bytes:
    return number.to_bytes(NONCE_BYTES, "big")
