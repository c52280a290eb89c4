"""The audit chain on both real databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, update

from storage import audit_log
from storage.database import Database, utc_now
from storage.errors import AuditChainBroken
from storage.tables import audit_log as table
from tests.databases import NewDatabase


@pytest.fixture
def database(new_database: NewDatabase) -> Database:
    database = new_database()
    with database.transaction() as connection:
        for n in range(5):
            audit_log.record(
                connection,
                at=utc_now(),
                actor="u",
                action="study-viewed",
                subject=f"study/{n}",
                details={"n": n},
            )
    return database


def test_an_untouched_chain_holds(database: Database) -> None:
    with database.reading() as connection:
        assert audit_log.verify(connection) == 5


@pytest.mark.parametrize(
    "tampering",
    [
        update(table).where(table.c.sequence == 2).values(actor="somebody else"),
        update(table).where(table.c.sequence == 2).values(details={"n": 7}),
        delete(table).where(table.c.sequence == 3),
        delete(table).where(table.c.sequence == 1),
    ],
    ids=["actor changed", "details changed", "middle removed", "first removed"],
)
def test_a_changed_or_removed_entry_is_found(database: Database, tampering: object) -> None:
    with database.transaction() as connection:
        connection.execute(tampering)  # type: ignore[call-overload]
    with database.reading() as connection, pytest.raises(AuditChainBroken):
        audit_log.verify(connection)


def test_an_entry_is_gone_with_the_deed_that_was_rolled_back(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.transaction() as connection:
        audit_log.record(connection, at=utc_now(), actor="u", action="a", subject="s")
        raise ZeroDivisionError
    with database.reading() as connection:
        assert audit_log.verify(connection) == 5


def test_entries_written_at_the_same_moment_make_one_chain(database: Database) -> None:
    def append(writer: int) -> None:
        for n in range(10):
            with database.transaction() as connection:
                audit_log.record(
                    connection, at=utc_now(), actor=f"u{writer}", action="a", subject="s", details={"n": n}
                )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(append, range(4)))
    with database.reading() as connection:
        assert audit_log.verify(connection) == 5 + 4 * 10
