"""What becomes of recordings by itself: those whose recorder is gone are closed, what is due is deleted."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection

from signaling.recorder.kept_recordings import (
    Recording,
    RetentionClass,
    delete_files,
    delete_rows,
    end_lost,
    ended_before,
    prefix_of,
    under_way,
)
from storage import audit_log
from storage.errors import ObjectMissing
from storage.object_store import ObjectStore
from teleconsult.dependencies import PartsOfApp
from teleconsult.errors import OnLegalHold
from teleconsult.lifecycle.announced_deletions import announce, announced_since, forget, goes_at
from teleconsult.lifecycle.deletion_record import DeletedItem, record_deletion
from teleconsult.lifecycle.legal_hold import consults_on_hold, demand_none_on_consult
from teleconsult.lifecycle.record_classes import RecordClass, Retention
from teleconsult.standstill import Standstill

BY_HAND = "by-hand"
LOST_AFTER_S = 60.0  # a recorder that is there says so every few seconds


def kept_for(retention: Retention, retention_class: RetentionClass) -> timedelta:
    return timedelta(days=retention.days[RecordClass(f"recording-{retention_class}")])


def due_at(retention: Retention, recording: Recording) -> datetime | None:
    """When its days are over; None: it is not over itself."""
    ended_at = recording.ended_at
    return None if ended_at is None else ended_at + kept_for(retention, recording.retention_class)


def due_recordings(connection: Connection, retention: Retention, at: datetime) -> list[Recording]:
    """Those whose days are over, also those on legal hold."""
    return [
        recording
        for name in RetentionClass
        for recording in ended_before(connection, name, at - kept_for(retention, name))
    ]


def rule_of(retention: Retention, recording: Recording) -> str:
    """By which a recording is due, as its deletion says it: `recording-review:90`."""
    return f"recording-{recording.retention_class}:{kept_for(retention, recording.retention_class).days}"


def subject_of(recording: Recording) -> str:
    return f"recording/{recording.id}"


def goes_by_class(
    known: Mapping[str, tuple[str, datetime]], retention: Retention, recording: Recording, at: datetime
) -> dict[RetentionClass, datetime]:
    """When it would be deleted in each class, at the earliest; empty while it is recorded.

    `known`: what is announced of recordings.
    """
    found = {}
    for name in RetentionClass:
        one = replace(recording, retention_class=name)
        if (due := due_at(retention, one)) is not None:
            since = announced_since(known, subject_of(one), rule_of(retention, one), at)
            found[name] = goes_at(due, since, retention.grace)
    return found


class RecordingsKeeper:
    """Looks after them, pass by pass."""

    def __init__(self, parts: PartsOfApp) -> None:
        self._parts = parts
        self._standstill = Standstill()

    def step(self, at: datetime) -> bool:
        """One pass. False: there is nothing more to do now."""
        parts, retention = self._parts, self._parts.settings.retention
        with parts.database.reading() as connection:
            still_s = self._standstill.lasts_s(under_way(connection))
            on_hold = consults_on_hold(connection)
            coming = {
                subject_of(one): one
                for one in due_recordings(connection, retention, at + retention.grace)
                if one.consult_id not in on_hold
            }
        if lost := [recording_id for recording_id, s in still_s.items() if s > LOST_AFTER_S]:
            with parts.database.transaction() as connection:
                end_lost(connection, lost)
        rules = {subject: rule_of(retention, one) for subject, one in coming.items()}
        for subject, since in announce(parts.database, "recording", rules, at).items():
            recording = coming[subject]
            due = due_at(retention, recording)
            if due is None or goes_at(due, since, retention.grace) > at:
                continue
            with suppress(OnLegalHold, ObjectMissing):  # a hold, or another process, was quicker
                delete_recording(
                    parts, recording, actor="system", reason=rules[subject], at=at, announced_at=since
                )
        return False


def delete_recording(
    parts: PartsOfApp,
    recording: Recording,
    *,
    actor: str,
    reason: str,
    at: datetime,
    announced_at: datetime | None = None,
) -> None:
    """Its key first: what is left of it from then on, nobody can read. Written to the audit log.

    `announced_at`: since when a rule was to do this.

    Raises:
        OnLegalHold: its consult is to be kept, whoever asks.
    """
    items = list(_items(parts.objects, recording))
    with parts.database.transaction() as connection:
        demand_none_on_consult(connection, recording.consult_id)
        if delete_rows(connection, recording.id):
            forget(connection, [subject_of(recording)])
            record_deletion(
                connection,
                "recording-deleted",
                subject_of(recording),
                items,
                actor=actor,
                reason=reason,
                at=at,
                announced_at=announced_at,
            )
    delete_files(parts.objects, recording.id)


def note(connection: Connection, action: str, recording_id: str, *, actor: str, at: datetime) -> None:
    audit_log.record(connection, at=at, actor=actor, action=action, subject=f"recording/{recording_id}")


def _items(objects: ObjectStore, recording: Recording) -> Iterator[DeletedItem]:
    """Each part with the hash of its encrypted pieces in order, by which a copy in a backup is known."""
    for part in recording.parts:
        prefix = prefix_of(recording.id, part.number)
        digest, size_bytes = sha256(), 0
        for key in objects.keys(f"{prefix}/"):
            piece = objects.get(key)
            digest.update(piece)
            size_bytes += len(piece)
        yield DeletedItem(prefix, digest.hexdigest(), size_bytes)
