"""The models' API: administrators see and steer what reads; nobody else does."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from inference.bundle_adding import add_bundle
from inference.model_registry import ModelRegistry
from storage import audit_log
from storage.database import Database
from teleconsult.app import describe_api
from teleconsult.audit.store_watch import AuditStoreWatch
from teleconsult.dependencies import current_user
from teleconsult.users.user import Institution, Role, User
from teleconsult.viewings import RecentViewings
from tests.bundle_builders import a_bundle

MODELS = Path(__file__).resolve().parents[3] / "models"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_client(database: Database, registry: ModelRegistry, role: Role) -> TestClient:
    app = describe_api()
    app.state.parts = SimpleNamespace(
        database=database,
        models=registry,
        audit_store=AuditStoreWatch(database),
        viewings=RecentViewings(),
    )
    user = User("u1", "n", "N", frozenset({role}), Institution("i", "I", "I"), None, "en", False, True)
    app.dependency_overrides[current_user] = lambda: user
    return TestClient(app, headers={"X-Teleconsult": "1"})


@pytest.fixture
def registry(database: Database, tmp_path: Path) -> ModelRegistry:
    registry = ModelRegistry(database, MODELS, tmp_path / "models")
    with database.transaction() as connection:
        registry.enter_shipped(connection, NOON)
    add_bundle(registry, database, a_bundle(tmp_path), "mammography", by="u0", at=NOON, trial=lambda *_: None)
    return registry


def versions(answer: Any) -> dict[str, Any]:
    return {one["name"]: one for one in answer.json()["versions"]}


def test_an_administrator_sees_versions_evaluations_and_what_can_be_done(
    database: Database, registry: ModelRegistry
) -> None:
    listed = versions(a_client(database, registry, Role.ADMINISTRATOR).get("/api/models"))
    assert listed["mammography"]["possible_steps"] == ["retire", "suspend"]
    assert listed["mammography"]["evaluations"]
    assert listed["breast_masses"]["possible_steps"] == ["shadow", "retire"]
    assert listed["breast_masses"]["added_by"] == "u0"


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_nobody_else_sees_or_changes_models(database: Database, registry: ModelRegistry, role: Role) -> None:
    client = a_client(database, registry, role)
    assert client.get("/api/models").status_code == 403
    steps = f"/api/models/mammography/{registry.active('mammography').version}/steps"
    assert client.post(steps, json={"step": "retire"}).status_code == 403
    assert registry.active("mammography").name == "mammography"


def test_steps_change_who_reads_and_are_in_the_audit_log_with_who_took_them(
    database: Database, registry: ModelRegistry
) -> None:
    client = a_client(database, registry, Role.ADMINISTRATOR)
    steps = "/api/models/breast_masses/0.3.1/steps"
    assert versions(client.post(steps, json={"step": "shadow"}))["breast_masses"]["state"] == "shadow"
    refused = client.post(steps, json={"step": "promote"})
    assert (refused.status_code, refused.json()["code"]) == (409, "model-refused")
    assert "no evaluation on record" in refused.json()["sentence"]["en"]
    with database.transaction() as connection:
        version = registry.get(connection, "breast_masses", "0.3.1")
        registry.record_evaluation(
            connection,
            version.name,
            version.version,
            weights_sha256=version.weights_sha256,
            subject="phantoms",
            figures={"auc": 0.9},
            by="u0",
            at=NOON,
        )
    now = versions(client.post(steps, json={"step": "promote"}))
    assert (now["breast_masses"]["state"], now["mammography"]["state"]) == ("active", "retired")
    assert client.post(steps, json={"step": "suspend"}).status_code == 422
    now = versions(client.post(steps, json={"step": "suspend", "reason": "too many false flags"}))
    assert now["breast_masses"]["state_reason"] == "too many false flags"
    assert client.post(steps, json={"step": "resume"}).status_code == 422
    now = versions(client.post(steps, json={"step": "resume", "reason": "the scanner was repaired"}))
    assert now["breast_masses"]["state"] == "active"
    assert versions(client.post(steps, json={"step": "retire"}))["mammography"]["state"] == "active"
    with database.reading() as connection:
        taken = [e.action for e in audit_log.entries(connection) if e.actor == "u1"]
    assert taken == [
        "model-shadow",
        "model-retired",
        "model-active",
        "model-suspended",
        "model-active",
        "model-retired",
        "model-active",
    ]


def test_a_version_that_is_not_there_is_not_found(database: Database, registry: ModelRegistry) -> None:
    client = a_client(database, registry, Role.ADMINISTRATOR)
    assert client.post("/api/models/none/1/steps", json={"step": "retire"}).status_code == 404
