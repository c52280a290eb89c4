"""What users are told, when, and in which words."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teleconsult.consults.consult import Specialty, Urgency
from teleconsult.consults.specialty_names import SPECIALTIES
from teleconsult.notifications.notification import (
    TOPICS,
    Channel,
    Choices,
    Kind,
    QuietHours,
    Topic,
    topic_of,
)
from teleconsult.notifications.settings import NotificationSettings
from teleconsult.notifications.words import SENTENCES, URGENCIES, words

SHANGHAI = ZoneInfo("Asia/Shanghai")
NIGHT = QuietHours(time(22), time(7))
VALUES = {
    "specialty": "radiology",
    "urgency": "urgent",
    "institution_en": "A",
    "institution_zh": "甲",
    "person": "Li",
    "asking": "Wang",
    "starts_at": "2026-03-01 09:30 (Asia/Urumqi)",
}


def at(hour: int, minute: int = 0, day: int = 2) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("quiet", "now", "end"),
    [
        (NIGHT, at(23), at(7, day=3)),
        (NIGHT, at(3), at(7)),
        (NIGHT, at(22), at(7, day=3)),
        (NIGHT, at(7), None),
        (NIGHT, at(12), None),
        (QuietHours(time(12), time(14)), at(13, 30), at(14)),
        (QuietHours(time(12), time(14)), at(14), None),
    ],
)
def test_quiet_hours_end_in_the_users_own_time(
    quiet: QuietHours, now: datetime, end: datetime | None
) -> None:
    assert quiet.end_after(now.astimezone(UTC), SHANGHAI) == end


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(2026, 1, 1), max_value=datetime(2027, 1, 1)))
def test_what_is_urgent_is_never_put_off(moment: datetime) -> None:
    choices = Choices(quiet=QuietHours(time(0), time(23, 59)))
    assert choices.send_at(Topic.URGENT, moment) == moment
    assert choices.send_at(Topic.REPORTS, moment) >= moment


def test_an_urgent_request_is_told_as_urgent_and_its_report_is_not() -> None:
    assert topic_of(Kind.REQUEST_RECEIVED, Urgency.EMERGENCY) is Topic.URGENT
    assert topic_of(Kind.REQUEST_RECEIVED, Urgency.ROUTINE) is Topic.REQUESTS
    assert topic_of(Kind.REPORT_SIGNED, Urgency.EMERGENCY) is Topic.REPORTS


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_topic_and_a_sentence_in_both_languages(kind: Kind) -> None:
    assert kind in TOPICS
    said = words(kind, VALUES)
    assert said.en and said.zh and "{" not in said.en + said.zh
    assert said.in_language("zh-CN") == said.zh and said.in_language("en") == said.en


def test_no_sentence_has_a_place_for_a_patient() -> None:
    assert not any("patient" in one for both in SENTENCES.values() for one in both)


def test_every_specialty_and_urgency_can_be_named() -> None:
    assert set(SPECIALTIES) == set(Specialty) and set(URGENCIES) == set(Urgency)


def test_whoever_chose_nothing_gets_urgent_ones_every_way_and_others_by_push_alone() -> None:
    channels = Choices().channels
    assert channels[Topic.URGENT] == set(Channel)
    assert channels[Topic.ANSWERS] == {Channel.PUSH}


@pytest.mark.parametrize(
    "environment",
    [
        {"TELECONSULT_WEBHOOK_URL": "file:///etc/passwd"},
        {"TELECONSULT_WEBHOOK_URL": "https://user:secret@host/"},
        {"TELECONSULT_WEBHOOK_URL": "https://host/"},
        {"TELECONSULT_SMTP_URL": "smtp://user:secret@host", "TELECONSULT_SMTP_FROM": "a@b"},
        {"TELECONSULT_SMTP_URL": "http://host", "TELECONSULT_SMTP_FROM": "a@b"},
        {"TELECONSULT_SMTP_URL": "smtp://host", "TELECONSULT_SMTP_FROM": "nobody"},
        {"TELECONSULT_SMTP_URL": "smtp://host", "TELECONSULT_SMTP_FROM": "a@b", "TELECONSULT_SMTP_USER": "a"},
        {"TELECONSULT_PUSH_CONTACT": "me"},
    ],
)
def test_a_wrong_setting_stops_the_start(environment: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="TELECONSULT_"):
        NotificationSettings.from_environment(environment, (), 8080)
