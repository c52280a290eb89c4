"""Copies of the database, and the way back: SQLite by its own backup, PostgreSQL by pg_dump."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, desc, inspect, select, text
from sqlalchemy.engine import URL, make_url

from storage.audit_chain import FIRST_PREVIOUS_SHA256
from storage.database import MIGRATIONS, Database
from storage.tables import audit_log
from teleconsult.backups.problem import BackupProblem

LAST_BYTES = 500
# With these the text of a row is the same on every server.
ROWS_AS_TEXT = ("TimeZone = 'UTC'", "DateStyle = 'ISO'", "extra_float_digits = 1", "bytea_output = 'hex'")


def newest_revision() -> str:
    """Of the schema that this program knows."""
    return str(ScriptDirectory(str(MIGRATIONS)).get_current_head())


def known_revisions() -> set[str]:
    return {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}


def revision_of(database: Database) -> str:
    with database.reading() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


@contextmanager
def standing_still(database: Database) -> Iterator[Connection]:
    """A connection that sees one state of the database throughout."""
    if database.is_sqlite:
        with database.reading() as connection:
            yield connection
        return
    with database.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        for setting in ROWS_AS_TEXT:
            connection.execute(text(f"SET LOCAL {setting}"))
        yield connection


def audit_head(connection: Connection) -> tuple[int, str]:
    """How many entries the audit log has, and the digest of the last."""
    query = select(audit_log.c.sequence, audit_log.c.sha256).order_by(desc(audit_log.c.sequence)).limit(1)
    row = connection.execute(query).first()
    return (row.sequence, row.sha256) if row else (0, FIRST_PREVIOUS_SHA256)


def is_empty(url: str) -> bool:
    database = Database(url)
    try:
        with database.reading() as connection:
            return not inspect(connection).get_table_names()
    finally:
        database.close()


def copy_sqlite(source: Path, target: Path) -> None:
    """One state of the database, while others write to it; nobody waits."""
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)


def snapshot_of(connection: Connection) -> str:
    """The name of the state of PostgreSQL that `standing_still` sees, while it does."""
    return str(connection.execute(text("SELECT pg_export_snapshot()")).scalar())


def digests_of_tables(connection: Connection) -> dict[str, str]:
    """For each table of PostgreSQL the number of its rows, and a digest in which their order has no part.

    It finds what damage or a faulty restore did, not what somebody forged: against that there is the seal of
    the archive. Use a connection that stands still.
    """
    digests = {}
    # The sums of both halves of the rows' digests.
    half = "coalesce(sum(('x' || {side}(digest, 16))::bit(64)::bigint::numeric), 0)"
    columns = ", ".join(["count(*)", half.format(side="left"), half.format(side="right")])
    for name in sorted(inspect(connection).get_table_names()):
        table = connection.dialect.identifier_preparer.quote_identifier(name)
        query = f"SELECT {columns} FROM (SELECT md5(t::text) AS digest FROM {table} t) d"
        digests[name] = " ".join(map(str, connection.execute(text(query)).one()))
    return digests


def dump_postgresql(url: str, target: Path, snapshot: str | None = None) -> None:
    """Of `snapshot`, or of the present moment."""
    options = [f"--snapshot={snapshot}"] if snapshot else []
    _run("pg_dump", make_url(url), "--format=custom", f"--file={target}", *options)


def restore_postgresql(url: str, dump: Path) -> None:
    """Into a database without tables: everything, or nothing."""
    options = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")
    _run("pg_restore", make_url(url), *options, str(dump))


def _run(program: str, url: URL, *options: str) -> None:
    found = _find(program)
    if found is None:
        raise BackupProblem("program-missing", program=program)
    where = {"PGHOST": url.host, "PGPORT": url.port, "PGUSER": url.username, "PGPASSWORD": url.password}
    given = {name: str(value) for name, value in where.items() if value is not None}
    done = subprocess.run(
        [found, f"--dbname={url.database}", *options],
        env={**os.environ, **given},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        why = done.stderr.decode(errors="replace").strip()[-LAST_BYTES:]
        raise BackupProblem("database-failed", program=program, why=why)


def _find(program: str) -> str | None:
    """Debian keeps several versions side by side: the newest reads all older servers."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    newest_first = ":".join(map(str, reversed(folders)))
    return shutil.which(program, path=newest_first) or shutil.which(program)
