"""Whom security.txt names."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from teleconsult.errors import NotFound
from teleconsult.security_txt import security_txt
from teleconsult.settings import BadSettings, _contact

AT = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC)


def settings(contact: str | None, *origins: str) -> Any:
    return SimpleNamespace(security_contact=contact, public_origins=origins)


def test_it_names_contact_end_and_address() -> None:
    assert security_txt(settings("https://example.org/report", "https://consult.example.org"), AT) == (
        "Contact: https://example.org/report\n"
        "Expires: 2026-08-28T12:00:00Z\n"
        "Preferred-Languages: zh, en\n"
        "Canonical: https://consult.example.org/.well-known/security.txt\n"
    )


def test_without_a_contact_it_is_the_mailbox_of_that_name_or_nothing() -> None:
    said = security_txt(settings(None, "http://consult.example.org:8080"), AT)
    assert said.startswith("Contact: mailto:security@consult.example.org\n") and "Canonical" not in said
    with pytest.raises(NotFound):
        security_txt(settings(None), AT)


@pytest.mark.parametrize("contact", ["security@example.org", "mailto:a b", "https://a\nContact: mailto:eve"])
def test_what_is_no_contact_stops_the_start(contact: str) -> None:
    with pytest.raises(BadSettings):
        _contact({"TELECONSULT_SECURITY_CONTACT": contact})
