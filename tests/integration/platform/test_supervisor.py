"""What holds while an installation starts, runs, is hurt and stops. Real processes throughout."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from teleconsult.installation import SECRETS
from teleconsult.ports import is_free

Make = Callable[..., Any]
WaitUntil = Callable[[Callable[[], bool], str], None]


def test_a_service_starts_after_those_it_needs_are_ready(an_installation: Make) -> None:
    running = an_installation("family").wait_ready()

    order = [line.split()[1] for line in running.said.splitlines() if " is ready (" in line]
    assert order.index("page") > max(order.index("redis"), order.index("orthanc"))
    assert order.index("family") > order.index("redis")
    assert set(order) == {"redis", "orthanc", "page", "family"}


def test_secrets_are_made_at_the_first_start_and_kept(an_installation: Make) -> None:
    running = an_installation().wait_ready()
    secrets = running.data / "secrets"
    first = {path.name: path.read_text() for path in secrets.iterdir()}
    ports = json.loads((running.data / "config.json").read_text())
    running.send(signal.SIGINT)
    assert running.wait_end() == 0

    running.start().wait_ready()

    assert {path.name: path.read_text() for path in secrets.iterdir()} == first
    assert json.loads((running.data / "config.json").read_text()) == ports
    assert len(set(first.values())) == len(first) == len(SECRETS)
    assert {path.stat().st_mode & 0o777 for path in secrets.iterdir()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (running.data / "run").iterdir()} == {0o600}


def test_redis_wants_its_password_and_listens_on_loopback_only(an_installation: Make) -> None:
    running = an_installation().wait_ready()
    port = json.loads((running.data / "config.json").read_text())["inner_ports"]["redis"]

    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"PING\r\n")
        assert connection.recv(100).startswith(b"-NOAUTH")
    table = Path("/proc/net/tcp").read_text()
    assert f"0100007F:{port:04X} 00000000:0000 0A" in table
    assert f"00000000:{port:04X} 00000000:0000 0A" not in table


@pytest.mark.parametrize("part", ["redis-server", "Orthanc"])
def test_a_killed_child_comes_back_and_only_it(
    an_installation: Make, wait_until: WaitUntil, part: str
) -> None:
    running = an_installation("family").wait_ready()
    before = running.processes()
    (victim,) = running.pids(part)

    os.kill(victim, signal.SIGKILL)

    wait_until(lambda: bool(running.pids(part) - {victim}), f"{part} runs again")
    assert set(running.processes()) - running.pids(part) == set(before) - {victim}


def test_a_child_that_hangs_is_ended_and_comes_back(an_installation: Make, wait_until: WaitUntil) -> None:
    running = an_installation().wait_ready()
    (victim,) = running.pids("http.server")

    os.kill(victim, signal.SIGSTOP)

    wait_until(lambda: bool(running.pids("http.server") - {victim}), "the page runs again")
    assert victim not in running.processes()
    assert "page runs but answers no more" in running.said


def test_what_a_killed_child_leaves_behind_is_ended_before_it_comes_back(
    an_installation: Make, wait_until: WaitUntil
) -> None:
    running = an_installation("family").wait_ready()
    wait_until(lambda: bool(running.pids("sleep infinity ")), "the child has its own child")
    (parent,) = running.pids("has a child")
    (orphan,) = running.pids("sleep infinity ") - {parent}

    os.kill(parent, signal.SIGKILL)

    wait_until(lambda: bool(running.pids("has a child") - {parent}), "the child runs again")
    assert orphan not in running.processes()


def test_killing_the_supervisor_leaves_no_orphan_and_the_next_start_works(
    an_installation: Make, wait_until: WaitUntil
) -> None:
    running = an_installation("family", "deaf").wait_ready()
    assert len(running.processes()) >= 6

    running.send(signal.SIGKILL)
    running.wait_end()

    wait_until(lambda: not running.processes(), "all children are gone")
    assert is_free(running.port)
    running.start().wait_ready()


@pytest.mark.parametrize(
    ("number", "children"),
    [(signal.SIGINT, ("family", "deaf")), (signal.SIGTERM, ("family",)), (signal.SIGHUP, ("family",))],
)
def test_a_stop_ends_everything_it_started_and_nothing_else(
    an_installation: Make, number: signal.Signals, children: tuple[str, ...]
) -> None:
    other = an_installation(data="other").wait_ready()
    others = other.processes()
    running = an_installation(*children).wait_ready()
    ports = json.loads((running.data / "config.json").read_text())["inner_ports"].values()

    began = time.monotonic()
    running.send(number)
    assert running.wait_end() == 0

    assert time.monotonic() - began < 10
    assert running.processes() == {}
    assert all(is_free(port, "0.0.0.0") for port in (running.port, *ports))
    assert other.processes() == others
    assert "Stopped." in running.said


def test_a_second_supervisor_on_the_same_data_is_refused_with_a_sentence(an_installation: Make) -> None:
    first = an_installation().wait_ready()
    before = first.processes()

    second = subprocess.run(
        first.supervisor.args,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
    )

    assert second.returncode == 1
    assert f"already running on the data folder {first.data} (process {first.supervisor.pid}" in second.stderr
    assert "Traceback" not in second.stderr
    assert first.processes() == before


def test_a_taken_port_stops_the_start_with_the_name_of_who_holds_it(an_installation: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        running = an_installation(port=port)
        assert running.wait_end() == 1

    assert f"Port {port} is taken by" in running.said
    assert f"(process {os.getpid()})" in running.said
    assert "Traceback" not in running.said


def test_an_inner_port_taken_meanwhile_is_replaced(an_installation: Make) -> None:
    running = an_installation().wait_ready()
    running.send(signal.SIGINT)
    assert running.wait_end() == 0
    before = json.loads((running.data / "config.json").read_text())["inner_ports"]

    with socket.create_server(("127.0.0.1", before["redis"])):
        running.start().wait_ready()

    after = json.loads((running.data / "config.json").read_text())["inner_ports"]
    assert after["redis"] != before["redis"]
    assert after["orthanc_http"] == before["orthanc_http"]


def test_an_essential_part_that_cannot_start_ends_the_start_with_its_last_words(
    an_installation: Make,
) -> None:
    running = an_installation("broken")

    assert running.wait_end() == 1
    assert "broken did not start (exit code 3)" in running.said
    assert "the model file is damaged" in running.said
    assert running.processes() == {}


def test_a_worker_that_cannot_start_does_not_keep_the_rest_from_running(an_installation: Make) -> None:
    running = an_installation("broken-worker").wait_ready()

    assert "broken-worker is not ready yet" in running.said
    assert running.pids("http.server")


def test_a_killed_guard_is_replaced_so_that_orphans_are_still_ended(
    an_installation: Make, wait_until: WaitUntil
) -> None:
    running = an_installation("family").wait_ready()
    (guard,) = guards_of(running.supervisor.pid)
    os.kill(guard, signal.SIGKILL)
    (parent,) = running.pids("has a child")

    os.kill(parent, signal.SIGKILL)  # its end and its restart are told to the guard
    wait_until(lambda: bool(running.pids("has a child") - {parent}), "the child runs again")
    wait_until(lambda: bool(guards_of(running.supervisor.pid) - {guard}), "there is a new guard")
    running.send(signal.SIGKILL)
    running.wait_end()

    wait_until(lambda: not running.processes(), "all children are gone")


def guards_of(supervisor: int) -> set[int]:
    listed = subprocess.run(
        ["ps", "-ww", "--ppid", str(supervisor), "-o", "pid=,stat=,args="],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    rows = [line.split(maxsplit=2) for line in listed.splitlines()]
    return {
        int(pid) for pid, state, command in rows if "process_guard" in command and not state.startswith("Z")
    }
