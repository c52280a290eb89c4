"""A key image in Chromium: marked by a key, noted, sent in the chat, and opened from there."""

import re

import pytest
from playwright.sync_api import Browser, expect

from inference.phantoms.chest import chest_ct
from tests.dicom_builders import as_bytes
from tests.e2e.pages import accepted_consult, open_page
from tests.installation_server import Client, Installation

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def test_a_slice_marked_by_key_is_sent_in_the_chat_and_opened_from_there_in_its_window(
    browser: Browser, installation: Installation, clinician: Client, specialist: Client
) -> None:
    slices = chest_ct(23, slices=4, rows=64, patient_id="D-KEYS")[0]
    study = clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)})["studies"][0]
    consult = accepted_consult(clinician, specialist, study, "Which one?")
    page = open_page(browser, installation, "clinician", 1366, 768, "en")
    page.goto(f"{installation.url}/studies/{study['study_instance_uid']}")
    viewer = page.get_by_test_id("study-viewer")
    expect(viewer).to_have_attribute("data-ready", "true", timeout=60_000)
    page.get_by_role("button", name="Key images").click()
    page.keyboard.press("Home")
    page.keyboard.press("3")
    expect(viewer).to_have_attribute("data-slice-index", "0")
    page.keyboard.press("*")
    expect(viewer).to_have_attribute("data-key-image", "true")
    panel = page.get_by_role("complementary", name="Key images")
    panel.get_by_role("button", name="Note").click()
    panel.get_by_role("textbox", name="Note").fill("Largest here")
    panel.get_by_role("textbox", name="Note").press("Enter")
    expect(panel.get_by_role("button", name=re.compile("Largest here"))).to_be_visible()
    page.keyboard.press("End")
    expect(viewer).to_have_attribute("data-key-image", "false")

    page.goto(f"{installation.url}/consults/{consult['id']}")
    page.get_by_role("button", name="Attach key image").click()
    choice = page.get_by_role("dialog").get_by_role("button", name=re.compile("Largest here"))
    expect(choice).to_be_visible()
    choice.click()
    page.get_by_role("button", name="Send", exact=True).click()
    message = page.get_by_role("link", name=re.compile("^Show Series"))
    expect(message).to_be_visible()
    message.click()
    expect(viewer).to_have_attribute("data-key-image", "true")
    expect(viewer).to_have_attribute("data-slice-index", "0")
    expect(viewer).to_have_attribute("data-window-width", "1800")
    page.context.close()
