"""What a real installation says of itself, to programs and to people, and what it shows Prometheus."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from teleconsult import metrics_ports
from tests.free_ports import first_of_free_ports
from tests.installation_server import Installation, free_ports_of_an_installation, no_models, wait_until
from tests.integration.app.test_institutions import live_connection
from tests.processes import processes
from tests.scaled_stores import on_one_machine

RELAYS = 2


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installation, int]]:
    """An installation with two relays, and the first of its ports for metrics."""
    folder = tmp_path_factory.mktemp("watched")
    page = free_ports_of_an_installation()
    first = first_of_free_ports(4)
    settings = {
        **no_models(folder),
        "TELECONSULT_RELAYS": str(RELAYS),
        "TELECONSULT_METRICS_PORT": str(first),
    }
    running = Installation(folder / "data", page, settings=settings)
    try:
        yield running.start(), first
    finally:
        running.stop()


def scraped(port: int) -> str:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return str(answer.read().decode())


def pid_of(pattern: str, data: Path) -> int:
    """The process of this installation whose command line or environment has the pattern."""
    for folder in Path("/proc").iterdir():
        try:
            told = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except (OSError, NotADirectoryError):
            continue
        if pattern.encode() in told and str(data).encode() in told:
            return int(folder.name)
    raise AssertionError(f"nothing runs with {pattern}")


def test_every_part_shows_its_metrics_at_its_own_port(watched: tuple[Installation, int]) -> None:
    installation, first = watched
    httpx.get(f"{installation.url}/api/consults/no-such-consult")
    app = scraped(first + metrics_ports.APP)
    asked = 'method="GET",route="/api/consults/{consult_id}",status="401"'
    assert f"teleconsult_http_requests_total{{{asked}}} 1" in app
    assert 'teleconsult_part_up{name="relay-2"} 1' in app
    assert "no-such-consult" not in app
    assert "teleconsult_dicom_associations 0" in scraped(first + metrics_ports.GATEWAY)
    for number in range(RELAYS):
        assert "teleconsult_relay_media_up 1" in scraped(first + metrics_ports.FIRST_RELAY + number)


def test_at_the_doors_for_browsers_there_are_no_metrics(watched: tuple[Installation, int]) -> None:
    installation, _ = watched
    assert "teleconsult_http_requests_total" not in httpx.get(f"{installation.url}/metrics").text


@on_one_machine
def test_who_balances_load_and_who_supervises_are_told_different_things(
    watched: tuple[Installation, int],
) -> None:
    installation, _ = watched
    assert httpx.get(f"{installation.url}/healthz").json() == {"status": "ok"}
    ready = httpx.get(f"{installation.url}/readyz")
    assert ready.status_code == 200
    assert ready.json()["parts"] == dict.fromkeys(("database", "audit", "objects", "broker"), True)
    objects = installation.data / "objects"
    objects.rename(objects.with_name("away"))
    try:
        ready = httpx.get(f"{installation.url}/readyz")
        assert ready.status_code == 503 and int(ready.headers["retry-after"]) > 0
        assert [part for part, answers in ready.json()["parts"].items() if not answers] == ["objects"]
        assert httpx.get(f"{installation.url}/healthz").status_code == 200, "a restart would help nobody"
    finally:
        objects.with_name("away").rename(objects)


def test_a_relay_that_stands_still_is_named_to_programs_people_and_prometheus(
    watched: tuple[Installation, int],
) -> None:
    installation, first = watched
    port = json.loads((installation.data / "run" / "relay-ports.json").read_text())[1]
    relay = pid_of(f"TELECONSULT_RELAY_PORT={port}", installation.data)

    def away() -> list[str]:
        parts = httpx.get(f"{installation.url}/api/health").json()["parts"]
        return [part for part, answers in parts.items() if not answers]

    assert wait_until(lambda: away() == [], "all answers", 30)
    os.kill(relay, signal.SIGSTOP)
    try:
        wait_until(lambda: away() == ["relay-2"], "the relay is missed", 30)
        page = httpx.get(f"{installation.url}/status", headers={"Accept-Language": "zh-CN"}).text
        assert "通话（relay-2）" in page and "无响应" in page
        assert 'teleconsult_part_up{name="relay-2"} 0' in scraped(first)
    finally:
        os.kill(relay, signal.SIGCONT)


def test_a_stop_while_pages_listen_for_events_tells_them_and_leaves_nothing(
    watched: tuple[Installation, int],
) -> None:
    """The last of this file: the installation is not started again."""
    installation, _ = watched
    page = installation.sign_in("clinician")
    with ExitStack() as stack:
        listening = [stack.enter_context(live_connection(page, installation)) for _ in range(20)]
        for one in listening:
            assert json.loads(one.recv(30)) == {"type": "resync"}
        installation.stop()  # within 30 s
        assert installation.process is not None and installation.process.returncode == 0
        for one in listening:
            with pytest.raises(ConnectionClosed) as closed:
                one.recv(10)
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 1012  # service restart
    assert not processes(installation, "")
