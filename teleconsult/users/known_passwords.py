"""Passwords that attackers try first, known without asking anybody outside.

A list of 29,706 common ones comes with us. A hospital may add a file of its own: SHA-1 in hexadecimal, one in
a line and in order, as haveibeenpwned.com offers it for download (`HASH:count`, 40 GB, searched in place).
"""

import gzip
import re
from functools import cache
from hashlib import sha1
from pathlib import Path
from typing import BinaryIO

COMMON = Path(__file__).with_name("common_passwords.txt.gz")
HASH_CHARACTERS = 40
LONGEST_LINE = 64


@cache
def _common() -> frozenset[str]:
    return frozenset(gzip.decompress(COMMON.read_bytes()).decode().split())


def is_common(password: str) -> bool:
    """Also where digits and signs follow, as in `Sunshine2026!`: that is what guessing programs try next."""
    plain = password.lower()
    return plain in _common() or re.sub(r"[\W\d_]+$", "", plain) in _common()


def is_in_file(password: str, file: Path) -> bool:
    """Whether its SHA-1 begins a line of the sorted `file`: a search by halves, some forty reads."""
    wanted = sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    with file.open("rb") as opened:
        low, high = 0, file.stat().st_size  # the wanted line begins in between, if there is one
        while low < high:
            middle = (low + high) // 2
            found = _first_hash_after(opened, middle)
            if found == wanted:
                return True
            if found is not None and found < wanted:
                low = middle + 1
            else:
                high = middle
    return False


def _first_hash_after(opened: BinaryIO, offset: int) -> bytes | None:
    """Of the first line that begins at `offset` or later."""
    opened.seek(max(offset - 1, 0))
    if offset > 0:
        opened.readline(LONGEST_LINE)
    line = opened.readline(LONGEST_LINE)
    return line[:HASH_CHARACTERS].upper() or None
