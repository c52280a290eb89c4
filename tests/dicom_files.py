"""DICOM files for tests, made here: small, valid unless asked otherwise."""

from io import BytesIO
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid


def a_ct_slice(index: int, *, study: str, series: str, patient: str = "T-1", **attributes: Any) -> Dataset:
    """One axial CT slice of 64 x 64 pixels, `index` times 5 mm above the first."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = CTImageStorage
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
    ds.PatientID, ds.PatientName, ds.PatientSex = patient, f"Test^{patient}", "O"
    ds.PatientBirthDate = "19600101"
    ds.StudyDate, ds.StudyTime, ds.StudyID, ds.AccessionNumber = "20260301", "120000", "1", ""
    ds.ReferringPhysicianName = ""
    ds.StudyDescription, ds.SeriesDescription = "CT CHEST", "Chest 5.0"
    ds.Modality, ds.BodyPartExamined, ds.Manufacturer = "CT", "CHEST", "Test"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.SeriesNumber, ds.InstanceNumber = 2, index + 1
    ds.FrameOfReferenceUID = study
    ds.PositionReferenceIndicator = ""
    ds.ImagePositionPatient, ds.ImageOrientationPatient = [-48, -48, 5.0 * index], [1, 0, 0, 0, 1, 0]
    ds.PixelSpacing, ds.SliceThickness, ds.KVP = [1.5, 1.5], 5.0, 120
    ds.AcquisitionNumber = 1
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows = ds.Columns = 64
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.RescaleIntercept, ds.RescaleSlope = -1024, 1
    noise = np.random.default_rng(index).integers(0, 200, (64, 64), dtype=np.uint16)
    ds.PixelData = noise.tobytes()
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def a_series(count: int = 20, *, patient: str = "T-1", **attributes: Any) -> list[Dataset]:
    study, series = generate_uid(), generate_uid()
    return [a_ct_slice(n, study=study, series=series, patient=patient, **attributes) for n in range(count)]


def as_file(ds: Dataset) -> bytes:
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
