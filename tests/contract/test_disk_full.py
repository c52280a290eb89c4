"""A full disk is known as one, whoever says so."""

import errno
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Connection, insert
from sqlalchemy.exc import DBAPIError

from imaging.errors import PacsFull
from storage.database import Database
from storage.disk_full import is_disk_full
from storage.tables import institutions
from teleconsult import problems


def fill(connection: Connection) -> None:
    """SQLite may not grow; PostgreSQL says what it says then (SQLSTATE 53100)."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("DO $$ BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = '53100'; END $$")
    connection.exec_driver_sql("PRAGMA max_page_count = 1")
    rows = [{"id": f"{n}", "name_en": "I", "name_zh": "I" * 100, "position": n} for n in range(5000)]
    connection.execute(insert(institutions), rows)


def test_a_database_without_room_is_a_full_disk(database: Database) -> None:
    with pytest.raises(DBAPIError) as raised, database.transaction() as connection:
        fill(connection)
    assert is_disk_full(raised.value)


def test_a_statement_that_is_wrong_is_none(database: Database) -> None:
    with pytest.raises(DBAPIError) as raised, database.transaction() as connection:
        connection.exec_driver_sql("SELECT nothing FROM nowhere")
    assert not is_disk_full(raised.value)


def test_a_file_without_room_is_a_full_disk_also_as_the_cause_of_another_error() -> None:
    try:
        try:
            Path("/dev/full").write_bytes(b"1")
        except OSError as full:
            assert full.errno == errno.ENOSPC
            raise ValueError("not kept") from full
    except ValueError as error:
        assert is_disk_full(error)
    assert not is_disk_full(OSError(errno.ENOENT, "not there"))


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "no space"), PacsFull("no space")])
def test_who_meets_a_full_disk_is_told_so_and_may_try_again(error: Exception) -> None:
    app = FastAPI()
    problems.install(app)

    @app.get("/")
    def keep() -> None:
        raise error

    answer = TestClient(app, raise_server_exceptions=False).get("/")
    assert (answer.status_code, answer.json()["code"]) == (503, "server-disk-full")
    assert answer.headers["retry-after"]
