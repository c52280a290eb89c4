"""The worklist by keyboard alone, and rows that stay where they are while somebody points at them."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.e2e.accessibility import axe_faults
from tests.e2e.chromium import said
from tests.e2e.pages import PATIENCE_MS, open_page, settle
from tests.installation_server import Client, Installation

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def upload(clinician: Client, patient_id: str) -> str:
    files = a_series_of_its_own(2, patient_id=patient_id)
    done = clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(files)})
    return str(done["studies"][0]["study_instance_uid"])


def row(study: str) -> str:
    return f'[role=row][data-row="{study}"]'


def test_a_study_is_found_taken_and_opened_without_a_mouse_and_no_row_moves_under_one(
    browser: Browser, installation: Installation, clinician: Client
) -> None:
    study = upload(clinician, "T-KEYS-1")
    page = open_page(browser, installation, "clinician", 1366, 768, "en")
    page.goto(installation.url + "/?all=")
    expect(page.locator(row(study))).to_be_visible(timeout=PATIENCE_MS)
    page.keyboard.press("/")
    page.keyboard.type("t-keys")
    expect(page).to_have_url(re.compile("q=t-keys"))
    expect(page.get_by_role("row")).to_have_count(2)  # the head is one
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator(row(study))).to_be_focused()
    page.keyboard.press("a")
    expect(page.locator(row(study))).to_contain_text("Dr Li Wen")

    # The row has the focus: what comes is announced, and comes when it is asked for.
    other = upload(clinician, "T-KEYS-2")
    news = page.get_by_role("button", name=re.compile("^1 new"))
    expect(news).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(row(other))).to_have_count(0)
    news.click()
    expect(page.locator(row(other))).to_be_visible()

    page.locator(row(study)).focus()
    page.keyboard.press("f")
    expect(page.get_by_role("region", name=said("worklist", "filter.title"))).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/studies/{re.escape(study)}$"))
    page.go_back()
    expect(page).to_have_url(re.compile("q=t-keys"))
    expect(page.get_by_role("row")).to_have_count(3)
    page.context.close()


def test_a_new_user_is_shown_first_steps_once_and_finds_them_again_in_the_user_menu(
    browser: Browser, installation: Installation, specialist: Client
) -> None:
    page = open_page(browser, installation, "specialist", 1366, 768, "en")
    page.context.request.patch(
        installation.url + "/api/me", data={"knows_first_steps": False}, headers={"X-Teleconsult": "1"}
    )
    page.goto(installation.url)
    hint = page.get_by_role("region", name="First steps")
    steps = page.get_by_role("dialog", name="First steps")
    account = page.get_by_role("button", name=said("common", "menu.user"))
    hint.get_by_role("button", name="Show me").click()
    expect(steps.get_by_role("listitem")).to_have_count(5)
    assert axe_faults(page) == []
    page.keyboard.press("Escape")
    expect(steps).to_have_count(0)
    expect(hint).to_have_count(0)
    expect(account).to_be_focused()

    page.reload()
    settle(page)
    expect(hint).to_have_count(0)
    for name in ("Keyboard shortcuts", "First steps"):
        account.click()
        page.get_by_role("menuitem", name=name).click()
        expect(page.get_by_role("dialog", name=name)).to_be_visible()
        page.keyboard.press("Escape")
        expect(account).to_be_focused()
    account.click()
    page.get_by_role("menuitem", name="First steps").click()
    steps.get_by_role("link", name="Say when you can be asked").click()
    expect(page).to_have_url(re.compile("/calendar$"))
    expect(steps).to_have_count(0)
    page.context.close()
