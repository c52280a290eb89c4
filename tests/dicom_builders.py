"""Small DICOM objects for tests: everything that a test does not name is plausible and the same."""

import zipfile
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    UID,
    BasicTextSRStorage,
    CTImageStorage,
    DigitalMammographyXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    generate_uid,
)

STUDY_UID = "1.2.826.0.1.3680043.8.498.1"
SERIES_UID = "1.2.826.0.1.3680043.8.498.1.1"
FRAME_OF_REFERENCE_UID = "1.2.826.0.1.3680043.8.498.1.9"


def a_dataset(sop_class_uid: str = CTImageStorage, **attributes: Any) -> Dataset:
    """An object with identifiers, patient and study, and no image."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID = sop_class_uid
    ds.SOPInstanceUID = attributes.pop("SOPInstanceUID", generate_uid())
    ds.StudyInstanceUID = STUDY_UID
    ds.SeriesInstanceUID = SERIES_UID
    ds.PatientName = "Wang^Fang"
    ds.PatientID = "P-1"
    ds.PatientBirthDate = "19601231"
    ds.PatientSex = "F"
    ds.StudyID = "1"
    ds.StudyDate = "20260102"
    ds.StudyTime = "101500"
    ds.AccessionNumber = "A-1"
    ds.ReferringPhysicianName = ""
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return ds


def with_pixels(ds: Dataset, stored: NDArray[Any], bits_stored: int = 12) -> Dataset:
    """The object with a grey image of 16-bit values."""
    ds.Rows, ds.Columns = stored.shape
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = ds.get("PhotometricInterpretation", "MONOCHROME2")
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, bits_stored, bits_stored - 1
    ds.PixelRepresentation = int(np.issubdtype(stored.dtype, np.signedinteger))
    ds.PixelData = stored.astype("<i2" if ds.PixelRepresentation else "<u2").tobytes()
    return ds


def a_ct_slice(number: int = 1, z_mm: float = 0.0, size: int = 16, **attributes: Any) -> Dataset:
    """An axial chest slice; its stored values are `number` everywhere, so its HU are `number` - 1024."""
    ds = a_dataset(CTImageStorage, **{"SOPInstanceUID": f"{SERIES_UID}.{number}", **attributes})
    defaults: Mapping[str, Any] = {
        "Modality": "CT",
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "BodyPartExamined": "CHEST",
        "SeriesNumber": 2,
        "InstanceNumber": number,
        "FrameOfReferenceUID": FRAME_OF_REFERENCE_UID,
        "ImagePositionPatient": [-150.0, -140.0, z_mm],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "PixelSpacing": [0.7, 0.7],
        "SliceThickness": 2.5,
        "RescaleSlope": 1,
        "RescaleIntercept": -1024,
    }
    for keyword, value in defaults.items():
        if keyword not in attributes:
            setattr(ds, keyword, value)
    return with_pixels(ds, np.full((size, size), number, np.uint16))


def a_ct_series(slices: int = 100, spacing_mm: float = 2.5, **attributes: Any) -> list[Dataset]:
    """A whole axial chest from feet to head."""
    return [
        a_ct_slice(number, z_mm=(number - 1) * spacing_mm, **{"SliceThickness": spacing_mm, **attributes})
        for number in range(1, slices + 1)
    ]


def a_series_of_its_own(slices: int = 20, patient_id: str = "T-1", **attributes: Any) -> list[Dataset]:
    """A series with new UIDs, not yet in any archive, 5 mm apart; every slice looks different."""
    study, series = generate_uid(), generate_uid()
    return [
        a_ct_slice(
            number,
            z_mm=5.0 * number,
            size=64,
            **{
                "SOPInstanceUID": generate_uid(),
                "StudyInstanceUID": study,
                "SeriesInstanceUID": series,
                "FrameOfReferenceUID": study,
                "PatientID": patient_id,
                "SliceThickness": 5.0,
                **attributes,
            },
        )
        for number in range(1, slices + 1)
    ]


def a_mammogram(stored: NDArray[Any] | None = None, **attributes: Any) -> Dataset:
    """A right MLO for presentation; without `stored` a ramp."""
    ds = a_dataset(DigitalMammographyXRayImageStorageForPresentation, **attributes)
    defaults: Mapping[str, Any] = {
        "Modality": "MG",
        "ImageType": ["ORIGINAL", "PRIMARY"],
        "PresentationIntentType": "FOR PRESENTATION",
        "ImagerPixelSpacing": [0.1, 0.1],
        "ImageLaterality": "R",
        "ViewPosition": "MLO",
        "PatientOrientation": ["P", "FL"],
        "InstanceNumber": 1,
    }
    for keyword, value in defaults.items():
        if keyword not in attributes:
            setattr(ds, keyword, value)
    return with_pixels(ds, np.arange(20 * 30, dtype=np.uint16).reshape(20, 30) if stored is None else stored)


def a_report() -> Dataset:
    """A DICOM object that is no image."""
    return a_dataset(BasicTextSRStorage, Modality="SR", SeriesInstanceUID=f"{SERIES_UID}.99")


def as_bytes(ds: Dataset, transfer_syntax_uid: UID = ExplicitVRLittleEndian) -> bytes:
    """The object as a DICOM file."""
    if not ds.file_meta.TransferSyntaxUID.is_compressed:
        ds.file_meta.TransferSyntaxUID = transfer_syntax_uid
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def a_zip(files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of files by name."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()
