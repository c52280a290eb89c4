"""Text as it comes from people and from DICOM headers: without characters that nobody can see or store."""

import unicodedata
from typing import Annotated

from pydantic import BeforeValidator

KEPT = frozenset("\n\t")
# They turn the letters after them around: "gpj.exe" can be made to read "exe.jpg" (UTR 36 3.1).
TURNING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def visible(text: str) -> str:
    """The text without control characters (NUL among them, which PostgreSQL refuses), line ends as \\n."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char for char in plain if char in KEPT or unicodedata.category(char) not in ("Cc", "Cs"))


def _visible(value: object) -> object:
    return visible(value).strip() if isinstance(value, str) else value


def one_line(text: str) -> str:
    return " ".join(visible(text).translate(TURNING).split())


def _one_line(value: object) -> object:
    return one_line(value) if isinstance(value, str) else value


def _visible_as_typed(value: object) -> object:
    return visible(value) if isinstance(value, str) else value


# What a form sends: cleaned and trimmed. A draft is cleaned only, or the cursor would jump while typing.
Text = Annotated[str, BeforeValidator(_visible)]
Line = Annotated[str, BeforeValidator(_one_line)]  # a name that stands in headers and lists
Draft = Annotated[str, BeforeValidator(_visible_as_typed)]
