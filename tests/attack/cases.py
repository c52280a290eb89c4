"""The attack cases and the tests that cover them, as docs/security.md lists them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SECURITY_PAGE = REPOSITORY / "docs" / "security.md"
_ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \|$", re.M)
_TEST = re.compile(r"`(tests/[\w/]+\.py::test_\w+)`")


@dataclass(frozen=True, slots=True)
class Case:
    """One row: `covered_by` is the third column as it stands, `tests` what pytest is given of it."""

    number: int
    attack: str
    covered_by: str

    @property
    def tests(self) -> tuple[str, ...]:
        return tuple(_TEST.findall(self.covered_by))


def read_cases(text: str) -> list[Case]:
    return [Case(int(number), attack, by) for number, attack, by in _ROW.findall(text)]


def chosen(cases: Iterable[Case], wanted: Iterable[str]) -> list[Case]:
    """Those whose number is among `wanted`, such as "26-43" or "7"; all where nothing is wanted."""
    spans = [(int(first), int(last or first)) for first, _, last in (one.partition("-") for one in wanted)]
    return [case for case in cases if not spans or any(a <= case.number <= b for a, b in spans)]
