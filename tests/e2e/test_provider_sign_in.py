"""Signing in by a hospital's identity provider, in the browser, up to the page that was wanted."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from teleconsult.demo import INSTITUTIONS
from tests.e2e.chromium import said
from tests.free_ports import free_ports
from tests.installation_server import REPOSITORY, Installation, free_ports_of_an_installation
from tests.oidc_server import CLIENT_ID, CLIENT_SECRET, OidcServer, oidc_server

PROGRAM = REPOSITORY / "tests" / "certified_provider.mjs"
LIBRARY = str(REPOSITORY / "web" / "node_modules" / "oidc-provider" / "lib" / "index.js")


@pytest.fixture
def provider() -> Iterator[OidcServer]:
    with oidc_server() as server:
        server.claims = {"sub": "4711", "preferred_username": "wang", "name": "王丽", "roles": ["doctors"]}
        yield server


@contextmanager
def hospital_with(tmp_path: Path, issuer: str, **changes: str) -> Iterator[Installation]:
    """An installation, not started yet, that knows a provider."""
    listed = tmp_path / "providers.json"
    running = Installation(
        tmp_path / "data",
        free_ports_of_an_installation(),
        settings={"TELECONSULT_OIDC_PROVIDERS": str(listed), "TELECONSULT_MODELS": str(tmp_path / "none")},
    )
    listed.write_text(
        json.dumps(
            [
                {
                    "id": "county",
                    "name_en": "County hospital",
                    "name_zh": "县医院",
                    "issuer": issuer,
                    "client_id": CLIENT_ID,
                    "client_secret": CLIENT_SECRET,
                    "institution": INSTITUTIONS[0][0],
                    "roles": {"doctors": ["grassroots-clinician"]},
                    **changes,
                }
            ]
        )
    )
    (tmp_path / "none").mkdir()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def hospital(tmp_path: Path, provider: OidcServer) -> Iterator[Installation]:
    with hospital_with(tmp_path, provider.issuer) as running:
        provider.redirect_uri = back_to(running)
        yield running.start()


def back_to(running: Installation) -> str:
    return f"{running.url}/login/provider"


@pytest.fixture
def hospital_with_certified_provider(tmp_path: Path) -> Iterator[Installation]:
    (port,) = free_ports(1)
    with hospital_with(tmp_path, f"http://localhost:{port}", scope="openid profile roles") as running:
        arguments = [LIBRARY, str(port), back_to(running), CLIENT_ID, CLIENT_SECRET]
        command = ["node", str(PROGRAM), *arguments]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            try:
                assert process.stdout is not None and process.stdout.readline() == "ready\n"
                yield running.start()
            finally:
                process.kill()


def test_who_signs_in_at_the_hospital_comes_back_signed_in_and_a_refusal_says_so(
    browser: Browser, hospital: Installation, provider: OidcServer
) -> None:
    page = browser.new_context(locale="en-US").new_page()
    page.goto(f"{hospital.url}/upload")
    provider.refuses = "access_denied"
    page.get_by_role("button", name="County hospital").click()
    expect(page.get_by_role("alert")).to_have_text(said("auth", "provider.calledOff"))
    page.get_by_role("link", name=said("auth", "provider.again")).click()

    provider.refuses = None
    page.get_by_role("button", name="County hospital").click()
    # Without a second factor nothing could be signed: it is asked for first.
    page.wait_for_url("**/security")
    expect(page.get_by_role("button", name=said("security", "totp.setUp"))).to_be_visible()
    assert "code=" not in page.url
    me = page.evaluate("fetch('/api/session').then((answer) => answer.json())")
    assert (me["username"], me["display_name"]) == ("wang@county", "王丽")


def test_who_signs_in_at_a_certified_provider_is_who_it_says_with_the_roles_it_says(
    browser: Browser, hospital_with_certified_provider: Installation
) -> None:
    page = browser.new_context(locale="zh-CN").new_page()
    page.goto(hospital_with_certified_provider.url)
    page.get_by_role("button", name="县医院").click()
    page.locator("[name=login]").fill("wang")
    page.locator("[name=password]").fill("any")
    page.locator("[type=submit]").click()
    page.locator("[type=submit]").click()  # what this hospital may know

    page.wait_for_url("**/security")
    me = page.evaluate("fetch('/api/session').then((answer) => answer.json())")
    assert (me["username"], me["display_name"]) == ("wang@county", "王丽")
    assert me["roles"] == ["grassroots-clinician"]
