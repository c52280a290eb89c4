"""Every request about a patient is in the audit log before it is answered, or it is not answered."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

import storage.database
from storage import audit_log
from storage.database import Database, utc_now
from storage.disk_full import is_disk_full
from teleconsult import problems
from teleconsult.app import API_ROUTERS
from teleconsult.audit.store_watch import AuditStoreWatch
from teleconsult.audit.trail import NOT_ABOUT_PATIENTS, AuditTrail, is_about_patients
from teleconsult.errors import NotFound
from teleconsult.viewings import RecentViewings

MARKER = "Zhang^Marker"
FROM = {"address": "testclient"}
HIDDEN = 'ALTER TABLE audit_log RENAME TO audit_log_gone'
BACK = 'ALTER TABLE audit_log_gone RENAME TO audit_log'


@pytest.fixture
def app(database: Database) -> FastAPI:
    """A few routes as the application's are, with its trail, on a real database."""
    app = FastAPI()
    problems.install(app)
    app.add_middleware(AuditTrail)
    app.state.parts = SimpleNamespace(
        database=database, viewings=RecentViewings(), audit_store=AuditStoreWatch(database)
    )

    @app.get("/api/studies")
    def list_studies(request: Request) -> str:
        request.scope["teleconsult.user_id"] = "u1"
        return MARKER

    @app.get("/api/studies/{study_instance_uid}")
    def read_study(study_instance_uid: str, request: Request) -> str:
        request.scope["teleconsult.user_id"] = "u1"
        if study_instance_uid.startswith("9"):
            raise NotFound
        return MARKER

    @app.put("/api/consults/{consult_id}/note")
    def write_note(consult_id: str, request: Request) -> str:
        request.scope["teleconsult.user_id"] = "u1"
        return MARKER

    @app.put("/api/consults/{consult_id}/own")
    def write_own(consult_id: str) -> str:
        with database.transaction() as connection:
            audit_log.record(connection, at=utc_now(), actor="u1", action="own", subject=consult_id)
        return MARKER

    @app.get("/api/health")
    def health() -> str:
        return "ok"

    return app


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def logged(database: Database) -> list[tuple[str, str, dict[str, Any]]]:
    with database.reading() as connection:
        return [(one.action, one.subject, dict(one.details)) for one in audit_log.entries(connection)]


def test_a_look_a_change_a_search_and_a_refusal_have_an_entry_each(
    client: TestClient, database: Database
) -> None:
    assert client.get("/api/studies/1.2").text == f'"{MARKER}"'
    client.put("/api/consults/c1/note")
    client.get("/api/studies", params={"text": MARKER, "cursor": "x"})
    assert client.get("/api/studies/9.9").status_code == 404
    assert logged(database) == [
        ("viewed", "study/1.2", FROM | {"what": "read_study"}),
        ("changed", "consult/c1", FROM | {"what": "write_note"}),
        ("searched", "studies", FROM | {"what": "list_studies", "fields": ["text"]}),
        ("refused", "study/9.9", FROM | {"what": "read_study", "status": 404}),
    ]


def test_a_repeated_look_is_one_visit_and_a_repeated_change_is_not(
    client: TestClient, database: Database
) -> None:
    for _ in range(3):
        client.get("/api/studies/1.2")
        client.put("/api/consults/c1/note")
    assert [action for action, _, _ in logged(database)] == ["viewed", "changed", "changed", "changed"]


def test_a_route_that_writes_its_own_entry_gets_no_second_one(client: TestClient, database: Database) -> None:
    client.put("/api/consults/c1/own")
    assert [action for action, _, _ in logged(database)] == ["own"]


def test_no_name_that_somebody_typed_gets_into_the_log(client: TestClient, database: Database) -> None:
    client.get(f"/api/studies/9 {MARKER}")
    client.get("/api/studies", params={"text": MARKER})
    assert logged(database) and MARKER not in str(logged(database))


def test_without_the_audit_log_nothing_of_a_patient_is_answered_and_then_it_is_again(
    client: TestClient, app: FastAPI, database: Database
) -> None:
    client.get("/api/studies/1.2")  # remembered: another look would need no entry
    with database.transaction() as connection:
        connection.execute(text(HIDDEN))
    for path in ("/api/studies/1.3", "/api/studies/1.2"):
        answer = client.get(path, headers={"Accept-Language": "en"})
        assert (answer.status_code, answer.json()["code"]) == (503, "audit-log-away")
        assert MARKER not in answer.text and "patient data is closed" in answer.json()["detail"]
    own = client.put("/api/consults/c1/own")
    assert (own.status_code, own.json()["code"]) == (503, "audit-log-away")
    assert client.get("/api/health").status_code == 200
    assert not app.state.parts.audit_store.look(utc_now())
    with database.transaction() as connection:
        connection.execute(text(BACK))
    assert app.state.parts.audit_store.look(utc_now())
    assert client.get("/api/studies/1.2").status_code == 200
    assert [action for action, _, _ in logged(database)] == ["viewed", "audit-log-open-again"]


@contextmanager
def locked(database: Database) -> Iterator[None]:
    """Somebody else holds what a new entry needs, for longer than anybody waits."""
    with database.engine.connect() as other:
        if database.is_sqlite:
            other.execution_options(begin_immediate=True)
        other.execute(text("SELECT 1" if database.is_sqlite else "LOCK TABLE audit_log IN EXCLUSIVE MODE"))
        yield


@contextmanager
def without_room(database: Database) -> Iterator[None]:
    """Nothing more can be written: SQLite may not grow; PostgreSQL says what it says then."""
    if not database.is_sqlite:
        with database.transaction() as connection:
            connection.execute(text(NO_SPACE))
        yield
        with database.transaction() as connection:
            connection.execute(text("DROP TRIGGER no_space ON audit_log"))
        return
    with database.reading() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()

    def may_not_grow(raw: Any, *_: object) -> None:
        raw.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(database.engine, "checkout", may_not_grow)
    for size in (400, 0):  # what is free in the last pages is used up too
        with pytest.raises(DBAPIError) as raised:
            while True:
                with database.transaction() as connection:
                    audit_log.record(
                        connection, at=utc_now(), actor="u", action="fill", subject="s" * (size or 1)
                    )
        assert is_disk_full(raised.value)
    yield
    event.remove(database.engine, "checkout", may_not_grow)
    database.engine.dispose()


NO_SPACE = """
CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'could not extend file: no space left on device' USING ERRCODE = '53100';
END $$;
CREATE TRIGGER no_space BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION no_space();
"""


def impatient(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for a lock gives up soon."""
    monkeypatch.setattr(storage.database, "BUSY_TIMEOUT_MS", 50)
    monkeypatch.setattr(audit_log, "QUEUE", text(str(audit_log.QUEUE).replace("'10s'", "'50ms'")))
    database.engine.dispose()


@pytest.mark.parametrize("away", [locked, without_room])
def test_a_log_that_is_locked_or_has_no_room_closes_patient_data_and_raises_the_alarm(
    client: TestClient,
    app: FastAPI,
    database: Database,
    away: Callable[[Database], AbstractContextManager[None]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    impatient(database, monkeypatch)
    watch, told = app.state.parts.audit_store, []
    with away(database):
        first = client.get("/api/studies/1.2", headers={"Accept-Language": "en"})
        assert (first.status_code, first.json()["code"]) == (503, "audit-log-away")
        assert watch.is_shut and MARKER not in first.text
        assert client.get("/api/studies/1.2").status_code == 503
        assert client.get("/api/health").status_code == 200
        assert not watch.look(utc_now())
    assert "audit-store-cannot-be-written" in caplog.text
    assert watch.look(utc_now())
    watch.raise_alarm(lambda *_: told.append("administrators"))
    assert client.get("/api/studies/1.2").status_code == 200 and told == ["administrators"]


def test_a_look_at_a_log_that_works_leaves_nothing_in_it(app: FastAPI, database: Database) -> None:
    assert app.state.parts.audit_store.look(utc_now())
    assert logged(database) == []


def test_the_alarm_is_owed_until_it_could_be_written(app: FastAPI, database: Database) -> None:
    watch, told = app.state.parts.audit_store, []
    watch.raise_alarm(lambda *_: told.append("none is due"))
    watch.shut(utc_now(), ValueError())

    def cannot(connection: Any, _since: object) -> None:
        connection.execute(text("SELECT 1 FROM no_such_table"))

    watch.raise_alarm(cannot)
    watch.raise_alarm(lambda *_: told.append("told"))
    watch.raise_alarm(lambda *_: told.append("twice"))
    assert told == ["told"]


def _routes() -> list[APIRoute]:
    found = [route for router in API_ROUTERS for route in _flat(router.routes)]
    assert len(found) > 200
    return found


def _flat(routes: Any) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from _flat(route.original_router.routes)


def test_every_route_is_in_the_trail_or_has_a_reason_not_to_be() -> None:
    """Left out by a `*` is nothing that names a study or a patient."""
    paths = {route.path for route in _routes()}
    left_out = {path for path in paths if path.startswith("/api/") and not is_about_patients(path)}
    for row, reason in NOT_ABOUT_PATIENTS.items():
        assert reason
        if row != "/api/openapi.json":
            assert any(p.startswith(row[:-1]) if row.endswith("*") else p == row for p in paths), row
    named = ("{study_instance_uid}", "{consult_id}", "{finding_id}", "/api/patients", "/dicom-web")
    silent = {path for path in left_out if any(one in path for one in named)}
    assert silent == {
        "/api/worklist/studies/{study_instance_uid}/read",
        "/api/consults/{consult_id}/chat/read",
        "/api/consults/{consult_id}/relay",
        "/api/consults/{consult_id}/ringing",
        "/api/consults/{consult_id}/calls/{call_id}",
        "/api/reminders/{consult_id}/seen",
    }
