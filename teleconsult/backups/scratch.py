"""Scratch folders and a scratch database: what is sealed elsewhere lies open there, so they never stay.

They go at the end of the block; when their maker is killed, a folder by a process that outlives it; and all
that a power cut left, at the next start and the next backup.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError

from storage.database import Database
from teleconsult.backups import remove_folder
from teleconsult.backups.problem import BackupProblem

PREFIX = ".scratch-"
DATABASE_SUFFIX = "_scratch"
LONGEST_DATABASE_NAME = 63  # PostgreSQL's NAMEDATALEN less one
SCRATCH_LOCK = 0x54435343  # any number that nothing else in the database locks
INSUFFICIENT_PRIVILEGE = "42501"  # an SQLSTATE


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """A folder for its owner alone. The lock on it says that somebody works there."""
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(parent):
        _remove_left(parent)
        folder = Path(tempfile.mkdtemp(dir=parent, prefix=PREFIX))
        lock = os.open(folder, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        command = [sys.executable, "-I", "-S", remove_folder.__file__, str(folder)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True):
            yield folder  # the end of the inner block is the end of the remover's input
    finally:
        os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)


def sweep_folder(parent: Path) -> None:
    """Remove the scratch folders in `parent` that nobody works in."""
    with _locked(parent):
        _remove_left(parent)


@contextmanager
def _locked(folder: Path, how: int = fcntl.LOCK_EX) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


def _remove_left(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*"):
        # Its remover may be at it; or somebody works in it.
        with suppress(FileNotFoundError, BlockingIOError), _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def scratch_database(url: str) -> Iterator[str]:
    """The URL of an empty database beside the one at `url`, a PostgreSQL: same server, same user.

    Raises:
        BackupProblem: somebody uses it already, or the user may not make databases.
    """
    name = _scratch_name(make_url(url))
    with _administering(url) as connection:
        if not _lock(connection):
            raise BackupProblem("backup-running")
        quoted = _quoted(connection, name)
        _drop(connection, name)
        try:
            connection.execute(text(f"CREATE DATABASE {quoted} TEMPLATE template0 {_as_here(connection)}"))
        except DBAPIError as error:
            if INSUFFICIENT_PRIVILEGE in str(error.orig):
                raise BackupProblem("no-scratch-database", user=make_url(url).username) from error
            raise
        try:
            yield make_url(url).set(database=name).render_as_string(hide_password=False)
        finally:
            _drop(connection, name)


def sweep_database(url: str) -> None:
    """Remove the scratch database that a killed process left, unless somebody works in it."""
    with _administering(url) as connection:
        if _lock(connection):
            _drop(connection, _scratch_name(make_url(url)))


def _scratch_name(url: URL) -> str:
    return str(url.database)[: LONGEST_DATABASE_NAME - len(DATABASE_SUFFIX)] + DATABASE_SUFFIX


@contextmanager
def _administering(url: str) -> Iterator[Connection]:
    """A connection outside of any transaction, as making a database wants; its locks go with it."""
    database = Database(url)
    try:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection
    finally:
        database.close()


def _lock(connection: Connection) -> bool:
    return bool(connection.execute(text(f"SELECT pg_try_advisory_lock({SCRATCH_LOCK})")).scalar())


def _drop(connection: Connection, name: str) -> None:
    connection.execute(text(f"DROP DATABASE IF EXISTS {_quoted(connection, name)} WITH (FORCE)"))


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(name)


def _as_here(connection: Connection) -> str:
    """Encoding and order of text as in the database that is open: keys that are unique here stay so."""
    query = (
        "SELECT pg_encoding_to_char(encoding) AS encoding, datcollate, datctype FROM pg_database "
        "WHERE datname = current_database()"
    )
    row = connection.execute(text(query)).one()
    return f"ENCODING '{row.encoding}' LC_COLLATE '{row.datcollate}' LC_CTYPE '{row.datctype}'"
