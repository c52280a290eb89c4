"""Which backups were made and proved: rows, so that every process and the status page know."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import Connection, delete, desc, func, insert, select, text, update

from storage.tables import backups
from teleconsult.backups.plan import LONGEST_RUN, TRY_AGAIN_AFTER, BackupPlan

MOST_TEXT = 500
WORRYING = timedelta(hours=26)  # a day, and the time that a backup takes


@dataclass(frozen=True, slots=True)
class Backups:
    """What is known of them."""

    last_made: datetime | None = None  # when the newest complete one was begun
    last_verified: datetime | None = None
    problem: str | None = None  # of the newest, where it came to nothing

    def is_worrying(self, now: datetime) -> bool:
        return self.last_made is None or now - self.last_made > WORRYING


def begin(connection: Connection, at: datetime) -> str:
    """A backup was begun; its id."""
    backup_id = str(uuid4())
    connection.execute(insert(backups).values(id=backup_id, began_at=at))
    return backup_id


def claim(connection: Connection, plan: BackupPlan, due: datetime, now: datetime) -> str | None:
    """Begin the backup that was due at `due`, unless it was made, is being made, or has just failed.

    One that was made and could not be restored is not made again before the next is due: that takes hours,
    and what was in the way of the trial is most often still there.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE backups IN EXCLUSIVE MODE"))  # of two processes one begins
    newest = connection.execute(
        select(backups).where(backups.c.began_at >= due).order_by(desc(backups.c.began_at)).limit(1)
    ).first()
    if newest is not None:
        pause = TRY_AGAIN_AFTER if newest.problem else LONGEST_RUN
        if newest.name or now - newest.began_at < pause:
            return None
    return begin(connection, now)


def end(connection: Connection, backup_id: str, at: datetime, name: str, size_bytes: int) -> None:
    connection.execute(
        update(backups)
        .where(backups.c.id == backup_id)
        .values(ended_at=at, name=name, size_bytes=size_bytes, problem=None)
    )


def fail(connection: Connection, backup_id: str, at: datetime, problem: str) -> None:
    """Also of one that was made and could not be restored."""
    values = {"ended_at": at, "problem": problem[:MOST_TEXT]}
    connection.execute(update(backups).where(backups.c.id == backup_id).values(**values))


def fail_unless_said(connection: Connection, backup_id: str, at: datetime, problem: str) -> None:
    """Of one that had no time to say what was in its way."""
    query = update(backups).where(backups.c.id == backup_id, backups.c.problem.is_(None))
    connection.execute(query.values(ended_at=at, problem=problem))


def forget_unfinished(connection: Connection) -> None:
    """After a restore: the archive was made while its own row said that it was not ended."""
    connection.execute(delete(backups).where(backups.c.ended_at.is_(None)))


def verified(connection: Connection, name: str, at: datetime) -> None:
    connection.execute(update(backups).where(backups.c.name == name).values(verified_at=at))


def look(connection: Connection) -> Backups:
    made = select(func.max(backups.c.began_at)).where(backups.c.name.is_not(None))
    newest = connection.execute(
        select(backups.c.problem)
        .where(backups.c.ended_at.is_not(None))
        .order_by(desc(backups.c.began_at))
        .limit(1)
    ).scalar()
    return Backups(
        connection.execute(made).scalar(),
        connection.execute(select(func.max(backups.c.verified_at))).scalar(),
        newest,
    )
