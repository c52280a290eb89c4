"""Log lines: one form in every process, with the ids of what is being worked on."""

import io
import json
import logging
from typing import Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from teleconsult import problems
from teleconsult.named_requests import NameRequests, name_what_the_path_names
from telemetry.errors import TelemetryUnclear
from telemetry.logs import formatter, named, naming


def written(form: str, *said: Any, **more: Any) -> str:
    """The line that a log call becomes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter({"TELECONSULT_LOG_FORMAT": form}))
    log = logging.Logger("tests")
    log.addHandler(handler)
    log.warning(*said, **more)
    return stream.getvalue()


def test_a_line_for_programs_has_the_event_its_values_and_what_is_worked_on() -> None:
    with naming(job_id="j1", study_instance_uid="1.2.3"):
        template = "job-done job_id=%s written=%s took_s=%.1f: %s"
        line = json.loads(written("json", template, "j2", True, 2.5, "well"))
    assert {key: line[key] for key in ("level", "logger", "event")} == {
        "level": "warning",
        "logger": "tests",
        "event": "job-done",
    }
    assert line["message"] == "job-done job_id=j2 written=True took_s=2.5: well"
    values = ("j2", True, 2.5, "1.2.3")
    assert (line["job_id"], line["written"], line["took_s"], line["study_instance_uid"]) == values


def test_a_line_for_people_ends_with_what_is_worked_on() -> None:
    with naming(request_id="r1", job_id="j1"):
        assert written("text", "job-done job_id=%s", "j1").endswith("job-done job_id=j1 request_id=r1\n")
    assert named() == {}


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_comes_from_outside_begins_no_line_of_its_own(form: str) -> None:
    forged = "/a\n2026-01-01 INFO forged\r\u2028x"
    assert written(form, "request-crashed path=%s", forged).count("\n") == 1
    with naming(consult_id=forged):
        assert written(form, "late").count("\n") == 1


def test_a_crash_keeps_its_traceback() -> None:
    try:
        raise KeyError("k")
    except KeyError:
        line = json.loads(written("json", "crashed", exc_info=True))
    assert "KeyError: 'k'" in line["exception"]


def test_a_format_that_does_not_exist_is_refused() -> None:
    with pytest.raises(TelemetryUnclear):
        formatter({"TELECONSULT_LOG_FORMAT": "xml"})


def test_a_request_that_crashes_is_found_in_the_log_by_the_id_in_its_answer() -> None:
    app = FastAPI(dependencies=[Depends(name_what_the_path_names)])
    problems.install(app)
    app.add_middleware(NameRequests)

    @app.get("/consults/{consult_id}")
    def crash(consult_id: str) -> None:
        raise RuntimeError("a mistake of ours")

    @app.get("/well")
    def answer_well() -> None: ...

    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter({"TELECONSULT_LOG_FORMAT": "json"}))
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        page = TestClient(app, raise_server_exceptions=False)
        answer, other = page.get("/consults/the-consult"), page.get("/well")
    finally:
        root.removeHandler(handler)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    (crashed,) = [line for line in lines if line["event"] == "request-crashed"]
    assert answer.status_code == 500 and crashed["request_id"] == answer.headers["x-request-id"]
    assert crashed["consult_id"] == "the-consult"
    assert other.headers["x-request-id"] not in ("", crashed["request_id"])
