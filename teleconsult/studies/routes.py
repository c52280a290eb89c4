"""Studies, their images as stored, and thumbnails."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from storage import audit_log
from teleconsult.dependencies import CurrentUser, Now, Parts
from teleconsult.dicomweb.contents import Place, one_instance
from teleconsult.dicomweb.images_out import Images
from teleconsult.dicomweb.responses import instance_file_response
from teleconsult.dicomweb.thumbnails import middle_image, thumbnail_response
from teleconsult.lifecycle.tiering import ask_back
from teleconsult.quick_look import quick_look
from teleconsult.studies.schemas import (
    PatientWithStudiesOut,
    PriorOut,
    StudiesOut,
    StudyDetailOut,
    priors_out,
    studies_out,
    study_detail_out,
)
from teleconsult.text import Text
from teleconsult.worklist.paging import LISTED_AT_MOST, PAGE, After, Limit
from teleconsult.worklist.repository import WorklistRepository
from teleconsult.worklist.worklist_filter import Sort, WorklistFilter

router = APIRouter(prefix="/api", tags=["studies"])

Uid = Annotated[str, Field(max_length=64)]

AS_PNG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/png": {}}}}


@router.get("/studies")
def list_studies(
    parts: Parts,
    user: CurrentUser,
    now: Now,
    q: Annotated[Text, Query(max_length=100)] = "",
    uid: Annotated[list[Uid], Query(max_length=LISTED_AT_MOST)] = [],  # noqa: B006 - it is a declaration
    patient_id: Annotated[str | None, Query(max_length=36)] = None,
    after: After = None,
    limit: Limit = PAGE,
) -> StudiesOut:
    """Studies that the caller may see, the newest first: all in which the words of `q` stand.

    With `uid`, or with the `id` of a patient, those alone; a patient's are the newest up to `limit`.
    """
    with parts.database.reading() as connection:
        if uid or patient_id is not None:
            some = parts.studies.visible_to(connection, user, only=uid, patient_id=patient_id, limit=limit)
            return StudiesOut(studies=studies_out(parts, connection, some), next=None)
        wanted = WorklistFilter(q=q, kind="study", sort=Sort.NEWEST)
        page = WorklistRepository(parts.consults).page(connection, user, wanted, now, after, limit)
        listed = parts.studies.by_uids(connection, [row.id for row in page.rows])
        return StudiesOut(studies=studies_out(parts, connection, listed), next=page.next)


@router.get("/studies/{study_instance_uid}")
def read_study(study_instance_uid: str, parts: Parts, user: CurrentUser, now: Now) -> StudyDetailOut:
    with parts.database.transaction() as connection:
        study = parts.studies.get_for(connection, study_instance_uid, user)
        audit_log.record(
            connection, at=now, actor=user.id, action="study-viewed", subject=f"study/{study_instance_uid}"
        )
        if ask_back(connection, study_instance_uid, user.id, now):
            study = parts.studies.get_for(connection, study_instance_uid, user)
        return study_detail_out(parts, connection, study)


@router.get("/studies/{study_instance_uid}/priors")
def list_priors(study_instance_uid: str, parts: Parts, user: CurrentUser) -> list[PriorOut]:
    """Earlier studies of the same patient that the caller may see, the newest first."""
    with parts.database.reading() as connection:
        study = parts.studies.get_for(connection, study_instance_uid, user)
        return priors_out(parts, connection, study, user)


@router.get(
    "/studies/{study_instance_uid}/instances/{sop_instance_uid}/file",
    response_class=Response,
    responses={200: {"content": {"application/dicom": {}}}},
)
@router.head(
    "/studies/{study_instance_uid}/instances/{sop_instance_uid}/file",
    response_class=Response,
    include_in_schema=False,
)
async def read_instance_file(
    study_instance_uid: str,
    sop_instance_uid: str,
    request: Request,
    parts: Parts,
    images: Images,
    user: CurrentUser,
    now: Now,
) -> Response:
    """The DICOM file as the archive holds it: never transcoded, decoded by the browser."""
    place = Place(study_instance_uid, instance=sop_instance_uid)
    instance = await one_instance(parts, images.viewings, user, place, now)
    return await instance_file_response(request, images.streams, instance)


@router.get("/studies/{study_instance_uid}/thumbnail", response_class=Response, responses=AS_PNG)
async def read_thumbnail(
    study_instance_uid: str, request: Request, parts: Parts, images: Images, user: CurrentUser
) -> Response:
    """The middle image of the largest series, small."""
    middle = await quick_look(middle_image, parts, user, Place(study_instance_uid))
    return await thumbnail_response(request, images, middle)


@router.get(
    "/studies/{study_instance_uid}/series/{series_instance_uid}/thumbnail",
    response_class=Response,
    responses=AS_PNG,
)
async def read_series_thumbnail(
    study_instance_uid: str,
    series_instance_uid: str,
    request: Request,
    parts: Parts,
    images: Images,
    user: CurrentUser,
) -> Response:
    """The middle image of the series, small."""
    place = Place(study_instance_uid, series_instance_uid)
    middle = await quick_look(middle_image, parts, user, place)
    return await thumbnail_response(request, images, middle)


@router.get("/patients")
def list_patients(
    parts: Parts,
    user: CurrentUser,
    q: Annotated[Text, Query(max_length=100)] = "",
    limit: Limit = PAGE,
) -> list[PatientWithStudiesOut]:
    """The first patients of the own institution, by name, in whose name or number the words of `q` stand."""
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
            for patient, count in parts.studies.patients_of(connection, user.institution.id, q, limit)
        ]
