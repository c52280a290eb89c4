"""What the API says and takes about notifications."""

from datetime import datetime, time
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator

from teleconsult.notifications.notification import (
    PAGES,
    Channel,
    Choices,
    Kind,
    Notification,
    QuietHours,
    Topic,
)
from teleconsult.notifications.repository import PushSubscription
from teleconsult.notifications.settings import ADDRESS
from teleconsult.notifications.words import words
from teleconsult.text import Text

Base64Url = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]


class WordsOut(BaseModel):
    en: str
    zh: str


class NotificationOut(BaseModel):
    id: str
    kind: Kind
    topic: Topic
    created_at: datetime
    is_read: bool
    sentence: WordsOut
    consult_id: str | None  # null also where the user has no part in it any more
    page: str | None  # of ours, where it leads to one that is no consult's

    @classmethod
    def of(cls, notification: Notification, *, may_open: bool) -> "NotificationOut":
        said = words(notification.kind, notification.values)
        return cls(
            id=notification.id,
            kind=notification.kind,
            topic=notification.topic,
            created_at=notification.created_at,
            is_read=notification.read_at is not None,
            sentence=WordsOut(en=said.en, zh=said.zh),
            consult_id=notification.consult_id if may_open else None,
            page=PAGES.get(notification.kind),
        )


class NotificationsOut(BaseModel):
    unread: int
    notifications: list[NotificationOut]  # the newest first


class ReadIn(BaseModel):
    ids: list[str] | None = Field(default=None, max_length=200)  # null: all


class QuietHoursIo(BaseModel):
    begin: time
    end: time


class ChoicesIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    channels: dict[Topic, list[Channel]]
    email: Annotated[Text, Field(max_length=254)] | None = None
    phone: Annotated[Text, Field(pattern=r"^\+?[0-9][0-9 -]{3,24}$")] | None = None
    quiet: QuietHoursIo | None = None
    time_zone: str

    @field_validator("email")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is not None and not ADDRESS.match(value):
            raise ValueError("no e-mail address")
        return value

    @field_validator("time_zone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("no time zone")
        return value

    def choices(self) -> Choices:
        quiet = self.quiet
        return Choices(
            channels={topic: frozenset(chosen) for topic, chosen in self.channels.items()},
            email=self.email,
            phone=self.phone,
            quiet=QuietHours(quiet.begin, quiet.end) if quiet and quiet.begin != quiet.end else None,
            time_zone=self.time_zone,
        )


class PushDeviceOut(BaseModel):
    id: str
    device: str
    created_at: datetime


class ChoicesOut(BaseModel):
    channels: dict[Topic, list[Channel]]
    email: str | None
    phone: str | None
    quiet: QuietHoursIo | None
    time_zone: str
    available: list[Channel]  # for which this installation is set up
    devices: list[PushDeviceOut]  # browsers that take pushes
    push_key: str  # applicationServerKey of the Push API

    @classmethod
    def of(
        cls,
        choices: Choices,
        available: frozenset[Channel],
        devices: list[PushSubscription],
        push_key: str,
    ) -> "ChoicesOut":
        quiet = choices.quiet
        return cls(
            channels={topic: sorted(choices.channels.get(topic, ())) for topic in Topic},
            email=choices.email,
            phone=choices.phone,
            quiet=QuietHoursIo(begin=quiet.begin, end=quiet.end) if quiet else None,
            time_zone=choices.time_zone,
            available=sorted(available),
            devices=[PushDeviceOut(id=d.id, device=d.device, created_at=d.created_at) for d in devices],
            push_key=push_key,
        )


class PushSubscriptionIn(BaseModel):
    """PushSubscription.toJSON() of the Push API, and what the browser is called."""

    endpoint: Annotated[str, Field(max_length=1000)]
    p256dh: Annotated[Base64Url, Field(min_length=87, max_length=88)]
    auth: Annotated[Base64Url, Field(min_length=22, max_length=24)]
    device: Annotated[Text, Field(min_length=1, max_length=120)]


class TestIn(BaseModel):
    channel: Channel


class TestOut(BaseModel):
    is_sent: bool
    sentence: WordsOut
