"""Several files in one request: on a fast line most of a small file's cost is the request around it.

The body is one frame after the other: length of a JSON header (uint32, big endian), the header, the file's
body in its coding. Each file is received and answered by itself; what did not arrive is sent again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from teleconsult.errors import DigestMismatch
from teleconsult.uploads.schemas import PathText, Sha256

MAX_BATCH_BYTES = 32 << 20
MAX_FILES = 64
LENGTH_BYTES = 4
MAX_HEADER_BYTES = 8192


class FrameHeader(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    path: PathText
    sha256: Sha256
    coding: str = Field(default="identity", max_length=16)
    size_bytes: int = Field(ge=0, le=MAX_BATCH_BYTES)  # of the body, as it is coded


@dataclass(frozen=True, slots=True)
class Frame:
    header: FrameHeader
    body: bytes


def frames(content: bytes) -> Iterator[Frame]:
    """Yield the files of a batch. Raises DigestMismatch where the body is not what this page describes."""
    at = count = 0
    while at < len(content):
        count += 1
        start = at + LENGTH_BYTES
        header_bytes = int.from_bytes(content[at:start], "big")
        if count > MAX_FILES or header_bytes > MAX_HEADER_BYTES:
            raise DigestMismatch
        try:
            header = FrameHeader.model_validate_json(content[start : start + header_bytes])
        except ValidationError as error:
            raise DigestMismatch from error
        at = start + header_bytes + header.size_bytes
        if at > len(content):
            raise DigestMismatch
        yield Frame(header, content[start + header_bytes : at])
