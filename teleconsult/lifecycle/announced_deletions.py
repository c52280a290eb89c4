"""What a rule is about to delete is announced some days before, and goes no sooner.

A recording that is moved to a class that is kept for less, a new rule, a shorter setting and a hold that is
lifted make something due at once, perhaps by mistake. So each pass announces what will be due within the days
of grace, and deletes only what is due and was announced for as long. What is no longer to go is forgotten,
and would be announced anew.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.database import Database
from storage.tables import announced_deletions


def announced(connection: Connection, kind: str) -> dict[str, tuple[str, datetime]]:
    """Of `study` or `recording`: by subject, the rule, and since when it is announced."""
    query = select(announced_deletions).where(announced_deletions.c.subject.startswith(f"{kind}/"))
    return {row.subject: (row.rule, row.announced_at) for row in connection.execute(query)}


def announce(
    database: Database, kind: str, coming: Mapping[str, str], at: datetime
) -> dict[str, datetime]:
    """Since when it is announced that these go; `coming`: all of a kind, and by which rule."""
    with database.reading() as connection:
        known = announced(connection, kind)
    stay = {subject: since for subject, (rule, since) in known.items() if coming.get(subject) == rule}
    new = coming.keys() - stay.keys()
    if new or len(stay) < len(known):
        with database.transaction() as connection:
            forget(connection, known.keys() - stay.keys())
            _insert(connection, {subject: coming[subject] for subject in new}, at)
    return stay | dict.fromkeys(new, at)


def forget(connection: Connection, subjects: Iterable[str]) -> None:
    """Their days of grace begin anew, should they be due again."""
    gone = [{"gone": subject} for subject in subjects]
    if gone:
        connection.execute(
            delete(announced_deletions).where(announced_deletions.c.subject == bindparam("gone")), gone
        )


def forget_rule(connection: Connection, rule: str) -> None:
    connection.execute(delete(announced_deletions).where(announced_deletions.c.rule == rule))


def announced_since(
    known: Mapping[str, tuple[str, datetime]], subject: str, rule: str, at: datetime
) -> datetime:
    """Of what is `announced`: when the deletion by this rule was; it may be about to be."""
    by, since = known.get(subject, ("", at))
    return since if by == rule else at


def goes_at(due_at: datetime, since: datetime, grace: timedelta) -> datetime:
    """The earliest moment. `since`: of the announcement; of what is not announced yet, now."""
    return max(due_at, since + grace)


def _insert(connection: Connection, rules: Mapping[str, str], at: datetime) -> None:
    """Unless another process was quicker."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    rows = [
        {"subject": subject, "rule": rule, "announced_at": at} for subject, rule in sorted(rules.items())
    ]
    if rows:
        connection.execute(dialect.insert(announced_deletions).on_conflict_do_nothing(), rows)
