"""Digests of a DICOM file: what makes it the same file, the same pixels, the same bytes on a disk."""

import hashlib
from dataclasses import dataclass

from pydicom import Dataset

PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


@dataclass(frozen=True, slots=True)
class Digests:
    """Of one file.

    Attributes:
        sha256: of all its bytes.
        pixel_sha256: of the value of its pixel data element as it is stored; None where it has none.
        md5: of all its bytes; not for security: Orthanc keeps it beside a file and compares it with its disk.
    """

    sha256: str
    pixel_sha256: str | None
    md5: str
    size_bytes: int

    @classmethod
    def of(cls, content: bytes, ds: Dataset) -> "Digests":
        """Return the digests of a file and of the pixels of the dataset parsed from it."""
        pixels = next((bytes(ds[keyword].value) for keyword in PIXEL_KEYWORDS if keyword in ds), None)
        return cls(
            sha256=hashlib.sha256(content).hexdigest(),
            pixel_sha256=None if pixels is None else hashlib.sha256(pixels).hexdigest(),
            md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
            size_bytes=len(content),
        )
