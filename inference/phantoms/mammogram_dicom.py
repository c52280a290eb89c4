"""Wrap a drawn mammogram as a Digital Mammography X-Ray Image Storage - For Presentation object."""

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    DigitalMammographyXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    generate_uid,
)

# (code, meaning) of CID 4014 View for Mammography, SNOMED CT as of DICOM 2021.
_VIEW_CODE: Final = {"CC": ("399162004", "cranio-caudal"), "MLO": ("399368009", "medio-lateral oblique")}
# Rows run head to foot; columns run away from the chest wall on a left breast, towards it on a right one.
_ORIENTATION: Final = {
    ("L", "CC"): ["A", "R"],
    ("R", "CC"): ["P", "L"],
    ("L", "MLO"): ["A", "FR"],
    ("R", "MLO"): ["P", "FL"],
}


def mammogram_dataset(
    pixels: NDArray[np.uint16],
    spacing_mm: float,
    laterality: Literal["L", "R"],
    view: Literal["CC", "MLO"],
    *,
    seed: int,
    study_seed: int,
    instance_number: int,
    bits_stored: int = 12,
) -> Dataset:
    """Return the object with its file meta header; its UIDs follow from the seeds.

    Source: DICOM PS3.3 A.26 and C.8.11 (DX and mammography modules).
    """
    sop_instance_uid = _uid("instance", study_seed, seed, instance_number)
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    ds.file_meta.MediaStorageSOPInstanceUID = sop_instance_uid
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    ds.SOPInstanceUID = sop_instance_uid
    _patient_and_study(ds, study_seed)
    _series(ds, study_seed, laterality, view, instance_number)
    _image(ds, pixels, spacing_mm, laterality, view, instance_number, bits_stored)
    _acquisition(ds, spacing_mm, view)
    return ds


def _uid(*sources: object) -> UID:
    return generate_uid(entropy_srcs=["teleconsult mammogram phantom", *map(str, sources)])


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _patient_and_study(ds: Dataset, study_seed: int) -> None:
    ds.PatientName = f"Phantom^Breast {study_seed}"
    ds.PatientID = f"PHANTOM-MG-{study_seed}"
    ds.PatientBirthDate = "19700101"
    ds.PatientSex = "F"
    ds.PatientAge = "056Y"
    ds.StudyInstanceUID = _uid("study", study_seed)
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = "20260105"
    ds.StudyTime = ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = "090000"
    ds.AccessionNumber = f"MG{study_seed}"[:16]
    ds.ReferringPhysicianName = ""
    ds.StudyID = str(study_seed)[:16]
    ds.StudyDescription = "Screening mammography (phantom)"


def _series(ds: Dataset, study_seed: int, laterality: str, view: str, instance_number: int) -> None:
    ds.Modality = "MG"
    ds.SeriesInstanceUID = _uid("series", study_seed, laterality, view)
    ds.SeriesNumber = instance_number
    ds.SeriesDescription = f"{laterality} {view} (phantom)"
    ds.PresentationIntentType = "FOR PRESENTATION"
    ds.Manufacturer = "Teleconsult"
    ds.ManufacturerModelName = "Mammogram phantom"
    ds.SoftwareVersions = "1"
    ds.DeviceSerialNumber = "0"


def _image(
    ds: Dataset,
    pixels: NDArray[np.uint16],
    spacing_mm: float,
    laterality: str,
    view: str,
    instance_number: int,
    bits_stored: int,
) -> None:
    ds.ImageType = ["ORIGINAL", "PRIMARY", ""]
    ds.InstanceNumber = instance_number
    ds.PatientOrientation = _ORIENTATION[(laterality, view)]
    ds.ImageLaterality = laterality
    ds.BurnedInAnnotation = "NO"
    ds.LossyImageCompression = "00"
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.Rows, ds.Columns = pixels.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, bits_stored, bits_stored - 1
    ds.PixelRepresentation = 0
    ds.PixelIntensityRelationship = "LOG"
    ds.PixelIntensityRelationshipSign = -1
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = 0, 1, "US"
    ds.PresentationLUTShape = "IDENTITY"
    ds.WindowCenter, ds.WindowWidth = 2 ** (bits_stored - 1), 2**bits_stored
    ds.ImagerPixelSpacing = [spacing_mm, spacing_mm]
    ds.PixelData = pixels.astype("<u2").tobytes()
    ds["PixelData"].VR = "OW"


def _acquisition(ds: Dataset, spacing_mm: float, view: str) -> None:
    field_mm = [round(ds.Rows * spacing_mm), round(ds.Columns * spacing_mm)]
    ds.BodyPartExamined = "BREAST"
    ds.AnatomicRegionSequence = Sequence([_code("76752008", "SCT", "Breast")])
    ds.ViewPosition = view
    view_code, meaning = _VIEW_CODE[view]
    item = _code(view_code, "SCT", meaning)
    item.ViewModifierCodeSequence = Sequence([])
    ds.ViewCodeSequence = Sequence([item])
    ds.AcquisitionContextSequence = Sequence([])
    ds.PositionerType = "MAMMOGRAPHIC"
    ds.PositionerPrimaryAngle = 45 if view == "MLO" else 0
    ds.KVP = 29
    ds.DistanceSourceToDetector = 660
    ds.DistanceSourceToPatient = 660
    ds.EstimatedRadiographicMagnificationFactor = 1
    ds.ExposureTime = 1000
    ds.Exposure = 80
    ds.BodyPartThickness = 55
    ds.CompressionForce = 100
    ds.AnodeTargetMaterial = "TUNGSTEN"
    ds.FilterMaterial = "RHODIUM"
    ds.FocalSpots = 0.3
    ds.Grid = "NONE"
    ds.OrganDose = 0.0150
    ds.OrganExposed = "BREAST"
    ds.DetectorType = "DIRECT"
    ds.DetectorConfiguration = "AREA"
    ds.DetectorActiveShape = "RECTANGLE"
    ds.DetectorActiveDimensions = field_mm
    ds.DetectorElementPhysicalSize = [spacing_mm, spacing_mm]
    ds.DetectorElementSpacing = [spacing_mm, spacing_mm]
    ds.DetectorBinning = [1, 1]
    ds.FieldOfViewShape = "RECTANGLE"
    ds.FieldOfViewDimensions = field_mm
    ds.FieldOfViewOrigin = [0, 0]
    ds.FieldOfViewRotation = "0"
    ds.FieldOfViewHorizontalFlip = "NO"
    ds.BreastImplantPresent = "NO"
