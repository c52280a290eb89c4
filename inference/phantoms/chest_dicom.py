"""A phantom's slice as a CT Image object.

Source: DICOM PS3.3 A.3 (CT Image IOD).
"""

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

RESCALE_INTERCEPT_HU = -1024


def ct_slice(
    *,
    stored: NDArray[np.uint16],
    number: int,
    position_mm: tuple[float, float, float],
    pixel_mm: float,
    thickness_mm: float,
    distance_mm: float,
    kernel: str,
    study_instance_uid: str,
    series_instance_uid: str,
    frame_of_reference_uid: str,
    sop_instance_uid: str,
    patient_name: str,
    patient_id: str,
    enhanced: bool,
) -> Dataset:
    """Return one axial slice.

    Args:
        stored: (row, column), HU - RESCALE_INTERCEPT_HU.
        number: Instance Number.
        position_mm: centre of the first pixel, LPS.
        pixel_mm: between rows and between columns.
        thickness_mm: of the slice.
        distance_mm: to the next one.
        kernel: Convolution Kernel.
    """
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = CTImageStorage
    ds.file_meta.MediaStorageSOPInstanceUID = UID(sop_instance_uid)
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID = CTImageStorage
    ds.SOPInstanceUID = sop_instance_uid
    ds.StudyInstanceUID = study_instance_uid
    ds.SeriesInstanceUID = series_instance_uid
    ds.FrameOfReferenceUID = frame_of_reference_uid
    ds.PatientName = patient_name
    ds.PatientID = patient_id
    ds.PatientBirthDate = "19600101"
    ds.PatientSex = "O"
    ds.StudyID = patient_id[-16:]
    ds.AccessionNumber = ""
    ds.ReferringPhysicianName = ""
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = "20250101"
    ds.StudyTime = ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = "080000"
    ds.StudyDescription = "Chest CT, computer-made phantom"
    ds.SeriesDescription = f"Chest {thickness_mm:g} mm, phantom"
    ds.Modality = "CT"
    ds.Manufacturer = "Teleconsult phantom"
    ds.ManufacturerModelName = "chest"
    ds.BodyPartExamined = "CHEST"
    ds.PatientPosition = "HFS"
    ds.PositionReferenceIndicator = ""
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.SeriesNumber = 1
    ds.AcquisitionNumber = 1
    ds.InstanceNumber = number
    ds.KVP = "120"
    ds.ConvolutionKernel = kernel
    if enhanced:
        ds.ContrastBolusAgent = "phantom"
    ds.BurnedInAnnotation = "NO"
    ds.ImagePositionPatient = [round(value, 4) for value in position_mm]
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.SliceLocation = round(position_mm[2], 4)
    ds.SliceThickness = round(thickness_mm, 4)
    ds.SpacingBetweenSlices = round(distance_mm, 4)
    ds.PixelSpacing = [round(pixel_mm, 6), round(pixel_mm, 6)]
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.Rows, ds.Columns = stored.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = RESCALE_INTERCEPT_HU, 1, "HU"
    ds.WindowCenter, ds.WindowWidth = [-600, 40], [1500, 400]
    ds.WindowCenterWidthExplanation = ["LUNG", "MEDIASTINUM"]
    ds.PixelData = stored.astype("<u2").tobytes()
    return ds
