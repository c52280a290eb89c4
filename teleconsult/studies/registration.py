"""Write down what arrived: patient, study, series and instance rows from one DICOM header."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydicom import Dataset
from sqlalchemy import Connection

from imaging.header_values import whole_number
from imaging.reasons import Reason, reason
from imaging.sop_class import is_image
from imaging.study import Instance
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


def conflict(
    studies: StudyRepository, connection: Connection, header: Dataset, arrival: Arrival
) -> Reason | None:
    """Why this instance cannot join its study as it says it does, or None.

    A study of another institution, or of another patient under the same Study Instance UID, is
    never mixed: the file is kept apart for a person to look at.
    """
    study = studies.find(connection, str(header.StudyInstanceUID))
    if study is None:
        return None
    if study.institution_id != arrival.institution_id:
        return reason("study-held-elsewhere")
    if study.patient.patient_id != patient_id_of(header):
        return reason("other-patient-in-study")
    return None


def register(
    studies: StudyRepository,
    connection: Connection,
    header: Dataset,
    orthanc_id: str,
    arrival: Arrival,
    *,
    sha256: str | None = None,
    size_bytes: int | None = None,
    expected_series: Mapping[str, int] | None = None,
) -> bool:
    """Add the rows that are missing for this instance. False: it was there already.

    Args:
        sha256, size_bytes: of its file, where whoever calls has the file.
        expected_series: how many instances the sender said that each series has.
    """
    instance = Instance.from_header(header)
    if studies.has_instance(connection, instance.sop_instance_uid):
        return False
    if studies.find(connection, instance.study_instance_uid) is None:
        _add_study(studies, connection, header, arrival)
    if not studies.has_series(connection, instance.series_instance_uid):
        studies.add_series(
            connection,
            SeriesRecord(
                series_instance_uid=instance.series_instance_uid,
                study_instance_uid=instance.study_instance_uid,
                modality=_text(header, "Modality", 16) or "OT",
                series_number=whole_number(header.get("SeriesNumber")),
                description=_text(header, "SeriesDescription", 400),
                body_part=_text(header, "BodyPartExamined", 64),
                verdict=None,
                model=None,
                reasons=[],
                instances=(),
                expected_count=(expected_series or {}).get(instance.series_instance_uid),
            ),
            arrival.at,
        )
    studies.add_instance(
        connection,
        instance.series_instance_uid,
        InstanceRecord(
            sop_instance_uid=instance.sop_instance_uid,
            sop_class_uid=instance.sop_class_uid,
            orthanc_id=orthanc_id,
            instance_number=instance.instance_number,
            position_mm=instance.position_mm,
            number_of_frames=instance.number_of_frames,
            is_image=is_image(header),
            sha256=sha256,
            size_bytes=size_bytes,
        ),
        arrival.at,
    )
    return True


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
        ),
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
