"""Large files in parts, each known by its SHA-256: what came before a broken line need not come again."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from storage.errors import ObjectAlreadyStored, ObjectMissing
from teleconsult.dependencies import PartsOfApp
from teleconsult.errors import ChunksMissing, DigestMismatch

CHUNK_BYTES = 4 << 20
CHUNK_FROM_BYTES = 8 << 20
KEPT_FOR = timedelta(days=7)


def keep_chunk(
    parts: PartsOfApp, institution_id: str, sha256: str, content: bytes, at: datetime
) -> None:
    """Keep one part, durably. The same one again does no harm. Raises DigestMismatch."""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise DigestMismatch
    with suppress(ObjectAlreadyStored):
        parts.objects.put(_key(institution_id, sha256), content)
    parts.database.in_group(
        lambda connection: parts.uploads.add_chunk(connection, institution_id, sha256, len(content), at)
    )


def put_together(
    parts: PartsOfApp, institution_id: str, sha256: str, chunks: Sequence[str], size_bytes: int
) -> bytes:
    """Return the file that the parts make.

    Raises:
        ChunksMissing: some are not here.
        DigestMismatch: together they are another file.
    """
    pieces, missing, total = [], [], 0
    for chunk in chunks:
        try:
            pieces.append(parts.objects.get(_key(institution_id, chunk)))
        except ObjectMissing:
            missing.append(chunk)
            continue
        total += len(pieces[-1])
        if total > size_bytes:
            raise DigestMismatch
    if missing:
        parts.database.in_group(
            lambda connection: parts.uploads.remove_chunks(connection, institution_id, missing)
        )
        raise ChunksMissing(list(dict.fromkeys(missing)))
    content = b"".join(pieces)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise DigestMismatch
    return content


def discard_chunks(parts: PartsOfApp, institution_id: str, chunks: Sequence[str]) -> None:
    """Forget parts whose file is in the archive, or that nobody put together."""
    parts.database.in_group(
        lambda connection: parts.uploads.remove_chunks(connection, institution_id, list(chunks))
    )
    for chunk in dict.fromkeys(chunks):
        parts.objects.delete(_key(institution_id, chunk))


def discard_old_chunks(parts: PartsOfApp, at: datetime) -> bool:
    """Forget parts of uploads that nobody went on with."""
    with parts.database.reading() as connection:
        old = parts.uploads.chunks_before(connection, at - KEPT_FOR)
    for institution_id, sha256 in old:
        discard_chunks(parts, institution_id, [sha256])
    return False


def _key(institution_id: str, sha256: str) -> str:
    return f"chunks/{institution_id}/{sha256}"
