"""Studies, their images as stored, and thumbnails."""

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Query, Response

from imaging.parsing import parse_dicom
from imaging.rendering import render_png
from storage import audit_log
from teleconsult.dependencies import CurrentUser, Now, Parts
from teleconsult.errors import NotFound
from teleconsult.studies.schemas import (
    PatientWithStudiesOut,
    StudyDetailOut,
    StudySummaryOut,
    studies_out,
    study_detail_out,
)

router = APIRouter(prefix="/api", tags=["studies"])

# What is stored under a SOP Instance UID never changes; only this user's browser may keep it.
IMMUTABLE = {"Cache-Control": "private, max-age=86400, immutable"}
THUMBNAIL_PX = 160


@router.get("/studies")
def list_studies(
    parts: Parts, user: CurrentUser, q: Annotated[str, Query(max_length=200)] = ""
) -> list[StudySummaryOut]:
    with parts.database.reading() as connection:
        return studies_out(parts, connection, parts.studies.visible_to(connection, user, text=q))


@router.get("/studies/{study_instance_uid}")
def read_study(study_instance_uid: str, parts: Parts, user: CurrentUser, now: Now) -> StudyDetailOut:
    with parts.database.transaction() as connection:
        study = parts.studies.get_for(connection, study_instance_uid, user)
        audit_log.record(
            connection, at=now, actor=user.id, action="study-viewed", subject=f"study/{study_instance_uid}"
        )
        return study_detail_out(parts, connection, study)


@router.get(
    "/studies/{study_instance_uid}/instances/{sop_instance_uid}/file",
    response_class=Response,
    responses={200: {"content": {"application/dicom": {}}}},
)
def read_instance_file(
    study_instance_uid: str, sop_instance_uid: str, parts: Parts, user: CurrentUser
) -> Response:
    """The DICOM file as the archive holds it: never transcoded, decoded by the browser."""
    with parts.database.reading() as connection:
        study = parts.studies.get_for(connection, study_instance_uid, user)
        if not parts.studies.study_has_instance(connection, study.study_instance_uid, sop_instance_uid):
            raise NotFound
    content = parts.pacs.instance_file(sop_instance_uid)
    return Response(content, media_type="application/dicom", headers=IMMUTABLE)


@router.get(
    "/studies/{study_instance_uid}/thumbnail",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}},
)
def read_thumbnail(study_instance_uid: str, parts: Parts, user: CurrentUser) -> Response:
    """The middle image of the largest series, small."""
    with parts.database.reading() as connection:
        parts.studies.get_for(connection, study_instance_uid, user)
        series = parts.studies.series_of(connection, [study_instance_uid])[study_instance_uid]
    if not series:
        raise NotFound
    largest = max(series, key=lambda s: len(s.instances))
    middle = largest.instances[len(largest.instances) // 2]
    return Response(
        _thumbnail(parts.pacs.instance_file, middle.sop_instance_uid),
        media_type="image/png",
        headers={"Cache-Control": "private, max-age=300"},
    )


@lru_cache(maxsize=512)
def _thumbnail(fetch: Callable[[str], bytes], sop_instance_uid: str) -> bytes:
    return render_png(parse_dicom(fetch(sop_instance_uid)), THUMBNAIL_PX)


@router.get("/patients")
def list_patients(parts: Parts, user: CurrentUser) -> list[PatientWithStudiesOut]:
    """Patients of the own institution."""
    with parts.database.reading() as connection:
        return [
            PatientWithStudiesOut(
                id=patient.id,
                name=patient.name,
                patient_id=patient.patient_id,
                birth_date=patient.birth_date,
                sex=patient.sex,
                study_count=count,
            )
            for patient, count in parts.studies.patients_of(connection, user.institution.id)
        ]
