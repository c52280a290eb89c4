"""A file as it travels from a browser: smaller, and restored byte for byte on arrival.

Nothing here changes what is archived. Whoever sent the file named its SHA-256; what is restored is compared
with it by the caller.

| coding | body |
|---|---|
| identity | the file |
| deflate | the whole file as a zlib stream (RFC 1950) |
| jls | a frame as below, the codestream is JPEG-LS lossless (ITU-T T.87) |

The frame: length of a JSON header (uint32, big endian); the header; the file's bytes before the pixels; those
after them; the codestream. The pixels are unsigned 16-bit little-endian values of one single-sample frame.
Where the file holds signed ones the sender inverted the sign bit, so that neighbouring values stay
neighbours.
"""

import zlib
from typing import Final

import jpeg_ls
import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from imaging.errors import NotRestored

LENGTH_BYTES = 4
MAX_HEADER_BYTES = 1024
SIGN_BIT = 0x8000


class FrameHeader(BaseModel):
    """Where the pixels stood in the file, and their shape."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    offset: int = Field(ge=0)
    length: int = Field(gt=0)
    rows: int = Field(ge=1, le=65_535)
    columns: int = Field(ge=1, le=65_535)
    sign_flipped: bool
    suffix_bytes: int = Field(ge=0)


CODINGS: Final = ("identity", "deflate", "jls")


def restore(coding: str, body: bytes, limit_bytes: int) -> bytes:
    """Return the file that `body` was made from.

    Args:
        coding: one of CODINGS.
        limit_bytes: the largest file that is restored; memory is bounded by it.

    Raises:
        NotRestored: the body is not what the coding says, or makes a larger file.
    """
    if coding == "identity":
        return body
    if coding == "deflate":
        return _inflated(body, limit_bytes)
    if coding != "jls":
        raise NotRestored(f"unknown coding {coding[:20]!r}")
    header, prefix, suffix, codestream = _frame(body)
    if header.length != 2 * header.rows * header.columns or header.offset + header.length > limit_bytes:
        raise NotRestored("the frame's size is not that of its pixels")
    _check_size(codestream, header)
    try:
        values = np.asarray(jpeg_ls.decode(np.frombuffer(codestream, np.uint8)))
    except Exception as error:  # the decoder raises what it likes, down to bare Exception
        raise NotRestored(f"jls: {type(error).__name__}") from error
    if values.shape != (header.rows, header.columns) or values.dtype.kind not in "ui":
        raise NotRestored(f"jls: shape {values.shape}")
    pixels = values.astype("<u2", copy=False)
    if header.sign_flipped:
        pixels = pixels ^ np.uint16(SIGN_BIT)
    return b"".join((prefix, pixels.astype("<u2", copy=False).tobytes(), suffix))


def _inflated(body: bytes, limit_bytes: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        content = inflater.decompress(body, limit_bytes)
        if not inflater.eof:
            raise NotRestored("deflate: larger than allowed, or cut off")
    except zlib.error as error:
        raise NotRestored("deflate") from error
    return content


def _frame(body: bytes) -> tuple[FrameHeader, bytes, bytes, bytes]:
    size = int.from_bytes(body[:LENGTH_BYTES], "big")
    if len(body) < LENGTH_BYTES or size > MAX_HEADER_BYTES:
        raise NotRestored("no frame header")
    try:
        header = FrameHeader.model_validate_json(body[LENGTH_BYTES : LENGTH_BYTES + size])
    except ValidationError as error:
        raise NotRestored("frame header") from error
    start = LENGTH_BYTES + size
    middle, end = start + header.offset, start + header.offset + header.suffix_bytes
    if end > len(body):
        raise NotRestored("the frame is cut off")
    return header, body[start:middle], body[middle:end], body[end:]


def _check_size(codestream: bytes, header: FrameHeader) -> None:
    """Refuse a codestream that would decode to another size, before memory is taken for it.

    The first segment is SOF55: marker, length, precision, lines, samples a line (T.87 C.2.2).
    """
    start = codestream.find(b"\xff\xf7", 0, 64)
    lines = int.from_bytes(codestream[start + 5 : start + 7], "big")
    samples = int.from_bytes(codestream[start + 7 : start + 9], "big")
    if start < 0 or (lines, samples) != (header.rows, header.columns):
        raise NotRestored(f"jls: claims {lines} x {samples}")
    # Without its end (EOI) the decoder looks for it for seconds.
    if not codestream.endswith(b"\xff\xd9"):
        raise NotRestored("jls: cut off")
