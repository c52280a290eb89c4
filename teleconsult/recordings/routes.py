"""The recordings of a consult: what there is, its files, how long it is kept."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool

from signaling.recorder.kept_recordings import (
    LOG,
    Recording,
    RecordingPart,
    RecordingStatus,
    find_recording,
    key_of,
    read_part,
    recordings_of,
    set_retention_class,
)
from teleconsult import access
from teleconsult.consults.consult import Consult
from teleconsult.dependencies import CurrentUser, Now, Parts, PartsOfApp
from teleconsult.dicomweb.responses import Streamed, begun
from teleconsult.errors import NotAllowed, NotFound, RecordingUnderWay
from teleconsult.lifecycle.announced_deletions import announced
from teleconsult.lifecycle.legal_hold import consults_on_hold
from teleconsult.recordings.retention import BY_HAND, delete_recording, goes_by_class, note
from teleconsult.recordings.schemas import RecordingOut, RecordingRetentionIn
from teleconsult.recordings.session_log import decisions_during, session_log
from teleconsult.users.user import User

router = APIRouter(prefix="/api/consults/{consult_id}/recordings", tags=["recordings"])
ENDINGS = {"video/webm": "webm", "video/x-matroska": "mkv", LOG: "jsonl"}
AS_FILE: dict[int | str, dict[str, Any]] = {200: {"content": {name: {} for name in ENDINGS}}}


@router.get("")
def list_recordings(consult_id: str, parts: Parts, user: CurrentUser, now: Now) -> list[RecordingOut]:
    """The oldest first."""
    with parts.database.reading() as connection:
        consult = parts.consults.get_for(connection, consult_id, user, access.may_hear_recordings)
        return _out(parts, connection, consult, recordings_of(connection, consult.id), user, now)


@router.get("/{recording_id}/parts/{number}", response_class=Response, responses=AS_FILE)
async def read_recording_part(
    consult_id: str, recording_id: str, number: int, parts: Parts, user: CurrentUser, now: Now
) -> Response:
    """One file, decrypted while it is sent. Written to the audit log."""
    recording, part, pieces = await run_in_threadpool(
        _open_part, parts, consult_id, recording_id, number, user, now
    )
    name = f"{recording.started_at:%Y%m%d-%H%M%S}-{part.number}.{ENDINGS[part.content_type]}"
    return Streamed(
        await begun(_asynchronous(pieces)),
        media_type=part.content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


@router.patch("/{recording_id}")
def change_recording_retention(
    consult_id: str,
    recording_id: str,
    body: RecordingRetentionIn,
    parts: Parts,
    user: CurrentUser,
    now: Now,
) -> RecordingOut:
    """Say how long it is kept."""
    with parts.database.transaction() as connection:
        consult = parts.consults.get_for(connection, consult_id, user, access.may_hear_recordings)
        recording = _recording(connection, consult, recording_id)
        if not access.may_delete_recording(user, consult):
            raise NotAllowed
        set_retention_class(connection, recording.id, body.retention_class)
        note(connection, f"recording-kept-as-{body.retention_class}", recording.id, actor=user.id, at=now)
        changed = _recording(connection, consult, recording_id)
        (out,) = _out(parts, connection, consult, [changed], user, now)
    parts.publish({"type": "consult-changed", "consult_id": consult_id})
    return out


@router.delete("/{recording_id}", status_code=204)
def delete_one_recording(
    consult_id: str, recording_id: str, parts: Parts, user: CurrentUser, now: Now
) -> None:
    with parts.database.reading() as connection:
        consult = parts.consults.get_for(connection, consult_id, user, access.may_hear_recordings)
        recording = _recording(connection, consult, recording_id)
    if not access.may_delete_recording(user, consult):
        raise NotAllowed
    if recording.status is RecordingStatus.RECORDING:
        raise RecordingUnderWay
    delete_recording(parts, recording, actor=user.id, reason=BY_HAND, at=now)
    parts.publish({"type": "consult-changed", "consult_id": consult_id})


def _open_part(
    parts: PartsOfApp, consult_id: str, recording_id: str, number: int, user: User, now: Now
) -> tuple[Recording, RecordingPart, Iterator[bytes]]:
    with parts.database.transaction() as connection:
        consult = parts.consults.get_for(connection, consult_id, user, access.may_hear_recordings)
        recording = _recording(connection, consult, recording_id)
        part = next((one for one in recording.parts if one.number == number), None)
        if part is None or parts.keys is None:
            raise NotFound
        key = parts.keys.open(connection, key_of(recording.id))
        decided = decisions_during(connection, consult.study_instance_uids, recording)
        note(connection, "recording-read", recording.id, actor=user.id, at=now)
    pieces = read_part(parts.objects, key, recording, part)
    return recording, part, session_log(pieces, decided) if part.content_type == LOG else pieces


async def _asynchronous(pieces: Iterator[bytes]) -> AsyncGenerator[bytes, None]:
    async for piece in iterate_in_threadpool(pieces):
        yield piece


def _recording(connection: Connection, consult: Consult, recording_id: str) -> Recording:
    recording = find_recording(connection, consult.id, recording_id)
    if recording is None:
        raise NotFound
    return recording


def _out(
    parts: PartsOfApp,
    connection: Connection,
    consult: Consult,
    recordings: Sequence[Recording],
    user: User,
    now: datetime,
) -> list[RecordingOut]:
    known, on_legal_hold = announced(connection, "recording"), consult.id in consults_on_hold(connection)
    return [
        RecordingOut.of(
            one,
            goes_by_class(known, parts.settings.retention, one, now),
            on_legal_hold=on_legal_hold,
            may_delete=access.may_delete_recording(user, consult),
        )
        for one in recordings
    ]
