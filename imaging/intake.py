"""What a person sends us, file by file: taken, refused or kept apart, each with a sentence.

Nothing is written to disk, so a name inside an archive can reach no file; all sizes are bounded
before memory is taken. One bad file never stops the good ones beside it.
"""

import hashlib
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Final, Literal

from pydicom import Dataset

from imaging.decoding import PIXEL_KEYWORDS, pixel_value
from imaging.errors import DicomError
from imaging.parsing import as_part10, looks_like_dicom, parse_dicom
from imaging.pixel_check import check_image
from imaging.reasons import Reason, reason
from imaging.zip_directory import central_directory_bytes, entry_path, is_symlink, last_part

__all__ = ["LIMITS", "IntakeFile", "Limits", "parse_dicom", "read_bytes", "read_drop", "read_instance"]

Verdict = Literal["accepted", "refused", "quarantined"]
_UNPACKING_ERRORS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError,
    NotImplementedError, RuntimeError, ValueError,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is taken at once.

    Attributes:
        entries: files in one zip.
        folder_entries: files in one folder on our own disk.
        file_bytes: one file.
        unpacked_bytes: all files of one zip together.
        expansion: unpacked to packed size, from which a file of more than `harmless_bytes` is suspicious.
    """

    entries: int = 10_000
    folder_entries: int = 200_000
    file_bytes: int = 2 << 30
    unpacked_bytes: int = 32 << 30
    expansion: int = 300
    harmless_bytes: int = 64 << 20


LIMITS: Final = Limits()
BYTES_AN_ENTRY = 512  # of a zip's directory; a path in a study has a tenth of it

ZIP_BEGINNINGS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
OTHER_ARCHIVES = (b"Rar!", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")
TAR_MAGIC_AT = 257
BEGINNING_BYTES = 512

# What comes along on a hospital's disc and with a folder; told mildly.
LITTER_NAMES = frozenset({".ds_store", "thumbs.db", "desktop.ini", "autorun.inf", "dicomdir"})
LITTER_SUFFIXES = frozenset({".exe", ".dll", ".inf", ".ini", ".ico", ".jar", ".lnk", ".url"})
LITTER_FOLDERS = frozenset({"__macosx", ".git", "$recycle.bin", "system volume information"})


@dataclass(frozen=True, slots=True)
class IntakeFile:
    """One file and what became of it.

    Attributes:
        path: as it was sent; for a file in a zip the zip's path, a slash, the path inside.
        reason: why it was not accepted; None where it was.
        content: the bytes as they are to be stored, a DICOM file with preamble; also of a
            quarantined file. None where refused.
        header: the dataset without its pixels, where accepted or quarantined.
        sha256: of `content`, where accepted or quarantined.
    """

    path: str
    verdict: Verdict
    reason: Reason | None = None
    content: bytes | None = field(default=None, repr=False)
    header: Dataset | None = field(default=None, repr=False)
    sha256: str | None = None


@dataclass(slots=True)
class _Drop:
    """What has been seen in one drop: whose study is whose, which instance had which content."""

    limits: Limits
    patients: dict[str, str] = field(default_factory=dict)
    seen: dict[str, tuple[str, str | None]] = field(default_factory=dict)

    def objection(self, header: Dataset, sha256: str, pixels: bytes | None) -> Reason | None:
        patient = str(header.get("PatientID") or "").strip() or str(header.get("PatientName") or "").strip()
        if self.patients.setdefault(str(header.StudyInstanceUID), patient) != patient:
            return reason("other-patient-in-study")
        this = (sha256, None if pixels is None else hashlib.sha256(pixels).hexdigest())
        first = self.seen.setdefault(str(header.SOPInstanceUID), this)
        # Other header values around the same pixels are the same image, exported twice.
        same = first[0] == this[0] or first[1] == this[1] is not None
        return None if same else reason("same-number-other-content")


def read_drop(path: Path, limits: Limits = LIMITS) -> Iterator[IntakeFile]:
    """Yield every file of a file, folder or zip with its verdict.

    Paths are relative to a folder, and begin with the name of a single file or zip.
    A zip in a folder is read, a zip in a zip is not. Links are not followed.
    """
    drop = _Drop(limits)
    if path.is_dir():
        yield from _read_folder(path, drop)
    else:
        yield from _read_path(path, path.name, drop)


def read_bytes(path: str, content: bytes, limits: Limits = LIMITS) -> list[IntakeFile]:
    """Return the files of one uploaded file, which may be a zip, each with its verdict."""
    return list(_read_stream(BytesIO(content), len(content), path, _Drop(limits)))


def read_instance(
    path: str, content: bytes, limits: Limits = LIMITS, sha256: str | None = None
) -> IntakeFile:
    """Return the verdict on one file that is to be a DICOM file by itself; a zip is refused here.

    Args:
        sha256: of `content`, where it is known already.
    """
    beginning = content[:BEGINNING_BYTES]
    if beginning.startswith(ZIP_BEGINNINGS):
        return _refused(path, "zip-in-zip")
    refusal = _refused_unread(path, beginning, len(content), limits, "archive-format")
    return refusal or _judge(path, content, sha256=sha256)


def _read_folder(folder: Path, drop: _Drop) -> Iterator[IntakeFile]:
    count = 0
    for parent, folders, names in os.walk(folder, followlinks=False):
        folders.sort()
        for name in sorted(names):
            count += 1
            if count > drop.limits.folder_entries:
                yield _refused(folder.name, "too-many-entries", limit=drop.limits.folder_entries)
                return
            file = Path(parent) / name
            yield from _read_path(file, file.relative_to(folder).as_posix(), drop)
    if count == 0:
        yield _refused(folder.name, "nothing-inside")


def _read_path(file: Path, shown: str, drop: _Drop) -> Iterator[IntakeFile]:
    if file.is_symlink():
        yield _refused(shown, "unsafe-path")
        return
    try:
        if not file.is_file():
            raise OSError("not a regular file")
        with file.open("rb") as stream:
            yield from _read_stream(stream, file.stat().st_size, shown, drop)
    except OSError:
        yield _refused(shown, "unreadable-file")


def _read_stream(stream: IO[bytes], size: int, shown: str, drop: _Drop) -> Iterator[IntakeFile]:
    beginning = stream.read(BEGINNING_BYTES)
    stream.seek(0)
    if beginning.startswith(ZIP_BEGINNINGS):
        yield from _read_zip(stream, shown, drop)
    elif refusal := _refused_unread(shown, beginning, size, drop.limits, "archive-format"):
        yield refusal
    else:
        yield _judge(shown, stream.read(), drop)


def _read_zip(stream: IO[bytes], shown: str, drop: _Drop) -> Iterator[IntakeFile]:
    limits = drop.limits
    try:
        if central_directory_bytes(stream) > limits.entries * BYTES_AN_ENTRY:
            yield _refused(shown, "too-many-entries", limit=limits.entries)
            return
        archive = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        yield _refused(shown, "zip-damaged")
        return
    with archive:
        entries = [info for info in archive.infolist() if not info.filename.endswith("/")]
        if len(archive.infolist()) > limits.entries:
            yield _refused(shown, "too-many-entries", limit=limits.entries)
            return
        if not entries:
            yield _refused(shown, "nothing-inside")
        if any(info.filename == "[Content_Types].xml" for info in entries):
            yield _refused(shown, "not-dicom")  # an office document is a zip too
            return
        left = limits.unpacked_bytes
        for info in entries:
            result, unpacked = _read_entry(archive, info, shown, drop, left)
            left -= unpacked
            yield result
            if left <= 0:
                yield _refused(shown, "too-large-unpacked")
                return


def _read_entry(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, shown: str, drop: _Drop, left: int
) -> tuple[IntakeFile, int]:
    """Return the verdict on one file of a zip, and how many bytes it took."""
    limits = drop.limits
    name = entry_path(info)
    if name is None or is_symlink(info):
        return _refused(f"{shown}/{last_part(info)}", "unsafe-path"), 0
    path = f"{shown}/{name}"
    if info.flag_bits & 0x1:
        return _refused(path, "zip-encrypted"), 0
    most_expected = max(limits.harmless_bytes, limits.expansion * info.compress_size)
    if info.file_size > most_expected:
        return _refused(path, "suspicious-compression"), 0
    try:
        with archive.open(info) as stream:
            beginning = stream.read(BEGINNING_BYTES)
            if beginning.startswith(ZIP_BEGINNINGS):
                return _refused(path, "zip-in-zip"), len(beginning)
            if refusal := _refused_unread(path, beginning, info.file_size, limits, "zip-in-zip"):
                return refusal, len(beginning)
            # The sizes in the directory are claims: what is read is bounded here.
            allowed = min(limits.file_bytes, left, info.file_size)
            content = beginning + stream.read(max(allowed - len(beginning), 0) + 1)
    except _UNPACKING_ERRORS:
        return _refused(path, "zip-damaged"), 0
    if len(content) > allowed:
        return _refused(path, "too-large-unpacked"), len(content)
    return _judge(path, content, drop), len(content)


def _refused_unread(
    path: str, beginning: bytes, size: int, limits: Limits, archive_code: str
) -> IntakeFile | None:
    """The refusal of a file that its name, size or first bytes decide on, or None."""
    if _is_litter(path):
        return _refused(path, "not-an-image")
    if not beginning:
        return _refused(path, "empty-file")
    if looks_like_dicom(beginning):
        if size > limits.file_bytes:
            return _refused(path, "file-too-large", limit_mib=limits.file_bytes >> 20)
        return None
    is_archive = beginning.startswith(OTHER_ARCHIVES) or beginning[TAR_MAGIC_AT:].startswith(b"ustar")
    return _refused(path, archive_code if is_archive else "not-dicom")


def _judge(
    path: str, content: bytes, drop: _Drop | None = None, sha256: str | None = None
) -> IntakeFile:
    try:
        ds = parse_dicom(content)
        check_image(ds)
    except DicomError as error:
        return IntakeFile(path, "refused", error.reason)
    stored = as_part10(content, ds)
    if sha256 is None or stored is not content:
        sha256 = hashlib.sha256(stored).hexdigest()
    pixels = pixel_value(ds) if drop else None
    for keyword in PIXEL_KEYWORDS:
        if keyword in ds:
            del ds[keyword]
    objection = drop.objection(ds, sha256, pixels) if drop else None
    return IntakeFile(path, "quarantined" if objection else "accepted", objection, stored, ds, sha256)


def _is_litter(path: str) -> bool:
    parts = [part.lower() for part in PurePosixPath(path).parts]
    name = parts[-1] if parts else ""
    return (
        name in LITTER_NAMES
        or name.startswith("._")
        or PurePosixPath(name).suffix in LITTER_SUFFIXES
        or any(part in LITTER_FOLDERS for part in parts[:-1])
    )


def _refused(path: str, code: str, **values: object) -> IntakeFile:
    return IntakeFile(path, "refused", reason(code, **values))
