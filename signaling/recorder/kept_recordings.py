"""Recordings in the database, and their files in the object store.

A recording that is under way says so every few seconds (`seen_at`). One that says so no more is over: its
recorder was killed, and what it had kept by then is all there is.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from signaling.recorder.control import Answer
from signaling.recorder.webm import with_duration
from storage import key_ring
from storage.object_store import ObjectStore
from storage.sealed_stream import SealedStream
from storage.tables import recording_parts, recordings

WEBM, MATROSKA, LOG = "video/webm", "video/x-matroska", "application/x-ndjson"
LOG_NUMBER = 0  # of the part that holds the log of the session


class RecordingStatus(StrEnum):
    RECORDING = "recording"
    KEPT = "kept"
    INTERRUPTED = "interrupted"  # what was recorded until then is kept


class RetentionClass(StrEnum):
    """How long it is kept; the days are a setting of the app."""

    RECORD = "record"  # as part of the medical record
    REVIEW = "review"  # to look at once more, then gone


@dataclass(frozen=True, slots=True)
class RecordingPart:
    """One file: a participant's stay, or the log of the session (no participant). Times in ms."""

    number: int
    content_type: str
    participant_id: str | None
    display_name: str | None
    began_ms: int
    is_screen: bool  # what the participant shared, not the face
    duration_ms: int = 0
    pieces: int = 0
    size_bytes: int = 0
    lost_packets: int = 0


@dataclass(frozen=True, slots=True)
class Recording:
    id: str
    consult_id: str
    status: RecordingStatus
    started_by: str
    started_at: datetime
    ended_at: datetime | None
    answers: tuple[Answer, ...]
    retention_class: RetentionClass
    parts: tuple[RecordingPart, ...] = ()


def key_of(recording_id: str) -> str:
    """By which the key ring knows the key of all its parts."""
    return f"recordings/{recording_id}"


def prefix_of(recording_id: str, number: int) -> str:
    return f"recordings/{recording_id}/{number:04}"


def add_recording(connection: Connection, recording: Recording) -> None:
    connection.execute(
        insert(recordings).values(
            id=recording.id,
            consult_id=recording.consult_id,
            status=recording.status,
            started_by=recording.started_by,
            started_at=recording.started_at,
            seen_at=recording.started_at,
            consents=_answers_to_json(recording.answers),
            retention_class=recording.retention_class,
        )
    )


def keep_state(
    connection: Connection,
    recording_id: str,
    answers: Sequence[Answer],
    parts: Iterable[RecordingPart],
    at: datetime,
) -> None:
    """How far a recording is that is under way."""
    connection.execute(
        update(recordings)
        .where(recordings.c.id == recording_id)
        .values(seen_at=at, consents=_answers_to_json(answers))
    )
    for part in parts:
        where = (recording_parts.c.recording_id == recording_id, recording_parts.c.number == part.number)
        changed = connection.execute(update(recording_parts).where(*where).values(_part_values(part)))
        if changed.rowcount == 0:
            connection.execute(
                insert(recording_parts).values(
                    recording_id=recording_id, number=part.number, **_part_values(part)
                )
            )


def end_recording(connection: Connection, recording_id: str, status: RecordingStatus, at: datetime) -> None:
    connection.execute(
        update(recordings)
        .where(recordings.c.id == recording_id, recordings.c.status == RecordingStatus.RECORDING)
        .values(status=status, ended_at=at)
    )


def under_way(connection: Connection) -> dict[str, datetime]:
    """When the recorder of each recording that is not over last said that it is there."""
    query = select(recordings.c.id, recordings.c.seen_at)
    rows = connection.execute(query.where(recordings.c.status == RecordingStatus.RECORDING))
    return {row.id: row.seen_at for row in rows}


def end_lost(connection: Connection, recording_ids: Sequence[str]) -> None:
    """Close recordings whose recorders are gone."""
    connection.execute(
        update(recordings)
        .where(recordings.c.status == RecordingStatus.RECORDING, recordings.c.id.in_(recording_ids))
        .values(status=RecordingStatus.INTERRUPTED, ended_at=recordings.c.seen_at)
    )


def recordings_of(connection: Connection, consult_id: str) -> list[Recording]:
    """All of a consult, the oldest first."""
    query = select(recordings).where(recordings.c.consult_id == consult_id)
    rows = connection.execute(query.order_by(recordings.c.started_at)).all()
    return [_recording(connection, row) for row in rows]


def find_recording(connection: Connection, consult_id: str, recording_id: str) -> Recording | None:
    one = select(recordings).where(recordings.c.id == recording_id, recordings.c.consult_id == consult_id)
    row = connection.execute(one).first()
    return None if row is None else _recording(connection, row)


def ended_before(
    connection: Connection, retention_class: RetentionClass, before: datetime
) -> list[Recording]:
    rows = connection.execute(
        select(recordings).where(
            recordings.c.retention_class == retention_class, recordings.c.ended_at < before
        )
    ).all()
    return [_recording(connection, row) for row in rows]


def set_retention_class(connection: Connection, recording_id: str, retention_class: RetentionClass) -> None:
    connection.execute(
        update(recordings).where(recordings.c.id == recording_id).values(retention_class=retention_class)
    )


def delete_rows(connection: Connection, recording_id: str) -> bool:
    """With its key: what may be left in the store cannot be read any more. False: somebody was quicker."""
    key_ring.forget(connection, key_of(recording_id))
    connection.execute(delete(recording_parts).where(recording_parts.c.recording_id == recording_id))
    return connection.execute(delete(recordings).where(recordings.c.id == recording_id)).rowcount == 1


def delete_files(objects: ObjectStore, recording_id: str) -> None:
    for key in objects.keys(f"recordings/{recording_id}/"):
        objects.delete(key)


def read_part(
    objects: ObjectStore, key: bytes, recording: Recording, part: RecordingPart
) -> Iterator[bytes]:
    """The file, decrypted, piece by piece. Raises StreamDamaged."""
    stream = SealedStream(objects, key, prefix_of(recording.id, part.number))
    for number, piece in enumerate(stream.read(at_least=part.pieces)):
        has_head = number == 0 and part.content_type != LOG
        yield with_duration(piece, part.duration_ms) if has_head else piece


def _answers_to_json(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    return [answer.model_dump(mode="json") for answer in answers]


def _part_values(part: RecordingPart) -> dict[str, Any]:
    return {
        "content_type": part.content_type,
        "participant_id": part.participant_id,
        "display_name": part.display_name,
        "began_ms": part.began_ms,
        "is_screen": part.is_screen,
        "duration_ms": part.duration_ms,
        "pieces": part.pieces,
        "size_bytes": part.size_bytes,
        "lost_packets": part.lost_packets,
    }


def _recording(connection: Connection, row: Row[Any]) -> Recording:
    parts = connection.execute(
        select(recording_parts)
        .where(recording_parts.c.recording_id == row.id)
        .order_by(recording_parts.c.number)
    )
    return Recording(
        id=row.id,
        consult_id=row.consult_id,
        status=RecordingStatus(row.status),
        started_by=row.started_by,
        started_at=row.started_at,
        ended_at=row.ended_at,
        answers=tuple(Answer.model_validate(answer) for answer in row.consents),
        retention_class=RetentionClass(row.retention_class),
        parts=tuple(
            RecordingPart(
                number=part.number,
                content_type=part.content_type,
                participant_id=part.participant_id,
                display_name=part.display_name,
                began_ms=part.began_ms,
                is_screen=part.is_screen,
                duration_ms=part.duration_ms,
                pieces=part.pieces,
                size_bytes=part.size_bytes,
                lost_packets=part.lost_packets,
            )
            for part in parts
        ),
    )
