"""What the doctor says about real ports, folders, locks and servers."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.janus_server import JanusServer

REPOSITORY = Path(__file__).resolve().parents[3]
Make = Callable[..., Any]


def doctor(data: Path, port: int, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "teleconsult.doctor", "--data", str(data), "--port", str(port)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(REPOSITORY), **environment},
    )


def test_a_taken_port_is_named_with_its_holder(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = doctor(tmp_path / "data", port)

    assert found.returncode == 1
    assert f"✗ Port {port} is taken by" in found.stdout
    assert f"(process {os.getpid()})" in found.stdout
    assert not (tmp_path / "data").exists()


def test_it_speaks_where_nothing_but_python_is_installed(tmp_path: Path) -> None:
    without_packages = [sys.executable, "-S", "-m", "teleconsult.doctor"]
    command = [*without_packages, "--data", str(tmp_path / "data")]
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(REPOSITORY)}
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    assert "✗ Python packages are missing from .venv" in found.stdout, found.stderr


def test_it_speaks_chinese_in_a_chinese_terminal(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = doctor(tmp_path / "data", port, LC_ALL="zh_CN.UTF-8", PYTHONIOENCODING="utf-8")

    assert found.returncode == 1
    assert f"✗ 端口 {port} 已被" in found.stdout


def test_missing_programs_stop_a_start(tmp_path: Path) -> None:
    """Seen through the root of an empty file system, if this user may make one."""
    found = subprocess.run(
        [
            "unshare",
            "--mount",
            "sh",
            "-c",
            f"mount --bind {tmp_path} /usr/sbin && exec {sys.executable} "
            f"-m teleconsult.doctor --data {tmp_path / 'data'} --port 20999",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(REPOSITORY)},
    )
    if "✓" not in found.stdout and found.returncode != 1:
        pytest.skip(f"no mount namespaces here: {found.stderr.strip()}")

    assert found.returncode == 1
    assert (
        "✗ The program Orthanc (Debian package orthanc) is not installed. Run 'make setup'." in found.stdout
    )


def test_a_data_folder_that_is_a_file_stops_a_start(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    found = doctor(tmp_path / "data", 20998)

    assert found.returncode == 1
    assert "is not a folder" in found.stdout


def test_a_running_installation_is_asked_for_its_health(an_installation: Make) -> None:
    running = an_installation().wait_ready()

    found = doctor(running.data, running.port)

    assert f"✓ Teleconsult is running: process {running.supervisor.pid}" in found.stdout
    assert "✓ redis answers." in found.stdout
    assert "✓ orthanc answers." in found.stdout
    assert "✗ relay does not answer." in found.stdout
    assert found.returncode == 1


def test_an_end_by_force_is_called_a_leftover_and_does_no_harm(an_installation: Make) -> None:
    running = an_installation().wait_ready()
    running.send(signal.SIGKILL)
    running.wait_end()
    pid = running.supervisor.pid

    assert f"did not end in an orderly way (process {pid})" in doctor(running.data, running.port).stdout

    running.start().wait_ready()
    running.send(signal.SIGTERM)
    assert running.wait_end() == 0
    assert "orderly way" not in doctor(running.data, running.port).stdout


def test_a_secret_that_others_can_read_is_noticed(tmp_path: Path) -> None:
    secrets = tmp_path / "data" / "secrets"
    secrets.mkdir(parents=True)
    (secrets / "join_secret").write_text("x" * 43)
    (secrets / "join_secret").chmod(0o644)

    assert "! The secret" in doctor(tmp_path / "data", 20997).stdout


def test_it_says_whether_janus_answers(tmp_path: Path, janus_server: JanusServer) -> None:
    chosen = {"TELECONSULT_MEDIA_ENGINE": "janus", "TELECONSULT_JANUS_URL": janus_server.url}
    found = doctor(
        tmp_path / "data", 20999, TELECONSULT_JANUS_SECRET_FILE=str(janus_server.secret_file), **chosen
    )
    assert f"✓ Sound and pictures go through Janus; it answers at {janus_server.url}" in found.stdout

    found = doctor(tmp_path / "data", 20999, **chosen)
    assert f"! Sound and pictures are to go through Janus at {janus_server.url}" in found.stdout
    assert "secret" in found.stdout


def test_a_number_of_workers_that_is_not_understood_stops_a_start(tmp_path: Path) -> None:
    found = doctor(tmp_path / "data", 20998, TELECONSULT_WORKERS="lung_nodule_ct:many")

    assert found.returncode == 1
    assert "✗ TELECONSULT_WORKERS: 'lung_nodule_ct:many' is not understood." in found.stdout
