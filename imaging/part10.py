"""DICOM objects as files."""

from io import BytesIO

import pydicom
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID


def dataset_of(content: bytes) -> Dataset:
    """Return the object in a file that the archive took, as pydicom reads it, values when they are asked for.

    Nothing keeps the file's bytes: pydicom itself would, beside the dataset.
    """
    ds = pydicom.dcmread(BytesIO(content))
    ds.buffer = None
    return ds


def file_meta_of(ds: Dataset, transfer_syntax_uid: UID) -> FileMetaDataset:
    """Return what a file's meta information says of the object (PS3.10 section 7.1)."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ds.SOPClassUID
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    meta.TransferSyntaxUID = transfer_syntax_uid
    return meta


def part10_bytes(ds: Dataset) -> bytes:
    """Return the object as a DICOM file with preamble and meta information (PS3.10 section 7)."""
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
