"""A database server that is killed is away, whoever notices; when it is back, all goes on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import OperationalError

from storage.database import Database
from teleconsult import problems
from tests.installation_server import wait_until
from tests.postgresql_server import PACKAGE, PostgresqlServer, missing_programs

ONE = select(func.now())


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    """One of our own: nobody else's tests shall be cut off."""
    if missing := missing_programs():
        pytest.skip(f"PostgreSQL is not installed here ({', '.join(missing)}); `apt-get install {PACKAGE}`")
    started = PostgresqlServer()
    try:
        yield started.start()
    finally:
        started.stop()


@pytest.fixture
def mortal(server: PostgresqlServer) -> Iterator[Database]:
    opened = Database(server.new_database())
    with opened.reading() as connection:
        connection.execute(ONE)  # so that the pool has one to lose
    yield opened
    server.restart()
    opened.close()


def test_a_server_killed_in_the_middle_of_a_transaction_is_away(
    mortal: Database, server: PostgresqlServer
) -> None:
    with pytest.raises(OperationalError), mortal.transaction() as connection:
        connection.execute(ONE)
        server.kill()
        connection.execute(ONE)


def test_a_server_killed_before_the_commit_is_away(mortal: Database, server: PostgresqlServer) -> None:
    with pytest.raises(OperationalError), mortal.transaction() as connection:
        connection.execute(ONE)
        server.kill()


def test_a_server_that_ends_a_connection_is_away(mortal: Database) -> None:
    with pytest.raises(OperationalError), mortal.transaction() as connection, mortal.reading() as other:
        mine = connection.scalar(select(func.pg_backend_pid()))
        other.execute(select(func.pg_terminate_backend(mine)))
        connection.execute(ONE)


def test_while_it_is_away_nobody_gets_a_connection_and_all_goes_on_when_it_is_back(
    mortal: Database, server: PostgresqlServer
) -> None:
    server.kill()
    for _ in range(2):  # with a connection from the pool, and without one
        with pytest.raises(OperationalError), mortal.reading() as connection:
            connection.execute(ONE)
    server.restart()
    with mortal.transaction() as connection:
        assert connection.scalar(ONE)


def test_all_who_share_a_transaction_that_is_lost_are_told_so(
    mortal: Database, server: PostgresqlServer
) -> None:
    is_begun, all_wait = Event(), Event()

    def hold_up_the_others(_: Connection) -> None:
        is_begun.set()
        all_wait.wait()

    def ask(connection: Connection) -> None:
        connection.execute(ONE)

    def lose(connection: Connection) -> None:
        server.kill()
        ask(connection)

    with ThreadPoolExecutor() as pool:
        alone = pool.submit(mortal.in_group, hold_up_the_others)
        is_begun.wait()
        together = [pool.submit(mortal.in_group, work) for work in (ask, lose, ask)]
        wait_until(lambda: len(mortal._group) == len(together), "all wait for the next transaction")
        all_wait.set()
        assert [type(one.exception()) for one in together] == [OperationalError] * len(together)
        assert alone.exception() is None


def test_who_asks_while_it_is_away_is_told_in_both_languages_when_to_try_again(
    mortal: Database, server: PostgresqlServer
) -> None:
    app = FastAPI()
    problems.install(app)

    @app.get("/")
    def read() -> None:
        with mortal.reading() as connection:
            connection.execute(ONE)

    server.kill()
    answer = TestClient(app, raise_server_exceptions=False).get("/")
    assert (answer.status_code, answer.json()["code"]) == (503, "database-away")
    assert answer.json()["sentence"]["en"] and answer.json()["sentence"]["zh"]
    assert answer.headers["retry-after"]
