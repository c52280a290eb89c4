"""One-time codes by time, against the table of RFC 6238, appendix B."""

from base64 import b32decode
from datetime import UTC, datetime, timedelta

import pytest

from teleconsult.identity import recovery_code, totp

SECRET = b"12345678901234567890"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "eight_digits"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_the_rfc(seconds: int, eight_digits: str) -> None:
    step = totp.step_at(datetime.fromtimestamp(seconds, UTC))
    assert totp.code_of(SECRET, step) == eight_digits[-totp.DIGITS :]


@pytest.mark.parametrize(
    ("late_s", "is_taken"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)]
)
def test_a_code_counts_one_step_before_and_after_its_own(late_s: int, is_taken: bool) -> None:
    code = totp.code_of(SECRET, totp.step_at(NOON))
    assert (totp.step_of(SECRET, code, NOON + timedelta(seconds=late_s)) is not None) == is_taken


def test_a_code_of_the_last_taken_step_or_before_counts_no_more() -> None:
    step = totp.step_at(NOON)
    assert totp.step_of(SECRET, totp.code_of(SECRET, step), NOON, last_step=step) is None
    assert totp.step_of(SECRET, totp.code_of(SECRET, step - 1), NOON, last_step=step) is None
    assert totp.step_of(SECRET, totp.code_of(SECRET, step + 1), NOON, last_step=step) == step + 1


def test_the_key_uri_names_the_account_and_holds_the_secret() -> None:
    uri = totp.key_uri(SECRET, "wang.fang@hospital")
    assert uri.startswith("otpauth://totp/Teleconsult%3Awang.fang%40hospital?")
    assert b32decode(totp.as_text(SECRET)) == SECRET and totp.as_text(SECRET) in uri


def test_a_recovery_code_is_known_however_it_is_typed() -> None:
    code = recovery_code.new_codes()[0]
    for typed in (code, code.upper(), code.replace("-", ""), code.replace("-", " "), f"  {code} "):
        assert recovery_code.normal_form(typed) == code
