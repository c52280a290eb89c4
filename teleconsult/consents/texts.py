"""The words that somebody consents to: a file for each version, in both languages. None ever changes."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from teleconsult.errors import ConsentTextChanged

Language = Literal["zh-CN", "en"]
FOLDER = Path(__file__).parent / "texts"
REMOTE_CONSULTATION = "remote-consultation"


@dataclass(frozen=True, slots=True)
class Words:
    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConsentText:
    id: str
    version: int
    words: dict[Language, Words]


@dataclass(frozen=True, slots=True)
class TextShown:
    """Which words were in front of somebody."""

    id: str
    version: int
    language: Language


@cache
def newest_text(text_id: str = REMOTE_CONSULTATION) -> ConsentText:
    """The version that is shown from now on."""
    versions = [json.loads(file.read_text()) for file in FOLDER.glob(f"{text_id}-*.json")]
    newest = max(versions, key=lambda one: int(one["version"]))
    languages: tuple[Language, ...] = ("zh-CN", "en")
    words = {one: Words(newest[one]["title"], tuple(newest[one]["paragraphs"])) for one in languages}
    return ConsentText(text_id, int(newest["version"]), words)


def require_newest(text: TextShown) -> None:
    """Raises ConsentTextChanged: there is a newer version than the one that was read."""
    newest = newest_text()
    if (text.id, text.version) != (newest.id, newest.version):
        raise ConsentTextChanged
