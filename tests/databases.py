"""Both kinds of database, as fixtures: a conftest that imports them offers them to its tests."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from storage.database import Database
from tests.postgresql_server import PACKAGE, PostgresqlServer, missing_programs

NewDatabase = Callable[..., Database]


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
        database = Database(f"sqlite:///{tmp_path / uuid4().hex}.db")
        if migrated:
            database.migrate()
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
