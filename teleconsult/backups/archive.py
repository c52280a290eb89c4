"""The archive: a tar whose first member says what it is and whose last lists the SHA-256 of all others.

    about.json            what this is: About, below
    database.sqlite       or database.pgdump
    objects/KEY           the object store
    orthanc/...           index and files of the archive of images
    files/...             everything else in the data folder: keys, certificates, models
    settings/...          the operator's settings and the files that these name
    SHA256SUMS            as sha256sum(1) writes and checks it
"""

import json
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from teleconsult.backups.problem import BackupProblem

FORMAT = 1
ABOUT = "about.json"
SUMS = "SHA256SUMS"
BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class About:
    made_at: str  # UTC, ISO 8601: what was acknowledged before is in the archive
    revision: str  # of the database's schema
    database: str  # SQLite or PostgreSQL
    has_images: bool
    audit_entries: int  # as many the audit log had when the backup began, and the last one's hash
    audit_sha256: str
    # Of PostgreSQL: how many rows each table had, and their digest.
    tables: Mapping[str, str] = field(default_factory=dict)
    format: int = FORMAT

    @classmethod
    def from_json(cls, text: bytes) -> "About":
        try:
            values = json.loads(text)
            if values["format"] != FORMAT:
                raise BackupProblem("newer", revision=f"format {values['format']}")
            return cls(**values)
        except (ValueError, TypeError, KeyError) as error:
            raise BackupProblem("no-archive", name=ABOUT) from error


class ArchiveWriter:
    """Writes members into `sink` as they come; `finish` writes the list of their digests."""

    def __init__(self, sink: BinaryIO, about: About) -> None:
        # Both are closed by finish.
        self._tar = tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self._sums = tempfile.TemporaryFile()  # noqa: SIM115
        self.files = 0
        self.size_bytes = 0
        self.add_bytes(ABOUT, json.dumps(asdict(about), indent=2).encode() + b"\n")

    def add_bytes(self, name: str, content: bytes, mode: int = 0o600) -> None:
        self._add(name, BytesIO(content), len(content), mode)

    def add_file(self, name: str, path: Path) -> bool:
        """Whether it was still there."""
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return False
        with file:
            self._add(name, file, file.seek(0, 2), path.stat().st_mode & 0o777 if path.exists() else 0o600)
        return True

    def finish(self) -> None:
        size = self._sums.tell()
        self._sums.seek(0)
        self._tar.addfile(_member(SUMS, size, 0o600), self._sums)
        self._sums.close()
        self._tar.close()

    def _add(self, name: str, file: BinaryIO, size: int, mode: int) -> None:
        if "\n" in name or not name.isprintable():
            raise BackupProblem("odd-name", name=ascii(name))
        file.seek(0)
        hashing = _Hashing(file)
        self._tar.addfile(_member(name, size, mode), hashing)
        self._sums.write(f"{hashing.digest.hexdigest()}  {name}\n".encode())
        self.files += 1
        self.size_bytes += size


def extract(source: BinaryIO, into: Path, accept: Any) -> tuple[About, int]:
    """Unpack everything and compare it with the list; what it is, and how many bytes came out.

    Args:
        into: an empty folder; what is in it after an error is to be thrown away.
        accept: called with About before anything else is unpacked; raises what speaks against it.

    Raises:
        BackupProblem: it is no archive of ours, or something in it is not as it was written.
    """
    digests: dict[str, str] = {}
    about: About | None = None
    listed: bytes | None = None
    size_bytes = 0
    try:
        with tarfile.open(fileobj=source, mode="r|") as tar:
            for member in tar:
                file = tar.extractfile(member) if member.isreg() else None
                if file is None or listed is not None:
                    raise BackupProblem("damaged", what=member.name)
                if about is None:
                    if member.name != ABOUT:
                        raise BackupProblem("no-archive", name=member.name)
                    content = file.read()
                    about = About.from_json(content)
                    accept(about)
                    digests[ABOUT] = sha256(content).hexdigest()
                elif member.name == SUMS:
                    listed = file.read()
                else:
                    target = _place(into, member.name)
                    digests[member.name] = _copy(file, target, member.mode & 0o777)
                    size_bytes += member.size
    except tarfile.TarError as error:
        raise BackupProblem("no-archive" if about is None else "damaged", name="tar", what="tar") from error
    while source.read(BLOCK_BYTES):  # to the end, which proves itself too
        pass
    if about is None or listed is None:
        raise BackupProblem("damaged", what=SUMS)
    if parse_sums(listed) != digests:
        raise BackupProblem("damaged", what="SHA-256")
    return about, size_bytes


def parse_sums(text: bytes) -> Mapping[str, str]:
    rows = (line.split("  ", 1) for line in text.decode().split("\n") if line)
    return {name: digest for digest, name in rows}


def _place(into: Path, name: str) -> Path:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts:
        raise BackupProblem("damaged", what=ascii(name))
    target = into.joinpath(*parts)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return target


def _copy(file: Any, target: Path, mode: int) -> str:
    digest = sha256()
    with target.open("xb") as out:
        target.chmod(mode | 0o600)
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
            out.write(block)
    return digest.hexdigest()


def _member(name: str, size: int, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, mode
    return member


class _Hashing:
    """A file that is hashed as it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data
