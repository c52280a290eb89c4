from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from teleconsult.front_end import serve_front_end


@pytest.fixture
def page(tmp_path: Path) -> Iterator[TestClient]:
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("not for a page")
    (built / "index.html").write_text("<p>index</p>")
    files = {"a.js": "plain", "a.js.br": "by brotli", "a.js.gz": "by gzip", "b.js": "alone"}
    for name, content in files.items():
        (built / "assets" / name).write_text(content)
    app = FastAPI()
    serve_front_end(app, built)
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "accepted", "given", "coding"),
    [
        ("/assets/a.js", "gzip, deflate, br, zstd", "by brotli", "br"),
        ("/assets/a.js", "gzip, br;q=0", "by gzip", "gzip"),
        ("/assets/a.js", "identity", "plain", None),
        ("/assets/b.js", "gzip, br", "alone", None),
    ],
)
def test_a_file_goes_out_packed_as_the_browser_can_read_it(
    page: TestClient, path: str, accepted: str, given: str, coding: str | None
) -> None:
    with page.stream("GET", path, headers={"Accept-Encoding": accepted}) as answer:
        assert b"".join(answer.iter_raw()) == given.encode()
    assert answer.headers.get("Content-Encoding") == coding
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path", ["/", "/studies/1.2.3", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt"]
)
def test_every_other_address_is_the_page_and_asked_for_again(page: TestClient, path: str) -> None:
    answer = page.get(path)
    assert answer.text == "<p>index</p>"
    assert answer.headers["Cache-Control"] == "no-cache"


def test_a_study_s_page_alone_has_its_first_questions_asked_with_its_head(page: TestClient) -> None:
    assert page.get("/studies/1.2.3").headers["Link"] == (
        "</api/session>; rel=preload; as=fetch; crossorigin, "
        "</api/studies/1.2.3>; rel=preload; as=fetch; crossorigin"
    )
    for path in ("/", "/consults/1.2.3", "/studies/1.2.3%3E;x", "/studies/" + 65 * "1"):
        assert "Link" not in page.get(path).headers


def test_a_page_that_is_not_built_says_so(tmp_path: Path) -> None:
    app = FastAPI()
    serve_front_end(app, tmp_path)
    answer = TestClient(app).get("/")
    assert answer.status_code == 503
    assert "make setup" in answer.text
