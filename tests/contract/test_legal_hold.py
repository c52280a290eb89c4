"""What is on legal hold outlives rules and people, on both databases."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Table, insert, select, update

from signaling.measurement import ImageMeasurement, ImagePoint, SharedMeasurement
from signaling.recorder.kept_recordings import (
    RecordingStatus,
    RetentionClass,
    add_recording,
    end_recording,
    recordings_of,
)
from storage import audit_log
from storage.database import Database
from storage.local_files import LocalFiles
from storage.tables import (
    consult_studies,
    consults,
    kept_measurements,
    notifications,
    panel_opinions,
    panels,
    recordings,
    stills,
    studies,
)
from teleconsult.consults.consult import Status
from teleconsult.errors import NotFound, OnLegalHold
from teleconsult.lifecycle import legal_hold, retention
from teleconsult.lifecycle.deletion import delete_study
from teleconsult.lifecycle.hold_subjects import find_subjects
from teleconsult.lifecycle.legal_hold import LegalHold
from teleconsult.lifecycle.record_classes import Retention
from teleconsult.lifecycle.retention import Action
from teleconsult.measurements import keeping
from teleconsult.notifications.notification import Kind
from teleconsult.notifications.retention import delete_old
from teleconsult.recordings.retention import RecordingsKeeper, delete_recording
from teleconsult.stills.keeping import remove
from teleconsult.stills.still import Still, StillSource, add_still, stills_of
from teleconsult.studies.repository import StudyRepository
from teleconsult.users.user import Role, User
from tests.small_application import NOON, Parts, people_with_a_consult, recording_begun

STUDY = "1.2.3"
YEARS = timedelta(days=20 * 365)
LATER = NOON + YEARS
GRACE = Retention.from_text().grace
OF_CONSULT = {"recording", "notification"}
MEASURED = SharedMeasurement(
    owner_id="asks",
    owner_name="asks",
    measurement=ImageMeasurement(
        id="m",
        study_instance_uid=STUDY,
        sop_instance_uid="1.2.4",
        frame=0,
        kind="arrow",
        points=(ImagePoint(x=1, y=1),),
        label="",
        measured=None,
        final=True,
    ),
)


@pytest.fixture
def parts(database: Database, tmp_path: Path) -> Any:
    """A consult that was called off: what rules delete of it is due twenty years later."""
    parts: Any = Parts(database)
    parts.studies, parts.objects = StudyRepository(), LocalFiles(tmp_path / "objects")
    parts.settings.retention = Retention.from_text()
    people = people_with_a_consult(parts, Status.CANCELLED)
    boss = parts.boss = people["boss"]
    with database.transaction() as connection:
        connection.execute(
            insert(studies).values(
                study_instance_uid=STUDY, patient_id="p", institution_id=boss.institution.id, received_at=NOON
            )
        )
        connection.execute(
            insert(consult_studies).values(consult_id="c", study_instance_uid=STUDY, added_at=NOON)
        )
        add_recording(connection, recording_begun(RetentionClass.RECORD))
        end_recording(connection, "r", RecordingStatus.KEPT, NOON)
        add_still(
            connection,
            Still(
                id="s",
                consult_id="c",
                number=1,
                taken_by_id=boss.id,
                taken_at=NOON,
                camera_of_id=boss.id,
                source=StillSource.CAMERA,
                title="",
                body_site=None,
                laterality=None,
                width=1,
                height=1,
                size_bytes=1,
                sha256="0" * 64,
                kept_at="stills/s",
            ),
        )
        connection.execute(
            insert(kept_measurements).values(
                consult_id="c",
                id="m",
                owner_id=boss.id,
                kept_at=NOON,
                measurement=MEASURED.measurement.model_dump(mode="json", by_alias=True),
            )
        )
        parts.notifications.tell(connection, [boss.id], Kind.CALLED_OFF, at=NOON, consult_id="c")
        retention.add_rule(
            connection, user=boss, modality=None, older_than_days=5_475, action=Action.DELETE, at=NOON
        )
    return parts


def place(parts: Any, subject: str) -> LegalHold:
    with parts.database.transaction() as connection:
        return legal_hold.place(connection, subject, "file 7/2026", NOON)


def lift(parts: Any, hold: LegalHold) -> None:
    with parts.database.transaction() as connection:
        legal_hold.lift(connection, hold.id, "settled", NOON)


def remove_by_rules(parts: Any, at: datetime) -> None:
    """As the app does each day, but for the archive of images, which has none of these."""
    for day in (at - GRACE, at):
        retention.delete_due(parts, day)
        RecordingsKeeper(parts).step(day)
        delete_old(parts.database, parts.settings.retention, day)


def what_is_left(parts: Any) -> set[str]:
    def has(connection: Connection, table: Table) -> bool:
        row = select(table)
        if "deleted_at" in table.c:
            row = row.where(table.c.deleted_at.is_(None))
        return connection.execute(row).first() is not None

    tables = {
        "study": studies,
        "recording": recordings,
        "still": stills,
        "measurement": kept_measurements,
        "notification": notifications,
    }
    with parts.database.reading() as connection:
        return {name for name, table in tables.items() if has(connection, table)}


def remove_study(parts: Any) -> None:
    with parts.database.transaction() as connection:
        study = parts.studies.find(connection, STUDY)
        delete_study(parts, connection, study, actor="boss", reason="by hand", at=LATER)


def remove_recording(parts: Any) -> None:
    with parts.database.reading() as connection:
        (recording,) = recordings_of(connection, "c")
    delete_recording(parts, recording, actor="boss", reason="by hand", at=LATER)


def remove_still(parts: Any) -> None:
    with parts.database.transaction() as connection:
        (still,) = stills_of(connection, "c")
        remove(parts, connection, still, by=parts.boss.id, reason="blurred", at=LATER)


def remove_measurement(parts: Any) -> None:
    """As when its owner took it off the room's screens."""
    with parts.database.transaction() as connection:
        keeping._keep(connection, "c", [], LATER)


def test_what_is_due_goes_without_a_hold(parts: Any) -> None:
    remove_by_rules(parts, LATER)
    assert what_is_left(parts) == {"still", "measurement"}
    remove_still(parts)
    remove_measurement(parts)
    assert what_is_left(parts) == set()


@pytest.mark.parametrize(
    ("subject", "kept"), [("consult/c", {"study"} | OF_CONSULT), (f"study/{STUDY}", {"study"})]
)
def test_rules_pass_over_what_is_on_hold_until_the_last_hold_is_lifted(
    parts: Any, subject: str, kept: set[str]
) -> None:
    holds = [place(parts, subject), place(parts, subject)]
    for hold in holds:
        remove_by_rules(parts, LATER)
        assert what_is_left(parts) == kept | {"still", "measurement"}
        lift(parts, hold)
    remove_by_rules(parts, LATER)
    assert what_is_left(parts) == {"still", "measurement"}


@pytest.mark.parametrize("removal", [remove_study, remove_recording, remove_still])
def test_nobody_deletes_by_hand_what_is_on_hold(parts: Any, removal: Callable[[Any], None]) -> None:
    before = what_is_left(parts)
    hold = place(parts, "consult/c")
    with pytest.raises(OnLegalHold):
        removal(parts)
    assert what_is_left(parts) == before
    lift(parts, hold)
    removal(parts)
    assert len(what_is_left(parts)) == len(before) - 1


def test_a_measurement_of_a_consult_on_hold_stays_when_its_owner_takes_it_away(parts: Any) -> None:
    hold = place(parts, "consult/c")
    remove_measurement(parts)
    assert "measurement" in what_is_left(parts)
    lift(parts, hold)
    remove_measurement(parts)
    assert "measurement" not in what_is_left(parts)


def test_a_deleted_study_cannot_be_put_on_hold(parts: Any) -> None:
    remove_study(parts)
    with pytest.raises(NotFound):
        place(parts, f"study/{STUDY}")


def test_a_hold_and_its_end_are_in_the_audit_log_with_their_reasons(parts: Any) -> None:
    lift(parts, place(parts, "consult/c"))
    with parts.database.reading() as connection:
        assert legal_hold.standing(connection) == []
        written = [
            (entry.action, entry.subject, entry.details["reason"])
            for entry in audit_log.entries(connection)
            if entry.action.startswith("legal-hold")
        ]
    assert written == [
        ("legal-hold-placed", "consult/c", "file 7/2026"),
        ("legal-hold-lifted", "consult/c", "settled"),
    ]


def test_what_a_lifted_hold_lets_go_of_is_kept_for_the_days_of_grace(parts: Any) -> None:
    def left(at: datetime) -> set[str]:
        retention.delete_due(parts, at)
        RecordingsKeeper(parts).step(at)
        return what_is_left(parts) & {"study", "recording"}

    assert left(LATER) == {"study", "recording"}  # announced
    lift(parts, place(parts, "consult/c"))  # between two passes
    assert left(LATER + GRACE) == {"study", "recording"}
    assert left(LATER + 2 * GRACE) == set()


def test_a_hospital_that_has_no_part_neither_holds_nor_lifts_nor_sees(parts: Any) -> None:
    own = parts.boss.institution.id
    with parts.database.transaction() as connection:
        for subject in ("consult/c", f"study/{STUDY}"):
            with pytest.raises(NotFound):
                legal_hold.place(connection, subject, "file 7", NOON, by="boss", institution_id="another")
            legal_hold.place(connection, subject, "file 7", NOON, by=parts.boss.id, institution_id=own)
        first, second = legal_hold.shown_to(connection, own)
        assert {first.subject, second.subject} == {"consult/c", f"study/{STUDY}"}
        assert first.placed_by == parts.boss.id
        assert legal_hold.shown_to(connection, "another") == []
        with pytest.raises(NotFound):
            legal_hold.lift(connection, first.id, "settled", NOON, by="x", institution_id="another")
        legal_hold.lift(connection, first.id, "settled", NOON, by=parts.boss.id, institution_id=own)
        with pytest.raises(NotFound):
            legal_hold.lift(connection, first.id, "again", NOON, by=parts.boss.id, institution_id=own)
        standing, ended = legal_hold.shown_to(connection, own)
        assert (standing.id, standing.lifted_at) == (second.id, None)
        assert (ended.id, ended.lifted_by, ended.lift_reason) == (first.id, parts.boss.id, "settled")


def another_hospital(parts: Any, connection: Connection) -> User:
    """Whose specialist it returns."""
    place = parts.users.add_institution(connection, "B", "乙")
    parts.users.add(
        connection,
        username="zhao",
        display_name="zhao",
        roles=[Role.SPECIALIST],
        institution=place,
        specialty="radiology",
        password="x",
    )
    found: User = parts.users.find(connection, "zhao")
    return found


def answered(connection: Connection, specialist: User) -> None:
    connection.execute(update(consults).values(specialist_id=specialist.id))


def gave_an_opinion(connection: Connection, specialist: User) -> None:
    opinion = {"specialty": "radiology", "position": 0, "text": "", "dissent": ""}
    panel = {"consult_id": "c", "draft_number": 0, "version": 1}
    connection.execute(insert(panels).values(panel))
    connection.execute(insert(panel_opinions).values(consult_id="c", author_id=specialist.id, **opinion))


@pytest.mark.parametrize("took_part", [answered, gave_an_opinion])
def test_the_hospital_that_was_asked_holds_the_consult_and_neither_lifts_the_others_hold(
    parts: Any, took_part: Callable[[Connection, User], None]
) -> None:
    asking = parts.boss.institution.id
    with parts.database.transaction() as connection:
        specialist = another_hospital(parts, connection)
        asked = specialist.institution.id
        with pytest.raises(NotFound):
            legal_hold.place(connection, "consult/c", "claim 9", NOON, by="z", institution_id=asked)
        assert find_subjects(connection, asked, "1") == []
        took_part(connection, specialist)
        with pytest.raises(NotFound):  # its consult holds the study; by itself it is the other's
            legal_hold.place(connection, f"study/{STUDY}", "claim 9", NOON, by="z", institution_id=asked)
        own = legal_hold.place(
            connection, "consult/c", "file 7", NOON, by=parts.boss.id, institution_id=asking
        )
        theirs = legal_hold.place(connection, "consult/c", "claim 9", NOON, by="z", institution_id=asked)
        assert legal_hold.shown_to(connection, asked) == [theirs]
        assert {one.id for one in legal_hold.shown_to(connection, asking)} == {own.id, theirs.id}
        (found,) = find_subjects(connection, asked, "1")
        assert (found.subject, found.holds) == ("consult/c", 1)
        with pytest.raises(NotFound):
            legal_hold.lift(connection, theirs.id, "x", NOON, by=parts.boss.id, institution_id=asking)
        with pytest.raises(NotFound):
            legal_hold.lift(connection, own.id, "x", NOON, by="z", institution_id=asked)
        legal_hold.lift(connection, own.id, "settled", NOON, by=parts.boss.id, institution_id=asking)
    for removal in (remove_study, remove_recording, remove_still):
        with pytest.raises(OnLegalHold):
            removal(parts)
    with parts.database.transaction() as connection:
        legal_hold.lift(connection, theirs.id, "settled", NOON)  # the command line
    remove_study(parts)


def test_what_may_be_held_is_found_by_the_patient_in_the_own_hospital_alone(parts: Any) -> None:
    own = parts.boss.institution.id
    place(parts, "consult/c")
    with parts.database.reading() as connection:
        found = find_subjects(connection, own, "a^b 1")
        assert {(one.subject, one.holds) for one in found} == {("consult/c", 1), (f"study/{STUDY}", 0)}
        assert [one.subject for one in find_subjects(connection, own, STUDY)] == [f"study/{STUDY}"]
        assert find_subjects(connection, own, "nobody") == find_subjects(connection, "another", "1") == []
        assert find_subjects(connection, own, "%") == []


def test_a_hold_is_on_something_that_is_there(parts: Any) -> None:
    for subject in ("consult/nobody", "study/9.9", "patient/p", "c", ""):
        with pytest.raises(NotFound):
            place(parts, subject)
    with pytest.raises(NotFound), parts.database.transaction() as connection:
        legal_hold.lift(connection, "no such hold", "settled", NOON)
