"""Passwords that attackers try first."""

from hashlib import sha1
from pathlib import Path

import pytest

from teleconsult.errors import KnownPassword
from teleconsult.users.known_passwords import is_common, is_in_file
from teleconsult.users.passwords import check_new_password


@pytest.mark.parametrize(
    "password", ["qwertyuiop", "1234567890", "Password2026!", "sunshine1987-", "ILoveYou!!"]
)
def test_common_passwords_are_known_also_with_digits_and_signs_behind(password: str) -> None:
    assert is_common(password)


@pytest.mark.parametrize("password", ["a good long password", "correct horse battery", "zhongxin-wanglu-42x"])
def test_others_are_not(password: str) -> None:
    assert not is_common(password)


def test_a_hospitals_own_file_is_searched_to_its_first_and_last_line(tmp_path: Path) -> None:
    known = [f"password number {n}" for n in range(200)]
    lines = sorted(sha1(one.encode()).hexdigest().upper() + f":{n}" for n, one in enumerate(known))
    file = tmp_path / "known.txt"
    file.write_text("\r\n".join(lines) + "\r\n")
    assert all(is_in_file(one, file) for one in known)
    assert not any(is_in_file(f"another {n}", file) for n in range(200))


def test_a_known_password_is_refused_as_a_new_one(tmp_path: Path) -> None:
    with pytest.raises(KnownPassword):
        check_new_password("Password2026!", old="x", username="wang")
    file = tmp_path / "known.txt"
    file.write_text(sha1(b"a good long password").hexdigest().upper() + ":3\n")
    with pytest.raises(KnownPassword):
        check_new_password("a good long password", old="x", username="wang", known=file)
