"""The form of a report in a browser: what is typed is lost neither with the page nor with the server."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from inference.phantoms.chest import chest_ct
from tests.dicom_builders import as_bytes
from tests.e2e.chromium import said
from tests.e2e.pages import accepted_consult, open_page
from tests.installation_server import Client, Installation

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def consult(clinician: Client, specialist: Client) -> dict[str, Any]:
    slices, _ = chest_ct(34, slices=40, rows=256, patient_id="T-FORM")
    study = clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)})["studies"][0]
    consult = accepted_consult(clinician, specialist, study, "What is this?")
    path = f"/api/consults/{consult['id']}"
    version = specialist.get(path)["version"]
    specialist.post(f"{path}/events", {"event": "report-without-call", "version": version})
    return consult


def conclusion(page: Page) -> Any:
    return page.get_by_role("textbox", name=said("report", "section.conclusion"))


def lungs(page: Page) -> Any:
    return page.get_by_role("textbox", name=re.compile("Lungs and airways"))


def is_saved(page: Page, state: str = "saved") -> None:
    expect(page.get_by_test_id("save-state")).to_have_attribute("data-state", state)


def test_what_was_typed_outlives_page_and_server_and_a_second_page_overwrites_nothing(
    browser: Browser, installation: Installation, specialist: Client, consult: dict[str, Any]
) -> None:
    page = open_page(browser, installation, "specialist", 1366, 768, "en")
    address, report = f"{installation.url}/consults/{consult['id']}", f"/api/consults/{consult['id']}/report"
    page.goto(address)
    lungs(page).fill("clear")
    is_saved(page)
    assert specialist.get(report)["structured"]["written"]["lungs"]["value"] == "clear"

    # The server is away, then the page is gone: it comes back with what was typed, and sends it.
    page.context.set_offline(True)
    lungs(page).fill("clear on both sides")
    conclusion(page).fill("a nodule")
    is_saved(page, "failed")
    context = page.context
    page.close()
    context.set_offline(False)
    page = context.new_page()
    page.goto(address)
    expect(conclusion(page)).to_have_value("a nodule")
    expect(lungs(page)).to_have_value("clear on both sides")
    is_saved(page)
    assert specialist.get(report)["conclusion"] == "a nodule"

    # A second page saves while this one cannot: both texts are shown, and one is chosen.
    context.set_offline(True)
    conclusion(page).fill("typed here")
    is_saved(page, "failed")
    now = specialist.get(report)
    names = ("findings_text", "recommendation", "version")
    kept = {"template": now["structured"]["template"], "written": now["structured"]["written"]}
    specialist.put(report, {name: now[name] for name in names} | kept | {"conclusion": "saved elsewhere"})
    context.set_offline(False)
    choice = page.get_by_role("alert").filter(has_text=said("report", "conflict.title"))
    expect(choice).to_contain_text("typed here")
    expect(choice).to_contain_text("saved elsewhere")
    assert specialist.get(report)["conclusion"] == "saved elsewhere"
    choice.get_by_role("button", name=said("report", "conflict.mine")).click()
    is_saved(page)
    expect(choice).to_have_count(0)
    assert specialist.get(report)["conclusion"] == "typed here"
    context.close()
