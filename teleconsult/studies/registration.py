"""Write down what arrived: patient, study, series and instance rows from one DICOM header."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydicom import Dataset
from sqlalchemy import Connection

from imaging.header_values import whole_number
from imaging.reasons import Reason, reason
from imaging.result_header import is_result_object
from imaging.sop_class import is_image
from imaging.study import Instance
from teleconsult.lifecycle.patient_merge import note_arrival
from teleconsult.scheduled_procedures.repository import ScheduledProcedureRepository
from teleconsult.studies.repository import (
    InstanceRecord,
    SeriesRecord,
    Study,
    StudyRepository,
    new_patient,
)
from teleconsult.text import visible


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where an instance came from."""

    institution_id: str
    uploaded_by_id: str | None
    at: datetime


class KnownStudies:
    """Whose each study is, looked up once for many files of it within one transaction."""

    def __init__(self, studies: StudyRepository) -> None:
        self._studies = studies
        self._whose: dict[str, tuple[str, str]] = {}
        self._series: dict[str, str] = {}

    def institution(self, connection: Connection, study_instance_uid: str) -> str | None:
        """The institution whose study this is; None for one that is not here."""
        study = self._studies.find(connection, study_instance_uid)
        return study.institution_id if study else None

    def conflict(self, connection: Connection, header: Dataset, arrival: Arrival) -> Reason | None:
        """Why this instance cannot join its study as it says it does, or None.

        A study of another institution, or of another patient under the same Study Instance UID, is
        never mixed: the file is kept apart for a person to look at. Of a study that is new, the first file
        says whose it is. Nor is a series whose number another study has: its images would show among that
        one's.
        """
        study_instance_uid = str(header.StudyInstanceUID)
        if study_instance_uid not in self._whose:
            study = self._studies.find(connection, study_instance_uid)
            self._whose[study_instance_uid] = (
                (study.institution_id, study.patient.patient_id)
                if study
                else (arrival.institution_id, patient_id_of(header))
            )
        institution_id, patient_id = self._whose[study_instance_uid]
        if institution_id != arrival.institution_id:
            return reason("study-held-elsewhere")
        series_instance_uid = str(header.SeriesInstanceUID)
        if series_instance_uid not in self._series:
            of_study = self._studies.study_of_series(connection, series_instance_uid)
            self._series[series_instance_uid] = of_study or study_instance_uid
        if self._series[series_instance_uid] != study_instance_uid:
            return reason("series-of-another-study")
        if patient_id == patient_id_of(header):
            return None
        merged = self._studies.find_patient(connection, institution_id, patient_id_of(header))
        is_same = merged is not None and merged.patient_id == patient_id
        return None if is_same else reason("other-patient-in-study")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An instance that the archive has.

    Attributes:
        sha256, size_bytes: of its file, where whoever registers it has the file.
    """

    header: Dataset
    orthanc_id: str
    sha256: str | None = None
    size_bytes: int | None = None


def register(
    studies: StudyRepository, connection: Connection, header: Dataset, orthanc_id: str, arrival: Arrival
) -> bool:
    """Add the rows that are missing for this instance. False: it was there already."""
    return bool(register_all(studies, connection, [StoredFile(header, orthanc_id)], arrival))


def register_all(
    studies: StudyRepository,
    connection: Connection,
    files: Sequence[StoredFile],
    arrival: Arrival,
    expected_series: Mapping[str, int] | None = None,
) -> frozenset[str]:
    """Add the rows that are missing for these instances, and return the SOP Instance UIDs of the new ones.

    Args:
        expected_series: how many instances the sender said that each series has.
    """
    described = {str(file.header.SOPInstanceUID): file for file in files}
    known = studies.known_instances(connection, list(described))
    by_series: dict[str, list[InstanceRecord]] = {}
    first_of_series: dict[str, Dataset] = {}
    for sop_instance_uid, file in described.items():
        if sop_instance_uid in known:
            continue
        series_instance_uid = str(file.header.SeriesInstanceUID)
        first_of_series.setdefault(series_instance_uid, file.header)
        by_series.setdefault(series_instance_uid, []).append(_instance_record(file))
    for series_instance_uid, header in first_of_series.items():
        study = studies.find(connection, str(header.StudyInstanceUID))
        if study is None:
            _add_study(studies, connection, header, arrival)
        elif study.deleted_at is not None and is_result_object(header):
            continue  # a worker's answer to a study that was deleted meanwhile
        elif study.deleted_at is not None or study.tier == "cold":
            studies.reopen(connection, study, arrival.at)
        if not studies.has_series(connection, series_instance_uid):
            expected_count = (expected_series or {}).get(series_instance_uid)
            _add_series(studies, connection, header, expected_count, arrival)
        studies.add_instances(connection, series_instance_uid, by_series[series_instance_uid], arrival.at)
    return frozenset(described) - frozenset(known)


def _instance_record(file: StoredFile) -> InstanceRecord:
    instance = Instance.from_header(file.header)
    return InstanceRecord(
        sop_instance_uid=instance.sop_instance_uid,
        sop_class_uid=instance.sop_class_uid,
        orthanc_id=file.orthanc_id,
        instance_number=instance.instance_number,
        position_mm=instance.position_mm,
        number_of_frames=instance.number_of_frames,
        is_image=is_image(file.header),
        sha256=file.sha256,
        size_bytes=file.size_bytes,
    )


def _add_series(
    studies: StudyRepository,
    connection: Connection,
    header: Dataset,
    expected_count: int | None,
    arrival: Arrival,
) -> None:
    studies.add_series(
        connection,
        SeriesRecord(
            series_instance_uid=str(header.SeriesInstanceUID),
            study_instance_uid=str(header.StudyInstanceUID),
            modality=_text(header, "Modality", 16) or "OT",
            series_number=whole_number(header.get("SeriesNumber")),
            description=_text(header, "SeriesDescription", 400),
            body_part=_text(header, "BodyPartExamined", 64),
            verdict="not-usable",  # until it has an image
            model=None,
            reasons=[],
            instances=(),
            expected_count=expected_count,
        ),
        arrival.at,
    )


def patient_id_of(header: Dataset) -> str:
    """PatientID, or a stand-in that keeps the study apart when the scanner sent none."""
    given = visible(str(header.get("PatientID") or "")).strip()[:64]
    return given or f"?{str(header.StudyInstanceUID)[-24:]}"


def _add_study(studies: StudyRepository, connection: Connection, header: Dataset, arrival: Arrival) -> None:
    patient = studies.find_patient(connection, arrival.institution_id, patient_id_of(header))
    if patient is None:
        patient = new_patient(
            arrival.institution_id,
            patient_id_of(header),
            _person_name(header),
            _date(header, "PatientBirthDate"),
            _text(header, "PatientSex", 1),
        )
        studies.add_patient(connection, patient)
    elif patient.patient_id != patient_id_of(header):
        note_arrival(connection, arrival.institution_id, patient_id_of(header), str(header.StudyInstanceUID))
    studies.add_study(
        connection,
        Study(
            study_instance_uid=str(header.StudyInstanceUID),
            patient=patient,
            institution_id=arrival.institution_id,
            study_date=_date(header, "StudyDate"),
            study_description=_text(header, "StudyDescription", 400),
            uploaded_by_id=arrival.uploaded_by_id,
            received_at=arrival.at,
            accession_number=_text(header, "AccessionNumber", 16),
        ),
    )
    ScheduledProcedureRepository().complete_with(
        connection,
        arrival.institution_id,
        arrival.at,
        study_instance_uid=str(header.StudyInstanceUID),
        patient_id=patient_id_of(header),
        accession_number=_text(header, "AccessionNumber", 16) or "",
    )


def _person_name(header: Dataset) -> str:
    """The name as people read it: ideographic group if there is one, carets as spaces (PS3.5 6.2.1)."""
    name = header.get("PatientName")
    if not name:
        return "—"
    groups = [group for group in visible(str(name)).split("=") if group.strip("^ ")]
    shown = groups[1] if len(groups) > 1 else (groups[0] if groups else "—")
    if any("一" <= char <= "鿿" for char in shown):
        return shown.replace("^", "").replace(" ", "")[:400]
    return " ".join(part for part in shown.replace("^", " ").split())[:400]


def _text(header: Dataset, keyword: str, limit: int) -> str | None:
    value = header.get(keyword)
    return visible(str(value)).strip()[:limit] or None if value is not None else None


def _date(header: Dataset, keyword: str) -> str | None:
    """DICOM DA as ISO 8601, or None when it is not a date."""
    digits = str(header.get(keyword) or "").replace(".", "")
    try:
        return datetime.strptime(digits, "%Y%m%d").date().isoformat()
    except ValueError:
        return None
