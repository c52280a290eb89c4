"""The exchange by which a page measures its line."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from teleconsult import line_check
from teleconsult.dependencies import current_user


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = FastAPI()
    app.include_router(line_check.router)
    app.dependency_overrides[current_user] = lambda: None
    with TestClient(app) as running:
        yield running


def test_as_many_bytes_come_as_were_asked_for_and_never_the_same(client: TestClient) -> None:
    first, second = (client.get("/api/line-check", params={"size_bytes": 1_000}) for _ in range(2))
    assert len(first.content) == len(second.content) == 1_000
    assert first.content != second.content
    assert first.headers["Cache-Control"] == "no-store"
    assert client.get("/api/line-check").content == b""


@pytest.mark.parametrize("size_bytes", [-1, line_check.MOST_BYTES + 1, "all"])
def test_more_than_the_bound_is_refused(client: TestClient, size_bytes: int | str) -> None:
    assert client.get("/api/line-check", params={"size_bytes": size_bytes}).status_code == 422


@pytest.mark.parametrize("size_bytes", [0, 5_000, line_check.MOST_BYTES])
def test_what_is_sent_is_counted_and_forgotten(client: TestClient, size_bytes: int) -> None:
    answer = client.post("/api/line-check", content=bytes(size_bytes))
    assert answer.json() == {"received_bytes": size_bytes}


def test_what_is_beyond_the_bound_is_not_taken(client: TestClient) -> None:
    answer = client.post("/api/line-check", content=bytes(3 * line_check.MOST_BYTES))
    assert answer.json() == {"received_bytes": line_check.MOST_BYTES}
