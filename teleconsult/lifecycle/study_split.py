"""Part of a study belongs to another patient: it becomes a study of its own under that patient.

The files are written anew with the right patient and new UIDs, and read back; only then do the originals go.
UIDs follow from the old ones and the patient, so a split that was broken off goes on where it was.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from pydicom import Dataset
from sqlalchemy import delete, select

from imaging.errors import DicomError, InstanceNotFound
from imaging.parsing import header_of, parse_dicom
from imaging.result_header import derived_uid, is_result_object
from storage import audit_log
from storage.tables import findings, inference_jobs
from teleconsult.dependencies import PartsOfApp
from teleconsult.errors import CopyNotVerified, SplitNotPossible, StudyInUse, StudyNotInArchive
from teleconsult.lifecycle.archive_removal import ask_removal
from teleconsult.lifecycle.legal_hold import demand_none_on_study
from teleconsult.lifecycle.study_rows import (
    StoredInstance,
    evidence_of,
    forget_series,
    instances_of,
    is_in_use,
)
from teleconsult.studies.registration import Arrival, StoredFile, patient_id_of, register_all
from teleconsult.studies.repository import Study
from teleconsult.users.user import User

UID_KEYWORDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")


@dataclass(frozen=True, slots=True)
class OtherPatient:
    """Whose the images are, in DICOM's form: name with carets, dates as YYYYMMDD."""

    patient_id: str
    name: str
    birth_date: str
    sex: str


def split_study(
    parts: PartsOfApp,
    study: Study,
    series_instance_uids: Collection[str],
    patient: OtherPatient,
    *,
    user: User,
    reason: str,
    at: datetime,
) -> str:
    """Return the Study Instance UID under which the series now are.

    AI results on them are dropped and asked for again. `remove_all` afterwards empties the archive.

    Raises:
        SplitNotPossible: no image would move, none would stay, or the patient is the same.
        StudyInUse: a consult that is not over uses the study.
        OnLegalHold: it is to be kept as it is.
        StudyNotInArchive: its files are in the cold store.
        CopyNotVerified: the archive gave back something else; nothing was removed.
        PacsUnavailable
    """
    with parts.database.reading() as connection:
        objects = instances_of(connection, study.study_instance_uid)
        demand_none_on_study(connection, study.study_instance_uid)
        if is_in_use(connection, study.study_instance_uid):
            raise StudyInUse
    if study.tier != "archive":
        raise StudyNotInArchive
    moving = [one for one in objects if one.series_instance_uid in series_instance_uids]
    images_moving = sum(one.is_image for one in moving)
    if (
        not 0 < images_moving < sum(one.is_image for one in objects)
        or patient.patient_id == study.patient.patient_id
    ):
        raise SplitNotPossible
    results = _results_about(parts, [one for one in objects if not one.is_image], moving)
    moving = [one for one in moving if one not in results]
    new_uids = _new_uids(study.study_instance_uid, moving, patient)
    with parts.database.transaction() as connection:  # so that the change feed knows whose they are
        parts.studies.expect(
            connection, [new_uids[one.sop_instance_uid] for one in moving], study.institution_id, user.id
        )
    copies = [_write_copy(parts, one, patient, new_uids) for one in moving]
    leaving = {one.series_instance_uid for one in (*moving, *results)}
    with parts.database.transaction() as connection:
        demand_none_on_study(connection, study.study_instance_uid)
        if set(instances_of(connection, study.study_instance_uid)) != set(objects):
            raise StudyInUse  # it grew or shrank meanwhile: look again
        if is_in_use(connection, study.study_instance_uid):
            raise StudyInUse
        decided = connection.execute(
            select(findings.c.id, findings.c.status, findings.c.decided_by)
            .join(inference_jobs, inference_jobs.c.id == findings.c.job_id)
            .where(inference_jobs.c.series_instance_uid.in_(leaving), findings.c.status != "preliminary")
        ).all()
        pictures = evidence_of(connection, leaving)
        connection.execute(delete(findings).where(findings.c.id.in_([row.id for row in decided])))
        forget_series(connection, leaving)
        register_all(parts.studies, connection, copies, Arrival(study.institution_id, user.id, at))
        ask_removal(connection, at, [one.orthanc_id for one in (*moving, *results)], pictures)
        audit_log.record(
            connection,
            at=at,
            actor=user.id,
            action="study-split",
            subject=f"study/{study.study_instance_uid}",
            details={
                "into": new_uids[study.study_instance_uid],
                "series": {uid: new_uids[uid] for uid in leaving if uid in new_uids},
                "instances": len(moving),
                "decisions_dropped": [[row.id, row.status, row.decided_by] for row in decided],
                "reason": reason,
            },
        )
    return new_uids[study.study_instance_uid]


def corrected(ds: Dataset, patient: OtherPatient, new_uids: Mapping[str, str]) -> Dataset:
    """The object as it should have been made; references to what moves with it point to the copies."""
    ds.SpecificCharacterSet = ds.get("SpecificCharacterSet") if patient_is_ascii(patient) else "ISO_IR 192"
    if not patient_is_ascii(patient):
        ds.decode()  # or text in the old character set would be written as if it were in the new one
        ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientID, ds.PatientName = patient.patient_id, patient.name
    ds.PatientBirthDate, ds.PatientSex = patient.birth_date, patient.sex
    for keyword in ("OtherPatientIDs", "OtherPatientIDsSequence", "OtherPatientNames", "IssuerOfPatientID"):
        if keyword in ds:
            delattr(ds, keyword)

    def renew(_: Dataset, element: object) -> None:
        if getattr(element, "VR", "") == "UI" and str(getattr(element, "value", "")) in new_uids:
            element.value = new_uids[str(element.value)]  # type: ignore[attr-defined]

    ds.walk(renew)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return ds


def patient_is_ascii(patient: OtherPatient) -> bool:
    return (patient.name + patient.patient_id).isascii()


def _new_uids(
    study_instance_uid: str, moving: Collection[StoredInstance], patient: OtherPatient
) -> dict[str, str]:
    old = {study_instance_uid}
    for one in moving:
        old |= {one.series_instance_uid, one.sop_instance_uid}
    return {uid: derived_uid("split", uid, study_instance_uid, patient.patient_id) for uid in old}


def _results_about(
    parts: PartsOfApp, others: Collection[StoredInstance], moving: Collection[StoredInstance]
) -> list[StoredInstance]:
    """Our own result objects that are about what moves: they name the wrong patient, and are made anew."""
    about = {one.sop_instance_uid for one in moving}
    found = []
    for one in others:
        try:
            header = parts.pacs.instance_header(one.orthanc_id)
        except (InstanceNotFound, DicomError):
            continue
        if not is_result_object(header):
            continue
        named = {str(e.value) for e in header.iterall() if e.keyword == "ReferencedSOPInstanceUID"}
        source = {one.series_instance_uid for one in moving}
        named_series = {str(e.value) for e in header.iterall() if e.keyword == "SeriesInstanceUID"}
        if named & about or named_series & source:
            found.append(one)
    return found


def _write_copy(
    parts: PartsOfApp, one: StoredInstance, patient: OtherPatient, new_uids: Mapping[str, str]
) -> StoredFile:
    original = parse_dicom(parts.pacs.file_of(one.orthanc_id))
    pixels = _pixels(original)
    buffer = BytesIO()
    corrected(original, patient, new_uids).save_as(buffer, enforce_file_format=True)
    content = buffer.getvalue()
    stored = parts.pacs.store(content)
    again = parts.pacs.file_of(stored.orthanc_id)
    read_back = parse_dicom(again)
    is_same = _pixels(read_back) == pixels and patient_id_of(read_back) == patient.patient_id
    if not is_same or any(read_back[keyword].value != original[keyword].value for keyword in UID_KEYWORDS):
        raise CopyNotVerified
    return StoredFile(header_of(again), stored.orthanc_id, hashlib.sha256(again).hexdigest(), len(again))


def _pixels(ds: Dataset) -> tuple[bytes, ...]:
    keywords = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
    return tuple(bytes(ds[keyword].value) for keyword in keywords if keyword in ds)
