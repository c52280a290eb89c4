"""Before a new version changes the schema: a trial on a copy, and a copy to go back to."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from alembic.script import ScriptDirectory

from storage.database import MIGRATIONS, Database
from teleconsult.backups import databases
from teleconsult.backups.places import Places
from teleconsult.backups.problem import BackupProblem
from teleconsult.backups.restoring import prove_sqlite_file
from teleconsult.backups.scratch import scratch_database, scratch_folder

FOLDER = "before-migration"
KEPT = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One migration that is still to be run."""

    revision: str
    title: str


def pending(revision: str) -> list[Step]:
    """Those after `revision` ('': all of them), in order.

    Raises:
        BackupProblem: the database is of a newer version than this program.
    """
    scripts = ScriptDirectory(str(MIGRATIONS))
    if revision and revision not in databases.known_revisions():
        raise BackupProblem("newer-database", revision=revision)
    newest_first = scripts.iterate_revisions("head", revision or "base")
    return [Step(script.revision, str(script.doc).partition("\n")[0]) for script in newest_first][::-1]


@contextmanager
def opened(places: Places) -> Iterator[Database]:
    if places.sqlite_file and not places.sqlite_file.exists():
        raise BackupProblem("no-installation", folder=places.data_folder)
    database = Database(places.database_url)
    try:
        yield database
    finally:
        database.close()


def try_on_copy(places: Places) -> float:
    """Migrate a copy of the database and prove that it holds together; how many seconds it took."""
    with scratch_folder(places.data_folder) as folder:
        copy = folder / "copy"
        if places.sqlite_file:
            databases.copy_sqlite(places.sqlite_file, copy)
            took_s = _migrate(f"sqlite:///{copy}")
            prove_sqlite_file(copy)
            return took_s
        databases.dump_postgresql(places.database_url, copy)
        with scratch_database(places.database_url) as url:
            databases.restore_postgresql(url, copy)
            return _migrate(url)


def _migrate(url: str) -> float:
    database = Database(url)
    began = time.monotonic()
    try:
        database.migrate()
        return time.monotonic() - began
    finally:
        database.close()


def keep_copy_before_migration(places: Places, at: datetime) -> Path | None:
    """Copy a database that is about to be migrated; None: there is nothing to migrate, or nothing yet."""
    if places.sqlite_file and not places.sqlite_file.exists():
        return None
    with opened(places) as database:
        revision = databases.revision_of(database)
    if not revision or revision == databases.newest_revision():
        return None
    folder = places.data_folder / FOLDER
    folder.mkdir(exist_ok=True, mode=0o700)
    kind = "sqlite" if places.sqlite_file else "pgdump"
    copy = folder / f"{at:%Y%m%dT%H%M%SZ}-{revision}.{kind}"
    if places.sqlite_file:
        databases.copy_sqlite(places.sqlite_file, copy)
    else:
        databases.dump_postgresql(places.database_url, copy)
    copy.chmod(0o600)
    for old in sorted(folder.glob("*-*.*"))[:-KEPT]:
        old.unlink()
    return copy
