"""Signing in by a hospital's identity provider, in the browser, up to the page that was wanted."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from teleconsult.demo import INSTITUTIONS
from tests.e2e.chromium import said
from tests.installation_server import Installation, free_ports_of_an_installation
from tests.oidc_server import CLIENT_ID, CLIENT_SECRET, OidcServer, oidc_server


@pytest.fixture
def provider() -> Iterator[OidcServer]:
    with oidc_server() as server:
        server.claims = {"sub": "4711", "preferred_username": "wang", "name": "王丽", "roles": ["doctors"]}
        yield server


@pytest.fixture
def hospital(tmp_path: Path, provider: OidcServer) -> Iterator[Installation]:
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
                    "issuer": provider.issuer,
                    "client_id": CLIENT_ID,
                    "client_secret": CLIENT_SECRET,
                    "institution": INSTITUTIONS[0][0],
                    "roles": {"doctors": ["grassroots-clinician"]},
                }
            ]
        )
    )
    provider.redirect_uri = f"{running.url}/login/provider"
    (tmp_path / "none").mkdir()
    try:
        yield running.start()
    finally:
        running.stop()


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
