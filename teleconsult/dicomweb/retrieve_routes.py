"""WADO-RS (PS3.18 10.4): studies, series, instances, and their metadata."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from imaging.orthanc_streams import Chunk, in_order
from imaging.parsing import header_of
from teleconsult.dependencies import CurrentUser, Now, Parts, PartsOfApp
from teleconsult.dicomweb.accept import DICOM, DICOM_JSON, wanted_by
from teleconsult.dicomweb.contents import (
    Place,
    StoredSeries,
    every_instance,
    note_export,
    one_instance,
    stored_series,
)
from teleconsult.dicomweb.images_out import Images, ImagesOut
from teleconsult.dicomweb.json_model import dicom_json, one_json
from teleconsult.dicomweb.multipart import MultipartWriter
from teleconsult.dicomweb.represent import FileForm, file_form, represented
from teleconsult.dicomweb.responses import IMMUTABLE, Streamed, begun, instance_file_response
from teleconsult.errors import NotAcceptable
from teleconsult.studies.repository import InstanceRecord
from teleconsult.users.user import User

router = APIRouter()

STUDY = "/studies/{study}"
SERIES = STUDY + "/series/{series}"
INSTANCE = SERIES + "/instances/{instance}"
NOT_KEPT = {"Cache-Control": "no-store"}  # more slices may come


@router.get(STUDY)
async def retrieve_study(
    study: str, request: Request, parts: Parts, images: Images, user: CurrentUser, now: Now
) -> Response:
    return await _copies(Place(study), request, parts, images, user, now)


@router.get(SERIES)
async def retrieve_series(
    study: str, series: str, request: Request, parts: Parts, images: Images, user: CurrentUser, now: Now
) -> Response:
    return await _copies(Place(study, series), request, parts, images, user, now)


@router.api_route(INSTANCE, methods=["GET", "HEAD"])
async def retrieve_instance(
    study: str,
    series: str,
    instance: str,
    request: Request,
    parts: Parts,
    images: Images,
    user: CurrentUser,
    now: Now,
) -> Response:
    """In multipart/related; where `application/dicom` alone is asked for, the file itself, also in ranges."""
    place = Place(study, series, instance)
    record = await one_instance(parts, images.viewings, user, place, now)
    form = file_form(wanted_by(request), single_is_possible=True)
    if form.multipart:
        return await _multipart(images, [record], form, IMMUTABLE)
    if form.needs_no_look:
        return await instance_file_response(request, images.streams, record)
    file = await images.streams.file(record.orthanc_id)
    try:
        _, content = await represented(images, record, file, form)
    finally:
        file.close()
    if content is None:
        return await instance_file_response(request, images.streams, record)
    return Response(content, media_type=DICOM, headers=IMMUTABLE)


@router.get(STUDY + "/metadata")
async def study_metadata(
    study: str, request: Request, parts: Parts, images: Images, user: CurrentUser, now: Now
) -> Response:
    return await _metadata(Place(study), request, parts, images, user, now)


@router.get(SERIES + "/metadata")
async def series_metadata(
    study: str, series: str, request: Request, parts: Parts, images: Images, user: CurrentUser, now: Now
) -> Response:
    return await _metadata(Place(study, series), request, parts, images, user, now)


@router.get(INSTANCE + "/metadata")
async def instance_metadata(
    study: str,
    series: str,
    instance: str,
    request: Request,
    parts: Parts,
    images: Images,
    user: CurrentUser,
    now: Now,
) -> Response:
    return await _metadata(Place(study, series, instance), request, parts, images, user, now)


async def _copies(
    place: Place, request: Request, parts: PartsOfApp, images: ImagesOut, user: User, now: Now
) -> Response:
    """Every file in the place, in multipart/related, once the audit log says that it leaves."""
    _, found = await run_in_threadpool(stored_series, parts, images.viewings, user, place, now)
    form = file_form(wanted_by(request), single_is_possible=False)
    instances = every_instance(found)
    response = await _multipart(images, instances, form, NOT_KEPT)
    await run_in_threadpool(note_export, parts, user, place, "dicomweb", len(instances), now)
    return response


async def _multipart(
    images: ImagesOut, instances: Sequence[InstanceRecord], form: FileForm, headers: dict[str, str]
) -> Response:
    writer = MultipartWriter(DICOM)
    body = await begun(_file_parts(images, instances, form, writer))
    return Streamed(body, media_type=writer.media_type, headers=headers)


async def _file_parts(
    images: ImagesOut, instances: Sequence[InstanceRecord], form: FileForm, writer: MultipartWriter
) -> AsyncGenerator[Chunk, None]:
    records = iter(instances)
    async with aclosing(images.streams.files(record.orthanc_id for record in instances)) as files:
        async for file in files:
            syntax, content = await represented(images, next(records), file, form)
            yield writer.part({"Content-Type": f"{DICOM}; transfer-syntax={syntax}"})
            if content is not None:
                yield content
                continue
            async for chunk in file.chunks():
                yield chunk
    yield writer.end()


async def _metadata(
    place: Place, request: Request, parts: PartsOfApp, images: ImagesOut, user: User, now: Now
) -> Response:
    """The headers as DICOM JSON, one after the other as they are read."""
    _, found = await run_in_threadpool(stored_series, parts, images.viewings, user, place, now)
    json_types = (DICOM_JSON, "application/json")
    if not any(want.takes(one) for want in wanted_by(request) for one in json_types):
        raise NotAcceptable
    base = f"{request.base_url}dicom-web/studies/{place.study}"
    body = await begun(_headers(images, found, base))
    return Streamed(body, media_type=DICOM_JSON, headers=NOT_KEPT)


async def _headers(
    images: ImagesOut, found: Sequence[StoredSeries], base: str
) -> AsyncGenerator[Chunk, None]:
    addresses = [
        f"{base}/series/{one.series_instance_uid}/instances/{instance.sop_instance_uid}/bulkdata"
        for one in found
        for instance in one.instances
    ]
    ids = [instance.orthanc_id for instance in every_instance(found)]
    before = b"["
    async with aclosing(in_order(images.streams.header_bytes, ids)) as headers:
        place = 0
        async for content in headers:
            yield before + await run_in_threadpool(_header_json, content, addresses[place])
            before, place = b",", place + 1
    yield b"]"


def _header_json(content: bytes, bulk_url: str) -> bytes:
    return one_json(dicom_json(header_of(content), bulk_url, has_pixels=True))
