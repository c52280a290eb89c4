import pytest

from tests.installation_server import REPOSITORY
from tests.two_processes import REAL_TIME, group_of


@pytest.mark.parametrize("path", REAL_TIME)
def test_each_place_of_real_time_tests_is_there(path: str) -> None:
    assert (REPOSITORY / path).exists()


def test_the_tests_of_a_file_stay_together_and_all_real_time_tests_do() -> None:
    assert group_of("tests/unit/twin/test_through.py::test_a[1]") == "tests/unit/twin/test_through.py"
    assert group_of("tests/e2e/test_faces.py::test_a") == group_of("tests/integration/twin/test_b.py::test_b")
