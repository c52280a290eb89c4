"""Rows that an error left unread hold nobody up."""

import pytest
from sqlalchemy import Connection, insert, select

from storage.database import Database
from storage.tables import institutions

MANY = 500


def add(database: Database, *ids: str) -> None:
    with database.transaction() as connection:
        rows = [{"id": id_, "name_en": "I", "name_zh": "I" * 100, "position": 1} for id_ in ids]
        connection.execute(insert(institutions), rows)


def fail_at_the_first_row(connection: Connection) -> None:
    rows = connection.execute(select(institutions))
    [1 / 0 for _ in rows]


@pytest.mark.parametrize("way", ["reading", "transaction", "in_group"])
def test_whoever_fails_in_the_middle_of_rows_keeps_nobody_from_writing(database: Database, way: str) -> None:
    add(database, *(f"i{n}" for n in range(MANY)))
    other = Database(database.engine.url.render_as_string(hide_password=False))
    with pytest.raises(ZeroDivisionError) as kept:  # with it its traceback, and with that the rows
        if way == "in_group":
            database.in_group(fail_at_the_first_row)
        else:
            with getattr(database, way)() as connection:
                fail_at_the_first_row(connection)
    add(other, "by-the-other")
    add(database, "by-itself")
    with database.reading() as connection:
        assert len(connection.execute(select(institutions.c.id)).all()) == MANY + 2
    assert kept.tb is not None
    other.close()
