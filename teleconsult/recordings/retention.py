"""What becomes of recordings by itself: those whose recorder is gone are closed, what is due is deleted."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from signaling.recorder.kept_recordings import (
    delete_files,
    delete_rows,
    end_lost,
    ended_before,
    under_way,
)
from storage import audit_log
from teleconsult.dependencies import PartsOfApp
from teleconsult.standstill import Standstill

LOST_AFTER_S = 60.0  # a recorder that is there says so every few seconds


class RecordingsKeeper:
    """Looks after them, pass by pass."""

    def __init__(self, parts: PartsOfApp) -> None:
        self._parts = parts
        self._standstill = Standstill()

    def step(self, at: datetime) -> bool:
        """One pass. False: there is nothing more to do now."""
        parts = self._parts
        with parts.database.reading() as connection:
            still_s = self._standstill.lasts_s(under_way(connection))
            due = [
                recording.id
                for name, days in parts.settings.recording_days.items()
                for recording in ended_before(connection, name, at - timedelta(days=days))
            ]
        if lost := [recording_id for recording_id, s in still_s.items() if s > LOST_AFTER_S]:
            with parts.database.transaction() as connection:
                end_lost(connection, lost)
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
