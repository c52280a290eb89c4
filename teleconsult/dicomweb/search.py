"""QIDO-RS: from a query's parameters to conditions on our own rows. What cannot be matched by is refused."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydicom.datadict import keyword_for_tag, tag_for_keyword
from sqlalchemy import Column, ColumnElement, select

from storage.tables import instances, patients, series, studies
from teleconsult.errors import SearchNotUnderstood

MOST_ROWS = 500
STUDY, SERIES, INSTANCE = range(3)
Match = Callable[[Column[Any], str], ColumnElement[bool]]


def _uids(column: Column[Any], value: str) -> ColumnElement[bool]:
    uids = re.split(r"[,\\]", value)
    if not all(re.fullmatch(r"[0-9.]{1,64}", uid) for uid in uids):
        raise SearchNotUnderstood(f"{column.name}={value}")
    return column.in_(uids)


def _text(column: Column[Any], value: str) -> ColumnElement[bool]:
    """Equal, or by the wildcards of PS3.4 C.2.2.2.4."""
    if not re.search(r"[*?]", value):
        return column == value
    escaped = re.sub(r"([%_\\])", r"\\\1", value)
    return column.like(escaped.replace("*", "%").replace("?", "_"), escape="\\")


def _number(column: Column[Any], value: str) -> ColumnElement[bool]:
    if not re.fullmatch(r"[+-]?\d{1,9}", value):
        raise SearchNotUnderstood(f"{column.name}={value}")
    return column == int(value)


def _date(column: Column[Any], value: str) -> ColumnElement[bool]:
    """One day, or a range open at either end (PS3.4 C.2.2.2.5)."""
    begins, dash, ends = value.partition("-")
    if not dash:
        return column == _iso(begins)
    if not begins and not ends:
        raise SearchNotUnderstood(f"{column.name}={value}")
    after = column >= _iso(begins) if begins else column.is_not(None)
    return after & (column <= _iso(ends)) if ends else after


def _iso(digits: str) -> str:
    try:
        return datetime.strptime(digits, "%Y%m%d").date().isoformat()
    except ValueError:
        raise SearchNotUnderstood(f"date {digits}") from None


MATCHED: Final[Mapping[str, tuple[int, Column[Any], Match]]] = {
    "StudyInstanceUID": (STUDY, studies.c.study_instance_uid, _uids),
    "StudyDate": (STUDY, studies.c.study_date, _date),
    "StudyDescription": (STUDY, studies.c.study_description, _text),
    "PatientID": (STUDY, patients.c.patient_id, _text),
    "PatientBirthDate": (STUDY, patients.c.birth_date, _date),
    "PatientSex": (STUDY, patients.c.sex, _text),
    "SeriesInstanceUID": (SERIES, series.c.series_instance_uid, _uids),
    "Modality": (SERIES, series.c.modality, _text),
    "SeriesNumber": (SERIES, series.c.series_number, _number),
    "SeriesDescription": (SERIES, series.c.description, _text),
    "BodyPartExamined": (SERIES, series.c.body_part, _text),
    "SOPInstanceUID": (INSTANCE, instances.c.sop_instance_uid, _uids),
    "SOPClassUID": (INSTANCE, instances.c.sop_class_uid, _uids),
    "InstanceNumber": (INSTANCE, instances.c.instance_number, _number),
    "NumberOfFrames": (INSTANCE, instances.c.number_of_frames, _number),
}
# Our rows have these not, or in another form; the archive's index knows which studies match.
MATCHED_BY_ARCHIVE: Final = frozenset({
    "AccessionNumber", "PatientName", "ReferringPhysicianName", "StudyID", "StudyTime",
})

RETURNED: Final[Mapping[int, tuple[str, ...]]] = {
    STUDY: (
        "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "PatientName", "PatientID",
        "PatientBirthDate", "PatientSex", "StudyID", "StudyDescription",
    ),
    SERIES: (
        "Modality", "SeriesDescription", "SeriesNumber", "PerformedProcedureStepStartDate",
        "PerformedProcedureStepStartTime", "BodyPartExamined",
    ),
    INSTANCE: ("InstanceNumber", "Rows", "Columns", "BitsAllocated", "NumberOfFrames"),
}  # fmt: skip
RETURNED_WHERE_ASKED: Final[Mapping[int, tuple[str, ...]]] = {
    STUDY: (
        "TimezoneOffsetFromUTC", "PatientAge", "PatientSize", "PatientWeight", "OtherPatientIDs",
        "IssuerOfPatientID", "EthnicGroup", "Occupation", "AdditionalPatientHistory", "PatientComments",
        "PhysiciansOfRecord", "NameOfPhysiciansReadingStudy", "AdmittingDiagnosesDescription",
        "ProcedureCodeSequence", "ReferencedStudySequence",
    ),
    SERIES: (
        "SeriesDate", "SeriesTime", "Laterality", "ProtocolName", "PatientPosition", "OperatorsName",
        "PerformingPhysicianName", "Manufacturer", "ManufacturerModelName", "StationName", "InstitutionName",
        "InstitutionalDepartmentName", "RequestAttributesSequence", "FrameOfReferenceUID",
    ),
    INSTANCE: (),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched for.

    Attributes:
        conditions: on the joined rows of studies, patients, and at their levels series and instances.
        by_archive: keyword -> value, for the archive to match studies by.
        fields: keywords that are returned beside the level's own; None: whatever there is.
    """

    level: int
    conditions: tuple[ColumnElement[bool], ...]
    by_archive: Mapping[str, str]
    fields: frozenset[str] | None
    limit: int
    offset: int
    asks_for_fuzzy_matching: bool


def parse_search(level: int, parameters: Iterable[tuple[str, str]]) -> Search:
    """Return the search that the parameters ask for.

    Raises:
        SearchNotUnderstood: a parameter is unknown, or we cannot match by it at this level.
    """
    conditions: list[ColumnElement[bool]] = []
    by_archive: dict[str, str] = {}
    included: set[str] = set()
    numbers = {"limit": MOST_ROWS, "offset": 0}
    fuzzy = False
    for name, value in parameters:
        if name in numbers:
            if not re.fullmatch(r"\d{1,9}", value):
                raise SearchNotUnderstood(f"{name}={value}")
            numbers[name] = int(value)
        elif name == "fuzzymatching":
            fuzzy = value == "true"
        elif name == "includefield":
            included |= {"all" if field == "all" else _keyword(field) for field in value.split(",") if field}
        elif name == "accept":
            continue
        elif value:
            _add_condition(level, _keyword(name), value, conditions, by_archive)
    return Search(
        level=level,
        conditions=tuple(conditions),
        by_archive=by_archive,
        fields=_fields(level, included),
        limit=max(1, min(numbers["limit"], MOST_ROWS)),
        offset=numbers["offset"],
        asks_for_fuzzy_matching=fuzzy,
    )


def _add_condition(
    level: int, keyword: str, value: str, conditions: list[ColumnElement[bool]], by_archive: dict[str, str]
) -> None:
    if keyword in MATCHED_BY_ARCHIVE:
        by_archive[keyword] = value
    elif keyword == "ModalitiesInStudy":
        having = select(series.c.study_instance_uid).where(series.c.modality.in_(re.split(r"[,\\]", value)))
        conditions.append(studies.c.study_instance_uid.in_(having))
    elif keyword in MATCHED and MATCHED[keyword][0] <= level:
        _, column, match = MATCHED[keyword]
        conditions.append(match(column, value))
    else:
        raise SearchNotUnderstood(keyword)


def _fields(level: int, included: set[str]) -> frozenset[str] | None:
    """At the level of instances any attribute; above it those that are the same for all that is below."""
    if level == INSTANCE:
        return None if "all" in included else frozenset(included)
    possible = {
        keyword
        for one in range(level + 1)
        for keyword in (*RETURNED[one], *RETURNED_WHERE_ASKED[one])
    }
    return frozenset(possible if "all" in included else possible & included)


def _keyword(name: str) -> str:
    """The keyword of an attribute that is given by keyword or as eight hexadecimal digits."""
    if re.fullmatch(r"[0-9A-Fa-f]{8}", name):
        keyword = keyword_for_tag(int(name, 16))
    else:
        keyword = name if tag_for_keyword(name) is not None else ""
    if not keyword:
        raise SearchNotUnderstood(name)
    return keyword
