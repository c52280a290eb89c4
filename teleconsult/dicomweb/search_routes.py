"""QIDO-RS (PS3.18 10.6): studies, series and instances that the caller may see."""

from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request, Response
from pydicom import Dataset
from sqlalchemy import ColumnElement, Row, func, select
from starlette.concurrency import run_in_threadpool

from imaging.errors import DicomError, InstanceNotFound
from imaging.orthanc_streams import in_order
from imaging.parsing import header_of
from storage.tables import instances, patients, series, studies
from teleconsult.dependencies import CurrentUser, Now, Parts, PartsOfApp
from teleconsult.dicomweb.accept import DICOM_JSON, wanted_by
from teleconsult.dicomweb.contents import IN_ARCHIVE, note_viewing
from teleconsult.dicomweb.images_out import Images, ImagesOut
from teleconsult.dicomweb.json_model import all_json, dicom_json
from teleconsult.dicomweb.search import (
    INSTANCE,
    RETURNED,
    SERIES,
    STUDY,
    Search,
    parse_search,
)
from teleconsult.errors import NotAcceptable, SearchNotUnderstood
from teleconsult.users.user import User

router = APIRouter()

MOST_STUDIES_OF_ARCHIVE = 10_000
NO_FUZZY = (
    '299 teleconsult "The fuzzymatching parameter is not supported. '
    'Only literal matching has been performed."'
)
MORE = '299 teleconsult "There are additional results that can be requested with offset."'


@router.get("/studies")
async def search_studies(
    request: Request, parts: Parts, images: Images, user: CurrentUser, now: Now
) -> Response:
    return await _search(STUDY, None, None, request, parts, images, user, now)


@router.get("/series")
async def search_all_series(
    request: Request, parts: Parts, images: Images, user: CurrentUser, now: Now
) -> Response:
    return await _search(SERIES, None, None, request, parts, images, user, now)


@router.get("/studies/{study}/series")
async def search_series(
    study: str, request: Request, parts: Parts, images: Images, user: CurrentUser, now: Now
) -> Response:
    return await _search(SERIES, study, None, request, parts, images, user, now)


@router.get("/instances")
async def search_all_instances(
    request: Request, parts: Parts, images: Images, user: CurrentUser, now: Now
) -> Response:
    return await _search(INSTANCE, None, None, request, parts, images, user, now)


@router.get("/studies/{study}/instances")
async def search_instances_of_study(
    study: str, request: Request, parts: Parts, images: Images, user: CurrentUser, now: Now
) -> Response:
    return await _search(INSTANCE, study, None, request, parts, images, user, now)


@router.get("/studies/{study}/series/{series_uid}/instances")
async def search_instances(
    study: str, series_uid: str, request: Request, parts: Parts, images: Images, user: CurrentUser, now: Now
) -> Response:
    return await _search(INSTANCE, study, series_uid, request, parts, images, user, now)


async def _search(
    level: int,
    study: str | None,
    series_uid: str | None,
    request: Request,
    parts: PartsOfApp,
    images: ImagesOut,
    user: User,
    now: Now,
) -> Response:
    if not any(want.takes(one) for want in wanted_by(request) for one in (DICOM_JSON, "application/json")):
        raise NotAcceptable
    search = parse_search(level, request.query_params.multi_items())
    within: list[ColumnElement[bool]] = []
    if study is not None:
        within.append(studies.c.study_instance_uid == study)
    if series_uid is not None:
        within.append(series.c.series_instance_uid == series_uid)
    if search.by_archive:
        found = await images.streams.find_studies(dict(search.by_archive))
        if len(found) > MOST_STUDIES_OF_ARCHIVE:
            raise SearchNotUnderstood("too many studies match; please ask for fewer")
        within.append(studies.c.study_instance_uid.in_(found))
    rows, members = await run_in_threadpool(_find, parts, user, search, within, study)
    if study is not None:
        await run_in_threadpool(note_viewing, parts, images.viewings, user, study, now)
    page = rows[: search.limit]
    from_level = STUDY if study is None else SERIES if series_uid is None and level > STUDY else level
    base = f"{request.base_url}dicom-web/studies"
    content = await _answers(images, search, page, members, from_level, base)
    warnings = [NO_FUZZY] if search.asks_for_fuzzy_matching else []
    warnings += [MORE] if len(rows) > search.limit else []
    headers = {"Warning": ", ".join(warnings)} if warnings else {}
    return Response(content, media_type=DICOM_JSON, headers=headers)


def _find(
    parts: PartsOfApp,
    user: User,
    search: Search,
    within: Sequence[ColumnElement[bool]],
    study: str | None,
) -> tuple[list[Row[Any]], dict[str, list[Row[Any]]]]:
    """The rows of one page and one more, and the series of their studies with counts."""
    columns: list[Any] = [studies, patients.c.patient_id.label("mrn")]
    tables: Any = studies.join(patients, studies.c.patient_id == patients.c.id)
    order: list[Any] = [studies.c.received_at.desc(), studies.c.study_instance_uid]
    if search.level >= SERIES:
        columns += [series.c.series_instance_uid]
        tables = tables.join(series, series.c.study_instance_uid == studies.c.study_instance_uid)
        order += [series.c.series_number, series.c.series_instance_uid]
    if search.level >= INSTANCE:
        columns += [instances.c.sop_instance_uid, instances.c.sop_class_uid, instances.c.orthanc_id]
        tables = tables.join(instances, instances.c.series_instance_uid == series.c.series_instance_uid)
        order += [instances.c.instance_number, instances.c.sop_instance_uid]
    with parts.database.reading() as connection:
        if study is not None:
            parts.studies.get_for(connection, study, user)
        query = (
            select(*columns)
            .select_from(tables)
            .where(parts.studies.visible(user), *within, *search.conditions)
            .order_by(*order)
            .limit(search.limit + 1)
            .offset(search.offset)
        )
        rows = list(connection.execute(query))
        members: dict[str, list[Row[Any]]] = {}
        for row in connection.execute(
            select(
                series.c.study_instance_uid,
                series.c.series_instance_uid,
                series.c.modality,
                func.count().label("count"),
                func.min(instances.c.orthanc_id).label("orthanc_id"),
            )
            .join(instances, instances.c.series_instance_uid == series.c.series_instance_uid)
            .where(series.c.study_instance_uid.in_({row.study_instance_uid for row in rows}))
            .group_by(series.c.study_instance_uid, series.c.series_instance_uid, series.c.modality)
        ):
            members.setdefault(row.study_instance_uid, []).append(row)
    return rows, members


async def _answers(
    images: ImagesOut,
    search: Search,
    rows: Sequence[Row[Any]],
    members: dict[str, list[Row[Any]]],
    from_level: int,
    base: str,
) -> bytes:
    """Each row with what the header of one of its instances adds."""

    async def header(row: Row[Any]) -> Dataset:
        orthanc_id = _one_of(row, search.level, members)
        try:
            content = await images.streams.header_bytes(orthanc_id) if orthanc_id else b""
            return await run_in_threadpool(header_of, content)
        except (DicomError, InstanceNotFound):
            return Dataset()  # our rows alone answer

    answers = []
    async with aclosing(in_order(header, rows)) as headers:
        for row in rows:
            ds = _answer(search, row, members, from_level, await anext(headers), base)
            answers.append(dicom_json(ds))
    return all_json(answers)


def _one_of(row: Row[Any], level: int, members: dict[str, list[Row[Any]]]) -> str | None:
    if level == INSTANCE:
        return str(row.orthanc_id)
    for one in members.get(row.study_instance_uid, []):
        if level == STUDY or one.series_instance_uid == row.series_instance_uid:
            return str(one.orthanc_id)
    return None


def _answer(
    search: Search,
    row: Row[Any],
    members: dict[str, list[Row[Any]]],
    from_level: int,
    header: Dataset,
    base: str,
) -> Dataset:
    ds = Dataset()
    if search.fields is None:
        ds.update(header)
    ds.SpecificCharacterSet = "ISO_IR 192"
    always = [keyword for level in range(from_level, search.level + 1) for keyword in RETURNED[level]]
    for keyword in (*always, *(search.fields or ())):
        if keyword in header:
            ds.add(header[keyword])
        elif keyword in always:
            setattr(ds, keyword, None)
    ds.InstanceAvailability = "ONLINE" if row.tier == IN_ARCHIVE else "NEARLINE"
    ds.StudyInstanceUID = row.study_instance_uid
    url = f"{base}/{row.study_instance_uid}"
    siblings = members.get(row.study_instance_uid, [])
    if from_level == STUDY:
        if not row.mrn.startswith("?"):
            ds.PatientID = row.mrn
        ds.ModalitiesInStudy = sorted({one.modality for one in siblings})
        ds.NumberOfStudyRelatedSeries = len(siblings)
        ds.NumberOfStudyRelatedInstances = sum(one.count for one in siblings)
    if search.level >= SERIES:
        ds.SeriesInstanceUID = row.series_instance_uid
        url += f"/series/{row.series_instance_uid}"
        if from_level <= SERIES:
            ds.NumberOfSeriesRelatedInstances = sum(
                one.count for one in siblings if one.series_instance_uid == row.series_instance_uid
            )
    if search.level >= INSTANCE:
        ds.SOPClassUID, ds.SOPInstanceUID = row.sop_class_uid, row.sop_instance_uid
        url += f"/instances/{row.sop_instance_uid}"
    ds.RetrieveURL = url
    return ds
