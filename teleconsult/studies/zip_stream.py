"""A zip that is written as it is sent: files stored as they are, each known before its first byte.

With size and checksum in front of each file, a reader that goes from beginning to end can unpack it too, and
the length of the whole is known before it begins. Source: PKWARE APPNOTE 6.3.10, sections 4.3 to 4.5.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

ZIP64_FROM = 0xFFFFFFFF
MOST_ENTRIES = 0xFFFF
VERSION_ZIP64 = 45
MADE_ON_UNIX = 3 << 8
UTF8_NAMES = 1 << 11
PLAIN_FILE = 0o100644 << 16

LOCAL = struct.Struct("<4s5H3I2H")
CENTRAL = struct.Struct("<4s6H3I5H2I")
ZIP64_LOCAL = struct.Struct("<2H2Q")
ZIP64_CENTRAL = struct.Struct("<2H3Q")
ZIP64_END = struct.Struct("<4sQ2H2I4Q")
ZIP64_LOCATOR = struct.Struct("<4sIQI")
END = struct.Struct("<4s4H2IH")


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """One file in the zip.

    Attributes:
        offset: where its local header begins.
    """

    name: bytes
    size_bytes: int
    crc32: int
    offset: int


class ZipStream:
    """Says which bytes go before, between and after the files; the files go out by other hands."""

    def __init__(self, at: datetime) -> None:
        self._time = at.hour << 11 | at.minute << 5 | at.second // 2
        self._date = max(at.year - 1980, 0) << 9 | at.month << 5 | at.day
        self._entries: list[ZipEntry] = []
        self._position = 0

    def header(self, name: str, size_bytes: int, crc32: int) -> bytes:
        """Return what goes before a file; its `size_bytes` bytes must follow."""
        entry = ZipEntry(name.encode(), size_bytes, crc32, self._position)
        self._entries.append(entry)
        extra = ZIP64_LOCAL.pack(1, 16, size_bytes, size_bytes)
        header = LOCAL.pack(
            b"PK\x03\x04", VERSION_ZIP64, UTF8_NAMES, 0, self._time, self._date,
            crc32, ZIP64_FROM, ZIP64_FROM, len(entry.name), len(extra),
        )  # fmt: skip
        self._position += len(header) + len(entry.name) + len(extra) + size_bytes
        return header + entry.name + extra

    def end(self) -> bytes:
        """Return what goes after the last file: without it no reader takes the zip for whole."""
        directory = b"".join(self._in_directory(entry) for entry in self._entries)
        count, size, start = len(self._entries), len(directory), self._position
        zip64_end = ZIP64_END.pack(
            b"PK\x06\x06", ZIP64_END.size - 12, MADE_ON_UNIX | VERSION_ZIP64, VERSION_ZIP64,
            0, 0, count, count, size, start,
        )  # fmt: skip
        locator = ZIP64_LOCATOR.pack(b"PK\x06\x07", 0, start + size, 1)
        end = END.pack(
            b"PK\x05\x06", 0, 0, min(count, MOST_ENTRIES), min(count, MOST_ENTRIES),
            min(size, ZIP64_FROM), min(start, ZIP64_FROM), 0,
        )  # fmt: skip
        return directory + zip64_end + locator + end

    def _in_directory(self, entry: ZipEntry) -> bytes:
        extra = ZIP64_CENTRAL.pack(1, 24, entry.size_bytes, entry.size_bytes, entry.offset)
        header = CENTRAL.pack(
            b"PK\x01\x02", MADE_ON_UNIX | VERSION_ZIP64, VERSION_ZIP64, UTF8_NAMES, 0, self._time, self._date,
            entry.crc32, ZIP64_FROM, ZIP64_FROM, len(entry.name), len(extra), 0, 0, 0, PLAIN_FILE, ZIP64_FROM,
        )  # fmt: skip
        return header + entry.name + extra


def zip_length(files: Sequence[tuple[str, int]]) -> int:
    """Return how long a zip of these names and sizes becomes."""
    local = LOCAL.size + ZIP64_LOCAL.size
    central = CENTRAL.size + ZIP64_CENTRAL.size
    each = sum(local + central + 2 * len(name.encode()) + size for name, size in files)
    return each + ZIP64_END.size + ZIP64_LOCATOR.size + END.size
