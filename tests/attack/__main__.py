"""Run the tests that docs/security.md names: `python -m tests.attack [26-43 68 ...] [-- PYTEST OPTIONS]`."""

import sys

import pytest

from tests.attack.cases import REPOSITORY, SECURITY_PAGE, chosen, read_cases


def main() -> int:
    arguments = sys.argv[1:]
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    cases = chosen(read_cases(SECURITY_PAGE.read_text()), arguments[:cut])
    tests = dict.fromkeys(test for case in cases for test in case.tests)
    uncovered = [f"{case.number}" for case in cases if not case.tests]
    print(f"{len(cases)} cases, {len(tests)} tests; without a test: {', '.join(uncovered) or 'none'}")
    if not tests:
        return 0
    return int(pytest.main([f"--rootdir={REPOSITORY}", *arguments[cut + 1 :], *tests]))


if __name__ == "__main__":
    sys.exit(main())
