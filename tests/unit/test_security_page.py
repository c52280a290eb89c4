"""docs/security.md against the tests that it names."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attack.cases import REPOSITORY, SECURITY_PAGE, Case, chosen, read_cases

CASES = read_cases(SECURITY_PAGE.read_text())


def functions_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


def test_each_of_the_107_cases_has_a_row() -> None:
    numbers = [case.number for case in CASES]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) >= 107


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.number))
def test_a_case_names_tests_that_exist_or_says_that_it_is_not_covered(case: Case) -> None:
    assert case.tests or case.covered_by.startswith("not covered")
    for test in case.tests:
        path, name = test.split("::")
        assert name in set(functions_of(REPOSITORY / path)), test


def test_every_attack_test_stands_in_the_page() -> None:
    named = {test for case in CASES for test in case.tests}
    for path in (REPOSITORY / "tests" / "attack").glob("test_*.py"):
        for name in functions_of(path):
            if name.startswith("test_"):
                assert f"{path.relative_to(REPOSITORY)}::{name}" in named


def test_cases_are_chosen_by_numbers_and_spans() -> None:
    assert [case.number for case in chosen(CASES, ["5", "26-28"])] == [5, 26, 27, 28]
    assert chosen(CASES, []) == CASES
