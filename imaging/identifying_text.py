"""What in a text says who somebody is: the case's own names, numbers and dates, in any script and encoding.

Bytes are searched in every reading that they allow, since scanners often name a wrong character set or none.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from imaging.deidentification_profile import PATTERNS, TITLES

HIDDEN: Final = "***"
# PS3.3 C.12.1.1.2 and C.12.1.1.3; what names none of these is still read as UTF-8, GB18030 and Latin-1.
ENCODINGS: Final = {
    "ISO_IR 101": "iso8859-2", "ISO_IR 109": "iso8859-3", "ISO_IR 110": "iso8859-4",
    "ISO_IR 144": "iso8859-5", "ISO_IR 127": "iso8859-6", "ISO_IR 126": "iso8859-7",
    "ISO_IR 138": "iso8859-8", "ISO_IR 148": "iso8859-9", "ISO_IR 203": "iso8859-15",
    "ISO_IR 13": "shift_jis", "ISO_IR 166": "iso8859-11", "ISO 2022 IR 144": "iso8859-5",
    "ISO 2022 IR 126": "iso8859-7", "ISO 2022 IR 13": "shift_jis", "ISO 2022 IR 87": "iso2022_jp",
    "ISO 2022 IR 159": "iso2022_jp_2", "ISO 2022 IR 149": "euc_kr", "ISO 2022 IR 166": "iso8859-11",
}  # fmt: skip
ALWAYS: Final = ("utf-8", "gb18030", "latin-1")
_ESCAPES: Final = re.compile(rb"\x1b[$()*+\-.,/]*[@-Z]|\x1b\$[()*+\-.,/]?[@-Z]")
_META: Final = re.compile(r"[.*+?^${}()|\[\]\\/]")
_LETTERS: Final = r"[A-Za-z0-9]"
BETWEEN: Final = r"[\s^,_.·-]*"


def readings(value: bytes, character_set: str = "") -> list[tuple[str, str]]:
    """Return (encoding, text) for each way to read the bytes without an error; plain ASCII has one."""
    value = value.rstrip(b"\0 ")
    if value.isascii() and b"\x1b" not in value:
        return [("ascii", value.decode("ascii"))]
    found: dict[str, str] = {}
    for encoding in dict.fromkeys((*_declared(character_set), *ALWAYS)):
        stripped = value if encoding.startswith("iso2022") else _ESCAPES.sub(b"", value)
        try:
            found.setdefault(stripped.decode(encoding), encoding)
        except UnicodeDecodeError:
            continue
    return [(encoding, text) for text, encoding in found.items()]


@lru_cache(64)
def _declared(character_set: str) -> tuple[str, ...]:
    terms = (term.strip("\0 ") for term in character_set.split("\\"))
    return tuple(ENCODINGS[term] for term in terms if term in ENCODINGS)


class Identifiers:
    """The names and numbers of one case, as one expression."""

    def __init__(self) -> None:
        self._pieces: set[str] = set()
        self._known: re.Pattern[str] | None = None
        self._with_patterns: re.Pattern[str] | None = None
        self._seen: set[tuple[str, str]] = set()

    def add(self, kind: str, text: str) -> None:
        """Take in one value; `kind` is name, number or date. What is too short to tell anything is not."""
        if (kind, text) in self._seen:
            return
        self._seen.add((kind, text))
        pieces = set(_PIECES[kind](text)) - self._pieces
        if pieces:
            self._pieces |= pieces
            self._known = self._with_patterns = None

    def cleaned(self, value: bytes, character_set: str, *, free_text: bool) -> bytes | None:
        """Return the value without what identifies; None where nothing was found.

        What was found is replaced in ASCII and UTF-8; in other encodings the whole value goes.

        Args:
            free_text: whether also to look for what only looks like a date, a number or an address.
        """
        expression = self._expression(free_text)
        for encoding, text in readings(value, character_set):
            if expression.search(text):
                return expression.sub(HIDDEN, text).encode() if encoding in ("ascii", "utf-8") else b""
        return None

    def found_in(self, text: str) -> bool:
        """Whether a text has one of the case's names or numbers."""
        return bool(self._expression(False).search(text))

    def _expression(self, free_text: bool) -> re.Pattern[str]:
        if self._known is None or self._with_patterns is None:
            known = sorted(self._pieces, key=lambda piece: (-len(piece), piece))
            self._known = re.compile("|".join(known) or "(?!)", re.IGNORECASE)
            self._with_patterns = re.compile("|".join((*known, *PATTERNS)), re.IGNORECASE)
        return self._with_patterns if free_text else self._known


def _literal(text: str) -> str:
    return re.sub(r"\s+", r"\\s+", _META.sub(lambda found: "\\" + found[0], text.strip()))


def _alone(piece: str) -> str:
    return f"(?<!{_LETTERS}){piece}(?!{_LETTERS})"


def _is_latin(text: str) -> bool:
    return all(ord(letter) < 0x250 for letter in text)


def _name(text: str) -> Iterator[str]:
    """Each part of a name, and all parts in both orders, however they are separated (PS3.5 6.2.1.1)."""
    for person in text.split("\\"):
        for group in person.split("="):
            parts = [part for part in re.split(r"[\s^,]+", group.strip("\0 ")) if part]
            for part in parts:
                piece = BETWEEN.join(_literal(hump) for hump in re.findall("[A-Z][a-z]+", part)) if (
                    re.fullmatch("(?:[A-Z][a-z]+){2,}", part)
                ) else _literal(part)
                if len(part) >= (5 if _is_latin(part) else 2):
                    yield piece
                elif _is_latin(part) and len(part) >= 2:
                    yield _alone(piece)
            if 2 <= len(parts) <= 6:
                for order in (parts, parts[::-1]):
                    joined = BETWEEN.join(_literal(part) for part in order)
                    yield joined if sum(map(len, parts)) >= 5 or not _is_latin(group) else _alone(joined)
            if parts and "\u4e00" <= parts[0][0] <= "\u9fff":
                family = parts[0] if len(parts) > 1 and len(parts[0]) <= 2 else parts[0][0]
                yield f"{family}(?:{TITLES})"


def _number(text: str) -> Iterator[str]:
    for value in re.split(r"\\", text):
        value = value.strip("\0 ")
        digits = re.sub("[^0-9]", "", value)
        if len(digits) >= 7 and re.fullmatch(r"[0-9\s()+./-]+", value):
            yield r"[\s()./-]*".join(digits)
        elif len(value) >= 5 or (len(value) >= 2 and not _is_latin(value)):
            yield _literal(value)
        elif len(value) >= 4 or (len(value) == 3 and re.search("[0-9]", value) and not value.isdigit()):
            yield _alone(_literal(value))


def _date(text: str) -> Iterator[str]:
    for value in text.split("\\"):
        found = re.fullmatch(r"([0-9]{4})[.:-]?([0-9]{2})[.:-]?([0-9]{2})", value.strip("\0 "))
        if found:
            year, month, day = found[1], str(int(found[2])), str(int(found[3]))
            yield rf"{year}\s*[-/.年]?\s*0?{month}\s*[-/.月]?\s*0?{day}(?![0-9])\s*日?"
            yield f"{year}{found[2]}{found[3]}"
            yield rf"(?<![0-9])0?{day}[-/.\s]0?{month}[-/.\s]{year}"
            yield rf"(?<![0-9])0?{month}[-/.\s]0?{day}[-/.\s]{year}"


_PIECES: Final = {"name": _name, "number": _number, "date": _date}
