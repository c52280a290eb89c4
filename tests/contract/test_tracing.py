"""What a collector for OpenTelemetry is sent: requests with their statements, by ids and never by names."""

from collections.abc import Iterator

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from sqlalchemy import text

from storage.database import Database
from teleconsult.named_requests import NameRequests, name_what_the_path_names
from telemetry.tracing import ENDPOINT, set_up_tracing, span, stop_tracing
from tests.databases import NewDatabase
from tests.http_receiver import HttpReceiver, http_receiver


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpReceiver]:
    with http_receiver() as receiver:
        monkeypatch.setenv(ENDPOINT, receiver.url)
        set_up_tracing({ENDPOINT: receiver.url}, "app")
        try:
            yield receiver
        finally:
            stop_tracing()


def spans_of(receiver: HttpReceiver) -> dict[str, Span]:
    stop_tracing()
    found: dict[str, Span] = {}
    for one in receiver.received:
        assert one.path == "/v1/traces"
        for resource in ExportTraceServiceRequest.FromString(one.body).resource_spans:
            names = {item.key: item.value.string_value for item in resource.resource.attributes}
            assert names["service.name"] == "teleconsult-app"
            found |= {each.name: each for scope in resource.scope_spans for each in scope.spans}
    return found


def attributes(one: Span) -> dict[str, str | int]:
    return {item.key: item.value.string_value or item.value.int_value for item in one.attributes}


def application(database: Database) -> FastAPI:
    app = FastAPI(dependencies=[Depends(name_what_the_path_names)])
    app.add_middleware(NameRequests)

    @app.get("/consults/{consult_id}")
    def read(consult_id: str, patient: str) -> int:
        with database.reading() as connection:
            return int(
                connection.execute(text("SELECT 7 WHERE :one = :one"), {"one": patient}).scalar_one()
            )

    return app


def test_a_request_is_a_span_with_its_route_and_ids_and_its_statements_are_below_it(
    collector: HttpReceiver, new_database: NewDatabase
) -> None:
    with TestClient(application(new_database(migrated=False))) as client:
        answer = client.get("/consults/c-1", params={"patient": "Wang^Fang"})
    assert answer.json() == 7
    spans = spans_of(collector)
    request, statement = spans["GET /consults/{consult_id}"], spans["SELECT"]
    told = attributes(request)
    assert (told["http.route"], told["http.response.status_code"]) == ("/consults/{consult_id}", 200)
    assert told["teleconsult.consult_id"] == "c-1"
    assert told["teleconsult.request_id"] == answer.headers["x-request-id"]
    assert (statement.trace_id, statement.parent_span_id) == (request.trace_id, request.span_id)
    assert b"Wang" not in b"".join(one.body for one in collector.received)


def test_of_an_error_its_kind_is_told_and_nothing_that_it_says(collector: HttpReceiver) -> None:
    with pytest.raises(ValueError, match="Wang"), span("something"):
        raise ValueError("Wang^Fang")
    (one,) = spans_of(collector).values()
    assert attributes(one)["error.type"] == "ValueError"
    assert b"Wang" not in b"".join(each.body for each in collector.received)


def test_a_statement_that_nobody_asked_for_is_no_span(
    collector: HttpReceiver, new_database: NewDatabase
) -> None:
    with new_database(migrated=False).reading() as connection:
        connection.execute(text("SELECT 1"))
    with span("something"):
        pass
    assert set(spans_of(collector)) == {"something"}


def test_without_a_collector_nothing_is_traced() -> None:
    set_up_tracing({}, "app")
    with span("something") as current:
        assert current is None
