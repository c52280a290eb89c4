"""Uploading: open, send files, complete."""

import shutil
import tempfile
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Header, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from imaging.reasons import reason
from teleconsult import access
from teleconsult.dependencies import CurrentUser, Now, Parts, PartsOfApp
from teleconsult.errors import (
    NotAllowed,
    StudyOfAnotherPatient,
    UploadClosed,
    UploadIncomplete,
    UploadTooLarge,
)
from teleconsult.problems import problem_for, sentence
from teleconsult.studies.arrival import assess_and_queue, studies_of
from teleconsult.studies.registration import Arrival
from teleconsult.studies.schemas import Sentence, studies_out
from teleconsult.text import visible
from teleconsult.uploads.receive import receive_file
from teleconsult.uploads.repository import Upload
from teleconsult.uploads.schemas import FileResultOut, FilesOut, UploadIn, UploadOut, UploadStartedOut
from teleconsult.users.user import User

router = APIRouter(prefix="/api/uploads", tags=["uploads"])


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
    return UploadStartedOut(upload_id=upload.id)


@router.post("/{upload_id}/files")
async def send_file(
    upload_id: str,
    request: Request,
    parts: Parts,
    user: CurrentUser,
    now: Now,
    x_file_path: Annotated[str, Header(max_length=4000)],
) -> FilesOut:
    """The body is one file as it lies on the sender's disk: a DICOM file, or a zip of them."""
    upload = await run_in_threadpool(_open_upload_of, parts, upload_id, user)
    path = visible(unquote(x_file_path)).replace("\\", "/").lstrip("/")[:1000] or "file"
    folder = Path(tempfile.mkdtemp(prefix="upload-", dir=parts.settings.data_folder))
    try:
        received = folder / "received"
        await _write_body(request, received, parts.settings.max_upload_bytes)
        arrival = Arrival(user.institution.id, user.id, now)
        results = await run_in_threadpool(receive_file, parts, upload, path, received, arrival)
    finally:
        await run_in_threadpool(shutil.rmtree, folder)
    for uid in studies_of(result.study_instance_uid for result in results if not result.already_present):
        await run_in_threadpool(parts.publish, {"type": "study-changed", "study_instance_uid": uid})
    return FilesOut(files=[FileResultOut.of(result) for result in results])


@router.post("/{upload_id}/complete")
def complete_upload(upload_id: str, parts: Parts, user: CurrentUser, now: Now) -> UploadOut:
    """Everything was sent: check each series and let the AI begin. Calling it again does no harm."""
    with parts.database.transaction() as connection:
        upload = parts.uploads.get_for(connection, upload_id, user.id)
        parts.uploads.complete(connection, upload_id, now)
        files = parts.uploads.files(connection, upload_id)
    uids = studies_of(file.study_instance_uid for file in files)
    notices = []
    for uid in uids:
        if upload.consult_id:
            notices += _join_consult(parts, upload.consult_id, uid, user, now)
        assess_and_queue(parts, uid, now)
    return _upload_out(parts, upload_id, user, notices)


@router.get("/{upload_id}")
def read_upload(upload_id: str, parts: Parts, user: CurrentUser) -> UploadOut:
    return _upload_out(parts, upload_id, user, [])


def _open_upload_of(parts: PartsOfApp, upload_id: str, user: User) -> Upload:
    with parts.database.reading() as connection:
        upload = parts.uploads.get_for(connection, upload_id, user.id)
    if upload.completed_at:
        raise UploadClosed
    return upload


async def _write_body(request: Request, target: Path, limit_bytes: int) -> None:
    size_bytes = 0
    try:
        with target.open("wb") as file:
            async for chunk in request.stream():
                size_bytes += len(chunk)
                if size_bytes > limit_bytes:
                    raise UploadTooLarge
                file.write(chunk)
    except ClientDisconnect as error:
        raise UploadIncomplete from error


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
        uids = studies_of(file.study_instance_uid for file in files)
        studies = parts.studies.visible_to(connection, user, only=uids)
        patients = {study.patient.id for study in studies}
        if len(patients) > 1:
            said = reason("several-patients-in-drop", count=len(patients))
            notices = [*notices, Sentence(code=said.code, en=said.en, zh=said.zh)]
        return UploadOut(
            upload_id=upload.id,
            status="complete" if upload.completed_at else "open",
            stored_count=sum(file.verdict == "stored" for file in files),
            files=[FileResultOut.of(file) for file in files if file.verdict != "stored"],
            studies=studies_out(parts, connection, studies),
            notices=notices,
        )
