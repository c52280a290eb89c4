"""What users are told, and what they chose, in the database. What goes out is planned with it, in one go."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from storage.tables import notification_choices, notifications, push_subscriptions
from teleconsult.consults.consult import Urgency
from teleconsult.errors import NotFound
from teleconsult.notifications import deliveries
from teleconsult.notifications.notification import (
    ALL_TOPICS_BY_PUSH,
    Channel,
    Choices,
    Kind,
    Notification,
    QuietHours,
    Topic,
    topic_of,
)

SHOWN_AT_MOST = 50


@dataclass(frozen=True, slots=True)
class PushSubscription:
    """Where a browser is reached, and the keys that only it can read by (RFC 8291)."""

    id: str
    user_id: str
    endpoint: str
    p256dh: str
    auth: str
    device: str
    created_at: datetime


class NotificationRepository:
    def __init__(self, channels: Collection[Channel]) -> None:
        """`channels`: those that this installation is set up for."""
        self.channels = frozenset(channels)

    def tell(
        self,
        connection: Connection,
        user_ids: Collection[str],
        kind: Kind,
        *,
        at: datetime,
        urgency: Urgency = Urgency.ROUTINE,
        consult_id: str | None = None,
        values: Mapping[str, str] | None = None,
    ) -> None:
        """Tell each of the users in the page, and plan what they chose to get besides."""
        topic = topic_of(kind, urgency)
        chosen = self.choices_of(connection, user_ids)
        for user_id in sorted(user_ids):
            notification = Notification(
                str(uuid4()), user_id, kind, topic, consult_id, dict(values or {}), at
            )
            connection.execute(insert(notifications).values(_values(notification)))
            self._plan(connection, notification, chosen[user_id])

    def _plan(self, connection: Connection, notification: Notification, choices: Choices) -> None:
        send_at = choices.send_at(notification.topic, notification.created_at)
        wanted = choices.channels.get(notification.topic, frozenset()) & self.channels
        if Channel.EMAIL in wanted and choices.email:
            deliveries.plan(connection, notification.id, Channel.EMAIL, send_at)
        if Channel.WEBHOOK in wanted:
            deliveries.plan(connection, notification.id, Channel.WEBHOOK, send_at)
        if Channel.PUSH in wanted:
            for subscription in self.subscriptions(connection, notification.user_id):
                deliveries.plan(connection, notification.id, Channel.PUSH, send_at, subscription.id)

    def get(self, connection: Connection, notification_id: str) -> Notification:
        return notification_of(
            connection.execute(select(notifications).where(notifications.c.id == notification_id)).one()
        )

    def of_user(self, connection: Connection, user_id: str) -> list[Notification]:
        """The newest first."""
        rows = connection.execute(
            select(notifications)
            .where(notifications.c.user_id == user_id)
            .order_by(notifications.c.created_at.desc(), notifications.c.id)
            .limit(SHOWN_AT_MOST)
        )
        return [notification_of(row) for row in rows]

    def unread_count(self, connection: Connection, user_id: str) -> int:
        return connection.execute(
            select(func.count())
            .select_from(notifications)
            .where(notifications.c.user_id == user_id, notifications.c.read_at.is_(None))
        ).scalar_one()

    def mark_read(
        self, connection: Connection, user_id: str, at: datetime, only: Collection[str] | None = None
    ) -> None:
        """All of the user's, or `only` those; others' ids change nothing."""
        unread = (notifications.c.user_id == user_id) & notifications.c.read_at.is_(None)
        if only is not None:
            unread &= notifications.c.id.in_(only)
        connection.execute(update(notifications).where(unread).values(read_at=at))

    def choices(self, connection: Connection, user_id: str) -> Choices:
        return self.choices_of(connection, [user_id])[user_id]

    def choices_of(self, connection: Connection, user_ids: Iterable[str]) -> dict[str, Choices]:
        """Whoever chose nothing yet has the defaults."""
        found = dict.fromkeys(user_ids, Choices())
        rows = connection.execute(
            select(notification_choices).where(notification_choices.c.user_id.in_(found))
        )
        return found | {row.user_id: _choices(row) for row in rows}

    def save_choices(self, connection: Connection, user_id: str, choices: Choices) -> None:
        connection.execute(delete(notification_choices).where(notification_choices.c.user_id == user_id))
        quiet = choices.quiet
        connection.execute(
            insert(notification_choices).values(
                user_id=user_id,
                channels={topic: sorted(chosen) for topic, chosen in choices.channels.items()},
                email=choices.email,
                phone=choices.phone,
                quiet_from=quiet.begin.strftime("%H:%M") if quiet else None,
                quiet_until=quiet.end.strftime("%H:%M") if quiet else None,
                time_zone=choices.time_zone,
            )
        )

    def subscriptions(self, connection: Connection, user_id: str) -> list[PushSubscription]:
        rows = connection.execute(
            select(push_subscriptions)
            .where(push_subscriptions.c.user_id == user_id)
            .order_by(push_subscriptions.c.created_at)
        )
        return [PushSubscription(**row._mapping) for row in rows]

    def subscription(self, connection: Connection, subscription_id: str) -> PushSubscription | None:
        row = connection.execute(
            select(push_subscriptions).where(push_subscriptions.c.id == subscription_id)
        ).first()
        return PushSubscription(**row._mapping) if row else None

    def subscribe(self, connection: Connection, subscription: PushSubscription) -> None:
        """A browser is one user's at a time: whoever signs in at it next takes it over."""
        connection.execute(
            delete(push_subscriptions).where(push_subscriptions.c.endpoint == subscription.endpoint)
        )
        connection.execute(
            insert(push_subscriptions).values(
                id=subscription.id,
                user_id=subscription.user_id,
                endpoint=subscription.endpoint,
                p256dh=subscription.p256dh,
                auth=subscription.auth,
                device=subscription.device,
                created_at=subscription.created_at,
            )
        )

    def unsubscribe(self, connection: Connection, subscription_id: str, user_id: str | None = None) -> None:
        """Raises NotFound, also for another user's; `user_id` None: the push service says that it is gone."""
        wanted = push_subscriptions.c.id == subscription_id
        if user_id is not None:
            wanted &= push_subscriptions.c.user_id == user_id
        if connection.execute(delete(push_subscriptions).where(wanted)).rowcount == 0 and user_id:
            raise NotFound


def _values(notification: Notification) -> dict[str, Any]:
    return {
        "id": notification.id,
        "user_id": notification.user_id,
        "kind": notification.kind,
        "topic": notification.topic,
        "consult_id": notification.consult_id,
        "named": notification.values,
        "created_at": notification.created_at,
        "read_at": notification.read_at,
    }


def notification_of(row: Row[Any]) -> Notification:
    return Notification(
        id=row.id,
        user_id=row.user_id,
        kind=Kind(row.kind),
        topic=Topic(row.topic),
        consult_id=row.consult_id,
        values=row.named,
        created_at=row.created_at,
        read_at=row.read_at,
    )


def _choices(row: Row[Any]) -> Choices:
    quiet = None
    if row.quiet_from and row.quiet_until:
        quiet = QuietHours(time.fromisoformat(row.quiet_from), time.fromisoformat(row.quiet_until))
    chosen = {Topic(t): frozenset(Channel(c) for c in ways) for t, ways in row.channels.items()}
    return Choices(
        channels=ALL_TOPICS_BY_PUSH | chosen,  # a topic that came later is as it is for everybody
        email=row.email,
        phone=row.phone,
        quiet=quiet,
        time_zone=row.time_zone,
    )
