"""How far the audit log has been handed to the hospital's receiver: a cursor into the log itself.

What waits is the log: there is no second copy, and nothing that could be lost on the way out of it. Of all
processes one at a time sends, by a lease. The cursor moves once the receiver has read; a process that dies
before that leaves entries that are sent again, with the same number.
"""

import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.audit_formats import syslog_message
from storage.audit_log import entries
from storage.database import Database
from storage.tables import audit_forwarding as table
from storage.tables import audit_log
from teleconsult.audit.syslog_receiver import ReceiverAway, SyslogReceiver

LEASE = timedelta(minutes=2)  # longer than a delivery takes
BATCH = 500  # entries: about 600 KB
MOST_DOUBLINGS = 6  # of a pause of one second
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to send what comes after `sent_sequence`; lost to whoever has a later `number`."""

    number: int
    sent_sequence: int
    failures: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the receiver does not have yet."""

    entries: int
    since: datetime | None = None  # when the oldest was written, or the receiver set up

    def seconds(self, now: datetime) -> float:
        return max(0.0, (now - self.since).total_seconds()) if self.since else 0.0


def forward_some(database: Database, receiver: SyslogReceiver, at: datetime) -> bool:
    """Send what comes next, if it is our turn; whether there may be more."""
    with database.reading() as connection:
        if not waiting(connection, receiver.name).entries:
            return False
    with database.transaction() as connection:
        turn = take_turn(connection, receiver.name, at)
    if turn is None:
        return False
    with database.reading() as connection:
        batch = list(islice(entries(connection, turn.sent_sequence + 1), BATCH))
    site = socket.gethostname()
    try:
        receiver.deliver(syslog_message(entry, site) for entry in batch)
    except ReceiverAway as away:
        with database.transaction() as connection:
            put_off(connection, receiver.name, turn, at)
        level = logging.INFO if turn.failures else logging.WARNING
        log.log(level, "audit-receiver-away receiver=%s why=%s", receiver.name, away)
        return False
    with database.transaction() as connection:
        advance(connection, receiver.name, turn, batch[-1].sequence, at, is_all=len(batch) < BATCH)
    if turn.failures:
        log.warning("audit-receiver-back receiver=%s", receiver.name)
    return len(batch) == BATCH


def take_turn(connection: Connection, receiver: str, at: datetime) -> Turn | None:
    """None: another process sends, or the receiver was away a moment ago."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(
        dialect.insert(table)
        .values(receiver=receiver, turn=0, sent_sequence=0, failures=0, begun_at=at, next_turn_at=at)
        .on_conflict_do_nothing()
    )
    # A later moment than there can be is from before the clock was put right.
    is_free = or_(table.c.next_turn_at <= at, table.c.next_turn_at > at + LEASE)
    row = connection.execute(
        update(table)
        .where(table.c.receiver == receiver, is_free)
        .values(turn=table.c.turn + 1, next_turn_at=at + LEASE)
        .returning(table)
    ).first()
    return Turn(row.turn, row.sent_sequence, row.failures) if row else None


def advance(
    connection: Connection, receiver: str, turn: Turn, sequence: int, at: datetime, *, is_all: bool
) -> None:
    """The receiver has read up to this entry. `is_all`: none waits any longer."""
    values: dict[str, object] = {"sent_sequence": sequence, "failures": 0, "next_turn_at": at}
    if is_all:
        values["alarmed_at"] = None
    connection.execute(update(table).where(_is(receiver, turn)).values(**values))


def put_off(connection: Connection, receiver: str, turn: Turn, at: datetime) -> None:
    """The receiver was away: each time it is left alone for twice as long, a minute or so at most."""
    pause = timedelta(seconds=2 ** min(turn.failures, MOST_DOUBLINGS))
    values = {"failures": turn.failures + 1, "next_turn_at": at + pause}
    connection.execute(update(table).where(_is(receiver, turn)).values(**values))


def waiting(connection: Connection, receiver: str) -> Waiting:
    row = connection.execute(select(table).where(table.c.receiver == receiver)).first()
    newest = connection.execute(select(func.max(audit_log.c.sequence))).scalar() or 0
    if row is None or newest <= row.sent_sequence:
        return Waiting(newest if row is None else 0)
    unsent = audit_log.c.sequence > row.sent_sequence
    oldest = connection.execute(
        select(audit_log.c.at).where(unsent).order_by(audit_log.c.sequence).limit(1)
    ).scalar_one()
    return Waiting(newest - row.sent_sequence, max(oldest, row.begun_at))


def raise_alarm(
    database: Database,
    receiver: SyslogReceiver,
    at: datetime,
    tell: Callable[[Connection, datetime], None],
) -> bool:
    """Tell the administrators once that entries wait for too long; again only after all went out.

    Args:
        tell: writes the notifications; the moment is since when the oldest waits.

    Returns:
        Whether they were told now.
    """
    with database.reading() as connection:
        late = waiting(connection, receiver.name)
    if late.since is None or at - late.since <= receiver.alarm_after:
        return False
    with database.transaction() as connection:
        marked = connection.execute(
            update(table)
            .where(table.c.receiver == receiver.name, table.c.alarmed_at.is_(None))
            .values(alarmed_at=at)
        )
        is_news = marked.rowcount == 1
        if is_news:
            tell(connection, late.since)
    if is_news:
        log.error("audit-log-not-forwarded receiver=%s entries=%d", receiver.name, late.entries)
    return is_news


def _is(receiver: str, turn: Turn) -> ColumnElement[bool]:
    return and_(table.c.receiver == receiver, table.c.turn == turn.number)
