"""What Prometheus reads: Debian's promtool judges the text."""

import shutil
import subprocess
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from inference.metrics import JOB_RUNS, JOB_SECONDS
from teleconsult.metrics import BACKGROUND_FAILURES, HTTP_OPEN, HTTP_REQUESTS, HTTP_SECONDS, RECEIVED
from telemetry.errors import TelemetryUnclear
from telemetry.exposition import Exposition
from telemetry.metrics import Counter, Family, Histogram, Registry
from tests.free_ports import free_ports

TOKEN = "a token of a good length"


def judged(text: str) -> str:
    """What promtool has against it."""
    promtool = shutil.which("promtool") or pytest.skip("promtool (Debian: prometheus) is not installed")
    command = [promtool, "check", "metrics"]
    told = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert told.returncode in (0, 3), told.stderr  # 3: it has advice
    return told.stdout + told.stderr


def test_promtool_finds_nothing_to_say_about_our_names() -> None:
    registry = Registry()
    HTTP_REQUESTS.add(method="GET", route="/api/consults/{consult_id}", status="200")
    HTTP_SECONDS.observe(0.2, method="GET", route="/api/consults/{consult_id}")
    RECEIVED.add(verdict="stored")
    JOB_RUNS.add(model="lung_nodule_ct", outcome="done")
    JOB_SECONDS.observe(12, model="lung_nodule_ct", reads="slab")
    registry.add(HTTP_REQUESTS, HTTP_SECONDS, HTTP_OPEN, RECEIVED, BACKGROUND_FAILURES, JOB_RUNS, JOB_SECONDS)
    assert judged(registry.render()) == ""


def test_a_label_with_quotes_and_line_ends_is_one_label() -> None:
    asked, registry = Counter("asked_total", "Questions.", ("by",)), Registry()
    asked.add(by='a"b\\c\nd')
    registry.add(asked)
    assert 'asked_total{by="a\\"b\\\\c\\nd"} 1\n' in registry.render()
    assert judged(registry.render()) == ""


def test_a_bucket_counts_all_that_is_not_above_its_bound() -> None:
    took = Histogram("took_seconds", "Time.", bounds=(1.0, 2.0))
    for seconds in (0.5, 1.0, 1.5, 3.0):
        took.observe(seconds)
    (family,) = took.families()
    assert [(labels.get("le"), value) for _, labels, value in family.samples] == [
        ("1", 2),
        ("2", 3),
        ("+Inf", 4),
        (None, 6.0),
        (None, 4),
    ]


def test_a_label_that_was_not_announced_is_refused() -> None:
    with pytest.raises(ValueError, match="by"):
        Counter("asked_total", "Questions.", ("by",)).add(whom="x")


def test_what_cannot_be_read_hides_nothing_else() -> None:
    def broken() -> list[Family]:
        raise OSError("away")

    registry = Registry()
    registry.collect(broken)
    registry.add(Counter("asked_total", "Questions."))
    assert "asked_total 0\n" in registry.render()


@pytest.fixture
def shown_to_who_has_the_token(tmp_path: Path) -> Iterator[str]:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    (port,) = free_ports(1)
    settings = {"TELECONSULT_METRICS_PORT": str(port), "TELECONSULT_METRICS_TOKEN_FILE": str(file)}
    exposition = Exposition.from_environment(settings)
    server = exposition and exposition.serve(Registry())
    assert server is not None
    yield f"http://127.0.0.1:{port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "token", "status"),
    [
        ("/metrics", None, HTTPStatus.UNAUTHORIZED),
        ("/metrics", "another token of a good length", HTTPStatus.UNAUTHORIZED),
        ("/secrets", TOKEN, HTTPStatus.NOT_FOUND),
    ],
)
def test_a_stranger_reads_nothing(
    shown_to_who_has_the_token: str, path: str, token: str | None, status: HTTPStatus
) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(shown_to_who_has_the_token + path, headers=headers), timeout=5)
    assert (refused.value.code, refused.value.read()) == (status, b"")


def test_who_has_the_token_reads_how_the_process_is(shown_to_who_has_the_token: str) -> None:
    asked = Request(shown_to_who_has_the_token + "/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    with urlopen(asked, timeout=5) as answer:
        assert "process_resident_memory_bytes " in answer.read().decode()


@pytest.mark.parametrize(
    "settings",
    [
        {"TELECONSULT_METRICS_PORT": "many"},
        {"TELECONSULT_METRICS_PORT": "70000"},
        {"TELECONSULT_METRICS_PORT": "9464", "TELECONSULT_METRICS_HOST": "0.0.0.0"},
        {"TELECONSULT_METRICS_PORT": "9464", "TELECONSULT_METRICS_HOST": "a.example"},
        {"TELECONSULT_METRICS_PORT": "9464", "TELECONSULT_METRICS_TOKEN_FILE": "/is/not/there"},
    ],
)
def test_metrics_that_strangers_could_read_are_refused(settings: dict[str, str]) -> None:
    with pytest.raises(TelemetryUnclear):
        Exposition.from_environment(settings)


def test_without_being_asked_nothing_is_shown() -> None:
    assert Exposition.from_environment({}) is None
