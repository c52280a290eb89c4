"""Fixtures shared by all tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from xdist.remote import Producer

from teleconsult.users import passwords
from tests.installation_server import (
    REPOSITORY,
    Client,
    Installation,
    free_ports_of_an_installation,
    no_models,
)
from tests.two_processes import NICENESS, REAL_TIME_GROUP, RealTimeAlone, group_of

# A loaded machine is slow now and then; how long an example takes is no property of the code.
settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("PYTEST_XDIST_WORKER", "gw0") != "gw0":
        os.nice(NICENESS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real-time tests first: where there are several processes the others find a place beside them."""
    items.sort(key=lambda item: group_of(item.nodeid) != REAL_TIME_GROUP)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> RealTimeAlone:
    return RealTimeAlone(config, log)


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """argon2id at the least cost: what is hashed here guards nobody. Installations hash as they always do."""
    least = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: least)
        yield


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real images; a test that needs it skips where it is absent."""
    folder = Path(os.environ.get("TELECONSULT_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the real images are not here; TELECONSULT_TEST_DATA names their folder")
    return folder


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Everything that `make up` runs, for real, shared by the tests of a session."""
    running = Installation(tmp_path_factory.mktemp("installation") / "data", free_ports_of_an_installation())
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture(scope="module")
def fresh_installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One of a module's own: nobody has signed in yet, and its parts may be killed."""
    running = Installation(tmp_path_factory.mktemp("fresh") / "data", free_ports_of_an_installation())
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture(scope="module")
def installation_without_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """As `fresh_installation`, but nothing reads what comes in: for tests that ask for no finding."""
    folder = tmp_path_factory.mktemp("without_models")
    running = Installation(folder / "data", free_ports_of_an_installation(), settings=no_models(folder))
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture(scope="session")
def clinician(installation: Installation) -> Client:
    return installation.sign_in("clinician")


@pytest.fixture(scope="session")
def specialist(installation: Installation) -> Client:
    return installation.sign_in("specialist")
