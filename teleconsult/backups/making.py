"""Write one archive of an installation that may be running meanwhile.

The order makes it whole. The database is copied first: everything that was acknowledged has its row by then.
What rows refer to is written before them and never changed: objects, and files of the archive of images. So
these are copied after it, and all that a row names is there, except what was deleted in between; what came in
between is there without a row, and the follower of the archive finds it after a restore.
"""

import fcntl
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from storage.age_file import WORK_FACTOR, AgeWriter
from storage.database import Database
from storage.errors import ObjectMissing
from storage.opening import open_object_store
from teleconsult.backups import databases, images
from teleconsult.backups.archive import About, ArchiveWriter
from teleconsult.backups.places import Places
from teleconsult.backups.problem import BackupProblem
from teleconsult.backups.scratch import scratch_folder

# Made anew at each start, or kept elsewhere in the archive.
LOCK_FILE = "backup.lock"
NOT_AMONG_FILES = {
    *("logs", "run", "redis", "supervisor.lock", LOCK_FILE),
    *("orthanc", "objects", "before-migration"),
}
MOST_SETTING_BYTES = 1 << 20
PASSPHRASE_FILE = "TELECONSULT_BACKUP_PASSPHRASE_FILE"


@dataclass(frozen=True, slots=True)
class Made:
    about: About
    files: int
    size_bytes: int  # of what is in it
    images_gone: int  # deleted while the backup ran


def make_archive(
    places: Places, sink: BinaryIO, passphrase: str, at: datetime, work_factor: int = WORK_FACTOR
) -> Made:
    """Write the encrypted archive into `sink`, which is as good as empty until this returns.

    Args:
        at: the present moment.

    Raises:
        BackupProblem: there is nothing to back up, or it could not be read.
    """
    if not (places.data_folder / "config.json").exists():
        raise BackupProblem("no-installation", folder=places.data_folder)
    with _scratch(places.data_folder) as scratch:
        about, database_copy = _copy_database(places, scratch, at)
        encrypted = AgeWriter(sink, passphrase, work_factor)
        archive = ArchiveWriter(encrypted, about)  # type: ignore[arg-type]
        archive.add_file(database_copy.name, database_copy)
        database_copy.unlink()
        _add_objects(archive, places)
        gone = _add_images(archive, places.orthanc_folder, scratch) if about.has_images else 0
        for path in _other_files(places):
            archive.add_file(f"files/{path.relative_to(places.data_folder).as_posix()}", path)
        _add_settings(archive, places)
        archive.finish()
        encrypted.finish()
    return Made(about, archive.files, archive.size_bytes, gone)


@contextmanager
def _scratch(data_folder: Path) -> Iterator[Path]:
    """A folder that goes at the end; one backup at a time."""
    with (data_folder / LOCK_FILE).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupProblem("backup-running") from error
        with scratch_folder(data_folder) as folder:
            yield folder


def _copy_database(places: Places, scratch: Path, at: datetime) -> tuple[About, Path]:
    if places.sqlite_file and not places.sqlite_file.exists():
        raise BackupProblem("no-installation", folder=places.data_folder)
    target = scratch / ("database.sqlite" if places.sqlite_file else "database.pgdump")
    database = Database(places.database_url)
    try:
        with databases.standing_still(database) as connection:
            entries, sha256 = databases.audit_head(connection)
            about = About(
                made_at=at.isoformat(),
                revision=databases.revision_of(database),
                database=places.database_kind,
                has_images=places.orthanc_folder is not None,
                audit_entries=entries,
                audit_sha256=sha256,
                tables={} if places.sqlite_file else databases.digests_of_tables(connection),
            )
            if places.sqlite_file:
                databases.copy_sqlite(places.sqlite_file, target)
            else:
                databases.dump_postgresql(places.database_url, target, databases.snapshot_of(connection))
    finally:
        database.close()
    target.chmod(0o600)
    return about, target


def _add_objects(archive: ArchiveWriter, places: Places) -> None:
    store = open_object_store(places.object_store)
    for key in store.keys():  # noqa: SIM118  (no mapping)
        try:
            content = store.get(key)
        except ObjectMissing:  # deleted since it was listed
            continue
        archive.add_bytes(f"objects/{key}", content)


def _add_images(archive: ArchiveWriter, folder: Path | None, scratch: Path) -> int:
    """How many files of the index had been deleted by the time that they were to be copied."""
    assert folder is not None
    if not (folder / images.INDEX).exists():
        return 0
    index = images.copy_index(folder, scratch)
    archive.add_file(f"orthanc/{images.INDEX}", index)
    gone = 0
    for file in images.files_of(index):
        gone += not archive.add_file(f"orthanc/{file.path}", folder / file.path)
    return gone


def _other_files(places: Places) -> Iterator[Path]:
    left_out = NOT_AMONG_FILES
    if places.sqlite_file:
        left_out = left_out | {places.sqlite_file.name + end for end in ("", "-wal", "-shm")}
    for top in sorted(places.data_folder.iterdir()):
        if top.name in left_out or top.name.startswith("."):
            continue
        if top.is_file():
            yield top
        for folder, _, names in os.walk(top):
            for name in sorted(names):
                if (path := Path(folder, name)).is_file():
                    yield path


def _add_settings(archive: ArchiveWriter, places: Places) -> None:
    """What the operator set, and the files that settings name, but for the passphrase of this archive."""
    lines = []
    for name, value in sorted(places.settings.items()):
        lines.append(f"{name}={shlex.quote(value)}\n")
        path = Path(value)
        if name == PASSPHRASE_FILE or not path.is_absolute() or path.is_relative_to(places.data_folder):
            continue
        if path.is_file() and path.stat().st_size <= MOST_SETTING_BYTES:
            archive.add_file(f"settings/{name}/{path.name}", path)
    archive.add_bytes("settings/settings.env", "".join(lines).encode())
