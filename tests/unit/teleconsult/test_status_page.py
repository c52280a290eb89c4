"""The page for the hospital's IT says what works, and what to do about the rest."""

from datetime import UTC, datetime, timedelta

import pytest

from teleconsult.backups.history import Backups
from teleconsult.status_page import AWAY, LOOK_AT_THIS, PARTS, Language, Unsent, status_page

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LANGUAGES: tuple[Language, ...] = ("en", "zh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_part_that_is_away_is_said_with_what_it_means(language: Language) -> None:
    for away, words in PARTS.items():
        page = status_page({part: part != away for part in PARTS}, language, None, NOW)
        assert words.is_away[language] in page
        assert page.count(f">{AWAY[language]}<") == 1
        assert all(one.works[language] in page for part, one in PARTS.items() if part != away)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_relay_is_called_by_its_name(language: Language) -> None:
    page = status_page({"relay": True, "relay-2": False}, language, None, NOW)
    assert "logs/relay-2.log" in page and "logs/relay.log" not in page


HOURS = timedelta(hours=1)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("known", "warns"),
    [
        (Backups(), True),
        (Backups(NOW - 10 * HOURS, NOW - 50 * HOURS), False),
        (Backups(NOW - 27 * HOURS, NOW - 50 * HOURS), True),
        (Backups(NOW - 10 * HOURS, None, "no room"), True),
    ],
)
def test_a_backup_that_is_missing_old_or_failed_is_warned_of(
    language: Language, known: Backups, warns: bool
) -> None:
    page = status_page({"database": True}, language, known, NOW)
    assert (f">{LOOK_AT_THIS[language]}<" in page) is warns
    assert "no room" not in page  # it may name a folder or a server


def test_the_page_says_when_backups_were_made_and_proved() -> None:
    page = status_page({"database": True}, "en", Backups(NOW - 10 * HOURS, NOW - 50 * HOURS), NOW)
    assert "10 hours ago" in page and "2 days ago" in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_audit_entries_that_wait_too_long_for_their_receiver_are_warned_of(language: Language) -> None:
    for unsent in (Unsent(0, 0, False), Unsent(3, 60, False), Unsent(7, 1200, True)):
        page = status_page({"database": True}, language, Backups(NOW, NOW), NOW, unsent)
        assert (f">{LOOK_AT_THIS[language]}<" in page) is unsent.is_late
        assert ("audit-receiver-away" in page) is unsent.is_late
        assert (f"{unsent.waited_s // 60:.0f}" in page) or not unsent.entries
