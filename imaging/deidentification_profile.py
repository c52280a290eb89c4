"""What becomes of each attribute when a patient's identity is taken out: PS3.15 Annex E as a table.

The Basic Application Level Confidentiality Profile's own table (E.1-1, edition 2026c) comes from
dicom-anonymizer, which reads it from the standard. What that package lacks is here: the options, and a rule
for every attribute that the table does not name, by its value representation. The browser has the same table
as JSON, written from this one.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Literal

from dicomanonymizer.dicom_anonymization_databases import dicomfields_2026c as basic
from pydicom._dicom_dict import DicomDictionary
from pydicom.datadict import tag_for_keyword

from imaging.dicom_elements import dictionary_vrs


class Action(StrEnum):
    """What is done to one attribute; the letters are those of PS3.15 table E.1-1a, S is ours."""

    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    NEW_UID = "U"
    SHIFT = "S"  # "C" of the dates option: by the days of the case
    CLEAN = "C"  # search for what identifies; a sequence: its items by this table
    KEEP = "K"
    PSEUDONYM = "P"  # "Z" or "D", by the name that this patient has in this case


@dataclass(frozen=True, slots=True)
class Options:
    """Options of PS3.15 E.3 that one may choose. UIDs are never kept.

    Clean Descriptors, Clean Structured Content, Clean Graphics and Retain Safe Private always apply.
    """

    dates: Literal["shift", "remove"] = "shift"
    keep_patient_characteristics: bool = True
    keep_device_identity: bool = False


def _tags(*keywords: str) -> frozenset[int]:
    found = [tag_for_keyword(keyword) for keyword in keywords]
    if None in found:
        raise ValueError(f"no such attribute: {keywords[found.index(None)]}")
    return frozenset(tag for tag in found if tag is not None)


PSEUDONYMS: Final = _tags("PatientName", "PatientID")

# E.3.7. The age of the oldest is capped; see `imaging.deidentify`.
PATIENT_CHARACTERISTICS: Final = _tags(
    "PatientSex", "PatientAge", "PatientSize", "PatientWeight", "PatientSexNeutered", "PregnancyStatus",
    "SmokingStatus",
)  # fmt: skip

# E.3.8
DEVICE_IDENTITY: Final = _tags(
    "StationName", "DeviceSerialNumber", "DetectorID", "GantryID", "PlateID", "CassetteID", "GeneratorID",
    "ScheduledStationName", "PerformedStationName", "DeviceDescription", "LensMake", "LensModel",
    "LensSerialNumber", "AcquisitionDeviceProcessingDescription",
)  # fmt: skip

# E.3.5: what says what the image shows. Comments, histories and reasons are stories about a patient: they go.
DESCRIPTORS: Final = _tags(
    "StudyDescription", "SeriesDescription", "ProtocolName", "AcquisitionProtocolDescription",
    "DerivationDescription", "RequestedProcedureDescription", "PerformedProcedureStepDescription",
    "ScheduledProcedureStepDescription", "ContrastBolusAgent", "AcquisitionDeviceProcessingDescription",
    "SegmentDescription", "ContentDescription", "ROIName", "ROIObservationLabel", "StructureSetLabel",
    "RTPlanLabel", "RTPlanName",
)  # fmt: skip

# E.3.4 and E.3.3: texts of reports and drawings are searched, their people, times and references exchanged.
STRUCTURED_CONTENT: Final[Mapping[int, Action]] = {
    **dict.fromkeys(
        _tags(
            "ContentSequence", "TextValue", "GraphicAnnotationSequence", "TextObjectSequence",
            "UnformattedTextValue", "GraphicObjectSequence",
        ),
        Action.CLEAN,
    ),
    **dict.fromkeys(_tags("PersonName"), Action.DUMMY),
    **dict.fromkeys(_tags("UID"), Action.NEW_UID),
}  # fmt: skip

# Dates that say something about the person, not about the examination: never shifted.
PERSONAL_DATES: Final = _tags("PatientBirthDate", "PatientBirthTime", "LastMenstrualDate")

# E.3.10: numbers that a reader needs, under creators whose meaning the standard's table vouches for.
# Whatever it is called, only a number is kept (see `imaging.deidentify`).
SAFE_PRIVATE: Final[Mapping[tuple[str, int, int], str]] = MappingProxyType(
    {
        ("Philips PET Private Group", 0x7053, 0x00): "DS",
        ("Philips PET Private Group", 0x7053, 0x09): "DS",
        ("Philips Imaging DD 001", 0x2001, 0x03): "FL",
        ("Philips MR Imaging DD 001", 0x2005, 0xB0): "FL",
        ("Philips MR Imaging DD 001", 0x2005, 0xB1): "FL",
        ("Philips MR Imaging DD 001", 0x2005, 0xB2): "FL",
        ("Philips MR Imaging DD 001", 0x2005, 0x0D): "FL",
        ("Philips MR Imaging DD 001", 0x2005, 0x0E): "FL",
        ("SIEMENS MR HEADER", 0x0019, 0x0A): "US",
        ("SIEMENS MR HEADER", 0x0019, 0x0C): "IS",
        ("SIEMENS MR HEADER", 0x0019, 0x0E): "FD",
        ("SIEMENS MR HEADER", 0x0019, 0x27): "FD",
        ("SIEMENS MR HEADER", 0x0019, 0x29): "FD",
        ("GEMS_ACQU_01", 0x0019, 0xBB): "DS",
        ("GEMS_ACQU_01", 0x0019, 0xBC): "DS",
        ("GEMS_ACQU_01", 0x0019, 0xBD): "DS",
        ("GEMS_PARM_01", 0x0043, 0x39): "IS",
    }
)

# Attributes that identify somebody, whose values are searched for in every text of the case.
IDENTIFIERS: Final = _tags(
    "PatientID", "OtherPatientIDs", "AccessionNumber", "StudyID", "InstitutionName", "InstitutionAddress",
    "StationName", "PatientAddress", "PatientTelephoneNumbers", "MedicalRecordLocator", "AdmissionID",
    "RequestedProcedureID", "ScheduledProcedureStepID", "PerformedProcedureStepID", "DeviceSerialNumber",
    "PersonAddress", "PersonTelephoneNumbers", "FillerOrderNumberImagingServiceRequest",
    "PlacerOrderNumberImagingServiceRequest", "IssuerOfPatientID", "ResponsibleOrganization",
    "CurrentPatientLocation", "InsurancePlanIdentification",
)  # fmt: skip
IDENTIFYING_DATES: Final = _tags(
    "PatientBirthDate", "StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate", "InstanceCreationDate",
)  # fmt: skip

# UIDs that name a kind, not a thing.
KINDS: Final = _tags(
    "SOPClassUID", "ReferencedSOPClassUID", "ReferencedSOPClassUIDInFile", "CodingSchemeUID", "ContextUID",
    "MappingResourceUID", "OriginalSpecializedSOPClassUID", "RelatedGeneralSOPClassUID",
)  # fmt: skip

# In free text, what looks like a date, the number of a person or phone, an address or a UID goes as well.
# The same expressions run in Python and in the browser, so: no \b, no \d.
PATTERNS: Final = (
    r"[0-9]{4}\s*[-/.年]\s*[0-9]{1,2}\s*[-/.月]\s*[0-9]{1,2}\s*[日号]?",
    r"(?<![0-9])[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4}(?![0-9])",
    r"[0-9]+(?:\.[0-9]+){5,}",
    r"[0-9]{3,4}[- ][0-9]{3,4}[- ]?[0-9]{4}(?![0-9])",
    r"[0-9]{7,}[Xx]?",
    r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+",
)
# A family name of one Chinese character says who it is when a title follows.
TITLES: Final = "先生|女士|小姐|太太|老师|医生|医师|大夫|主任|教授|护士|某"

METHOD: Final = "PS3.15 Annex E, table E.1-1 2026c; teleconsult"
# PS3.16 CID 7050
CODES: Final[Mapping[str, str]] = {
    "113100": "Basic Application Confidentiality Profile",
    "113101": "Clean Pixel Data Option",
    "113103": "Clean Graphics Option",
    "113104": "Clean Structured Content Option",
    "113105": "Clean Descriptors Option",
    "113107": "Retain Longitudinal Temporal Information Modified Dates Option",
    "113108": "Retain Patient Characteristics Option",
    "113109": "Retain Device Identity Option",
    "113111": "Retain Safe Private Option",
}

# Objects whose content cannot be searched: text as a picture, sound, or a maker's secret.
UNREADABLE_CLASSES: Final = (
    "1.2.840.10008.5.1.4.1.1.104.",  # encapsulated documents: PDF, CDA, STL, ...
    "1.2.840.10008.5.1.4.1.1.66",  # raw data
    "1.2.840.10008.5.1.4.1.1.9.",  # waveforms, sound among them
    "1.2.840.10008.5.1.4.1.1.77.1.1.1",  # video
    "1.2.840.10008.5.1.4.1.1.77.1.2.1",
    "1.2.840.10008.5.1.4.1.1.77.1.4.1",
)
# Registrations and segmentations, whose numbers begin like that of raw data.
EXCEPT_CLASSES: Final = tuple(f"1.2.840.10008.5.1.4.1.1.66.{number}" for number in range(1, 9))

TEXT_VRS: Final = frozenset({"LO", "SH", "LT", "ST", "UT", "UC", "UR"})
FREE_TEXT_VRS: Final = frozenset({"LT", "ST", "UT", "UC", "UR"})
DATE_VRS: Final = frozenset({"DA", "DT", "TM"})
DUMMY_VRS: Final = frozenset({"PN", "LO", "SH", "LT", "ST", "UT", "UC"})


@cache
def keywords() -> Mapping[int, str]:
    return MappingProxyType({tag: row[4] for tag, row in DicomDictionary.items()})


@cache
def basic_profile() -> Mapping[int, Action]:
    """Table E.1-1, one action for each attribute: of several that which keeps an object valid."""
    table: dict[int, Action] = {}
    for rows, action in (
        (basic.X_TAGS, Action.REMOVE),
        (basic.Z_TAGS, Action.EMPTY),
        (basic.X_Z_TAGS, Action.EMPTY),
        (basic.X_Z_D_TAGS, Action.EMPTY),
        (basic.D_TAGS, Action.DUMMY),
        (basic.Z_D_TAGS, Action.DUMMY),
        (basic.X_D_TAGS, Action.DUMMY),
        (basic.U_TAGS, Action.NEW_UID),
        (basic.X_Z_U_STAR_TAGS, Action.CLEAN),
    ):
        for row in rows:
            if len(row) == 2:  # the others are repeating groups: curves and overlays go whole
                table[row[0] << 16 | row[1]] = action
    known = dictionary_vrs()
    for tag, action in table.items():
        if known.get(tag) == "SQ" and action in (Action.EMPTY, Action.DUMMY):
            table[tag] = Action.REMOVE
        if known.get(tag) in DATE_VRS and action is Action.DUMMY:
            table[tag] = Action.EMPTY
    for tag in table:
        if known.get(tag) == "UI":
            table[tag] = Action.NEW_UID
    table[0x00880200] = Action.REMOVE  # Icon Image Sequence: a picture of the picture, marks and all
    table[0x00080201] = Action.REMOVE  # Timezone Offset From UTC
    table[0x04000561] = Action.REMOVE  # Original Attributes Sequence: what was before
    return MappingProxyType(table)


def plan(options: Options) -> Mapping[int, Action]:
    """Return the action for each attribute that has one of its own; for the others ask `by_vr`."""
    table = dict(basic_profile())
    known = dictionary_vrs()
    if options.dates == "shift":
        dates = {tag for tag in table if known.get(tag) in DATE_VRS} - PERSONAL_DATES
        table |= dict.fromkeys(dates, Action.SHIFT)
    table |= dict.fromkeys(DESCRIPTORS, Action.CLEAN)
    table |= STRUCTURED_CONTENT
    if options.keep_patient_characteristics:
        table |= dict.fromkeys(PATIENT_CHARACTERISTICS, Action.KEEP)
    if options.keep_device_identity:
        table |= dict.fromkeys(DEVICE_IDENTITY, Action.KEEP)
    table |= dict.fromkeys(PSEUDONYMS, Action.PSEUDONYM)
    table |= dict.fromkeys(KINDS, Action.KEEP)
    return MappingProxyType(table)


def by_vr(options: Options) -> Mapping[str, Action]:
    """What becomes of attributes that the profile does not name: by what may stand in them."""
    dates = Action.SHIFT if options.dates == "shift" else Action.EMPTY
    return MappingProxyType(
        {
            "PN": Action.EMPTY,
            "UI": Action.NEW_UID,
            "SQ": Action.CLEAN,
            "UN": Action.REMOVE,
            "AE": Action.EMPTY,
            **dict.fromkeys(DATE_VRS, dates),
            **dict.fromkeys(TEXT_VRS, Action.CLEAN),
        }
    )


def method_codes(options: Options, *, pixels_cleaned: bool = False) -> list[str]:
    """Return the codes of PS3.16 CID 7050 that say what was done, in ascending order."""
    codes = ["113100", "113103", "113104", "113105", "113111"]
    if pixels_cleaned:
        codes.append("113101")
    if options.dates == "shift":
        codes.append("113107")
    if options.keep_patient_characteristics:
        codes.append("113108")
    if options.keep_device_identity:
        codes.append("113109")
    return sorted(codes)


def as_json() -> str:
    """The table as the browser reads it: `make deidentification-profile` writes it, a test compares."""

    def named(tags: Any) -> list[str]:
        return sorted(f"{tag:08x}" for tag in tags)

    by_action: dict[str, list[str]] = {}
    for tag, action in sorted(basic_profile().items()):
        by_action.setdefault(action.value, []).append(f"{tag:08x}")
    by_type: dict[str, list[str]] = {}
    for tag, vr in sorted(dictionary_vrs().items()):
        by_type.setdefault(vr, []).append(f"{tag:08x}")
    document = {
        "basic": {action: " ".join(tags) for action, tags in by_action.items()},
        "structured": {f"{tag:08x}": action.value for tag, action in sorted(STRUCTURED_CONTENT.items())},
        "pseudonyms": named(PSEUDONYMS),
        "patientCharacteristics": named(PATIENT_CHARACTERISTICS),
        "deviceIdentity": named(DEVICE_IDENTITY),
        "descriptors": named(DESCRIPTORS),
        "personalDates": named(PERSONAL_DATES),
        "identifiers": named(IDENTIFIERS),
        "identifyingDates": named(IDENTIFYING_DATES),
        "kinds": named(KINDS),
        "byVr": {vr: action.value for vr, action in by_vr(Options()).items()},
        "safePrivate": [
            {"creator": creator, "group": group, "element": element, "vr": vr}
            for (creator, group, element), vr in SAFE_PRIVATE.items()
        ],
        "patterns": list(PATTERNS),
        "titles": TITLES,
        "method": METHOD,
        "codes": dict(CODES),
        "unreadableClasses": list(UNREADABLE_CLASSES),
        "exceptClasses": list(EXCEPT_CLASSES),
        "vrs": {vr: " ".join(tags) for vr, tags in by_type.items()},
        "keywords": {
            f"{tag:08x}": keywords()[tag]
            for tag in sorted(set(basic_profile()) | IDENTIFIERS)
            if tag in keywords()
        },
    }
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def is_unreadable(sop_class_uid: str) -> bool:
    """Whether objects of this class hold what cannot be searched for a name."""
    if not re.match(r"1\.2\.840\.10008\.", sop_class_uid):
        return True  # a maker's own class: nobody else knows what stands where
    return sop_class_uid.startswith(UNREADABLE_CLASSES) and not sop_class_uid.startswith(EXCEPT_CLASSES)
