"""What was deleted is proved by a certificate, what falls due is said before it goes; on both databases."""

import json
from datetime import timedelta
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
)
from storage.audit_chain import as_text, canonical, public_key_of
from storage.database import Database
from storage.local_files import LocalFiles
from storage.tables import instances, series, studies
from teleconsult.consults.consult import Status
from teleconsult.errors import NotFound, RetentionTooShort
from teleconsult.lifecycle import legal_hold, retention
from teleconsult.lifecycle.deletion import delete_study
from teleconsult.lifecycle.deletion_certificate import CertificateFault, NotACertificate, certificate, check
from teleconsult.lifecycle.deletion_record import DeletedItem, find_deletion, newest_deletions
from teleconsult.lifecycle.due import due
from teleconsult.lifecycle.record_classes import Retention
from teleconsult.lifecycle.retention import Action
from teleconsult.recordings.retention import RecordingsKeeper
from teleconsult.studies.repository import StudyRepository
from tests.small_application import NOON, Parts, people_with_a_consult, recording_begun

STUDY, SERIES, IMAGE = "1.2.3", "1.2.3.1", "1.2.3.1.1"
KEY = Ed25519PrivateKey.generate()
LATER = NOON + timedelta(days=20 * 365)
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
    RecordingsKeeper(parts).step(NOON + timedelta(days=91))
    with parts.database.reading() as connection:
        (entry,) = newest_deletions(connection)
        found = find_deletion(connection, entry.sequence)
    sealed = b"".join(PIECES)
    assert found.items == (DeletedItem(prefix_of("r", 1), sha256(sealed).hexdigest(), len(sealed)),)
    assert (entry.actor, entry.details["reason"]) == ("system", "recording-review:90")
    assert parts.objects.keys() == []


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
