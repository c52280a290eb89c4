"""What a stranger, or another site's page, tries at the door of a whole installation."""

import gzip
import socket
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
from itsdangerous import URLSafeTimedSerializer

from tests.installation_server import PASSWORD, Client, Installation

EVIL = "https://evil.example"


def raw(installation: Installation, request: bytes) -> bytes:
    """The whole answer to bytes that no client library would send."""
    with socket.create_connection(("127.0.0.1", installation.port), 30) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(1 << 16):
            answer += piece
        return answer


def ask(installation: Installation, target: str, method: str = "GET", headers: str = "") -> bytes:
    head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n"
    return raw(installation, head.encode())


@pytest.fixture
def stranger(installation: Installation) -> Iterator[Client]:
    client = Client(installation.url)
    yield client
    client.http.close()


FORGED = [
    "",
    "x",
    "0" * 43,
    "../../etc/passwd",
    "' OR 1=1 --",
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.",
    "\u0000".encode().decode("latin-1"),
    "a" * 4_000,
]


@pytest.mark.parametrize("token", FORGED, ids=range(len(FORGED)))
def test_a_session_that_we_did_not_give_opens_nothing(installation: Installation, token: str) -> None:
    for name in ("teleconsult_session", "__Host-teleconsult_session"):
        answer = ask(installation, "/api/session", headers=f"Cookie: {name}={token}\r\n")
        assert answer.startswith((b"HTTP/1.1 401 ", b"HTTP/1.1 400 "))


def test_a_cookie_that_an_attacker_set_is_not_the_session_of_who_signs_in(
    clinician: Client, installation: Installation
) -> None:
    victim = Client(installation.url)
    victim.http.cookies.set("teleconsult_session", "known-to-the-attacker")
    answer = victim.http.post("/api/session", json={"username": "clinician", "password": PASSWORD})
    assert answer.status_code == 200
    stolen = httpx.get(
        f"{installation.url}/api/session", headers={"Cookie": "teleconsult_session=known-to-the-attacker"}
    )
    assert stolen.status_code == 401
    assert "known-to-the-attacker" not in answer.headers["set-cookie"]


def test_scripts_and_other_sites_do_not_get_the_cookie(clinician: Client, installation: Installation) -> None:
    answer = Client(installation.url).http.post(
        "/api/session", json={"username": "clinician", "password": PASSWORD}
    )
    flags = {flag.strip().lower() for flag in answer.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= flags
    assert not any(flag.startswith("domain") for flag in flags)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Teleconsult": "1", "Origin": EVIL},
        {"X-Teleconsult": "1", "Origin": "null"},
        {"X-Teleconsult": "1", "Sec-Fetch-Site": "cross-site"},
        {"X-Teleconsult": "1", "Sec-Fetch-Site": "same-site"},
        {"Content-Type": "text/plain"},
    ],
    ids=str,
)
def test_a_page_of_another_site_changes_nothing(clinician: Client, headers: dict[str, str]) -> None:
    with httpx.Client(base_url=clinician.http.base_url, cookies=clinician.http.cookies) as page:
        answer = page.post("/api/uploads", content="{}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "forged-request")


@pytest.mark.parametrize("path", ["/", "/api/session", "/api/studies", "/api/health", "/dicom-web/studies"])
def test_no_other_site_may_read_an_answer(clinician: Client, path: str) -> None:
    for method in ("GET", "OPTIONS"):
        headers = {"Origin": EVIL, "Access-Control-Request-Method": "POST"}
        answer = clinician.http.request(method, path, headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "content",
    [b"[" * 100_000 + b"]" * 100_000, b'{"username":' * 50_000, b'{"username": "a', b"\xff\xfe", b"NaN"],
    ids=["arrays", "objects", "cut off", "no text", "no number"],
)
def test_json_that_is_nested_or_damaged_is_refused_with_a_sentence(stranger: Client, content: bytes) -> None:
    answer = stranger.http.post(
        "/api/session", content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422) and answer.json()["sentence"]["zh"]


def test_more_json_than_anybody_sends_is_refused_before_it_is_read(stranger: Client) -> None:
    """Before it is known who sends it: without a bound, one request takes all memory."""
    large = b'{"username": "' + b"a" * (5 << 20) + b'", "password": "x"}'
    kind = {"Content-Type": "application/json"}
    claimed = stranger.http.post("/api/session", content=large, headers=kind)
    in_chunks = stranger.http.post("/api/session", content=iter([large[:100], large[100:]]), headers=kind)
    assert claimed.status_code == in_chunks.status_code == 413
    for answer in (claimed, in_chunks):
        assert answer.json()["code"] == "request-too-large"
        assert answer.json()["sentence"]["zh"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_packed_body_is_not_unpacked(stranger: Client) -> None:
    bomb = gzip.compress(bytes(64 << 20))
    answer = stranger.http.post(
        "/api/session",
        content=bomb,
        headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
    )
    assert answer.status_code in (400, 422)


def test_a_password_of_a_megabyte_is_refused_without_being_hashed(stranger: Client) -> None:
    answer = stranger.http.post("/api/session", json={"username": "a", "password": "x" * (1 << 20)})
    assert (answer.status_code, answer.json()["code"]) == (422, "not-understood")


CLIMBING = [
    "/../../../etc/passwd",
    "/..%2f..%2f..%2fetc%2fpasswd",
    "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/%252e%252e%252f%252e%252e%252fetc%252fpasswd",
    "/..\\..\\..\\etc\\passwd",
    "/assets/..%5c..%5c..%5cetc%5cpasswd",
    "/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
    "/assets/%00../../../etc/passwd",
    "//etc/passwd",
    "/api/../../../etc/passwd",
    "/.git/config",
    "/package.json",
]


@pytest.mark.parametrize("target", CLIMBING)
def test_no_path_leads_out_of_the_built_page(installation: Installation, target: str) -> None:
    answer = ask(installation, target)
    assert answer.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 404 ", b"HTTP/1.1 400 "))
    assert b"root:" not in answer and b"[core]" not in answer and b'"dependencies"' not in answer
    if answer.startswith(b"HTTP/1.1 200 "):
        assert b'<div id="root">' in answer


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "DEBUG", "PROPFIND"])
def test_no_method_sends_back_what_was_sent(installation: Installation, method: str) -> None:
    answer = ask(installation, "/api/session", method, "Cookie: secret=marker-of-a-secret\r\n")
    assert answer.split()[1] in (b"405", b"400", b"501")
    assert b"marker-of-a-secret" not in answer


@pytest.mark.parametrize("path", ["/", "/api/session", "/api/none", "/dicom-web/studies", "/assets/none.js"])
def test_every_answer_has_the_headers_that_keep_pages_apart(stranger: Client, path: str) -> None:
    headers = stranger.http.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy and "base-uri 'self'" in policy
    scripts = next(part for part in policy.split(";") if part.strip().startswith("script-src"))
    assert "unsafe-inline" not in scripts and "'unsafe-eval'" not in scripts and "*" not in scripts
    assert "server" not in headers and "x-powered-by" not in headers
    if path.startswith(("/api/", "/dicom-web/")):
        assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/api/session", "/api/studies", "/.well-known/security.txt", "/login"])
def test_the_name_in_the_host_header_is_believed_nowhere(installation: Installation, path: str) -> None:
    for named in (
        "Host: evil.example",
        "Host: localhost\r\nX-Forwarded-Host: evil.example",
        "Host: localhost\r\nForwarded: host=evil.example",
    ):
        head = f"GET {path} HTTP/1.1\r\nConnection: close\r\n{named}\r\n\r\n"
        assert b"evil.example" not in raw(installation, head.encode())


@pytest.mark.parametrize(
    "target",
    ["//evil.example/", "//evil.example/%2e%2e", "/\\evil.example", "/api/session/", "/login?next=//evil"],
)
def test_no_address_redirects(installation: Installation, target: str) -> None:
    answer = ask(installation, target)
    assert not answer.startswith(b"HTTP/1.1 3") and b"\r\nlocation:" not in answer.lower()


@pytest.mark.parametrize("page", ["/api/no-such", "/api/studies/1.2.3", "/api/uploads/x/files"])
def test_what_goes_wrong_says_nothing_of_the_inside(clinician: Client, page: str) -> None:
    for method in ("GET", "POST"):
        said = clinician.http.request(method, page, content=b"{").text
        assert not any(word in said for word in ("Traceback", ".py", "sqlite", "SELECT", "site-packages"))


SQL = ["' OR '1'='1", "1; DROP TABLE users; --", "%' UNION SELECT 1 FROM users --", "\\", "\0"]


@pytest.mark.parametrize("text", SQL, ids=range(len(SQL)))
def test_sql_in_parameters_is_text(clinician: Client, text: str) -> None:
    everything = clinician.http.get("/api/worklist").json()["rows"]
    for name in ("q", "modality", "body_part", "institution_id", "sort", "after"):
        found = clinician.http.get("/api/worklist", params={name: text})
        assert found.status_code == 422 or found.status_code == 200
        rows = found.json().get("rows")
        if text == "\0":
            assert not rows or rows == everything  # a word of control characters alone is no word
        else:
            assert name == "q" or not rows
    for path in ("/api/studies/", "/api/consults/", "/api/patients/"):
        assert clinician.http.get(path + quote(text, safe="")).status_code in (404, 422)
    refused = clinician.http.post("/api/session", json={"username": text, "password": text})
    assert refused.status_code in (401, 422, 429)
    assert clinician.get("/api/session")["username"] == "clinician"


def test_a_token_that_says_it_needs_no_signature_is_none(installation: Installation) -> None:
    unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJjbGluaWNpYW4iLCJhdWQiOiJyb29tIn0."
    other_key = str(URLSafeTimedSerializer("guessed").dumps({"user": "clinician"}))
    for token in (unsigned, other_key):
        answer = ask(installation, "/api/session", headers=f"Authorization: Bearer {token}\r\n")
        assert answer.startswith(b"HTTP/1.1 401 ")
