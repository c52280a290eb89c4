"""A patient takes part by a link on a phone. Pictures of each step lie in test-results/patient/."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.e2e.chromium import (
    KEEP_PEER_CONNECTIONS,
    PIXELS,
    REPOSITORY,
    decoded_frames,
    heard_energy,
    said,
)
from tests.e2e.pages import SIZES, accepted_consult, go_in, open_page, pixels_too_wide
from tests.installation_server import Client, Installation, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

PICTURES = REPOSITORY / "test-results" / "patient"
PHONE = {"width": 390, "height": 844}
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def consult(clinician: Client, specialist: Client) -> dict[str, Any]:
    slices = a_series_of_its_own(1, patient_id="T-PHONE")
    study = clinician.upload({"1.dcm": as_bytes(slices[0])})["studies"][0]
    return accepted_consult(clinician, specialist, study, "患者在家，请一起查看。The patient is at home.")


def on_phone(page: Page, name: str) -> None:
    """Pictures upright in Chinese and sideways in English; the page must fit."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for mark, language, (width, height) in (
        ("English", "en", (844, 390)),
        ("简体中文", "zh-CN", (PHONE["width"], PHONE["height"])),
    ):
        page.set_viewport_size({"width": width, "height": height})
        page.get_by_role("button", name=mark).click()
        expect(page.locator(f"html[lang={language}]")).to_be_attached()
        wait_until(lambda: pixels_too_wide(page) <= 0, f"{name} fits {width} pixels", 10)
        page.screenshot(path=PICTURES / f"{name}-{width}-{language}.png")


def test_a_patient_opens_the_link_consents_waits_is_let_in_and_both_see_and_hear_each_other(
    browser: Browser, installation: Installation, consult: dict[str, Any]
) -> None:
    doctor = open_page(browser, installation, "clinician", *SIZES[0], "zh-CN", PATIENCE_MS)
    doctor.add_init_script(KEEP_PEER_CONNECTIONS)
    doctor.goto(f"{installation.url}/consults/{consult['id']}")
    doctor.get_by_role("button", name=said("patientLink", "make")).click()
    doctor.get_by_role("dialog").get_by_role("button", name=said("patientLink", "makeNow")).click()
    address = doctor.get_by_test_id("patient-link").inner_text()
    code = doctor.get_by_test_id("patient-code").inner_text()
    PICTURES.mkdir(parents=True, exist_ok=True)
    doctor.screenshot(path=PICTURES / "made.png")
    doctor.get_by_role("button", name=said("patientLink", "made.done")).click()

    context = browser.new_context(
        locale="zh-CN", viewport=PHONE, has_touch=True, permissions=["camera", "microphone"]
    )
    context.set_default_timeout(PATIENCE_MS)
    phone = context.new_page()
    phone.add_init_script(KEEP_PEER_CONNECTIONS)
    phone.goto(address)
    expect(phone.get_by_role("heading", name=said("visit", "code.title"))).to_be_visible()
    assert "Wang Fang" not in phone.inner_text("body")
    on_phone(phone, "code")
    phone.get_by_role("group").locator("input").first.click()
    phone.keyboard.type(code)
    phone.get_by_role("button", name=said("visit", "code.go")).click()

    expect(phone.get_by_label(said("visit", "consent.signature"))).to_be_visible()
    on_phone(phone, "consent")
    phone.get_by_label(said("visit", "consent.signature")).fill("古丽娜尔")
    phone.get_by_role("button", name=said("visit", "consent.agree")).click()
    expect(phone.get_by_test_id("preview")).to_be_visible()
    on_phone(phone, "devices")
    go_in(phone)
    expect(phone.get_by_role("heading", name=said("visit", "waiting.title"))).to_be_visible()
    on_phone(phone, "waiting")

    expect(doctor.locator("[data-link-state=waiting]")).to_be_visible()
    doctor.screenshot(path=PICTURES / "consult.png", full_page=True)
    doctor.goto(f"{installation.url}/room/{consult['id']}")
    go_in(doctor)
    doctor.get_by_role("tab", name=said("room", "tab.people")).click()
    doctor.get_by_role("button", name=said("room", "waitingRoom.admit")).click()
    for page in (phone, doctor):
        expect(page.locator("[data-status=connected]")).to_be_visible()
        wait_until(lambda: decoded_frames(page) > 0, "a picture arrives")  # noqa: B023
        wait_until(lambda: heard_energy(page) > 0, "sound arrives")  # noqa: B023
        seen = page.locator("video[data-participant-id]:not([data-self])").first
        wait_until(lambda: seen.evaluate(PIXELS), "the picture is shown")  # noqa: B023
    assert phone.get_by_test_id("study-viewer").count() == 0
    on_phone(phone, "call")

    phone.reload()
    go_in(phone)
    expect(phone.locator("[data-status=connected]")).to_be_visible()
    phone.get_by_role("button", name=said("room", "leave")).click()
    phone.get_by_role("menuitem", name=said("visit", "withdraw.button")).click()
    phone.get_by_label(said("visit", "withdraw.reason")).fill("我想先和家人商量。")
    phone.get_by_role("dialog").get_by_role("button", name=said("visit", "withdraw.button")).click()
    expect(phone.get_by_text(said("visit", "consent.withdrawnTitle"))).to_be_visible()
    expect(doctor.get_by_role("alert").get_by_text(said("room", "consentWithdrawn"))).to_be_visible()
    on_phone(phone, "withdrawn")
    doctor.screenshot(path=PICTURES / "doctor-told.png")

    other = browser.new_context(locale="en-GB", viewport=PHONE).new_page()
    other.goto(address)
    expect(other.locator("[data-code=link-used]")).to_be_visible()
    on_phone(other, "link-used")
    for each in (doctor, phone, other):
        each.context.close()
