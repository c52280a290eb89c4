"""Where archives are kept: a folder, or a store of objects such as S3 in another building.

In a folder an archive is one file. In a store it is pieces, because an object is put as a whole, and a last
object that says how many there are: without it the archive does not count.
"""

import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from storage.errors import ObjectMissing
from storage.object_store import ObjectStore
from storage.opening import open_object_store

SUFFIX = ".tar.age"
PARTIAL = ".partial"
PIECE_BYTES = 64 << 20
_NAME = re.compile(r"teleconsult-(\d{8}T\d{6}Z)\.tar\.age")
_STAMP = "%Y%m%dT%H%M%SZ"


def name_of(at: datetime) -> str:
    return f"teleconsult-{at.astimezone(UTC).strftime(_STAMP)}{SUFFIX}"


def made_at(name: str) -> datetime | None:
    """When the archive of this name was begun; None: no archive of ours is called so."""
    found = _NAME.fullmatch(name)
    return datetime.strptime(found[1], _STAMP).replace(tzinfo=UTC) if found else None


class FolderTarget:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """The archive is there, whole and on the disk, once the block has ended without an error."""
        scratch = self._folder / (name + PARTIAL)
        try:
            descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            scratch.rename(self._folder / name)
        finally:
            scratch.unlink(missing_ok=True)

    @contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        with (self._folder / name).open("rb") as file:
            yield file

    def names(self) -> list[str]:
        """Complete archives, oldest first."""
        return sorted(path.name for path in self._folder.iterdir() if _NAME.fullmatch(path.name))

    def unfinished(self) -> list[str]:
        """Those that are being written, or whose writer was killed."""
        names = (path.name.removesuffix(PARTIAL) for path in self._folder.glob(f"*{PARTIAL}"))
        return sorted(name for name in names if _NAME.fullmatch(name))

    def size_bytes(self, name: str) -> int:
        return (self._folder / name).stat().st_size

    def delete(self, name: str) -> None:
        """Also one that was not finished."""
        for path in (name, name + PARTIAL):
            (self._folder / path).unlink(missing_ok=True)


class StoreTarget:
    def __init__(self, store: ObjectStore, piece_bytes: int = PIECE_BYTES) -> None:
        self._store = store
        self._piece_bytes = piece_bytes

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """The archive counts once the block has ended without an error; else its pieces are removed."""
        pieces = _PieceWriter(self._store, name, self._piece_bytes)
        try:
            yield pieces  # type: ignore[misc]
            count, size = pieces.finish()
            self._store.put(_end_of(name), f"{count} {size}".encode())
        except BaseException:
            self.delete(name)
            raise

    @contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        yield io.BufferedReader(_PieceReader(self._store, name, self._count_and_size(name)[0]), 1 << 20)

    def names(self) -> list[str]:
        """Complete archives, oldest first."""
        keys = [key.rpartition("/") for key in self._store.keys("teleconsult-")]
        return sorted(folder for folder, _, last in keys if last == "end" and _NAME.fullmatch(folder))

    def unfinished(self) -> list[str]:
        """Those that are being written, or whose writer was killed."""
        folders = {key.rpartition("/")[0] for key in self._store.keys("teleconsult-")}
        return sorted({folder for folder in folders if _NAME.fullmatch(folder)} - set(self.names()))

    def size_bytes(self, name: str) -> int:
        return self._count_and_size(name)[1]

    def delete(self, name: str) -> None:
        """Its end first: what is left of it is no archive."""
        self._store.delete(_end_of(name))
        for key in self._store.keys(f"{name}/"):
            self._store.delete(key)

    def _count_and_size(self, name: str) -> tuple[int, int]:
        try:
            count, size = self._store.get(_end_of(name)).split()
        except ObjectMissing as error:
            raise FileNotFoundError(name) from error
        return int(count), int(size)


class _PieceWriter(io.RawIOBase):
    def __init__(self, store: ObjectStore, name: str, piece_bytes: int) -> None:
        self._store, self._name, self._piece_bytes = store, name, piece_bytes
        self._waiting = bytearray()
        self._count = self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._waiting += data
        while len(self._waiting) >= self._piece_bytes:
            self._put(self._piece_bytes)
        return len(data)

    def finish(self) -> tuple[int, int]:
        """How many pieces there are, and how many bytes in all."""
        if self._waiting:
            self._put(len(self._waiting))
        return self._count, self._size

    def _put(self, size: int) -> None:
        self._store.put(_piece_of(self._name, self._count), bytes(self._waiting[:size]))
        del self._waiting[:size]
        self._count += 1
        self._size += size


class _PieceReader(io.RawIOBase):
    def __init__(self, store: ObjectStore, name: str, count: int) -> None:
        self._store, self._name, self._count = store, name, count
        self._next = 0
        self._piece = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._piece and self._next < self._count:
            try:
                self._piece = memoryview(self._store.get(_piece_of(self._name, self._next)))
            except ObjectMissing:
                return 0  # an end too early, which the encryption finds out
            self._next += 1
        size = min(len(buffer), len(self._piece))
        buffer[:size] = self._piece[:size]
        self._piece = self._piece[size:]
        return size


def _piece_of(name: str, number: int) -> str:
    return f"{name}/{number:06}"


def _end_of(name: str) -> str:
    return f"{name}/end"


def open_target(where: str) -> FolderTarget | StoreTarget:
    """The store at an `s3://` or `s3+http://` address, or a folder."""
    if where.startswith("s3"):
        return StoreTarget(open_object_store(where))
    return FolderTarget(Path(where))
