"""What changed between two texts, by words; in Chinese by characters. Pure."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

# A run of letters or digits that is no Chinese, white space, or any other single character.
_WORD = re.compile(r"[^\W\u3000-\u9fff\U00020000-\U0003ffff]+|\s+|.", re.DOTALL)
_SENTENCE = re.compile(r"[^。；.;\n]*[。；.;\n]?", re.DOTALL)
# A comparison takes at most this many steps; larger texts are compared by sentences, or as a whole.
MOST_STEPS = 4_000_000


class ChangeKind(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text that is in both, or in one of them."""

    kind: ChangeKind
    text: str


def difference(before: str, after: str) -> list[Run]:
    """Return the runs whose same and removed ones are `before`, and whose same and added ones `after`."""
    old, new = _parts(before, after)
    runs: list[Run] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            runs.append(Run(ChangeKind.SAME, "".join(old[i1:i2])))
            continue
        if i2 > i1:
            runs.append(Run(ChangeKind.REMOVED, "".join(old[i1:i2])))
        if j2 > j1:
            runs.append(Run(ChangeKind.ADDED, "".join(new[j1:j2])))
    return runs


def _parts(before: str, after: str) -> tuple[Sequence[str], Sequence[str]]:
    splits: tuple[Callable[[str], list[str]], ...] = (_WORD.findall, _SENTENCE.findall)
    for split in splits:
        old, new = ([part for part in split(text) if part] for text in (before, after))
        if len(old) * len(new) <= MOST_STEPS:
            return old, new
    return ([before], [after])
