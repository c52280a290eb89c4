"""The queue of what is to go out. A row is leased, tried and settled; a lease that runs out is tried again.

A process may die between sending and writing down that it was sent. What is then sent again carries the same
identifier (the row's), by which an inbox, a browser or a gateway knows it for the one it has.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select, update

from storage.tables import notification_deliveries as queue
from teleconsult.notifications.notification import Channel

LEASE = timedelta(minutes=2)  # longer than any sending takes
LOOKED_AT = 8  # rows: others may be quicker with the first
# After a failed attempt; then it is given up. About seven hours in all.
RETRY_AFTER = tuple(timedelta(seconds=s) for s in (10, 60, 300, 1_800, 7_200, 14_400))


class DeliveryStatus(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    OVERTAKEN = "overtaken"  # it was read in the page, or somebody accepted, before it went out
    GIVEN_UP = "given-up"


@dataclass(frozen=True, slots=True)
class Delivery:
    id: str
    notification_id: str
    channel: Channel
    subscription_id: str | None
    attempts: int  # with the one that the lease is for


def plan(
    connection: Connection,
    notification_id: str,
    channel: Channel,
    send_at: datetime,
    subscription_id: str | None = None,
) -> None:
    connection.execute(
        insert(queue).values(
            id=str(uuid4()),
            notification_id=notification_id,
            channel=channel,
            subscription_id=subscription_id,
            status=DeliveryStatus.WAITING,
            attempts=0,
            next_attempt_at=send_at,
        )
    )


def _is_due(channel: Channel, at: datetime) -> ColumnElement[bool]:
    until = queue.c.lease_expires_at  # beyond a whole lease it is from before the clock was set back
    is_free = or_(until.is_(None), until <= at, until > at + LEASE)
    return and_(queue.c.channel == channel, queue.c.next_attempt_at <= at, is_free)


def is_any_due(connection: Connection, channel: Channel, at: datetime) -> bool:
    """A look that takes no lock."""
    return connection.execute(select(queue.c.id).where(_is_due(channel, at)).limit(1)).first() is not None


def lease_one(connection: Connection, channel: Channel, at: datetime) -> Delivery | None:
    """What is due first by this channel and nobody else works on; it is the caller's for LEASE."""
    due = _is_due(channel, at)
    rows = connection.execute(
        select(queue).where(due).order_by(queue.c.next_attempt_at).limit(LOOKED_AT)
    ).all()
    for row in rows:
        taken = connection.execute(
            update(queue)
            .where(queue.c.id == row.id, queue.c.attempts == row.attempts, due)
            .values(attempts=row.attempts + 1, lease_expires_at=at + LEASE)
        )
        if taken.rowcount == 1:
            return Delivery(row.id, row.notification_id, channel, row.subscription_id, row.attempts + 1)
    return None


def settle(
    connection: Connection, delivery: Delivery, status: DeliveryStatus, at: datetime, error: str | None = None
) -> None:
    connection.execute(
        update(queue)
        .where(queue.c.id == delivery.id, queue.c.attempts == delivery.attempts)
        .values(status=status, next_attempt_at=None, lease_expires_at=None, settled_at=at, last_error=error)
    )


def try_again(connection: Connection, delivery: Delivery, at: datetime, error: str) -> bool:
    """Put it off until the next attempt; whether there is one, or it is given up."""
    if delivery.attempts > len(RETRY_AFTER):
        settle(connection, delivery, DeliveryStatus.GIVEN_UP, at, error)
        return False
    connection.execute(
        update(queue)
        .where(queue.c.id == delivery.id, queue.c.attempts == delivery.attempts)
        .values(
            next_attempt_at=at + RETRY_AFTER[delivery.attempts - 1], lease_expires_at=None, last_error=error
        )
    )
    return True
