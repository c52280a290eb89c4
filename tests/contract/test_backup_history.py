"""Which backup is begun when, on both databases."""

from datetime import UTC, datetime, time, timedelta

from storage.database import Database
from teleconsult.backups import history
from teleconsult.backups.history import Backups
from teleconsult.backups.plan import BackupPlan

PLAN = BackupPlan(time(2, 30), timedelta(days=7))
DUE = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def claim(database: Database, now: datetime, due: datetime = DUE) -> str | None:
    with database.transaction() as connection:
        return history.claim(connection, PLAN, due, now)


def look(database: Database) -> Backups:
    with database.reading() as connection:
        return history.look(connection)


def test_of_two_processes_one_begins(database: Database) -> None:
    assert claim(database, DUE) is not None
    assert claim(database, DUE + HOUR) is None


def test_one_that_was_made_is_not_made_again_until_the_next_is_due(database: Database) -> None:
    begun = claim(database, DUE)
    assert begun is not None
    with database.transaction() as connection:
        history.end(connection, begun, DUE + HOUR, "teleconsult-x", 7)
    assert claim(database, DUE + 20 * HOUR) is None
    assert claim(database, DUE + 24 * HOUR, DUE + 24 * HOUR) is not None
    assert look(database) == Backups(DUE, None, None)


def test_one_that_failed_is_tried_again_after_an_hour_and_said(database: Database) -> None:
    begun = claim(database, DUE)
    assert begun is not None
    with database.transaction() as connection:
        history.fail(connection, begun, DUE, "no room")
    assert look(database) == Backups(None, None, "no room")
    assert claim(database, DUE + HOUR / 2) is None
    assert claim(database, DUE + HOUR) is not None


def test_one_that_could_not_be_restored_is_said_and_not_made_again_at_once(database: Database) -> None:
    begun = claim(database, DUE)
    assert begun is not None
    with database.transaction() as connection:
        history.end(connection, begun, DUE + HOUR, "teleconsult-x", 7)
        history.fail_unless_said(connection, begun, DUE + HOUR, "ended with -9")
        history.fail_unless_said(connection, begun, DUE + HOUR, "ended with 1")
    assert look(database) == Backups(DUE, None, "ended with -9")
    assert claim(database, DUE + 20 * HOUR) is None
    assert claim(database, DUE + 24 * HOUR, DUE + 24 * HOUR) is not None


def test_one_that_was_killed_is_begun_again(database: Database) -> None:
    assert claim(database, DUE) is not None
    assert claim(database, DUE + 21 * HOUR) is not None


def test_when_one_was_proved_is_known(database: Database) -> None:
    begun = claim(database, DUE)
    assert begun is not None
    with database.transaction() as connection:
        history.end(connection, begun, DUE + HOUR, "teleconsult-x", 7)
        history.verified(connection, "teleconsult-x", DUE + 2 * HOUR)
    assert look(database) == Backups(DUE, DUE + 2 * HOUR, None)
