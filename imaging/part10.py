"""DICOM objects as files."""

from io import BytesIO

from pydicom import Dataset


def part10_bytes(ds: Dataset) -> bytes:
    """Return the object as a DICOM file with preamble and meta information (PS3.10 section 7)."""
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
