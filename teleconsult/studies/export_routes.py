"""A study or series as a zip of its files, as the archive holds them."""

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from imaging.orthanc_streams import Chunk, OrthancStreams
from teleconsult.dependencies import FRESH, CurrentUser, Now, Parts
from teleconsult.dicomweb.contents import Place, StoredSeries, note_export, stored_series
from teleconsult.dicomweb.images_out import Images
from teleconsult.dicomweb.responses import Streamed, begun
from teleconsult.studies.repository import InstanceRecord
from teleconsult.studies.zip_stream import ZipStream, zip_length

router = APIRouter(prefix="/api", tags=["studies"])
AS_ZIP: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": {}}}}


@router.get(
    "/studies/{study_instance_uid}/archive.zip",
    response_class=Response,
    responses=AS_ZIP,
    dependencies=[FRESH],
)
async def download_study(
    study_instance_uid: str, parts: Parts, images: Images, user: CurrentUser, now: Now
) -> Response:
    """Every file of the study, byte for byte, in a folder for each series. Written to the audit log."""
    return await _archive(Place(study_instance_uid), parts, images, user, now)


@router.get(
    "/studies/{study_instance_uid}/series/{series_instance_uid}/archive.zip",
    response_class=Response,
    responses=AS_ZIP,
    dependencies=[FRESH],
)
async def download_series(
    study_instance_uid: str,
    series_instance_uid: str,
    parts: Parts,
    images: Images,
    user: CurrentUser,
    now: Now,
) -> Response:
    """Every file of one series, as above."""
    return await _archive(Place(study_instance_uid, series_instance_uid), parts, images, user, now)


async def _archive(place: Place, parts: Parts, images: Images, user: CurrentUser, now: datetime) -> Response:
    study, found = await run_in_threadpool(stored_series, parts, images.viewings, user, place, now)
    root = folder_name("study", study.study_date or "", study.study_instance_uid[-8:])
    files = [(f"{root}/{name}", instance) for name, instance in file_names(found)]
    body = await begun(_zipped(images.streams, files, now))
    await run_in_threadpool(note_export, parts, user, place, "zip", len(files), now)
    sizes = [(name, instance.size_bytes or 0) for name, instance in files]
    return Streamed(
        body,
        media_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="{root}.zip"',
            "Cache-Control": "no-store",
        },
        length=zip_length(sizes) if all(instance.size_bytes for _, instance in files) else None,
    )


def file_names(found: Sequence[StoredSeries]) -> list[tuple[str, InstanceRecord]]:
    """Names in ASCII that say what lies where and nothing about the patient.

    Returns:
        (folder/file, instance): series by number, files in slice order.
    """
    names = []
    for place, one in enumerate(found, start=1):
        folder = folder_name(f"{place:03d}", one.modality, f"series-{one.series_number or 0}")
        names += [
            (f"{folder}/{number:05d}.dcm", instance)
            for number, instance in enumerate(one.instances, start=1)
        ]
    return names


def folder_name(*parts: str) -> str:
    """The parts that hold something, joined; all but ASCII letters and digits becomes dashes."""
    return "-".join(filter(None, (re.sub(r"[^A-Za-z0-9]+", "-", part).strip("-") for part in parts)))


async def _zipped(
    streams: OrthancStreams, files: Sequence[tuple[str, InstanceRecord]], at: datetime
) -> AsyncGenerator[Chunk, None]:
    archive = ZipStream(at)
    names = iter(files)
    async with aclosing(streams.files(instance.orthanc_id for _, instance in files)) as archived:
        async for file in archived:
            yield archive.header(next(names)[0], file.size_bytes, file.crc32)
            async for chunk in file.chunks():
                yield chunk
    yield archive.end()
