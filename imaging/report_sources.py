"""The part of an image's header that an object about it repeats, cleaned of what none may hold."""

from datetime import datetime
from typing import Any, Final

from pydicom import Dataset

# Attributes that a report must have, if need be empty (type 2 in PS3.3 C.7.1.1 and C.7.2.1).
_TEXTS: Final = ("PatientID", "PatientSex", "AccessionNumber", "StudyID")
_NAMES: Final = ("PatientName", "ReferringPhysicianName")
_DATES: Final = (("PatientBirthDate", "%Y%m%d"), ("StudyDate", "%Y%m%d"))
_UIDS: Final = (
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID",
)
_SEXES: Final = frozenset({"M", "F", "O"})
# Attributes that are repeated where there are any: who gave the patient's identifier, what the study is
# called, and that the patient's identity was removed, and how (C.7.1.1, C.7.2.1).
_OPTIONAL_TEXTS: Final = ("IssuerOfPatientID", "StudyDescription", "DeidentificationMethod")
_LONGEST_TEXT: Final = 64


def as_evidence(source: Dataset) -> Dataset:
    """Return what a report needs of an image: identifiers, patient and study, without invalid values."""
    ds = Dataset()
    for keyword in _UIDS:
        if source.get(keyword):
            setattr(ds, keyword, str(source.get(keyword)))
    for keyword in _TEXTS:
        setattr(ds, keyword, _text(source.get(keyword)))
    for keyword in _OPTIONAL_TEXTS:
        if _text(source.get(keyword)):
            setattr(ds, keyword, _text(source.get(keyword))[:_LONGEST_TEXT])
    if ds.get("DeidentificationMethod") and source.get("PatientIdentityRemoved") == "YES":
        ds.PatientIdentityRemoved = "YES"
    if ds.PatientSex not in _SEXES:
        ds.PatientSex = ""
    for keyword in _NAMES:
        setattr(ds, keyword, _name(str(source.get(keyword) or "")))
    for keyword, pattern in _DATES:
        setattr(ds, keyword, _date(str(source.get(keyword) or ""), pattern))
    ds.StudyTime = _time(str(source.get("StudyTime") or ""))
    ds.Modality = str(source.get("Modality") or "OT")
    for keyword in ("Rows", "Columns", "NumberOfFrames"):
        if source.get(keyword):
            setattr(ds, keyword, int(source.get(keyword)))
    return ds


def _text(value: Any) -> str:
    """The first value, where there should be one and are several."""
    several = isinstance(value, list | tuple) or type(value).__name__ == "MultiValue"
    return str((value[0] if len(value) else "") if several else value or "").strip()


def _name(name: str) -> str:
    """A name without a divider gets one: it is all family name (PS3.5 6.2.1)."""
    return f"{name}^" if name and "^" not in name and "=" not in name else name


def _date(value: str, pattern: str) -> str:
    digits = value.replace(".", "").strip()
    try:
        datetime.strptime(digits, pattern)
    except ValueError:
        return ""
    return digits


def _time(value: str) -> str:
    whole = value.strip().partition(".")[0].replace(":", "")
    for pattern in ("%H%M%S", "%H%M", "%H"):
        try:
            datetime.strptime(whole, pattern)
        except ValueError:
            continue
        return whole
    return ""
