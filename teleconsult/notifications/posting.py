"""Sends what is due: takes rows of the queue, hands each to its channel, and writes down how it ended."""

import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from teleconsult import access
from teleconsult.consults.consult import Status
from teleconsult.critical_results.repository import CriticalResultRepository
from teleconsult.dependencies import PartsOfApp
from teleconsult.notifications import deliveries
from teleconsult.notifications.deliveries import Delivery, DeliveryStatus
from teleconsult.notifications.notification import DISTURBS, PAGES, Channel, Kind
from teleconsult.notifications.sending import Letter, Sender, SendingFailed
from teleconsult.notifications.settings import NotificationSettings
from teleconsult.notifications.smtp_mail import SmtpMail
from teleconsult.notifications.web_push import WebPush
from teleconsult.notifications.webhook import Webhook
from teleconsult.notifications.words import words

log = logging.getLogger(__name__)

CALLS_TO_WAITING = frozenset({Kind.REQUEST_RECEIVED, Kind.REQUEST_WAITS})
CALLS_TO_CRITICAL = frozenset({Kind.CRITICAL_RESULT, Kind.CRITICAL_OVERDUE, Kind.CRITICAL_TELEPHONE})
critical_repository = CriticalResultRepository()


def senders_of(settings: NotificationSettings, secrets: Path) -> Mapping[Channel, Sender]:
    """The channels that this installation is set up for; Web Push needs nothing but a key of our own."""
    found: dict[Channel, Sender] = {
        Channel.PUSH: WebPush(
            secrets / "vapid_key.pem", settings.push_contact, allow_local=settings.allow_local_push
        )
    }
    if settings.mail is not None:
        found[Channel.EMAIL] = SmtpMail(settings.mail)
    if settings.webhook_url and settings.webhook_secret:
        found[Channel.WEBHOOK] = Webhook(settings.webhook_url, settings.webhook_secret.encode())
    return found


def post_one(parts: PartsOfApp, channel: Channel, at: datetime) -> bool:
    """Send what is due first by one channel; whether there was any."""
    with parts.database.reading() as connection:
        if not deliveries.is_any_due(connection, channel, at):
            return False
    with parts.database.transaction() as connection:
        delivery = deliveries.lease_one(connection, channel, at)
        if delivery is None:
            return False
        letter = _letter(parts, connection, delivery)
        if letter is None:
            deliveries.settle(connection, delivery, DeliveryStatus.OVERTAKEN, at)
            return True
    try:
        parts.senders[channel].send(letter)
    except SendingFailed as failure:
        _failed(parts, delivery, failure, at)
    else:
        with parts.database.transaction() as connection:
            deliveries.settle(connection, delivery, DeliveryStatus.SENT, at)
    return True


def _failed(parts: PartsOfApp, delivery: Delivery, failure: SendingFailed, at: datetime) -> None:
    with parts.database.transaction() as connection:
        if failure.is_gone and delivery.subscription_id:
            parts.notifications.unsubscribe(connection, delivery.subscription_id)
        if failure.is_final:
            deliveries.settle(connection, delivery, DeliveryStatus.GIVEN_UP, at, str(failure))
        given_up = failure.is_final or not deliveries.try_again(connection, delivery, at, str(failure))
    log.log(
        logging.WARNING if given_up else logging.INFO,
        "notification-not-sent delivery=%s channel=%s attempt=%d given_up=%s error=%s",
        delivery.id,
        delivery.channel,
        delivery.attempts,
        given_up,
        failure,
    )


def _letter(parts: PartsOfApp, connection: Connection, delivery: Delivery) -> Letter | None:
    """What to send; None: by now there is nothing to tell."""
    notification = parts.notifications.get(connection, delivery.notification_id)
    user = parts.users.enabled(connection, notification.user_id)
    if user is None or notification.read_at is not None:
        return None
    path = PAGES.get(notification.kind, "/notifications")
    if notification.consult_id is not None:
        consult = parts.consults.get(connection, notification.consult_id)
        if notification.kind in CALLS_TO_WAITING and consult.status is not Status.REQUESTED:
            return None
        if notification.kind in CALLS_TO_CRITICAL and not any(
            one.waits for one in critical_repository.of_consult(connection, consult.id)
        ):
            return None
        if access.part_in(user, consult) is not None:
            path = f"/consults/{consult.id}"
    subscription = delivery.subscription_id
    return Letter(
        id=delivery.id,
        kind=notification.kind,
        user=user,
        choices=parts.notifications.choices(connection, user.id),
        words=words(notification.kind, notification.values),
        link=parts.settings.notifications.page_url + path,
        is_urgent=notification.topic in DISTURBS,
        at=notification.created_at,
        subscription=parts.notifications.subscription(connection, subscription) if subscription else None,
    )
