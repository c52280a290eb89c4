"""STOW-RS (PS3.18 10.5): DICOM files of hospital systems come in by the same door as uploads."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from imaging.errors import PacsUnavailable
from imaging.intake import IntakeFile, read_instance
from teleconsult import access
from teleconsult.dependencies import CurrentUser, Now, Parts, PartsOfApp
from teleconsult.dicomweb.accept import DICOM, DICOM_JSON
from teleconsult.dicomweb.json_model import one_json
from teleconsult.dicomweb.multipart import (
    MultipartBroken,
    MultipartReader,
    PartBegins,
    PartContent,
    boundary_of,
)
from teleconsult.dicomweb.store_answer import (
    OTHER_STUDY,
    OUT_OF_RESOURCES,
    PartResult,
    answer,
    status_of,
)
from teleconsult.errors import NotAllowed, NotMultipart, UploadIncomplete, UploadTooLarge
from teleconsult.request_body import LIMITED_BY_ROUTE
from teleconsult.studies.arrival import studies_of
from teleconsult.studies.registration import Arrival
from teleconsult.uploads.receive import receive_one
from teleconsult.uploads.repository import Upload
from teleconsult.users.user import User

router = APIRouter()

MOST_PARTS = 20_000
UNDER_WAY = 4  # parts that are checked and stored while the next ones arrive
LARGE_BYTES = 64 << 20
# Files are held in memory whole while they are checked: of large ones, one at a time.
_large_files = asyncio.Semaphore(1)


@router.post("/studies", max_body_size=LIMITED_BY_ROUTE)
async def store_instances(request: Request, parts: Parts, user: CurrentUser, now: Now) -> Response:
    return await _store(None, request, parts, user, now)


@router.post("/studies/{study}", max_body_size=LIMITED_BY_ROUTE)
async def store_instances_of_study(
    study: str, request: Request, parts: Parts, user: CurrentUser, now: Now
) -> Response:
    """As above; instances of another study are refused one by one."""
    return await _store(study, request, parts, user, now)


@dataclass(frozen=True, slots=True)
class _Sender:
    """Where the parts of one request go."""

    parts: PartsOfApp
    upload: Upload
    arrival: Arrival
    study: str | None


async def _store(study: str | None, request: Request, parts: PartsOfApp, user: User, now: Now) -> Response:
    if not access.may_upload(user):
        raise NotAllowed
    try:
        part_type, boundary = boundary_of(request.headers.get("content-type", ""))
        reader = MultipartReader(boundary)
    except MultipartBroken as error:
        raise NotMultipart from error
    if part_type != DICOM:
        raise NotMultipart
    await run_in_threadpool(parts.pacs.ping)
    upload = await run_in_threadpool(_open, parts, user, now)
    sender = _Sender(parts, upload, Arrival(user.institution.id, user.id, now), study)
    folder = Path(tempfile.mkdtemp(prefix="stow-", dir=parts.settings.data_folder))
    try:
        results = await _receive_all(request, reader, folder, sender)
    finally:
        await run_in_threadpool(shutil.rmtree, folder)
        await run_in_threadpool(_close, parts, upload, now)
    if not results:
        raise NotMultipart
    if all(one.failure == OUT_OF_RESOURCES for one in results):
        raise PacsUnavailable("none could be stored")
    arrived = studies_of(
        one.result.study_instance_uid
        for one in results
        if one.is_stored and one.result and not one.result.already_present
    )
    for uid in arrived:
        await run_in_threadpool(parts.publish, {"type": "study-changed", "study_instance_uid": uid})
    studies_url = f"{request.base_url}dicom-web/studies"
    body = answer(results, studies_url, f"{studies_url}/{study}" if study else None)
    return Response(one_json(body), status_code=status_of(results), media_type=DICOM_JSON)


def _open(parts: PartsOfApp, user: User, now: Now) -> Upload:
    with parts.database.transaction() as connection:
        return parts.uploads.add(connection, user.institution.id, now, source="stow-rs", user_id=user.id)


def _close(parts: PartsOfApp, upload: Upload, now: Now) -> None:
    """Nothing more comes in this request; whether the study is whole, quiet time tells."""
    with parts.database.transaction() as connection:
        parts.uploads.complete(connection, upload.id, now)


async def _receive_all(
    request: Request, reader: MultipartReader, folder: Path, sender: _Sender
) -> list[PartResult]:
    """Receive parts while the next ones arrive; the results stand in the order of the parts."""
    receiving: list[asyncio.Task[PartResult]] = []
    free = asyncio.Semaphore(UNDER_WAY)

    async def receive(path: Path) -> PartResult:
        try:
            if path.stat().st_size < LARGE_BYTES:
                return await run_in_threadpool(_receive, sender, path)
            async with _large_files:
                return await run_in_threadpool(_receive, sender, path)
        finally:
            free.release()

    try:
        async for path in _parts_on_disk(request, reader, folder, sender.parts.settings.max_upload_bytes):
            await free.acquire()
            receiving.append(asyncio.create_task(receive(path)))
        return await asyncio.gather(*receiving)
    except BaseException:
        # What the archive has been handed is finished; a sender that heard nothing sends again.
        await asyncio.gather(*receiving, return_exceptions=True)
        raise


async def _parts_on_disk(
    request: Request, reader: MultipartReader, folder: Path, limit_bytes: int
) -> AsyncGenerator[Path, None]:
    """Yield each part as a file once it is whole. Raises UploadIncomplete, UploadTooLarge, NotMultipart."""
    size_bytes = count = 0
    file: IO[bytes] | None = None
    path = folder
    try:
        async for chunk in request.stream():
            size_bytes += len(chunk)
            if size_bytes > limit_bytes:
                raise UploadTooLarge
            for event in reader.feed(chunk):
                if isinstance(event, PartBegins):
                    count += 1
                    if count > MOST_PARTS:
                        raise UploadTooLarge
                    path = folder / f"{count:05d}"
                    file = path.open("wb")
                elif isinstance(event, PartContent):
                    assert file is not None
                    file.write(event.content)
                else:
                    assert file is not None
                    file.close()
                    file = None
                    yield path
    except ClientDisconnect as error:
        raise UploadIncomplete from error
    except MultipartBroken as error:
        raise NotMultipart from error
    finally:
        if file is not None:
            file.close()
    if not reader.is_complete:
        raise UploadIncomplete


def _receive(sender: _Sender, path: Path) -> PartResult:
    name = f"part-{path.name}"
    named: tuple[str | None, str | None] = (None, None)
    try:
        file = read_instance(name, path.read_bytes())
        named = _named(file)
        if sender.study and file.header is not None and str(file.header.StudyInstanceUID) != sender.study:
            return PartResult(None, *named, failure=OTHER_STUDY)
        result = receive_one(sender.parts, sender.upload, name, file, sender.arrival)
        return PartResult(result, *named)
    except PacsUnavailable:
        return PartResult(None, *named, failure=OUT_OF_RESOURCES)
    finally:
        path.unlink()


def _named(file: IntakeFile) -> tuple[str | None, str | None]:
    """SOP class and instance, as far as the file could be read."""
    if file.header is None:
        return None, None
    return str(file.header.SOPClassUID), str(file.header.SOPInstanceUID)
