"""Codes on paper for the day on which the telephone is gone: pure."""

import re
import secrets

COUNT = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # no l, 1, o, 0, i: they are copied by hand
_GROUPS, _GROUP_LENGTH = 3, 4  # 59 bits


def new_codes() -> list[str]:
    return [
        "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
        for _ in range(COUNT)
    ]


def normal_form(typed: str) -> str:
    """The code as it was given, however it was typed."""
    plain = re.sub(r"[^a-z0-9]", "", typed.lower())
    return "-".join(re.findall(f".{{1,{_GROUP_LENGTH}}}", plain))
