"""What all our result objects have in common: whose they are, what made them, when, and their UIDs.

A UID follows from what the object says and which run it belongs to, so that writing one twice, after
a crash or a retry, makes the same object and not a second one.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from typing import Final

from pydicom import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import (
    UID,
    Comprehensive3DSRStorage,
    ComprehensiveSRStorage,
    EncapsulatedPDFStorage,
    ExplicitVRLittleEndian,
    GrayscaleSoftcopyPresentationStateStorage,
    MammographyCADSRStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
    generate_uid,
)
from pydicom.valuerep import DA, TM

from imaging.finding import Finding
from imaging.part10 import file_meta_of
from imaging.report_sources import as_evidence

MANUFACTURER: Final = "Teleconsult"
SOFTWARE_VERSION: Final = "0.1.0"
CHARACTER_SET: Final = "ISO_IR 192"

# In Contributing Equipment, CID 7005: what IHE AI Results 6.5.3.1 calls the processing algorithm.
PROCESSING_EQUIPMENT: Final = Code("109102", "DCM", "Processing Equipment")

NOT_FOR_DIAGNOSIS: Final = "AI, not for diagnosis 人工智能，非诊断"


class ResultSeries(StrEnum):
    """The series that our objects stand in, one for each kind of object; the word goes into its UID."""

    AI_REPORT = "ai-series"
    READER_REPORT = "reader-series"
    SEGMENTATION = "segmentation-series"
    CAD_REPORT = "cad-series"
    PRESENTATION = "presentation-series"
    CAPTURE = "capture-series"
    SIGNED_REPORT = "signed-report-series"


SERIES_NUMBERS: Final[Mapping[ResultSeries, int]] = {
    ResultSeries.AI_REPORT: 9001,
    ResultSeries.READER_REPORT: 9002,
    ResultSeries.SEGMENTATION: 9003,
    ResultSeries.CAD_REPORT: 9004,
    ResultSeries.PRESENTATION: 9005,
    ResultSeries.CAPTURE: 9006,
    ResultSeries.SIGNED_REPORT: 9007,
}

_OF_THE_IMAGE: Final = (
    "SOPClassUID",
    "SOPInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "Modality",
    "Rows",
    "Columns",
    "NumberOfFrames",
)

RESULT_CLASSES: Final = frozenset({
    ComprehensiveSRStorage,
    Comprehensive3DSRStorage,
    MammographyCADSRStorage,
    SegmentationStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    SecondaryCaptureImageStorage,
    EncapsulatedPDFStorage,
})


@dataclass(frozen=True, slots=True)
class Maker:
    """The model that made a result: what its bundle says of itself."""

    model: str
    version: str
    weights_sha256: str

    @property
    def device_uid(self) -> str:
        """Of the model as a device: another version, or other weights, are another device."""
        return derived_uid("device", self.model, self.version, self.weights_sha256)


def maker_of(findings: Sequence[Finding], maker: Maker | None = None) -> Maker:
    """Return the one model that made all findings.

    Args:
        findings: any number.
        maker: needed where there is no finding.

    Raises:
        ValueError: several made them, or another than `maker`, or none is known.
    """
    makers = {Maker(f.model, f.model_version, f.weights_sha256) for f in findings}
    makers |= {maker} if maker is not None else set()
    if len(makers) != 1:
        raise ValueError(f"a result is of one model, not of {len(makers)}")
    return makers.pop()


def is_result_object(header: Dataset) -> bool:
    """Return whether the object is one of ours that tells a result, and so no image to be read or queued."""
    return str(header.get("SOPClassUID", "")) in RESULT_CLASSES and (
        str(header.get("Manufacturer", "")),
        str(header.get("ManufacturerModelName", "")),
    ) == (MANUFACTURER, MANUFACTURER)


def derived_uid(*parts: str) -> str:
    """Return the UID that always follows from these parts."""
    digest = hashlib.sha512("\0".join(parts).encode()).hexdigest()
    return str(generate_uid(entropy_srcs=[digest]))


def series_uid(kind: ResultSeries, source_series_uid: str, maker: Maker | None = None) -> str:
    """Return the UID of the series in which a model's, or the readers', objects of this kind stand."""
    of_maker = () if maker is None else (maker.model, maker.version, maker.weights_sha256)
    return derived_uid(kind, source_series_uid, *of_maker)


def as_text(finding: Finding) -> str:
    """Return the finding in the one form that its UIDs follow from.

    Measures that were not taken are left out, so that a finding of an earlier version keeps its UIDs.
    """
    values = finding.to_json()
    later = {one.name for one in fields(Finding) if one.default is None}
    return json.dumps({k: v for k, v in values.items() if v is not None or k not in later}, sort_keys=True)


def tracking_uid(finding: Finding) -> str:
    """Return the UID that stands for this finding in every object about it."""
    return derived_uid("finding", as_text(finding))


def tracking_identifier(finding: Finding, number: int) -> str:
    """Return the name of a model's `number`th finding (from 1) in every object about it."""
    return f"{finding.model}-{number}"


def new_object(
    sop_class_uid: str,
    source: Dataset,
    maker: Maker,
    *,
    modality: str,
    series: ResultSeries,
    sop_instance_uid: str,
    at: datetime,
    instance_number: int = 1,
) -> Dataset:
    """Return an object with nothing in it yet but its header: patient, study, series, equipment, times.

    Args:
        source: header of an image of the series that the object is about.
        at: when the model finished, with time zone.

    Source: DICOM PS3.3 C.7.1.1, C.7.2.1, C.7.3.1, C.7.5.1, C.7.5.2, C.12.1.
    """
    ds = patient_and_study(source)
    ds.SOPClassUID = UID(sop_class_uid)
    ds.SOPInstanceUID = UID(sop_instance_uid)
    ds.Modality = modality
    ds.SeriesInstanceUID = series_uid(series, str(source.SeriesInstanceUID), maker)
    ds.SeriesNumber = SERIES_NUMBERS[series]
    ds.InstanceNumber = instance_number
    ds.Manufacturer = ds.ManufacturerModelName = MANUFACTURER
    ds.DeviceSerialNumber = maker.weights_sha256[:64]
    ds.SoftwareVersions = SOFTWARE_VERSION
    ds.file_meta = file_meta_of(ds, ExplicitVRLittleEndian)
    finish(ds, source, at, maker)
    return ds


def patient_and_study(source: Dataset) -> Dataset:
    """Return the attributes of the patient and the study, of the image and of nothing else, in UTF-8."""
    ds = as_evidence(source)
    for keyword in _OF_THE_IMAGE:
        if keyword in ds:
            delattr(ds, keyword)
    ds.SpecificCharacterSet = CHARACTER_SET
    return ds


def finish(ds: Dataset, source: Dataset, at: datetime, maker: Maker | None) -> None:
    """Write into an object when it was made, and which model it is from.

    Dates and times without an offset mean the time zone of the object, which is the source's where that
    gives one, else this machine's (PS3.3 C.12.1.1.8). It is written only where the source gives it: of
    the study's own date and time, which we repeat, we know no other.
    """
    zone = _zone(source)
    if zone is not None:
        ds.TimezoneOffsetFromUTC = f"{at.astimezone(zone):%z}"
    local = at.astimezone(zone).replace(microsecond=0)
    ds.ContentDate = ds.SeriesDate = ds.InstanceCreationDate = DA(local.date())
    ds.ContentTime = ds.SeriesTime = ds.InstanceCreationTime = TM(local.time())
    if maker is not None:
        ds.SeriesDescription = short(f"{NOT_FOR_DIAGNOSIS}: {maker.model} {maker.version}")
        ds.ContributingEquipmentSequence = [_equipment(maker)]


def short(text: str) -> str:
    """Return as much of a text as fits a value of VR LO, also by those who count bytes (PS3.5 6.2)."""
    return text.encode()[:64].decode(errors="ignore").strip()


def coded(code: Code) -> Dataset:
    """Return a code as an item of a code sequence."""
    item = Dataset()
    item.CodeValue = code.value
    item.CodingSchemeDesignator = code.scheme_designator
    item.CodeMeaning = code.meaning
    return item


def reference(ds: Dataset) -> Dataset:
    """Return an item that names an instance by its class and UID."""
    item = Dataset()
    item.ReferencedSOPClassUID = str(ds.SOPClassUID)
    item.ReferencedSOPInstanceUID = str(ds.SOPInstanceUID)
    return item


def series_references(instances: Sequence[Dataset]) -> list[Dataset]:
    """Return one item for each series with the instances in it: Referenced Series Sequence."""
    by_series: dict[str, Dataset] = {}
    for instance in instances:
        uid = str(instance.SeriesInstanceUID)
        if uid not in by_series:
            by_series[uid] = Dataset()
            by_series[uid].SeriesInstanceUID = uid
            by_series[uid].ReferencedSOPSequence = []
        by_series[uid].ReferencedSOPSequence.append(reference(instance))
    return list(by_series.values())


def study_references(instances: Sequence[Dataset]) -> list[Dataset]:
    """Return one item for each study with its series and instances: an evidence sequence (PS3.3 C.17.2)."""
    by_study: dict[str, list[Dataset]] = {}
    for instance in instances:
        by_study.setdefault(str(instance.StudyInstanceUID), []).append(instance)
    items = []
    for uid, of_study in by_study.items():
        item = Dataset()
        item.StudyInstanceUID = uid
        item.ReferencedSeriesSequence = series_references(of_study)
        items.append(item)
    return items


def _equipment(maker: Maker) -> Dataset:
    """The model as contributing equipment: IHE AI Results 6.5.3.1, PS3.3 C.12.1."""
    item = Dataset()
    item.Manufacturer = MANUFACTURER
    item.ManufacturerModelName = short(maker.model)
    item.SoftwareVersions = short(maker.version)
    item.DeviceUID = maker.device_uid
    item.DeviceSerialNumber = maker.weights_sha256[:64]
    item.ContributionDescription = NOT_FOR_DIAGNOSIS
    item.PurposeOfReferenceCodeSequence = [coded(PROCESSING_EQUIPMENT)]
    return item


def _zone(source: Dataset) -> tzinfo | None:
    """The source's own time zone; None where it gives none."""
    match = re.fullmatch(r"([+-])(\d\d)([0-5]\d)", str(source.get("TimezoneOffsetFromUTC") or "").strip())
    if match is None:
        return None
    sign = -1 if match[1] == "-" else 1
    offset = sign * timedelta(hours=int(match[2]), minutes=int(match[3]))
    return timezone(offset) if timedelta(hours=-12) <= offset <= timedelta(hours=14) else None
