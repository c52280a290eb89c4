"""A still picture from a camera as a DICOM object: VL Photographic Image, the JPEG as it is.

Source: DICOM PS3.3 A.32.4 and C.8.12.1, PS3.5 8.2.1 and A.4.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import StrEnum
from typing import Final, Literal

from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import JPEGBaseline8Bit, VLPhotographicImageStorage
from pydicom.valuerep import DA, TM

from imaging.camera_picture import CameraPicture
from imaging.chinese import is_chinese
from imaging.part10 import file_meta_of
from imaging.result_header import CHARACTER_SET, MANUFACTURER, SOFTWARE_VERSION, coded, derived_uid, short

DESCRIPTION: Final = "Stills of the consult 会诊照片"
BYTES_A_PIXEL: Final = 3


class BodySite(StrEnum):
    """What a picture shows, as far as somebody says so; codes are of CID 4031."""

    HEAD = "head"
    FACE = "face"
    EYE = "eye"
    EAR = "ear"
    MOUTH = "mouth"
    NECK = "neck"
    CHEST = "chest"
    BREAST = "breast"
    ABDOMEN = "abdomen"
    BACK = "back"
    PELVIS = "pelvis"
    UPPER_LIMB = "upper-limb"
    HAND = "hand"
    LOWER_LIMB = "lower-limb"
    FOOT = "foot"


SITE_CODES: Final[Mapping[BodySite, Code]] = {
    BodySite.HEAD: codes.SCT.Head,
    BodySite.FACE: codes.SCT.Face,
    BodySite.EYE: codes.SCT.Eye,
    BodySite.EAR: codes.SCT.Ear,
    BodySite.MOUTH: codes.SCT.Mouth,
    BodySite.NECK: codes.SCT.Neck,
    BodySite.CHEST: codes.SCT.Chest,
    BodySite.BREAST: codes.SCT.Breast,
    BodySite.ABDOMEN: codes.SCT.Abdomen,
    BodySite.BACK: codes.SCT.Back,
    BodySite.PELVIS: codes.SCT.Pelvis,
    BodySite.UPPER_LIMB: codes.SCT.UpperLimb,
    BodySite.HAND: codes.SCT.Hand,
    BodySite.LOWER_LIMB: codes.SCT.LowerLimb,
    BodySite.FOOT: codes.SCT.Foot,
}
Laterality = Literal["R", "L", "B"]


@dataclass(frozen=True, slots=True)
class PhotographedPatient:
    """The patient as the record has them; the name as people read it, the birth date YYYY-MM-DD."""

    patient_id: str
    name: str
    birth_date: str | None
    sex: str | None


@dataclass(frozen=True, slots=True)
class Photograph:
    """What is known of one still.

    Attributes:
        still_id: the object's UIDs follow from it, so that sending it twice makes one object.
        consult_id: a consult's stills are a study of their own, whose UIDs follow from it.
        begun_at: when the consult's first still was taken; the study's date.
        number: of the consult's stills, from 1.
        is_screen: of a shared screen, not of a camera.
    """

    still_id: str
    consult_id: str
    patient: PhotographedPatient
    operator: str
    taken_at: datetime
    begun_at: datetime
    number: int
    title: str
    site: BodySite | None
    laterality: Laterality | None
    is_screen: bool


def instance_uid(still_id: str) -> str:
    return derived_uid("still", still_id)


def photographic_image(picture: CameraPicture, about: Photograph, zone: tzinfo | None) -> Dataset:
    """Return the object; its dates and times are of `zone`, None: this machine's."""
    taken, begun = (at.astimezone(zone).replace(microsecond=0) for at in (about.taken_at, about.begun_at))
    ds = Dataset()
    ds.SpecificCharacterSet = CHARACTER_SET
    ds.SOPClassUID = VLPhotographicImageStorage
    ds.SOPInstanceUID = instance_uid(about.still_id)
    ds.TimezoneOffsetFromUTC = f"{taken:%z}"
    _describe_patient(ds, about.patient)

    # Of the patient too: one who got another number meanwhile cannot have two in one study.
    ds.StudyInstanceUID = derived_uid("stills-study", about.consult_id, about.patient.patient_id)
    ds.StudyDate, ds.StudyTime = DA(begun.date()), TM(begun.time())
    ds.StudyDescription = ds.SeriesDescription = DESCRIPTION
    ds.StudyID = ds.AccessionNumber = ds.ReferringPhysicianName = ""
    ds.SeriesInstanceUID = derived_uid("stills-series", about.consult_id, about.patient.patient_id)
    ds.SeriesNumber = 1
    ds.Modality = "XC"
    ds.OperatorsName = _name(about.operator)
    ds.Manufacturer = ds.ManufacturerModelName = MANUFACTURER
    ds.SoftwareVersions = SOFTWARE_VERSION

    ds.InstanceNumber = about.number
    ds.ImageType = ["DERIVED", "SECONDARY"] if about.is_screen else ["ORIGINAL", "PRIMARY"]
    ds.ContentDate = ds.AcquisitionDate = DA(taken.date())
    ds.ContentTime = ds.AcquisitionTime = TM(taken.time())
    ds.PatientOrientation = ""
    # Nobody has looked: there may be a face, a wristband or a scanned paper on it.
    ds.BurnedInAnnotation = ds.RecognizableVisualFeatures = "YES"
    if about.title:
        ds.ImageComments = about.title
    ds.AcquisitionContextSequence = []
    if about.site is not None:
        ds.AnatomicRegionSequence = [coded(SITE_CODES[about.site])]
    if about.laterality is not None:
        ds.ImageLaterality = about.laterality
    else:
        ds.Laterality = ""  # unknown; absent, checkers take it for forgotten (PS3.3 C.7.3.1, type 2C)

    ds.Rows, ds.Columns, ds.SamplesPerPixel = picture.height, picture.width, BYTES_A_PIXEL
    # Of JPEG with 4:2:0 as well (PS3.3 C.7.6.3.1.2).
    ds.PhotometricInterpretation, ds.PlanarConfiguration = "YBR_FULL_422", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    plain_bytes = picture.width * picture.height * BYTES_A_PIXEL
    ds.LossyImageCompression = "01"
    ds.LossyImageCompressionRatio = f"{max(plain_bytes / len(picture.jpeg), 1):.1f}"
    ds.LossyImageCompressionMethod = "ISO_10918_1"
    ds.PixelData = encapsulate([picture.jpeg])
    ds["PixelData"].is_undefined_length = True

    ds.file_meta = file_meta_of(ds, JPEGBaseline8Bit)
    return ds


def _describe_patient(ds: Dataset, patient: PhotographedPatient) -> None:
    ds.PatientID = short(patient.patient_id)
    ds.PatientName = _name(patient.name)
    ds.PatientBirthDate = DA(date.fromisoformat(patient.birth_date)) if patient.birth_date else ""
    ds.PatientSex = patient.sex if patient.sex in ("M", "F", "O") else ""


def _name(name: str) -> str:
    """All of it as family name, a Chinese one in the ideographic group (PS3.5 6.2.1)."""
    plain = short(name.replace("^", " ").replace("=", " ").replace("\\", " "))
    if plain in ("", "—"):
        return ""
    return f"={plain}" if any(map(is_chinese, plain)) else f"{plain}^"
