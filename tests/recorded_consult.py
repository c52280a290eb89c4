"""A database and a store in which a recorder can keep what it hears, and what is found in them."""

import json
import os
import signal
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import insert

from signaling.recorder.control import Answer, Opening, TrackOf
from signaling.recorder.kept_recordings import Recording, RecordingStatus, key_of, read_part, recordings_of
from signaling.recorder.process import Keeper
from signaling.recorder.session_files import SessionFiles
from signaling.recorder.settings import DATABASE_URL, OBJECT_STORE, SECRET_FILE
from storage import tables
from storage.database import Database, utc_now
from storage.key_ring import KeyRing
from storage.local_files import LocalFiles
from storage.object_store import ObjectStore
from tests.databases import new_sqlite
from tests.recorded_media import opus_packets, tone

SECRET = "a secret that only tests keep recordings under"
CONSULT = "consult"
ANSWERS = (
    Answer(
        participant_id="anna",
        display_name="Anna",
        role="presenter",
        agrees=True,
        at=datetime(2026, 1, 1, 12, tzinfo=UTC),
        text="1.en",
    ),
)


@dataclass
class Kept:
    """What recorders of this process and its children write to."""

    database: Database
    objects: ObjectStore

    def recordings(self, consult_id: str = CONSULT) -> list[Recording]:
        with self.database.reading() as connection:
            return recordings_of(connection, consult_id)

    def recording(self) -> Recording | None:
        """The only one, when it is there."""
        found = self.recordings()
        assert len(found) <= 1
        return found[0] if found else None

    def files(self) -> dict[int, bytes]:
        """Decrypted, by number of the part."""
        recording = self.recording()
        assert recording is not None
        with self.database.reading() as connection:
            key = KeyRing(Path(os.environ[SECRET_FILE])).open(connection, key_of(recording.id))
        return {
            part.number: b"".join(read_part(self.objects, key, recording, part))
            for part in recording.parts
        }


def a_place_for_recordings(folder: Path, monkeypatch: pytest.MonkeyPatch, *consults: str) -> Kept:
    """With these consults in it; children are told by the environment."""
    url, objects, secret = f"sqlite:///{folder / 'kept.db'}", folder / "objects", folder / "secret"
    secret.write_text(SECRET)
    for name, value in ((DATABASE_URL, url), (OBJECT_STORE, objects), (SECRET_FILE, secret)):
        monkeypatch.setenv(name, str(value))
    database = new_sqlite(folder / "kept.db")
    at = utc_now()
    with database.transaction() as connection:
        connection.execute(insert(tables.institutions).values(id="i", name_en="A", name_zh="A", position=1))
        connection.execute(
            insert(tables.users).values(
                id="u",
                username="u",
                display_name="U",
                password_hash="-",
                must_change_password=False,
                roles=[],
                language="en",
                institution_id="i",
            )
        )
        connection.execute(
            insert(tables.patients).values(id="p", institution_id="i", patient_id="1", name="P")
        )
        for consult in consults or (CONSULT,):
            connection.execute(
                insert(tables.consults).values(
                    id=consult,
                    status="in-progress",
                    version=1,
                    patient_id="p",
                    question="?",
                    urgency="routine",
                    specialty="radiology",
                    legal_role="consultation",
                    requested_by="u",
                    inviting_institution_id="i",
                    created_at=at,
                    history=[],
                )
            )
    return Kept(database, LocalFiles(objects))


def children(of: int) -> list[int]:
    """Process ids. Source: proc(5), /proc/pid/task/tid/children."""
    return [
        int(child)
        for task in (Path("/proc") / str(of) / "task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def recorders(of: int) -> list[int]:
    """The recorders that a relay has started."""
    return [
        child
        for child in children(of)
        if b"signaling.recorder.process" in (Path("/proc") / str(child) / "cmdline").read_bytes()
    ]


def kill_recorder(of: int) -> None:
    (recorder,) = recorders(of)
    os.kill(recorder, signal.SIGKILL)


def keep_a_recording(kept: Kept, consult_id: str, keys: KeyRing, seconds: int = 3) -> str:
    """A recording of Anna's voice, as a recorder keeps it; its id."""
    opening = Opening(recording_id=str(uuid4()), consult_id=consult_id, started_by="anna", answers=ANSWERS)
    keeper = Keeper(kept.database, kept.objects, keys, opening)
    files = SessionFiles()
    files.set_tracks([TrackOf(ssrc=1, kind="audio", participant_id="anna")], keeper.began_s)
    for packet in opus_packets(tone(440, seconds)):
        files.take_packet(1, 111, packet, keeper.began_s + packet.timestamp / 48_000)
    files.end(keeper.began_s + seconds)
    (part,) = files.parts
    log = [
        json.dumps({"at_ms": at_ms, "event": {"type": "presenter"}}).encode() + b"\n"
        for at_ms in (0, 900_000)
    ]
    keeper.keep([(part, part.take_bytes(keeper.began_s + seconds))], b"".join(log), True)
    keeper.end(RecordingStatus.KEPT)
    return opening.recording_id
