"""The schema that the migrations make, on both real databases."""

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from threading import Barrier

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from storage.database import Database
from storage.tables import metadata
from tests.databases import NewDatabase


def differences(database: Database) -> list[object]:
    with database.reading() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))


def test_the_migrations_make_exactly_the_tables_that_the_code_knows(new_database: NewDatabase) -> None:
    database = new_database(migrated=False)
    database.migrate()
    assert differences(database) == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    database.migrate()
    assert differences(database) == []


def test_processes_that_start_together_migrate_once(new_database: NewDatabase) -> None:
    first = new_database(migrated=False)
    url = first.engine.url.render_as_string(hide_password=False)
    ready = Barrier(3)

    def start(_process: int) -> None:
        own = Database(url)
        ready.wait(30)
        own.migrate()
        own.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(start, range(3)))
    assert differences(first) == []


def test_a_migration_that_fails_leaves_nothing_behind(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = new_database(migrated=False)
    upgrade = command.upgrade

    def upgrade_then_fail(*arguments: object) -> None:
        upgrade(*arguments)  # type: ignore[arg-type]
        raise ZeroDivisionError

    monkeypatch.setattr(command, "upgrade", upgrade_then_fail)
    with pytest.raises(ZeroDivisionError):
        database.migrate()
    assert inspect(database.engine).get_table_names() == []


def test_an_upload_from_before_the_second_migration_keeps_its_files_and_gets_its_institution(
    new_database: NewDatabase,
) -> None:
    database = new_database(migrated=False)
    database.migrate(to="0001")
    with database.transaction() as connection:
        for statement in (
            "INSERT INTO institutions (id, name_en, name_zh, position) VALUES ('i', 'A', 'B', 1)",
            "INSERT INTO users (id, username, display_name, password_hash, must_change_password, "
            " roles, language, institution_id, failed_logins)"
            " VALUES ('u', 'n', 'N', '-', false, '[]', 'en', 'i', 0)",
            "INSERT INTO uploads (id, user_id, created_at) VALUES ('up', 'u', '2026-01-01 00:00:00')",
            "INSERT INTO upload_files (upload_id, path, verdict, already_present)"
            " VALUES ('up', 'p', 'stored', false)",
        ):
            connection.execute(text(statement))
    database.migrate()
    with database.reading() as connection:
        assert connection.execute(text("SELECT upload_id FROM upload_files")).scalars().all() == ["up"]
        assert connection.execute(text("SELECT institution_id FROM uploads")).scalar() == "i"


def test_whoever_asked_another_institution_before_there_were_agreements_goes_on_asking_it(
    new_database: NewDatabase,
) -> None:
    database = new_database(migrated=False)
    database.migrate(to="0009")
    with database.transaction() as connection:
        for place in ("township", "province", "county", "idle"):
            connection.execute(
                text("INSERT INTO institutions (id, name_en, name_zh, position) VALUES (:id, :id, :id, 0)"),
                {"id": place},
            )
        for user, place, specialty in (
            ("asks", "township", None),
            ("accepted", "province", "oncology"),
            ("might", "county", "radiology"),
            ("never", "idle", "cardiology"),
        ):
            connection.execute(
                text(
                    "INSERT INTO users (id, username, display_name, password_hash, must_change_password,"
                    " roles, specialty, language, institution_id, failed_logins)"
                    " VALUES (:id, :id, :id, '-', false, '[]', :specialty, 'en', :place, 0)"
                ),
                {"id": user, "place": place, "specialty": specialty},
            )
        connection.execute(
            text(
                "INSERT INTO patients (id, institution_id, patient_id, name)"
                " VALUES ('p', 'township', '1', 'A^B')"
            )
        )
        for consult, status, specialist, specialty in (
            ("over", "closed", "accepted", "oncology"),
            ("waits", "requested", None, "radiology"),
        ):
            connection.execute(
                text(
                    "INSERT INTO consults (id, status, version, patient_id, question, urgency, specialty,"
                    " legal_role, consent, requested_by, inviting_institution_id, specialist_id, created_at,"
                    " history) VALUES (:id, :status, 1, 'p', '?', 'routine', :specialty, 'consultation',"
                    " '{}', 'asks', 'township', :specialist, '2026-01-01 00:00:00', '[]')"
                ),
                {"id": consult, "status": status, "specialist": specialist, "specialty": specialty},
            )
    database.migrate()
    with database.reading() as connection:
        carried = connection.execute(
            text("SELECT inviting_institution_id, invited_institution_id FROM agreements")
        ).all()
    assert sorted(map(tuple, carried)) == [("township", "county"), ("township", "province")]


def test_what_a_consult_said_of_its_consent_becomes_a_record(new_database: NewDatabase) -> None:
    database = new_database(migrated=False)
    database.migrate(to="0014")
    with database.transaction() as connection:
        for statement in (
            "INSERT INTO institutions (id, name_en, name_zh, position) VALUES ('i', 'A', 'B', 1)",
            "INSERT INTO users (id, username, display_name, password_hash, must_change_password, "
            " roles, language, institution_id, failed_logins)"
            " VALUES ('u', 'n', 'N', '-', false, '[]', 'en', 'i', 0)",
            "INSERT INTO patients (id, institution_id, patient_id, name) VALUES ('p', 'i', '1', 'A^B')",
        ):
            connection.execute(text(statement))
        for consult, consent in (
            ("signed", '{"given": true, "method": "written", "note": null}'),
            ("urgent", '{"given": false, "method": "emergency", "note": "unconscious"}'),
            ("draft", '{"given": false, "method": "written", "note": null}'),
        ):
            connection.execute(
                text(
                    "INSERT INTO consults (id, status, version, patient_id, question, urgency, specialty,"
                    " legal_role, consent, requested_by, inviting_institution_id, created_at, history)"
                    " VALUES (:id, 'requested', 1, 'p', '?', 'routine', 'radiology', 'consultation',"
                    " :consent, 'u', 'i', '2026-01-01 00:00:00', '[]')"
                ),
                {"id": consult, "consent": consent},
            )
    database.migrate()
    with database.reading() as connection:
        kept = connection.execute(text("SELECT consult_id, method, giver, note, recorded_by FROM consents"))
        assert sorted(map(tuple, kept), key=str) == [
            ("signed", "written", "patient", None, "u"),
            ("urgent", "emergency", None, "unconscious", "u"),
        ]


def test_what_is_encrypted_stays_where_it_was_and_its_keys_wait_for_those_of_its_institution(
    new_database: NewDatabase,
) -> None:
    database = new_database(migrated=False)
    database.migrate(to="0031")
    with database.transaction() as connection:
        for statement in (
            "INSERT INTO institutions (id, name_en, name_zh, position) VALUES ('i', 'A', 'B', 1)",
            "INSERT INTO users (id, username, display_name, password_hash, must_change_password, "
            " roles, language, institution_id) VALUES ('u', 'n', 'N', '-', false, '[]', 'en', 'i')",
            "INSERT INTO patients (id, institution_id, patient_id, name) VALUES ('p', 'i', '1', 'A^B')",
            "INSERT INTO consults (id, status, version, patient_id, question, urgency, specialty,"
            " legal_role, requested_by, inviting_institution_id, created_at, history)"
            " VALUES ('c', 'requested', 1, 'p', '?', 'routine', 'radiology', 'consultation', 'u', 'i',"
            " '2026-01-01 00:00:00', '[]')",
        ):
            connection.execute(text(statement))
        for number, (still, key) in enumerate([("kept", b"a wrapped key"), ("deleted", None)]):
            connection.execute(
                text(
                    "INSERT INTO stills (id, consult_id, number, taken_by, taken_at, camera_of, source,"
                    " title, width, height, size_bytes, sha256, wrapped_key) VALUES (:id, 'c', :number, 'u',"
                    " '2026-01-01 00:00:00', 'u', 'camera', '', 16, 16, 1, '-', :key)"
                ),
                {"id": still, "number": number, "key": key},
            )
        connection.execute(
            text(
                "INSERT INTO consents (id, consult_id, method, given_at, scan_wrapped_key)"
                " VALUES ('s', 'c', 'written', '2026-01-01 00:00:00', :key)"
            ),
            {"key": b"another"},
        )
        connection.execute(
            text(
                "INSERT INTO recordings (id, consult_id, status, started_by, started_at, seen_at, consents,"
                " wrapped_key, retention_class) VALUES ('r', 'c', 'kept', 'u', '2026-01-01 00:00:00',"
                " '2026-01-01 00:00:00', '[]', :key, 'record')"
            ),
            {"key": b"a third"},
        )
    database.migrate()
    with database.reading() as connection:
        places = dict(map(tuple, connection.execute(text("SELECT id, kept_at FROM stills")).all()))
        scan = connection.execute(text("SELECT scan_kept_at FROM consents")).scalar()
        keys = connection.execute(text("SELECT * FROM data_keys ORDER BY id")).all()
    digests = [sha256(key).hexdigest()[:16] for key in (b"a wrapped key", b"another")]
    assert places == {"kept": f"stills/kept/{digests[0]}", "deleted": None}
    assert scan == f"consents/s/{digests[1]}"
    assert [(key, *wrapped, bytes(by)) for key, *wrapped, by in keys] == [
        (scan, "i", "installation", 0, b"another"),
        ("recordings/r", "i", "installation", 0, b"a third"),
        (places["kept"], "i", "installation", 0, b"a wrapped key"),
    ]
