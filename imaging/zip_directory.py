"""What a zip's directory says, read with care: its size, its names.

Source: PKWARE APPNOTE 6.3.10, sections 4.3.14 to 4.3.16 and 4.4.
"""

import re
import stat
import struct
import zipfile
from pathlib import PurePosixPath
from typing import IO

_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_LONGEST_COMMENT = 0xFFFF
_IN_ZIP64 = 0xFFFFFFFF
_NAME_IS_UTF8 = 0x800


def central_directory_bytes(stream: IO[bytes]) -> int:
    """Return how long the directory claims to be, without reading it. The stream is left at its start.

    Raises:
        zipfile.BadZipFile: there is no end record.
    """
    size = stream.seek(0, 2)
    tail_at = max(size - _END.size - _LONGEST_COMMENT, 0)
    stream.seek(tail_at)
    tail = stream.read()
    found = tail.rfind(b"PK\x05\x06")
    if found < 0 or len(tail) < found + _END.size:
        raise zipfile.BadZipFile("no end record")
    claimed = int(_END.unpack_from(tail, found)[5])
    if claimed == _IN_ZIP64:
        claimed = _zip64_directory_bytes(stream, tail_at + found)
    stream.seek(0)
    return claimed


def entry_path(info: zipfile.ZipInfo) -> str | None:
    """Return the entry's path with forward slashes, or None where it would leave its folder.

    Names that are not marked as UTF-8 are often GBK, from Windows in China, though the format says CP437.
    Windows programs also write backslashes: they count as slashes, and may not climb either.
    """
    name = info.filename
    if not info.flag_bits & _NAME_IS_UTF8:
        name = _renamed(name)
    name = name.replace("\\", "/")
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", name):
        return None
    return "/".join(part for part in parts if part != ".")


def last_part(info: zipfile.ZipInfo) -> str:
    """Return the entry's own name, whatever folders it claims: for showing it, not for opening it."""
    return PurePosixPath(info.filename.replace("\\", "/")).name or "?"


def is_symlink(info: zipfile.ZipInfo) -> bool:
    """Return whether the entry is a symbolic link of a Unix file system."""
    return stat.S_ISLNK(info.external_attr >> 16)


def _zip64_directory_bytes(stream: IO[bytes], end_at: int) -> int:
    try:
        stream.seek(end_at - _LOCATOR_64.size)
        signature, _, at, _ = _LOCATOR_64.unpack(stream.read(_LOCATOR_64.size))
        if signature != b"PK\x06\x07":
            raise zipfile.BadZipFile("no zip64 locator")
        stream.seek(at)
        return int(_END_64.unpack(stream.read(_END_64.size))[8])
    except (struct.error, OSError, ValueError, OverflowError) as error:
        raise zipfile.BadZipFile("damaged zip64 record") from error


def _renamed(name: str) -> str:
    try:
        raw = name.encode("cp437")
    except UnicodeEncodeError:
        return name
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name
