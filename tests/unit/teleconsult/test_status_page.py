"""The page for the hospital's IT says what works, and what to do about the rest."""

import pytest

from teleconsult.status_page import AWAY, PARTS, Language, status_page

LANGUAGES: tuple[Language, ...] = ("en", "zh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_part_that_is_away_is_said_with_what_it_means(language: Language) -> None:
    for away, words in PARTS.items():
        page = status_page({part: part != away for part in PARTS}, language)
        assert words.is_away[language] in page
        assert page.count(f">{AWAY[language]}<") == 1
        assert all(one.works[language] in page for part, one in PARTS.items() if part != away)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_relay_is_called_by_its_name(language: Language) -> None:
    page = status_page({"relay": True, "relay-2": False}, language)
    assert "logs/relay-2.log" in page and "logs/relay.log" not in page
