"""Encrypted files: what is read back, what is found out, and that others' programs read the same."""

import io
from base64 import b64decode

import pytest

from storage.age_file import CHUNK_BYTES, AgeReader, AgeWriter
from storage.errors import AgeFileDamaged, NoAgeFile, StorageError, WrongPassphrase

PASSPHRASE = "correct horse battery staple"


def encrypted(content: bytes) -> bytes:
    target = io.BytesIO()
    writer = AgeWriter(target, PASSPHRASE, work_factor=2)
    writer.write(content)
    writer.finish()
    return target.getvalue()


def decrypted(data: bytes, passphrase: str = PASSPHRASE) -> bytes:
    return AgeReader(io.BytesIO(data), passphrase).read()


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_what_was_written_is_read_and_not_there_in_clear(size: int) -> None:
    content = (b"patient" * (size // 7 + 1))[:size]
    sealed = encrypted(content)
    assert decrypted(sealed) == content
    assert b"patientpatient" not in sealed


def test_a_file_that_the_program_rage_wrote_is_read() -> None:
    assert decrypted(WRITTEN_BY_RAGE, "a passphrase for rage") == b"written by rage\n"


def test_another_passphrase_opens_nothing() -> None:
    with pytest.raises(WrongPassphrase):
        decrypted(encrypted(b"x"), "another one")


@pytest.mark.parametrize("content", [b"", b"short", b"teleconsult\n" * 20])
def test_something_else_is_no_such_file(content: bytes) -> None:
    with pytest.raises(NoAgeFile):
        decrypted(content)


def test_every_changed_byte_is_found_out() -> None:
    sealed = encrypted(b"z" * 100)
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(StorageError):
            decrypted(bytes(changed))


@pytest.mark.parametrize("left", [1, CHUNK_BYTES, CHUNK_BYTES + 16, CHUNK_BYTES + 17, 2 * (CHUNK_BYTES + 16)])
def test_an_end_that_is_missing_is_found_out(left: int) -> None:
    sealed = encrypted(b"z" * 3 * CHUNK_BYTES)
    with pytest.raises(AgeFileDamaged):
        decrypted(sealed[:-left])


def test_chunks_in_another_order_are_found_out() -> None:
    sealed = encrypted(b"z" * 3 * CHUNK_BYTES)
    sealed_chunk = CHUNK_BYTES + 16
    first = len(sealed) - 3 * sealed_chunk
    chunks = [sealed[first + n * sealed_chunk :][:sealed_chunk] for n in (1, 0, 2)]
    with pytest.raises(AgeFileDamaged):
        decrypted(sealed[:first] + b"".join(chunks))


# By pyrage, which is rage for Python.
WRITTEN_BY_RAGE = b64decode("""
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCAweXNRS3Ezc2ZMM1VrVlEwZXo3MmF3IDE4ClpFWnZzSWNrYW96WmFoYWlQ
dUJ0UDRGdEM5ejVId2IwTDNMUjA4WUNEY3cKLS0tIG80WEx2UTZQRTdzNUR5UTBSV01DeHNZR200WVlUREZMckhwVzl1SW5hLzQK
OekLJc4lYGC553iiRI9IEmdNopdb5qWnwAKIRvHg+Cm2G0rvS81Sm8LqSJoOaKzE
""")
