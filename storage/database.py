"""The database engine: SQLite in WAL mode by default, PostgreSQL by URL."""

import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import copy_context
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import make_url

from storage import worklist_index
from storage.errors import MigrationBroken
from storage.postgresql import set_up_postgresql

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_MS = 30_000
MIGRATION_LOCK = 0x54434D47  # any number that nothing else in the database locks
GROUP_AT_MOST = 64
# As many are kept as the application's threads ask for at once: to open one costs more than most questions.
_POOL = {"pool_size": 20, "max_overflow": 30}

T = TypeVar("T")
_Waiting = tuple[Callable[[Connection], Any], "Future[Any]"]


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
            self.engine = create_engine(
                url,
                connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "factory": _SqliteConnection},
                hide_parameters=True,  # errors are logged, and parameters name patients
                **_POOL,
            )
            _set_up_sqlite(self.engine)
        else:
            self.engine = create_engine(url, pool_pre_ping=True, hide_parameters=True, **_POOL)
            set_up_postgresql(self.engine)
        self._writer = threading.Lock()
        self._group_leader = threading.Lock()
        self._group: list[_Waiting] = []

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

    def in_group(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` returns, once its changes are kept.

        Whoever calls at the same moment shares one transaction, and so one sync to disk. Each has a
        savepoint of its own: what one raises undoes that one alone.
        """
        outcome: Future[T] = Future()
        # Whoever commits the group does each work in the context of who asked for it.
        context = copy_context()

        def in_context(connection: Connection) -> T:
            return context.run(work, connection)

        self._group.append((in_context, outcome))  # atomic, as is the exchange below
        while not outcome.done():
            with self._group_leader:
                if not outcome.done():
                    self._commit_group()
        return outcome.result()

    def _commit_group(self) -> None:
        group, self._group[:GROUP_AT_MOST] = self._group[:GROUP_AT_MOST], []
        done: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            with self.transaction() as connection:
                for work, outcome in group:
                    try:
                        with connection.begin_nested():
                            done.append((outcome, work(connection), None))
                    except Exception as error:  # its caller's to handle; it is raised there
                        if connection.invalidated:  # the server is gone, and what all the others did with it
                            raise
                        done.append((outcome, None, error))
        except BaseException as error:  # nothing was kept, for nobody
            for _, outcome in group:
                outcome.set_exception(error)
            return
        for outcome, result, failure in done:
            if failure is None:
                outcome.set_result(result)
            else:
                outcome.set_exception(failure)

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
            if to == "head":
                worklist_index.install(connection)

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


class _SqliteConnection(sqlite3.Connection):
    """A connection that can close what was left open on it.

    Rows that nobody read to the end, because an error came in between, go on holding the state that they were
    read from, a ROLLBACK notwithstanding (https://www.sqlite.org/lang_transaction.html), for as long as the
    error's traceback is kept somewhere. The next BEGIN IMMEDIATE on this connection would then fail at once.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._cursors: weakref.WeakSet[sqlite3.Cursor] = weakref.WeakSet()

    def cursor(self, *args: Any, **options: Any) -> Any:
        cursor = super().cursor(*args, **options)
        self._cursors.add(cursor)
        return cursor

    def close_cursors(self) -> None:
        for cursor in list(self._cursors):
            cursor.close()
        self._cursors.clear()


def _set_up_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "checkin")
    def on_checkin(dbapi_connection: _SqliteConnection | None, _record: Any) -> None:
        if dbapi_connection is not None:
            dbapi_connection.close_cursors()

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
