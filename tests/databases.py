"""Both kinds of database, as fixtures: a conftest that imports them offers them to its tests."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest

from storage.database import Database
from tests.postgresql_server import PACKAGE, PostgresqlServer, missing_programs

NewDatabase = Callable[..., Database]


def new_sqlite(path: Path) -> Database:
    """With the newest schema and without rows: a copy, as migrating takes as long as most tests."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_migrated_sqlite())
    return Database(f"sqlite:///{path}")


@cache
def _migrated_sqlite() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "migrated.db"
        database = Database(f"sqlite:///{path}")
        database.migrate()
        database.close()  # what lay in the write-ahead log is in the file now
        return path.read_bytes()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    """A running PostgreSQL, shared by the tests of a session: each has a database of its own."""
    if missing := missing_programs():
        pytest.skip(f"PostgreSQL is not installed here ({', '.join(missing)}); `apt-get install {PACKAGE}`")
    server = PostgresqlServer()
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewDatabase]:
    """Makes a database without rows, each time another; all are gone after the test.

    `migrated=False` leaves the schema out too.
    """
    made: list[Database] = []

    def sqlite(*, migrated: bool = True) -> Database:
        path = tmp_path / f"{uuid4().hex}.db"
        database = new_sqlite(path) if migrated else Database(f"sqlite:///{path}")
        made.append(database)
        return database

    def postgresql(*, migrated: bool = True) -> Database:
        database = Database(server.new_database(migrated=migrated))
        made.append(database)
        return database

    if request.param == "SQLite":
        yield sqlite
        for database in made:
            database.close()
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    yield postgresql
    for database in made:
        database.close()
        server.drop(database.engine.url.render_as_string(hide_password=False))


@pytest.fixture
def database(new_database: NewDatabase) -> Database:
    return new_database()
