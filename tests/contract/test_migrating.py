"""A new version: a trial of its migrations that changes nothing, and a copy to go back to."""

from pathlib import Path

import pytest

from storage.database import Database, utc_now
from teleconsult.backups import databases
from teleconsult.backups.migrating import FOLDER, KEPT, keep_copy_before_migration, pending, try_on_copy
from teleconsult.backups.places import Places
from teleconsult.backups.problem import BackupProblem
from tests.databases import NewDatabase

OLD = "0024"


def places_of(database: Database, folder: Path) -> Places:
    url = database.engine.url.render_as_string(hide_password=False)
    return Places.of(folder, {"TELECONSULT_DATABASE_URL": url})


@pytest.fixture
def old(new_database: NewDatabase) -> Database:
    database = new_database(migrated=False)
    database.migrate(OLD)
    return database


def test_what_would_run_is_listed_in_order() -> None:
    steps = pending(OLD)
    assert [step.revision for step in steps][:2] == ["0025", "0026"]
    assert steps[-1].revision == databases.newest_revision()
    assert all(step.title for step in steps)
    assert pending(databases.newest_revision()) == []


def test_a_database_of_a_newer_version_is_said() -> None:
    with pytest.raises(BackupProblem, match=r"newer version.*较新版本"):
        pending("9999")


def test_a_trial_changes_nothing(old: Database, tmp_path: Path) -> None:
    try_on_copy(places_of(old, tmp_path / "data"))
    assert databases.revision_of(old) == OLD
    assert not list((tmp_path / "data").iterdir())


def test_before_a_migration_a_copy_is_kept_that_is_as_it_was(old: Database, tmp_path: Path) -> None:
    places = places_of(old, tmp_path)
    copy = keep_copy_before_migration(places, utc_now())
    assert copy is not None and OLD in copy.name and copy.stat().st_mode & 0o077 == 0
    if places.sqlite_file:
        copied = Database(f"sqlite:///{copy}")
        assert databases.revision_of(copied) == OLD
        copied.close()
    old.migrate()
    assert keep_copy_before_migration(places, utc_now()) is None


def test_only_the_last_copies_are_kept(old: Database, tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    for year in range(2010, 2015):
        (tmp_path / FOLDER / f"{year}0101T000000Z-0001.sqlite").touch()
    copy = keep_copy_before_migration(places_of(old, tmp_path), utc_now())
    left = sorted((tmp_path / FOLDER).iterdir())
    assert len(left) == KEPT and left[-1] == copy


def test_a_first_start_has_nothing_to_copy(tmp_path: Path) -> None:
    assert keep_copy_before_migration(Places.of(tmp_path, {}), utc_now()) is None
    assert list(tmp_path.iterdir()) == []
