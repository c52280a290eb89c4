"""A user's own notifications, and by which channels they come."""

from uuid import uuid4

from fastapi import APIRouter
from sqlalchemy import Connection

from teleconsult import access
from teleconsult.dependencies import CurrentUser, Now, Parts, PartsOfApp
from teleconsult.notifications.notification import Channel, Kind
from teleconsult.notifications.repository import PushSubscription
from teleconsult.notifications.schemas import (
    ChoicesIn,
    ChoicesOut,
    NotificationOut,
    NotificationsOut,
    PushSubscriptionIn,
    ReadIn,
    TestIn,
    TestOut,
    WordsOut,
)
from teleconsult.notifications.sending import Letter, SendingFailed
from teleconsult.notifications.telling import announce
from teleconsult.notifications.web_push import WebPush, check_endpoint
from teleconsult.notifications.words import words
from teleconsult.users.user import User

router = APIRouter(prefix="/api/notifications", tags=["notifications"])

TESTED = "The test was handed over.", "测试通知已发出。"
NO_RECIPIENT = {
    Channel.PUSH: ("No browser of yours takes pushes yet.", "您还没有任何浏览器开启推送。"),
    Channel.EMAIL: ("Enter your e-mail address and save first.", "请先填写邮箱并保存。"),
}
NOT_SET_UP = "This installation is not set up for it.", "本系统尚未配置此渠道。"


@router.get("")
def list_notifications(parts: Parts, user: CurrentUser) -> NotificationsOut:
    """The newest first. Each stays; the way to its consult is there while the user has a part in it."""
    with parts.database.reading() as connection:
        known = parts.notifications.of_user(connection, user.id)
        consults = parts.consults.by_ids(connection, {n.consult_id for n in known if n.consult_id})
        open_to_user = {c.id for c in consults if access.part_in(user, c) is not None}
        return NotificationsOut(
            unread=parts.notifications.unread_count(connection, user.id),
            notifications=[NotificationOut.of(n, may_open=n.consult_id in open_to_user) for n in known],
        )


@router.post("/read", status_code=204)
def mark_read(body: ReadIn, parts: Parts, user: CurrentUser, now: Now) -> None:
    with parts.database.transaction() as connection:
        parts.notifications.mark_read(connection, user.id, now, body.ids)
    announce(parts, [user.id])


@router.get("/choices")
def read_choices(parts: Parts, user: CurrentUser) -> ChoicesOut:
    with parts.database.reading() as connection:
        return _choices_out(parts, connection, user)


@router.put("/choices")
def save_choices(body: ChoicesIn, parts: Parts, user: CurrentUser) -> ChoicesOut:
    with parts.database.transaction() as connection:
        parts.notifications.save_choices(connection, user.id, body.choices())
        return _choices_out(parts, connection, user)


@router.post("/devices", status_code=201)
def add_device(body: PushSubscriptionIn, parts: Parts, user: CurrentUser, now: Now) -> ChoicesOut:
    """Push to this browser too. Its push service must be reached by https, and not be on this machine."""
    check_endpoint(body.endpoint, allow_local=parts.settings.notifications.allow_local_push)
    with parts.database.transaction() as connection:
        parts.notifications.subscribe(
            connection,
            PushSubscription(
                str(uuid4()), user.id, body.endpoint, body.p256dh, body.auth, body.device, now
            ),
        )
        return _choices_out(parts, connection, user)


@router.delete("/devices/{device_id}")
def remove_device(device_id: str, parts: Parts, user: CurrentUser) -> ChoicesOut:
    with parts.database.transaction() as connection:
        parts.notifications.unsubscribe(connection, device_id, user.id)
        return _choices_out(parts, connection, user)


@router.post("/test")
def send_test(body: TestIn, parts: Parts, user: CurrentUser, now: Now) -> TestOut:
    """Send one now, past the queue and the quiet hours, and say how that went."""
    sender = parts.senders.get(body.channel)
    if sender is None:
        return _not_sent(NOT_SET_UP)
    with parts.database.reading() as connection:
        choices = parts.notifications.choices(connection, user.id)
        browsers = parts.notifications.subscriptions(connection, user.id)
    recipients: list[PushSubscription | None] = [*browsers] if body.channel is Channel.PUSH else [None]
    if not recipients or (body.channel is Channel.EMAIL and not choices.email):
        return _not_sent(NO_RECIPIENT[body.channel])
    for browser in recipients:
        letter = Letter(
            id=str(uuid4()),
            kind=Kind.TEST,
            user=user,
            choices=choices,
            words=words(Kind.TEST, {}),
            link=f"{parts.settings.notifications.page_url}/notifications",
            is_urgent=True,
            at=now,
            subscription=browser,
        )
        try:
            sender.send(letter)
        except SendingFailed as failure:
            if failure.is_gone and browser is not None:
                with parts.database.transaction() as connection:
                    parts.notifications.unsubscribe(connection, browser.id)
            return _not_sent((f"It could not be sent: {failure}.", f"发送失败：{failure}。"))
    return TestOut(is_sent=True, sentence=WordsOut(en=TESTED[0], zh=TESTED[1]))


def _not_sent(said: tuple[str, str]) -> TestOut:
    return TestOut(is_sent=False, sentence=WordsOut(en=said[0], zh=said[1]))


def _choices_out(parts: PartsOfApp, connection: Connection, user: User) -> ChoicesOut:
    push = parts.senders[Channel.PUSH]
    assert isinstance(push, WebPush)  # every installation has it
    return ChoicesOut.of(
        parts.notifications.choices(connection, user.id),
        parts.notifications.channels,
        parts.notifications.subscriptions(connection, user.id),
        push.public_key,
    )
