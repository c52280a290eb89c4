"""Restore an archive into a scratch place, as a restore does it, and say what that would give and take."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from teleconsult.backups.places import Places
from teleconsult.backups.restoring import Restored, restore
from teleconsult.backups.scratch import scratch_database, scratch_folder
from teleconsult.backups.target import FolderTarget, StoreTarget


def verify(
    target: FolderTarget | StoreTarget,
    name: str,
    passphrase: str,
    places: Places,
    scratch_parent: Path,
    at: datetime,
) -> Restored:
    """Everything is unpacked, compared, migrated and thrown away again.

    Args:
        places: of the installation. On PostgreSQL the scratch database is made beside its own.
        scratch_parent: a folder with room for everything.
        at: the present moment.

    Raises:
        BackupProblem: the archive could not be restored.
    """
    with _scratch_places(places, scratch_parent) as scratch, target.reading(name) as source:
        return restore(source, target.size_bytes(name), name, passphrase, scratch, at)


@contextmanager
def _scratch_places(places: Places, parent: Path) -> Iterator[Places]:
    with scratch_folder(parent) as folder:
        if places.sqlite_file:
            yield Places.of(folder / "data", {})
            return
        with scratch_database(places.database_url) as url:
            yield Places.of(folder / "data", {"TELECONSULT_DATABASE_URL": url})
