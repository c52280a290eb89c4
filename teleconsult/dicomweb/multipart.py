"""multipart/related in PS3.18's way (RFC 2387, RFC 2046 5.1): written and read without holding it whole."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from secrets import token_hex

MAX_HEADER_BYTES = 16 << 10
NEW_LINE = "\r\n"
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")


class MultipartBroken(ValueError):
    """What came is no multipart body, or ends before its closing boundary."""


class MultipartWriter:
    """Says which bytes go before, between and after the parts."""

    def __init__(self, part_type: str) -> None:
        self.boundary = token_hex(16)
        self.media_type = f'multipart/related; type="{part_type}"; boundary={self.boundary}'
        self._begun = False

    def part(self, headers: Mapping[str, str]) -> bytes:
        """Return what goes before a part; its content must follow."""
        lines = [f"{NEW_LINE if self._begun else ''}--{self.boundary}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._begun = True
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def end(self) -> bytes:
        """Return what goes after the last part: without it the body is not whole."""
        return f"{NEW_LINE if self._begun else ''}--{self.boundary}--\r\n".encode()


@dataclass(frozen=True, slots=True)
class PartBegins:
    """A part, with its header names in lower case."""

    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PartContent:
    content: bytes


@dataclass(frozen=True, slots=True)
class PartEnds:
    pass


Event = PartBegins | PartContent | PartEnds


class MultipartReader:
    """Chunks in, events out. It holds back no more than a boundary and the headers of a part."""

    def __init__(self, boundary: str) -> None:
        if not _BOUNDARY.fullmatch(boundary):
            raise MultipartBroken("no boundary")
        self._delimiter = b"\r\n--" + boundary.encode()
        # The first boundary may stand at the very beginning (RFC 2046 5.1.1).
        self._buffer = bytearray(b"\r\n")
        self._state = "preamble"

    @property
    def is_complete(self) -> bool:
        """Whether the closing boundary was there."""
        return self._state == "epilogue"

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """Yield what the chunk brings. Raises MultipartBroken."""
        if self._state == "epilogue":
            return
        self._buffer += chunk
        while True:
            if self._state in ("preamble", "content"):
                at = self._buffer.find(self._delimiter)
                end = at if at >= 0 else max(0, len(self._buffer) - len(self._delimiter) + 1)
                if self._state == "content" and end:
                    yield PartContent(bytes(self._buffer[:end]))
                del self._buffer[:end]
                if at < 0:
                    return
                if self._state == "content":
                    yield PartEnds()
                del self._buffer[: len(self._delimiter)]
                self._state = "boundary"
            elif self._state == "boundary":
                if self._buffer.startswith(b"--"):
                    self._state = "epilogue"
                    self._buffer.clear()
                    return
                line_ends = self._buffer.find(b"\r\n")
                if line_ends < 0:
                    if len(self._buffer) > MAX_HEADER_BYTES:
                        raise MultipartBroken("a boundary's line has no end")
                    return
                if self._buffer[:line_ends].strip():
                    raise MultipartBroken("something stands behind a boundary")
                del self._buffer[:line_ends]
                self._state = "headers"
            else:
                # The line break of the boundary is still there: a part without headers begins with two.
                ends = self._buffer.find(b"\r\n\r\n")
                if ends < 0:
                    if len(self._buffer) > MAX_HEADER_BYTES:
                        raise MultipartBroken("the headers of a part have no end")
                    return
                headers = _headers(bytes(self._buffer[:ends]))
                # What follows may begin with a boundary: an empty part.
                del self._buffer[: ends + 4]
                self._state = "content"
                yield PartBegins(headers)


def boundary_of(content_type: str) -> tuple[str, str]:
    """Return the type of the parts, in lower case, and the boundary. Raises MultipartBroken."""
    media_type, *rest = content_type.split(";")
    named = {}
    for parameter in rest:
        name, _, value = parameter.partition("=")
        named[name.strip().lower()] = value.strip().strip('"')
    if media_type.strip().lower() != "multipart/related" or "boundary" not in named:
        raise MultipartBroken("not multipart/related")
    return named.get("type", "application/dicom").lower(), named["boundary"]


def _headers(block: bytes) -> dict[str, str]:
    headers = {}
    for line in block.decode("latin-1").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return headers
