"""Uploading: open, say what there is, send what is missing, complete."""

import asyncio
import hashlib
import logging
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, BackgroundTasks, Depends, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from imaging.errors import NotRestored, PacsUnavailable
from imaging.intake import IntakeFile, read_instance
from imaging.reasons import reason
from imaging.transport_coding import CODINGS, restore
from teleconsult import access
from teleconsult.dependencies import CurrentUser, Now, Parts, PartsOfApp
from teleconsult.errors import (
    DigestMismatch,
    NotAllowed,
    StudyOfAnotherPatient,
    UploadClosed,
    UploadTooLarge,
)
from teleconsult.problems import problem_for, sentence
from teleconsult.request_body import LIMITED_BY_ROUTE, body_chunks, read_body
from teleconsult.studies.arrival import assess_and_queue, studies_of
from teleconsult.studies.registration import Arrival
from teleconsult.studies.schemas import Sentence, studies_out
from teleconsult.text import visible
from teleconsult.uploads.batch import MAX_BATCH_BYTES, frames
from teleconsult.uploads.chunks import (
    CHUNK_BYTES,
    CHUNK_FROM_BYTES,
    discard_chunks,
    keep_chunk,
    put_together,
)
from teleconsult.uploads.hands import hands
from teleconsult.uploads.manifest import compare
from teleconsult.uploads.receive import receive_all, receive_file
from teleconsult.uploads.repository import FileResult, Upload
from teleconsult.uploads.schemas import (
    AssemblyIn,
    BatchOut,
    FileResultOut,
    FilesOut,
    ManifestIn,
    ManifestOut,
    Sha256,
    StudyProgressOut,
    UploadIn,
    UploadOut,
    UploadStartedOut,
)
from teleconsult.users.user import User

router = APIRouter(prefix="/api/uploads", tags=["uploads"])
log = logging.getLogger(__name__)

# A coded body may be a little longer than the file, where nothing can be saved.
MAX_BODY_BYTES = CHUNK_FROM_BYTES + (1 << 20)
# Files that are put together are held in memory whole: one at a time.
_large_files = asyncio.Semaphore(1)
WHILE_NOT_BUSY = [Depends(hands.refuse_when_busy)]
FilePath = Annotated[str, Header(alias="x-file-path", max_length=4000)]


@router.post("", status_code=201)
def open_upload(body: UploadIn, parts: Parts, user: CurrentUser, now: Now) -> UploadStartedOut:
    """Open an upload; with `consult_id`, what arrives joins that consult while it runs."""
    if not access.may_upload(user):
        raise NotAllowed
    with parts.database.transaction() as connection:
        if body.consult_id:
            parts.consults.get_for(connection, body.consult_id, user)
        upload = parts.uploads.add(
            connection,
            user.institution.id,
            now,
            source="browser",
            user_id=user.id,
            consult_id=body.consult_id,
        )
    return UploadStartedOut(
        upload_id=upload.id,
        chunk_from_bytes=CHUNK_FROM_BYTES,
        chunk_bytes=CHUNK_BYTES,
        codings=list(CODINGS),
    )


@router.get("")
def list_uploads(
    parts: Parts, user: CurrentUser, limit: Annotated[int, Query(ge=1, le=50)] = 10
) -> list[UploadOut]:
    """The caller's own uploads, newest first: what of each is safe in the archive."""
    with parts.database.reading() as connection:
        recent = parts.uploads.recent_of(connection, user.id, limit)
    return [_upload_out(parts, upload.id, user, []) for upload in recent]


@router.post("/{upload_id}/manifest")
def send_manifest(
    upload_id: str, body: ManifestIn, parts: Parts, user: CurrentUser, now: Now
) -> ManifestOut:
    """Say what there is; the answer is what of it is missing. May be called as often as files are hashed."""
    upload = _open_upload_of(parts, upload_id, user)
    present, missing, missing_chunks = compare(parts, upload, body, now)
    return ManifestOut(
        present=[FileResultOut.of(result) for result in present],
        missing=missing,
        missing_chunks=missing_chunks,
    )


@router.put("/{upload_id}/instances/{sha256}", max_body_size=LIMITED_BY_ROUTE, dependencies=WHILE_NOT_BUSY)
async def send_instance(
    upload_id: str,
    sha256: Sha256,
    request: Request,
    parts: Parts,
    user: CurrentUser,
    now: Now,
    x_file_path: FilePath,
    x_content_coding: Annotated[str, Header(max_length=16)] = "identity",
) -> FileResultOut:
    """One file, as it is or coded for the way; answered when the archive has it on its disk.

    Sending the same file again, after an answer was lost, gives the same answer.
    """
    body = await read_body(request, MAX_BODY_BYTES)
    return await hands.run(
        _receive_instance, parts, upload_id, sha256, body, x_content_coding, _shown(x_file_path), user, now
    )


@router.post("/{upload_id}/instances", max_body_size=LIMITED_BY_ROUTE, dependencies=WHILE_NOT_BUSY)
async def send_instances(
    upload_id: str, request: Request, parts: Parts, user: CurrentUser, now: Now
) -> BatchOut:
    """Several files in one body, framed as `teleconsult.uploads.batch` says; answered file by file."""
    body = await read_body(request, MAX_BATCH_BYTES)
    return await hands.run(_receive_batch, parts, upload_id, body, user, now)


@router.put(
    "/chunks/{sha256}",
    status_code=204,
    response_class=Response,
    max_body_size=LIMITED_BY_ROUTE,
    dependencies=WHILE_NOT_BUSY,
)
async def send_chunk(sha256: Sha256, request: Request, parts: Parts, user: CurrentUser, now: Now) -> None:
    """One part of a large file."""
    if not access.may_upload(user):
        raise NotAllowed
    content = await read_body(request, CHUNK_BYTES)
    await hands.run(keep_chunk, parts, user.institution.id, sha256, content, now)


@router.post("/{upload_id}/instances/{sha256}/assembly")
async def assemble_instance(
    upload_id: str, sha256: Sha256, body: AssemblyIn, parts: Parts, user: CurrentUser, now: Now
) -> FileResultOut:
    """Put a large file together from its parts; a 409 names the parts that are missing."""
    if body.size_bytes > parts.settings.max_upload_bytes:
        raise UploadTooLarge
    async with _large_files:
        return await hands.run(_assemble, parts, upload_id, sha256, body, user, now)


@router.post("/{upload_id}/files", max_body_size=LIMITED_BY_ROUTE, dependencies=WHILE_NOT_BUSY)
async def send_file(
    upload_id: str, request: Request, parts: Parts, user: CurrentUser, now: Now, x_file_path: FilePath
) -> FilesOut:
    """The body is one file as it lies on the sender's disk: a DICOM file, or a zip of them."""
    upload = await run_in_threadpool(_open_upload_of, parts, upload_id, user)
    folder = Path(tempfile.mkdtemp(prefix="upload-", dir=parts.settings.data_folder))
    try:
        received = folder / "received"
        await _write_body(request, received, parts.settings.max_upload_bytes)
        arrival = Arrival(user.institution.id, user.id, now)
        results = await hands.run(
            receive_file, parts, upload, _shown(x_file_path), received, arrival
        )
    finally:
        await run_in_threadpool(shutil.rmtree, folder)
    for uid in studies_of(result.study_instance_uid for result in results if not result.already_present):
        await run_in_threadpool(parts.publish, {"type": "study-changed", "study_instance_uid": uid})
    return FilesOut(files=[FileResultOut.of(result) for result in results])


@router.post("/{upload_id}/complete")
def complete_upload(
    upload_id: str, parts: Parts, user: CurrentUser, now: Now, afterwards: BackgroundTasks
) -> UploadOut:
    """Everything was sent: after the answer each series is judged, and the AI begins. Again does no harm."""
    with parts.database.transaction() as connection:
        upload = parts.uploads.get_for(connection, upload_id, user.id)
        parts.uploads.complete(connection, upload_id, now)
        files = parts.uploads.files(connection, upload_id)
    uids = studies_of(file.study_instance_uid for file in files)
    notices = []
    for uid in uids:
        if upload.consult_id:
            notices += _join_consult(parts, upload.consult_id, uid, user, now)
        afterwards.add_task(_assess, parts, uid, now)
    return _upload_out(parts, upload_id, user, notices)


def _assess(parts: PartsOfApp, study_instance_uid: str, at: datetime) -> None:
    """What is not reached here, the application does by itself once the study is quiet."""
    try:
        assess_and_queue(parts, study_instance_uid, at)
    except PacsUnavailable:
        log.warning("assessment-put-off study_instance_uid=%s", study_instance_uid)


@router.get("/{upload_id}")
def read_upload(upload_id: str, parts: Parts, user: CurrentUser) -> UploadOut:
    return _upload_out(parts, upload_id, user, [])


def _open_upload_of(parts: PartsOfApp, upload_id: str, user: User) -> Upload:
    with parts.database.reading() as connection:
        upload = parts.uploads.get_for(connection, upload_id, user.id)
    if upload.completed_at:
        raise UploadClosed
    return upload


def _receive_instance(
    parts: PartsOfApp,
    upload_id: str,
    sha256: str,
    body: bytes,
    coding: str,
    path: str,
    user: User,
    now: Now,
) -> FileResultOut:
    upload = _open_upload_of(parts, upload_id, user)
    content = _restored(coding, body, sha256)
    (result,) = _receive(parts, upload, [read_instance(path, content, sha256=sha256)], user, now)
    return FileResultOut.of(result)


def _receive_batch(parts: PartsOfApp, upload_id: str, body: bytes, user: User, now: Now) -> BatchOut:
    upload = _open_upload_of(parts, upload_id, user)
    files, mismatched = [], []
    for frame in frames(body):
        header = frame.header
        try:
            content = _restored(header.coding, frame.body, header.sha256)
        except DigestMismatch:
            mismatched.append(header.sha256)
        else:
            files.append(read_instance(_shown(header.path), content, sha256=header.sha256))
    results = _receive(parts, upload, files, user, now)
    return BatchOut(files=[FileResultOut.of(result) for result in results], mismatched=mismatched)


def _restored(coding: str, body: bytes, sha256: str) -> bytes:
    """The file that was sent. Raises DigestMismatch where it is not the one that was named."""
    try:
        content = restore(coding, body, MAX_BODY_BYTES)
    except NotRestored as error:
        raise DigestMismatch from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise DigestMismatch
    return content


def _assemble(
    parts: PartsOfApp, upload_id: str, sha256: str, body: AssemblyIn, user: User, now: Now
) -> FileResultOut:
    upload = _open_upload_of(parts, upload_id, user)
    content = put_together(parts, user.institution.id, sha256, body.chunks, body.size_bytes)
    file = read_instance(_shown(body.path), content, sha256=sha256)
    (result,) = _receive(parts, upload, [file], user, now)
    discard_chunks(parts, user.institution.id, body.chunks)
    return FileResultOut.of(result)


def _receive(
    parts: PartsOfApp, upload: Upload, files: Sequence[IntakeFile], user: User, now: Now
) -> list[FileResult]:
    """Results in order; a file that this upload has answered before gets the same answer."""
    with parts.database.reading() as connection:
        digests = [file.sha256 for file in files if file.sha256]
        told = parts.uploads.known_files(connection, upload.id, digests)
    new = [file for file in files if not _is_told(file, told)]
    received = iter(receive_all(parts, upload, new, Arrival(user.institution.id, user.id, now)))
    results = [told[file.sha256 or ""] if _is_told(file, told) else next(received) for file in files]
    for uid in studies_of(result.study_instance_uid for result in results if not result.already_present):
        parts.publish({"type": "study-changed", "study_instance_uid": uid})
    return results


def _is_told(file: IntakeFile, told: Mapping[str, FileResult]) -> bool:
    known = told.get(file.sha256 or "")
    return known is not None and known.path == file.path


async def _write_body(request: Request, target: Path, limit_bytes: int) -> None:
    with target.open("wb") as file:
        async for chunk in body_chunks(request, limit_bytes):
            file.write(chunk)


def _shown(path: str) -> str:
    return visible(unquote(path)).replace("\\", "/").lstrip("/")[:1000] or "file"


def _join_consult(
    parts: PartsOfApp, consult_id: str, study_instance_uid: str, user: User, now: Now
) -> list[Sentence]:
    """Add the study to the consult it was sent for; another patient's is kept out, with a sentence."""
    with parts.database.transaction() as connection:
        consult = parts.consults.get_for(connection, consult_id, user)
        study = parts.studies.get_for(connection, study_instance_uid, user)
        if study.patient.id != consult.patient_id:
            error = StudyOfAnotherPatient()
            return [Sentence(**sentence(problem_for(error), error))]
        parts.consults.add_study(connection, consult_id, study_instance_uid, now)
    parts.publish({"type": "consult-changed", "consult_id": consult_id})
    return []


def _upload_out(parts: PartsOfApp, upload_id: str, user: User, notices: list[Sentence]) -> UploadOut:
    with parts.database.reading() as connection:
        upload = parts.uploads.get_for(connection, upload_id, user.id)
        files = parts.uploads.files(connection, upload_id)
        counts = parts.uploads.study_counts(connection, upload_id)
        uids = studies_of(file.study_instance_uid for file in files)
        studies = parts.studies.visible_to(connection, user, only=uids)
        patients = {study.patient.id for study in studies}
        if len(patients) > 1:
            said = reason("several-patients-in-drop", count=len(patients))
            notices = [*notices, Sentence(code=said.code, en=said.en, zh=said.zh)]
        expected = _expected_counts(upload, files)
        progress = [
            StudyProgressOut(
                study_instance_uid=count.study_instance_uid,
                expected_count=expected.get(count.study_instance_uid),
                stored_count=count.stored_count,
                verified_count=count.verified_count,
                safe_to_remove=upload.completed_at is not None
                and count.verified_count == count.stored_count,
            )
            for count in counts
        ]
        return UploadOut(
            upload_id=upload.id,
            status="complete" if upload.completed_at else "open",
            created_at=upload.created_at,
            completed_at=upload.completed_at,
            consult_id=upload.consult_id,
            stored_count=sum(file.verdict == "stored" for file in files),
            files=[FileResultOut.of(file) for file in files if file.verdict != "stored"],
            progress=progress,
            safe_to_remove=bool(progress) and all(study.safe_to_remove for study in progress),
            studies=studies_out(parts, connection, studies),
            notices=notices,
        )


def _expected_counts(upload: Upload, files: list[FileResult]) -> dict[str, int]:
    """Instances by study, as the sender counted them before anything was judged."""
    study_of = {file.series_instance_uid: file.study_instance_uid for file in files}
    expected: dict[str, int] = {}
    for series_instance_uid, count in (upload.expected_series or {}).items():
        study = study_of.get(series_instance_uid)
        if study is not None:
            expected[study] = expected.get(study, 0) + count
    return expected
