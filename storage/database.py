"""The database engine: SQLite in WAL mode by default, PostgreSQL by URL."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import make_url

from storage.errors import MigrationBroken

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_MS = 30_000
MIGRATION_LOCK = 0x54434D47  # any number that nothing else in the database locks


class Database:
    """One engine and its transactions.

    SQLite takes one writer at a time: `transaction` begins with BEGIN IMMEDIATE, so that two
    writers queue at the start and never deadlock in the middle; a lock within the process keeps
    that queue short. `synchronous=FULL` is what makes a commit outlive a power cut.
    """

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        if self.is_sqlite:
            if parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            self.engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
            _set_up_sqlite(self.engine)
        else:
            self.engine = create_engine(url, pool_pre_ping=True)
        self._writer = threading.Lock()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection whose changes are all kept at the end of the block, or none of them."""
        if not self.is_sqlite:
            with self.engine.begin() as connection:
                yield connection
            return
        with self._writer, self.engine.connect() as connection:
            connection.execution_options(begin_immediate=True)
            with connection.begin():
                yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the database and changes nothing."""
        with self.engine.connect() as connection:
            yield connection

    def migrate(self, to: str = "head") -> None:
        """Bring the schema to the newest revision, or to `to`, whole or not at all."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self._migrating() as connection:
            if not self.is_sqlite:
                # Processes that start together queue here, as BEGIN IMMEDIATE makes them do on SQLite.
                connection.execute(select(func.pg_advisory_xact_lock(MIGRATION_LOCK)))
            config.attributes["connection"] = connection
            command.upgrade(config, to)

    @contextmanager
    def _migrating(self) -> Iterator[Connection]:
        """A transaction in which a table may be made anew under rows that refer to it.

        Source: https://www.sqlite.org/lang_altertable.html, section 7: foreign keys are switched off before
        the transaction, which cannot do it itself, and checked at its end.
        """
        if not self.is_sqlite:
            with self.transaction() as connection:
                yield connection
            return
        with self._writer, self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA foreign_keys=OFF")
            try:
                connection.execution_options(begin_immediate=True)
                with connection.begin():
                    yield connection
                    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                    if broken:
                        raise MigrationBroken(f"rows would lose what they refer to: {broken[:5]}")
            finally:
                driver.execute("PRAGMA foreign_keys=ON")

    def close(self) -> None:
        self.engine.dispose()


def _set_up_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(dbapi_connection: Any, _record: Any) -> None:
        # The driver must not open transactions by itself: BEGIN is ours, below.
        dbapi_connection.isolation_level = None
        for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "synchronous=FULL", "foreign_keys=ON"):
            dbapi_connection.execute(f"PRAGMA {pragma}")
        _use_write_ahead_log(dbapi_connection)

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("begin_immediate", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch to WAL, which is kept in the file.

    Of processes that open a new file together all but one are told at once that it is locked: SQLite does not
    wait out its busy timeout here (https://www.sqlite.org/c3ref/busy_handler.html), so this does.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)  # between two looks at the condition


def utc_now() -> datetime:
    """The present moment, in UTC. The edges call it; cores are handed `at`."""
    return datetime.now(UTC)
