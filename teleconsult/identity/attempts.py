"""How long a wrong password or code makes the next try wait: by user name and address, never for good.

A try counts before it is judged and is forgiven when it was right, so that many at once gain nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil

from sqlalchemy import ColumnElement, Connection, delete, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.tables import sign_in_attempts as table
from teleconsult.errors import TooManyAttempts

FORGOTTEN_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Counted:
    """One thing for which tries are counted. After `free` wrong ones the wait doubles, up to `most_s`."""

    name_sha256: str
    address: str
    free: int
    most_s: int
    forgiven: bool = True  # a right one wipes out the wrong ones before it

    def wait_s(self, failures: int) -> int:
        over = failures - self.free
        return min(self.most_s, 2 ** min(over, 20)) if over > 0 else 0


def of_sign_in(username: str, address: str) -> tuple[Counted, ...]:
    """Guesses from elsewhere slow the user by seconds only, and all of a hospital's address as little."""
    name = _sha256(username)
    return (
        Counted(name, address, free=4, most_s=300),
        Counted(name, "", free=20, most_s=10),
        Counted("", address, free=100, most_s=30, forgiven=False),
    )


def of_proof(user_id: str) -> tuple[Counted, ...]:
    """Of somebody who knows the password or has the open page: a code of six digits must not be guessed."""
    return (Counted(_sha256(f"proof\0{user_id}"), "", free=4, most_s=300),)


def count(connection: Connection, all_counted: Sequence[Counted], at: datetime) -> None:
    """Raises TooManyAttempts where it is too early; such a try does not count."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    for counted in all_counted:
        row = connection.execute(
            dialect.insert(table)
            .values(
                name_sha256=counted.name_sha256,
                address=counted.address,
                failures=0,
                last_at=at,
                next_at=at,
            )
            # Changes nothing, but locks the row and gives it back: two at once count one after the other.
            .on_conflict_do_update(
                index_elements=["name_sha256", "address"], set_={"failures": table.c.failures}
            )
            .returning(table)
        ).one()
        wait_s = ceil((row.next_at - at).total_seconds())
        # Of two at once the second may bear the earlier moment: nobody waits for such a difference. A longer
        # wait than there is one is from before the clock was put right.
        if counted.wait_s(row.failures) and 0 < wait_s <= counted.most_s:
            raise TooManyAttempts(wait_s)
        before = 0 if abs(at - row.last_at) > FORGOTTEN_AFTER else row.failures
        connection.execute(
            update(table)
            .where(*_which(counted))
            .values(
                failures=before + 1,
                last_at=at,
                next_at=at + timedelta(seconds=counted.wait_s(before + 1)),
            )
        )


def forgive(connection: Connection, all_counted: Sequence[Counted], at: datetime) -> None:
    """The try was right."""
    for counted in all_counted:
        if counted.forgiven:
            connection.execute(delete(table).where(*_which(counted)))
        else:
            connection.execute(
                update(table).where(*_which(counted)).values(failures=table.c.failures - 1, next_at=at)
            )
    connection.execute(delete(table).where(table.c.last_at < at - FORGOTTEN_AFTER))


def forget_name(connection: Connection, username: str) -> None:
    """An administrator gave a new password."""
    connection.execute(delete(table).where(table.c.name_sha256 == _sha256(username)))


def _which(counted: Counted) -> tuple[ColumnElement[bool], ...]:
    return table.c.name_sha256 == counted.name_sha256, table.c.address == counted.address


def _sha256(text: str) -> str:
    return sha256(text.encode()).hexdigest()
