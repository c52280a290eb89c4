"""Files encrypted with a passphrase in the age v1 format, as streams: any `age` program opens them.

Source: https://c2sp.org/age. A random key of the file is wrapped under the passphrase (scrypt); the content
is sealed in chunks of 64 KiB with ChaCha20-Poly1305, each with its number and whether it is the last. So a
chunk that was changed, moved or left out, and an end that is missing, are found out.
"""

import hmac
import os
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from hashlib import sha256
from io import BufferedIOBase
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from storage.errors import AgeFileDamaged, NoAgeFile, WrongPassphrase

VERSION = b"age-encryption.org/v1"
CHUNK_BYTES = 65_536
TAG_BYTES = 16
NONCE_BYTES = 16
FILE_KEY_BYTES = 16
SALT_BYTES = 16
WORK_FACTOR = 18  # log2 of scrypt's N, as the age programs choose: 256 MB and about a second
MOST_WORK = 20  # what a stranger's file may cost us
MOST_HEADER_BYTES = 4_096


class AgeWriter(BufferedIOBase):
    """Encrypts what is written to it into `target`. Without `finish` the file has no end and is refused."""

    def __init__(self, target: BinaryIO, passphrase: str, work_factor: int = WORK_FACTOR) -> None:
        file_key, salt, nonce = (os.urandom(n) for n in (FILE_KEY_BYTES, SALT_BYTES, NONCE_BYTES))
        wrapped = ChaCha20Poly1305(_wrapping_key(passphrase, salt, work_factor)).encrypt(
            bytes(12), file_key, None
        )
        header = b"%s\n-> scrypt %s %d\n%s\n---" % (VERSION, _base64(salt), work_factor, _base64(wrapped))
        target.write(b"%s %s\n%s" % (header, _base64(_header_mac(file_key, header)), nonce))
        self._target = target
        self._cipher = ChaCha20Poly1305(_derived(file_key, nonce, b"payload"))
        self._waiting = bytearray()
        self._number = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._waiting += data
        # A whole chunk is kept back: it may be the last.
        while len(self._waiting) > CHUNK_BYTES:
            self._seal(bytes(self._waiting[:CHUNK_BYTES]), is_last=False)
            del self._waiting[:CHUNK_BYTES]
        return len(data)

    def finish(self) -> None:
        """Write the end, once everything is in; `target` stays open."""
        self._seal(bytes(self._waiting), is_last=True)
        self._waiting.clear()

    def _seal(self, chunk: bytes, *, is_last: bool) -> None:
        self._target.write(self._cipher.encrypt(_nonce(self._number, is_last), chunk, None))
        self._number += 1


class AgeReader(BufferedIOBase):
    """Decrypts `source`. Bytes are given out only once they are proved.

    Raises:
        NoAgeFile: it is something else.
        WrongPassphrase: or the wrapped key was damaged, which cannot be told apart.
        AgeFileDamaged: from here or from `read`.
    """

    def __init__(self, source: BinaryIO, passphrase: str) -> None:
        header, salt, work_factor, wrapped, mac = _read_header(source)
        try:
            file_key = ChaCha20Poly1305(_wrapping_key(passphrase, salt, work_factor)).decrypt(
                bytes(12), wrapped, None
            )
        except InvalidTag as error:
            raise WrongPassphrase from error
        if not hmac.compare_digest(mac, _header_mac(file_key, header)):
            raise AgeFileDamaged("header")
        self._source = source
        self._cipher = ChaCha20Poly1305(_derived(file_key, _exactly(source, NONCE_BYTES), b"payload"))
        self._number = 0
        self._open = b""  # decrypted, not yet given out
        self._sealed = _up_to(source, CHUNK_BYTES + TAG_BYTES)
        self._ended = False

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        parts: list[bytes] = []
        wanted = -1 if size is None else size
        while wanted != 0:
            if not self._open:
                if self._ended:
                    break
                self._open = self._next_chunk()
                continue
            part = self._open if wanted < 0 else self._open[:wanted]
            self._open = self._open[len(part) :]
            parts.append(part)
            wanted -= len(part) if wanted > 0 else 0
        return b"".join(parts)

    def _next_chunk(self) -> bytes:
        following = _up_to(self._source, CHUNK_BYTES + TAG_BYTES)
        is_last = not following
        try:
            chunk = self._cipher.decrypt(_nonce(self._number, is_last), self._sealed, None)
        except InvalidTag as error:
            raise AgeFileDamaged(f"chunk {self._number}") from error
        if is_last and not chunk and self._number:
            raise AgeFileDamaged("an empty chunk at the end")
        self._number += 1
        self._sealed, self._ended = following, is_last
        return chunk


def _read_header(source: BinaryIO) -> tuple[bytes, bytes, int, bytes, bytes]:
    """The header up to its MAC, and the four values in it."""
    lines = []
    for _ in range(4):
        line = source.readline(MOST_HEADER_BYTES)
        if not line.endswith(b"\n"):
            raise NoAgeFile
        lines.append(line[:-1])
    version, stanza, body, end = lines
    words = stanza.split(b" ")
    if version != VERSION or words[:2] != [b"->", b"scrypt"] or len(words) != 4:
        raise NoAgeFile
    if not end.startswith(b"--- ") or not words[3].isdigit() or not 1 <= int(words[3]) <= MOST_WORK:
        raise NoAgeFile
    try:
        salt, wrapped, mac = (_from_base64(text) for text in (words[2], body, end[4:]))
    except NotBase64 as error:
        raise AgeFileDamaged("header") from error
    if len(salt) != SALT_BYTES or len(wrapped) != FILE_KEY_BYTES + TAG_BYTES:
        raise AgeFileDamaged("header")
    return b"\n".join([version, stanza, body, b"---"]), salt, int(words[3]), wrapped, mac


def _wrapping_key(passphrase: str, salt: bytes, work_factor: int) -> bytes:
    salted = VERSION + b"/scrypt" + salt
    return Scrypt(salt=salted, length=32, n=2**work_factor, r=8, p=1).derive(passphrase.encode())


def _derived(file_key: bytes, salt: bytes | None, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(file_key)


def _header_mac(file_key: bytes, header: bytes) -> bytes:
    return hmac.digest(_derived(file_key, None, b"header"), header, sha256)


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


def _base64(data: bytes) -> bytes:
    return b64encode(data).rstrip(b"=")


def _from_base64(text: bytes) -> bytes:
    data = b64decode(text + b"=" * (-len(text) % 4), validate=True)
    if _base64(data) != text:
        raise NotBase64("bits that say nothing")
    return data


def _exactly(source: BinaryIO, count: int) -> bytes:
    data = _up_to(source, count)
    if len(data) < count:
        raise AgeFileDamaged("it ends too early")
    return data


def _up_to(source: BinaryIO, count: int) -> bytes:
    """As many bytes as there are: fewer than `count` at the end of the file alone."""
    data = source.read(count)
    while len(data) < count and (more := source.read(count - len(data))):
        data += more
    return data
