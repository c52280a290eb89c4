"""What a scanner asks the worklist for, and what it is told. Pure; PS3.4 annex K.

The answer to an entry is built whole, the query is matched against it attribute by attribute, and what the
query did not ask for is left out again.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from pydicom import DataElement, Dataset
from pydicom.multival import MultiValue

SPECIFIC_CHARACTER_SET = 0x00080005
NOT_KEYS = frozenset({SPECIFIC_CHARACTER_SET, 0x00080201})  # and TimezoneOffsetFromUTC
UNICODE = "ISO_IR 192"
# Character sets that a query may be answered in, as Python knows them (PS3.3 C.12.1.1.2). Those with code
# extensions are answered in UTF-8: few scanners read them right, and none was seen that asks for one.
ENCODINGS = {
    "ISO_IR 6": "ascii",
    "ISO_IR 100": "latin-1",
    UNICODE: "utf-8",
    "GB18030": "gb18030",
    "GBK": "gbk",
}
RANGES = frozenset({"DA", "TM"})
WILD = frozenset({"AE", "CS", "LO", "LT", "SH", "ST", "UC", "UT"})


@dataclass(frozen=True, slots=True)
class WorklistEntry:
    """One scheduled procedure step with its patient.

    Attributes:
        patient_name, performing_physician_name: as DICOM writes names, PS3.5 6.2.1.
        patient_birth_date: YYYY-MM-DD.
        scheduled_at: in the time zone of the scanner.
        station_ae_title: None: any scanner of that modality may take it.
    """

    patient_name: str
    patient_id: str
    patient_birth_date: str | None
    patient_sex: str | None
    accession_number: str
    requested_procedure_id: str
    scheduled_procedure_step_id: str
    study_instance_uid: str
    description: str | None
    modality: str
    station_ae_title: str | None
    scheduled_at: datetime
    performing_physician_name: str | None


def find(query: Dataset, entries: Iterable[WorklistEntry]) -> Iterator[Dataset]:
    """Yield the answer to each entry that the query matches, in the query's character set where it can be."""
    asked_for = query.get("SpecificCharacterSet")
    for entry in entries:
        whole = _whole_answer(entry, _station_asked_for(query))
        if _matches(query, whole):
            answer = _only_what_was_asked(query, whole)
            _set_character_set(answer, asked_for)
            yield answer


def _whole_answer(entry: WorklistEntry, station_asked_for: str) -> Dataset:
    """Everything that PS3.4 table K.6-1 names and we know; empty where it wants a value that we have not."""
    step = Dataset()
    step.ScheduledStationAETitle = entry.station_ae_title or station_asked_for
    step.ScheduledProcedureStepStartDate = entry.scheduled_at.strftime("%Y%m%d")
    step.ScheduledProcedureStepStartTime = entry.scheduled_at.strftime("%H%M%S")
    step.Modality = entry.modality
    step.ScheduledPerformingPhysicianName = entry.performing_physician_name or ""
    step.ScheduledProcedureStepDescription = entry.description or ""
    step.ScheduledProcedureStepID = entry.scheduled_procedure_step_id
    step.ScheduledStationName = ""
    step.ScheduledProcedureStepLocation = ""
    step.PreMedication = ""
    step.ScheduledProtocolCodeSequence = []
    step.RequestedContrastAgent = ""
    answer = Dataset()
    answer.AccessionNumber = entry.accession_number
    answer.ReferringPhysicianName = ""
    answer.ReferencedStudySequence = []
    answer.ReferencedPatientSequence = []
    answer.PatientName = entry.patient_name
    answer.PatientID = entry.patient_id
    answer.PatientBirthDate = (entry.patient_birth_date or "").replace("-", "")
    answer.PatientSex = entry.patient_sex or ""
    answer.PatientWeight = None
    answer.MedicalAlerts = ""
    answer.Allergies = ""
    answer.PregnancyStatus = None
    answer.StudyInstanceUID = entry.study_instance_uid
    answer.RequestingPhysician = ""
    answer.RequestedProcedureDescription = entry.description or ""
    answer.RequestedProcedureCodeSequence = []
    answer.AdmissionID = ""
    answer.SpecialNeeds = ""
    answer.CurrentPatientLocation = ""
    answer.PatientState = ""
    answer.RequestedProcedureID = entry.requested_procedure_id
    answer.RequestedProcedurePriority = ""
    answer.PatientTransportArrangements = ""
    answer.ConfidentialityConstraintOnPatientDataDescription = ""
    answer.ScheduledProcedureStepSequence = [step]
    return answer


def _station_asked_for(query: Dataset) -> str:
    """The scanner's own AE title, where it names one; of a pattern the shortest name that it allows."""
    steps = query.get("ScheduledProcedureStepSequence") or [Dataset()]
    asked = str(steps[0].get("ScheduledStationAETitle") or "")
    return asked.replace("*", "").replace("?", "0")


def _matches(query: Dataset, whole: Dataset) -> bool:
    """Whether every key of the query matches. A key that we do not know matches all (PS3.4 C.2.2.1.3)."""
    return all(
        _key_matches(key, whole[key.tag]) for key in query if key.tag not in NOT_KEYS and key.tag in whole
    )


def _key_matches(key: DataElement, held: DataElement) -> bool:
    """PS3.4 C.2.2.2: empty matches all; sequences by items, dates and times by range, text by pattern."""
    if key.VR == "SQ":
        if not key.value or not len(key.value[0]):
            return True
        return any(_matches(key.value[0], item) for item in held.value)
    wanted, value = _text(key.value), _text(held.value)
    if not wanted:
        return True
    if key.VR == "UI":
        return value in wanted.split("\\")
    if key.VR in RANGES:
        return _in_range(wanted, value, is_time=key.VR == "TM")
    if key.VR == "PN":
        return _name_matches(wanted, value)
    if key.VR in WILD:
        return _pattern_matches(wanted, value)
    return wanted == value


def _in_range(wanted: str, value: str, *, is_time: bool) -> bool:
    """Whether a date or time is in `from-to`, `from-`, `-to`, or is the one that was named.

    A time may end early: 1015 is every second of that minute. What is no number matches nothing.
    """
    plain = re.sub(r"[.:]", "", re.sub(r"\.\d*(?=-|$)", "", wanted) if is_time else wanted).replace(" ", "")
    first, dash, last = plain.partition("-")
    last = last if dash else first
    if not all(part == "" or part.isdecimal() for part in (first, last)) or not value:
        return False
    return first <= value and (last == "" or value <= last + "235959"[len(last) :])


def _name_matches(wanted: str, value: str) -> bool:
    """A person name, by any of its component groups, upper or lower case (PS3.4 C.2.2.2.1, C.2.2.2.4)."""
    groups = [_plain_name(group) for group in value.split("=")]
    if "=" in wanted:
        patterns = [_plain_name(group) for group in wanted.split("=")]
        return all(
            not pattern or _pattern_matches(pattern, group)
            for pattern, group in zip(patterns, groups + [""] * len(patterns), strict=False)
        )
    return any(_pattern_matches(_plain_name(wanted), group) for group in groups if group)


def _plain_name(group: str) -> str:
    """Carets at the end say nothing; in Chinese some write one between the names and some do not."""
    trimmed = group.rstrip("^ ").casefold()
    return trimmed if trimmed.isascii() else trimmed.replace("^", "")


def _pattern_matches(pattern: str, value: str) -> bool:
    """`*` is any text and `?` any character (PS3.4 C.2.2.2.4).

    Each part between two `*` is taken where it first fits. A regular expression would try all places of all
    parts, and a query of many `*` could stop the service.
    """
    first, *others = pattern.split("*")
    if not others:
        return len(pattern) == len(value) and _fits(pattern, value, 0)
    *between, last = others
    end = len(value) - len(last)
    place = len(first)
    if place > end or not _fits(first, value, 0) or not _fits(last, value, end):
        return False
    for part in between:
        found = next((at for at in range(place, end - len(part) + 1) if _fits(part, value, at)), None)
        if found is None:
            return False
        place = found + len(part)
    return True


def _fits(part: str, value: str, at: int) -> bool:
    return all(wanted in ("?", held) for wanted, held in zip(part, value[at:], strict=False))


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, MultiValue | list | tuple):
        return "\\".join(str(part) for part in value).strip()
    return str(value).strip()


def _only_what_was_asked(query: Dataset, whole: Dataset) -> Dataset:
    """The keys of the query with our values; empty ones where we have none. An empty item asks for all."""
    answer = Dataset()
    for key in query:
        if key.tag in NOT_KEYS:
            continue
        if key.tag not in whole:
            if not key.tag.is_private:
                answer.add_new(key.tag, key.VR, [] if key.VR == "SQ" else None)
        elif key.VR == "SQ" and key.value and len(key.value[0]):
            items = [_only_what_was_asked(key.value[0], item) for item in whole[key.tag].value]
            answer.add_new(key.tag, "SQ", items)
        else:
            answer.add(whole[key.tag])
    return answer


def _set_character_set(answer: Dataset, asked_for: object) -> None:
    """Name a character set that holds every text of the answer: the one asked for if it does, else UTF-8."""
    text = "".join(_texts(answer))
    name = str(asked_for) if isinstance(asked_for, str) and asked_for else "ISO_IR 6"
    if not _can_write(name, text):
        name = UNICODE
    if name != "ISO_IR 6":  # the default has no name of its own
        answer.SpecificCharacterSet = name


def _can_write(character_set: str, text: str) -> bool:
    try:
        text.encode(ENCODINGS[character_set])
    except (KeyError, UnicodeEncodeError):
        return False
    return True


def _texts(dataset: Dataset) -> Iterator[str]:
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                yield from _texts(item)
        else:
            yield _text(element.value)
