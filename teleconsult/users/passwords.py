"""Password hashing and the rules for new passwords."""

import secrets
from functools import cache
from pathlib import Path

from pwdlib import PasswordHash

from teleconsult.errors import KnownPassword, WeakPassword
from teleconsult.users.known_passwords import is_common, is_in_file

MIN_LENGTH = 10
MAX_LENGTH = 256  # longer ones only cost hashing time
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"  # no l, 1, o, 0, i: they are read out over a telephone


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()  # argon2id


def hash_password(password: str) -> str:
    return _hasher().hash(password)


def is_right(password: str, password_hash: str) -> bool:
    return len(password) <= MAX_LENGTH and _hasher().verify(password, password_hash)


@cache
def decoy_hash() -> str:
    """Verified against for unknown user names, so that the answer takes as long as for known ones."""
    return hash_password(secrets.token_urlsafe())


def one_time_password() -> str:
    """Four groups of four letters and digits, about 79 bits."""
    return "-".join("".join(secrets.choice(_READABLE) for _ in range(4)) for _ in range(4))


def check_new_password(new: str, *, old: str, username: str, known: Path | None = None) -> None:
    """Raise where a new password will not do.

    Args:
        known: a hospital's own file of known passwords (`known_passwords`).

    Raises:
        WeakPassword: it is short, overlong, the old one, or the user name.
        KnownPassword: it is among those that attackers try first.
    """
    too_plain = new == old or new.lower() == username.lower() or len(set(new)) < 4
    if not MIN_LENGTH <= len(new) <= MAX_LENGTH or too_plain:
        raise WeakPassword
    if is_common(new) or (known is not None and is_in_file(new, known)):
        raise KnownPassword
