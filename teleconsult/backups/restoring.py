"""Bring an archive to an empty place. Nothing is put there before the whole archive is proved."""

import hashlib
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from storage import audit_log
from storage.age_file import AgeReader
from storage.database import Database
from storage.errors import AgeFileDamaged, AuditChainBroken, NoAgeFile, WrongPassphrase
from storage.local_files import LocalFiles
from storage.opening import open_object_store
from teleconsult.backups import databases, history, images
from teleconsult.backups.archive import About, extract
from teleconsult.backups.places import Places
from teleconsult.backups.problem import BackupProblem
from teleconsult.backups.scratch import scratch_folder, sweep_folder
from teleconsult.instance_lock import LOCK_FILE, AlreadyRunning, InstanceLock

SETTINGS = "restored-settings"
BLOCK_BYTES = 1 << 20
GB = 1e9


@dataclass(frozen=True, slots=True)
class Restored:
    about: About
    size_bytes: int
    images: int  # files of the archive of images
    images_gone: int  # which the index knows and the archive lacks: deleted while it was made
    took_s: float


def restore(
    source: BinaryIO, size_bytes: int, name: str, passphrase: str, places: Places, at: datetime
) -> Restored:
    """Unpack, prove, bring the schema up to date, and put everything in its place.

    Args:
        source, size_bytes, name: the archive, how long it is, and how people call it.
        places: all of them empty.
        at: the present moment.

    Raises:
        BackupProblem: a place is not empty, or the archive is not whole; then nothing was changed.
    """
    began = time.monotonic()
    with _held(places.data_folder):
        _demand_empty(places)
        _demand_room(places.data_folder, size_bytes)
        with scratch_folder(places.data_folder) as scratch:
            with _explained(name):
                reader = AgeReader(source, passphrase)
                about, unpacked = extract(reader, scratch, lambda it: _accept(it, places))  # type: ignore[arg-type]
            for empty in ("files", "objects", "orthanc"):
                (scratch / empty).mkdir(exist_ok=True, mode=0o700)
            found, gone = _prove_images(scratch / "orthanc")
            if places.sqlite_file:
                prove_sqlite_file(scratch / "database.sqlite")
                _prove_audit_log(f"sqlite:///{scratch / 'database.sqlite'}", about)
                _set_up(f"sqlite:///{scratch / 'database.sqlite'}", name, about, at)
            else:
                databases.restore_postgresql(places.database_url, scratch / "database.pgdump")
                _prove_tables(places.database_url, about)
                _prove_audit_log(places.database_url, about)
                _set_up(places.database_url, name, about, at)
            _put_in_place(scratch, places)
    return Restored(about, unpacked, found, gone, time.monotonic() - began)


@contextmanager
def _held(data_folder: Path) -> Iterator[None]:
    """Nothing is started on the folder meanwhile."""
    try:
        lock = InstanceLock.take(data_folder, "", 0)
    except AlreadyRunning as error:
        raise BackupProblem("running", folder=data_folder) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except WrongPassphrase as error:
        raise BackupProblem("wrong-passphrase") from error
    except NoAgeFile as error:
        raise BackupProblem("no-archive", name=name) from error
    except AgeFileDamaged as error:
        raise BackupProblem("damaged", what=error) from error


def _demand_empty(places: Places) -> None:
    sweep_folder(places.data_folder)  # of a restore that was killed
    there = {path.name for path in places.data_folder.iterdir()} - {LOCK_FILE, "lost+found"}
    if there:
        raise BackupProblem("not-empty", where=places.data_folder)
    if places.sqlite_file:
        if places.sqlite_file.exists():
            raise BackupProblem("not-empty", where=places.sqlite_file)
    elif not databases.is_empty(places.database_url):
        raise BackupProblem("not-empty", where="PostgreSQL")
    store = Path(places.object_store)
    is_in_use = any(store.iterdir()) if store.is_dir() else _bucket_has_objects(places.object_store)
    if is_in_use:
        raise BackupProblem("not-empty", where="TELECONSULT_OBJECT_STORE")


def _bucket_has_objects(where: str) -> bool:
    return where.startswith("s3") and bool(open_object_store(where).keys())


def _demand_room(folder: Path, needed_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        gigabytes = {"free": f"{free / GB:.1f}", "needed": f"{needed_bytes / GB:.1f}"}
        raise BackupProblem("no-room", where=folder, **gigabytes)


def _accept(about: About, places: Places) -> None:
    if about.revision not in databases.known_revisions():
        raise BackupProblem("newer", revision=about.revision)
    if about.database != places.database_kind:
        raise BackupProblem("other-database", archived=about.database, here=places.database_kind)


def prove_sqlite_file(file: Path) -> None:
    """Raises BackupProblem: its pages or its references do not hold together."""
    with closing(sqlite3.connect(file)) as connection:
        said = connection.execute("PRAGMA integrity_check").fetchone()[0]
        if said != "ok" or connection.execute("PRAGMA foreign_key_check").fetchone():
            raise BackupProblem("not-as-it-was", what="database")


def _prove_tables(url: str, about: About) -> None:
    """Every table has the rows that it had when it was copied."""
    database = Database(url)
    try:
        with databases.standing_still(database) as connection:
            there = databases.digests_of_tables(connection)
    finally:
        database.close()
    if about.tables and there != about.tables:
        others = {name for name, _ in there.items() ^ about.tables.items()}
        raise BackupProblem("not-as-it-was", what=", ".join(sorted(others)))


def _prove_audit_log(url: str, about: About) -> None:
    """The whole chain holds, and the last entry from before the backup is in it."""
    database = Database(url)
    try:
        with database.reading() as connection:
            audit_log.verify(connection)
            last = next(audit_log.entries(connection, about.audit_entries, about.audit_entries), None)
    except AuditChainBroken as error:
        raise BackupProblem("not-as-it-was", what=error) from error
    finally:
        database.close()
    if about.audit_entries and (last is None or last.sha256 != about.audit_sha256):
        raise BackupProblem("not-as-it-was", what=f"audit entry {about.audit_entries}")


def _prove_images(folder: Path) -> tuple[int, int]:
    """How many files of the index are there, byte for byte as Orthanc received them, and how many are not."""
    if not (folder / images.INDEX).exists():
        return 0, 0
    found = gone = 0
    for file in images.files_of(folder / images.INDEX):
        path = folder / file.path
        if not path.exists():
            gone += 1
            continue
        with path.open("rb") as content:
            digest = hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        if digest != file.md5 or path.stat().st_size != file.size_bytes:
            raise BackupProblem("not-as-it-was", what=f"image {file.uuid}")
        found += 1
    return found, gone


def _set_up(url: str, name: str, about: About, at: datetime) -> None:
    """Bring the schema up to date and say in the audit log that time has gone back."""
    database = Database(url)
    try:
        database.migrate()
        with database.transaction() as connection:
            history.forget_unfinished(connection)
            audit_log.record(
                connection,
                at=at,
                actor="command-line",
                action="restored-from-backup",
                subject=f"backup/{name}"[:200],
                details={"made_at": about.made_at, "revision": about.revision},
            )
    finally:
        database.close()


def _put_in_place(scratch: Path, places: Places) -> None:
    """The objects and the database first: before config.json is there, it is no installation."""
    _put_objects(scratch / "objects", places.object_store)
    if places.sqlite_file:
        places.sqlite_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.move(scratch / "database.sqlite", places.sqlite_file)
    if places.orthanc_folder:
        shutil.move(scratch / "orthanc", places.orthanc_folder)
    if (scratch / "settings").exists():
        shutil.move(scratch / "settings", places.data_folder / SETTINGS)
    for path in sorted((scratch / "files").iterdir(), key=lambda path: path.name == "config.json"):
        shutil.move(path, places.data_folder / path.name)


def _put_objects(folder: Path, where: str) -> None:
    if where.startswith("s3"):
        store = open_object_store(where)
        ours = LocalFiles(folder)
        for key in ours.keys():  # noqa: SIM118  (no mapping)
            store.put(key, ours.get(key))
        return
    target = Path(where)
    if target.exists():
        target.rmdir()  # it is empty
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(folder, target)
