"""The audit chain on a real database file."""

from pathlib import Path

import pytest
from sqlalchemy import delete, update

from storage import audit_log
from storage.database import Database, utc_now
from storage.errors import AuditChainBroken
from storage.tables import audit_log as table


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = Database(f"sqlite:///{tmp_path / 'audit.db'}")
    database.migrate()
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
