"""What becomes of recordings by itself: those whose recorder is gone are closed, what is due is deleted."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from signaling.recorder.kept_recordings import (
    delete_files,
    delete_rows,
    end_lost,
    ended_before,
)
from storage import audit_log
from teleconsult.dependencies import PartsOfApp


def keep_recordings(parts: PartsOfApp, at: datetime) -> bool:
    """One pass. False: there is nothing more to do now."""
    with parts.database.transaction() as connection:
        end_lost(connection, at)
    with parts.database.reading() as connection:
        due = [
            recording.id
            for name, days in parts.settings.recording_days.items()
            for recording in ended_before(connection, name, at - timedelta(days=days))
        ]
    for recording_id in due:
        delete_recording(parts, recording_id, actor="system", at=at)
    return False


def delete_recording(parts: PartsOfApp, recording_id: str, *, actor: str, at: datetime) -> None:
    """Its key first: what is left of it from then on, nobody can read. Written to the audit log."""
    with parts.database.transaction() as connection:
        delete_rows(connection, recording_id)
        note(connection, "recording-deleted", recording_id, actor=actor, at=at)
    delete_files(parts.objects, recording_id)


def note(connection: Connection, action: str, recording_id: str, *, actor: str, at: datetime) -> None:
    audit_log.record(connection, at=at, actor=actor, action=action, subject=f"recording/{recording_id}")
