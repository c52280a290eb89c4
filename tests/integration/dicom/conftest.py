"""The gateway of a whole installation, and a scanner that is on its list."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from teleconsult.installation import existing_installation
from teleconsult.services import child_environment
from tests.dicom_scanner import SCANNER, CommitmentListener, answers_echo
from tests.free_ports import free_ports
from tests.installation_server import REPOSITORY, Client, Installation, wait_until


@pytest.fixture(scope="session")
def admin(installation: Installation) -> Client:
    return installation.sign_in("admin")


@pytest.fixture(scope="session")
def scanner_port() -> int:
    return free_ports(1)[0]


@pytest.fixture(scope="session")
def scanner(admin: Client, scanner_port: int) -> dict[str, Any]:
    """A scanner that is on the list."""
    answer: dict[str, Any] = admin.post(
        "/api/dicom-peers", {"ae_title": SCANNER, "address": "127.0.0.1", "port": scanner_port}
    )
    return answer


@pytest.fixture(scope="session")
def gateway(installation: Installation, scanner: dict[str, Any]) -> int:
    """The port of the installation's gateway, which knows the scanner."""
    wait_until(lambda: answers_echo(installation.dicom_port), "the gateway answers")
    return installation.dicom_port


@pytest.fixture
def listener(scanner_port: int) -> Iterator[CommitmentListener]:
    made = CommitmentListener(scanner_port)
    yield made
    made.stop()


@pytest.fixture
def another_gateway(
    installation: Installation, gateway: int, tmp_path: Path
) -> Iterator[Callable[..., int]]:
    """Further gateways of the same installation with settings of their own; each one's port."""
    running: list[subprocess.Popen[bytes]] = []

    def start(**settings: str) -> int:
        port = free_ports(1)[0]
        found = existing_installation(installation.data, "127.0.0.1", installation.port)
        assert found is not None
        given = {name: value for name, value in os.environ.items() if not name.startswith("TELECONSULT_")}
        environment = {**child_environment(found, given), "TELECONSULT_DICOM_PORT": str(port), **settings}
        with (tmp_path / f"gateway-{port}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "teleconsult.gateway"],
                env=environment,
                cwd=REPOSITORY,
                stdout=log,
                stderr=log,
            )
        running.append(process)

        def listens() -> bool:
            assert process.poll() is None, (tmp_path / f"gateway-{port}.log").read_text()
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        wait_until(listens, "the gateway listens", 60)
        return port

    yield start
    for process in running:
        process.send_signal(signal.SIGTERM)
        process.wait(15)
