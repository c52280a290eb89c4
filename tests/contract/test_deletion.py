"""What was deleted is proved by a certificate, what falls due is said before it goes; on both databases."""

import json
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert

from signaling.recorder.kept_recordings import (
    WEBM,
    RecordingPart,
    RecordingStatus,
    RetentionClass,
    add_recording,
    end_recording,
    keep_state,
    prefix_of,
    recordings_of,
    set_retention_class,
)
from storage.audit_chain import as_text, canonical, moment, public_key_of
from storage.database import Database
from storage.local_files import LocalFiles
from storage.tables import instances, series, studies
from teleconsult.consults.consult import Status
from teleconsult.errors import NotFound, RetentionTooShort
from teleconsult.lifecycle import legal_hold, retention
from teleconsult.lifecycle.announced_deletions import announced
from teleconsult.lifecycle.deletion import delete_study
from teleconsult.lifecycle.deletion_certificate import CertificateFault, NotACertificate, certificate, check
from teleconsult.lifecycle.deletion_record import DeletedItem, find_deletion, newest_deletions
from teleconsult.lifecycle.due import due
from teleconsult.lifecycle.record_classes import Retention
from teleconsult.lifecycle.retention import Action
from teleconsult.recordings.retention import RecordingsKeeper, goes_by_class
from teleconsult.studies.repository import StudyRepository
from tests.small_application import NOON, Parts, people_with_a_consult, recording_begun

STUDY, SERIES, IMAGE = "1.2.3", "1.2.3.1", "1.2.3.1.1"
KEY = Ed25519PrivateKey.generate()
LATER = NOON + timedelta(days=20 * 365)
GRACE, SECOND = Retention.from_text().grace, timedelta(seconds=1)
PIECES = (b"first", b"second")


@pytest.fixture
def parts(database: Database, tmp_path: Path) -> Any:
    """A study of one image that no consult uses, and a recording of two pieces."""
    parts: Any = Parts(database)
    parts.studies, parts.objects = StudyRepository(), LocalFiles(tmp_path / "objects")
    parts.settings.retention = Retention.from_text()
    parts.boss = people_with_a_consult(parts, Status.CANCELLED)["boss"]
    with database.transaction() as connection:
        place = parts.boss.institution.id
        connection.execute(
            insert(studies).values(
                study_instance_uid=STUDY, patient_id="p", institution_id=place, received_at=NOON
            )
        )
        connection.execute(
            insert(series).values(
                series_instance_uid=SERIES,
                study_instance_uid=STUDY,
                modality="CT",
                last_arrival_at=NOON,
                reasons=[],
            )
        )
        connection.execute(
            insert(instances).values(
                sop_instance_uid=IMAGE,
                series_instance_uid=SERIES,
                sop_class_uid="1.2",
                orthanc_id="o",
                number_of_frames=1,
                is_image=True,
                size_bytes=7,
                sha256="a" * 64,
            )
        )
        part = RecordingPart(1, WEBM, "asks", "asks", 0, False, pieces=len(PIECES))
        add_recording(connection, recording_begun(RetentionClass.REVIEW))
        keep_state(connection, "r", (), [part], NOON)
        end_recording(connection, "r", RecordingStatus.KEPT, NOON)
    for number, piece in enumerate(PIECES):
        parts.objects.put(f"{prefix_of('r', 1)}/{number:07}", piece)
    return parts


def deleted_study(parts: Any) -> dict[str, Any]:
    """The certificate of its deletion, as a file has it."""
    with parts.database.transaction() as connection:
        study = parts.studies.find(connection, STUDY)
        delete_study(parts, connection, study, actor="boss", reason="registered twice", at=LATER)
    with parts.database.reading() as connection:
        (entry,) = newest_deletions(connection)
        found = find_deletion(connection, entry.sequence)
    given: dict[str, Any] = json.loads(json.dumps(certificate(found, KEY, LATER)))
    return given


def test_a_certificate_says_what_went_by_hash_why_when_and_who(parts: Any) -> None:
    found, fault = check(deleted_study(parts), public_key_of(KEY))
    assert fault is None
    assert found.items == (DeletedItem(IMAGE, "a" * 64, 7),)
    assert (found.entry.subject, found.entry.actor, found.entry.at) == (f"study/{STUDY}", "boss", LATER)
    assert found.entry.details["reason"] == "registered twice"


def test_a_recording_that_a_rule_deletes_is_certified_with_the_hash_of_its_sealed_pieces(parts: Any) -> None:
    announced, due = NOON + timedelta(days=84), NOON + timedelta(days=91)
    for at in (announced, due):
        RecordingsKeeper(parts).step(at)
    with parts.database.reading() as connection:
        (entry,) = newest_deletions(connection)
        found = find_deletion(connection, entry.sequence)
    sealed = b"".join(PIECES)
    assert found.items == (DeletedItem(prefix_of("r", 1), sha256(sealed).hexdigest(), len(sealed)),)
    assert (entry.actor, entry.at) == ("system", due)
    assert entry.details["reason"] == "recording-review:90"
    assert entry.details["announced_at"] == moment(announced)
    assert parts.objects.keys() == []


def recordings_left(parts: Any, at: datetime) -> list[str]:
    RecordingsKeeper(parts).step(at)
    with parts.database.reading() as connection:
        return [one.id for one in recordings_of(connection, "c")]


def set_class(parts: Any, name: RetentionClass) -> None:
    with parts.database.transaction() as connection:
        set_retention_class(connection, "r", name)


def test_what_a_change_makes_due_is_announced_and_kept_for_the_days_of_grace(parts: Any) -> None:
    set_class(parts, RetentionClass.RECORD)
    year = NOON + timedelta(days=365)
    assert recordings_left(parts, year) == ["r"]
    set_class(parts, RetentionClass.REVIEW)  # by which it was due nine months ago
    with parts.database.reading() as connection:
        (recording,) = recordings_of(connection, "c")
        told = goes_by_class(announced(connection, "recording"), parts.settings.retention, recording, year)
        (coming,) = due(connection, parts.settings.retention, year)
    assert told[RetentionClass.REVIEW] == coming.goes_at == year + GRACE
    assert told[RetentionClass.RECORD] == NOON + timedelta(days=5_475)
    assert recordings_left(parts, year) == recordings_left(parts, year + GRACE - SECOND) == ["r"]
    set_class(parts, RetentionClass.RECORD)  # it was a mistake
    assert recordings_left(parts, year + GRACE) == ["r"]
    set_class(parts, RetentionClass.REVIEW)
    assert recordings_left(parts, year + GRACE) == ["r"]
    assert recordings_left(parts, year + 2 * GRACE - SECOND) == ["r"]
    assert recordings_left(parts, year + 2 * GRACE) == []


def test_what_falls_due_in_its_time_is_announced_before_and_kept_no_longer(parts: Any) -> None:
    due_at = NOON + timedelta(days=90)
    assert recordings_left(parts, due_at - GRACE + SECOND) == recordings_left(parts, due_at) == ["r"]
    assert recordings_left(parts, due_at + SECOND) == []


def test_a_new_rule_deletes_after_the_days_of_grace_and_not_if_it_was_removed_and_made_again(
    parts: Any,
) -> None:
    def left(at: datetime) -> bool:
        retention.delete_due(parts, at)
        with parts.database.reading() as connection:
            return parts.studies.find(connection, STUDY).deleted_at is None

    rule = add_rule(parts, 5_475, Action.DELETE)
    assert left(LATER) and left(LATER + GRACE - SECOND)
    with parts.database.transaction() as connection:
        retention.remove_rule(connection, rule.id, user=parts.boss, at=LATER)
    again = add_rule(parts, 5_475, Action.DELETE)
    assert left(LATER + GRACE) and left(LATER + 2 * GRACE - SECOND)
    assert not left(LATER + 2 * GRACE)
    with parts.database.reading() as connection:
        (entry,) = newest_deletions(connection)
    assert entry.details["reason"] == retention.subject_of(again)
    assert entry.details["announced_at"] == moment(LATER + GRACE)


def test_a_certificate_that_was_changed_or_signed_by_another_is_found_out(parts: Any) -> None:
    given = deleted_study(parts)
    forged = given | {"items": []}
    assert check(forged)[1] is CertificateFault.FORGED
    assert check(given, public_key_of(Ed25519PrivateKey.generate()))[1] is CertificateFault.OTHER_KEY
    said = {name: value for name, value in forged.items() if name != "signature"}
    signed_anew = said | {"signature": as_text(KEY.sign(canonical(said)))}
    assert check(signed_anew)[1] is CertificateFault.ITEMS
    for wrong in ({}, given | {"format": "else"}, given | {"entry": {}}, given | {"items": [1]}, []):
        with pytest.raises(NotACertificate):
            check(wrong)  # type: ignore[arg-type]


def test_what_is_no_deletion_has_no_certificate(parts: Any) -> None:
    with parts.database.transaction() as connection:
        legal_hold.place(connection, "consult/c", "file 7/2026", NOON)
    with parts.database.reading() as connection, pytest.raises(NotFound):
        find_deletion(connection, 1)


def add_rule(parts: Any, days: int, action: Action, **said: bool) -> retention.RetentionRule:
    with parts.database.transaction() as connection:
        return retention.add_rule(
            connection, user=parts.boss, modality=None, older_than_days=days, action=action, at=NOON, **said
        )


def test_a_rule_shorter_than_the_law_is_refused_unless_the_originals_are_elsewhere(parts: Any) -> None:
    with pytest.raises(RetentionTooShort):
        add_rule(parts, 5_474, Action.DELETE)
    add_rule(parts, 5_475, Action.DELETE)
    add_rule(parts, 30, Action.COLD)
    add_rule(parts, 30, Action.DELETE, originals_elsewhere=True)
    with parts.database.reading() as connection:
        assert len(retention.rules_of(connection)) == 3


def test_the_dry_run_lists_what_is_due_and_what_a_hold_keeps(parts: Any) -> None:
    rule = add_rule(parts, 5_475, Action.DELETE)
    with parts.database.transaction() as connection:
        legal_hold.place(connection, "consult/c", "file 7/2026", NOON)

    def listed(days: int, institution_id: str | None = None) -> list[tuple[str, str, bool]]:
        with parts.database.reading() as connection:
            found = due(connection, Retention.from_text(), NOON + timedelta(days=days), institution_id)
        return [(one.subject, one.rule, one.is_on_hold) for one in found]

    recording = ("recording/r", "recording-review:90", True)
    study = (f"study/{STUDY}", f"retention-rule/{rule.id}", False)
    assert listed(90) == []
    assert listed(91) == [recording]
    assert listed(5_476) == listed(5_476, parts.boss.institution.id) == [study, recording]
    assert listed(5_476, "another") == []
