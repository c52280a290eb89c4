"""A session that ends in the middle of a call. Its pictures lie in test-results/session_over/."""

import pytest
from playwright.sync_api import Browser, expect

from tests.dicom_builders import a_series_of_its_own, as_bytes
from tests.e2e.chromium import REPOSITORY, said
from tests.e2e.pages import accepted_consult, both_in_room, take_pictures
from tests.installation_server import PASSWORD, Client, Installation

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

PICTURES = REPOSITORY / "test-results" / "session_over"
PATIENCE_MS = 120_000


def test_a_session_that_ends_in_a_call_asks_for_the_password_and_the_call_goes_on(
    browser: Browser, installation: Installation, clinician: Client, specialist: Client
) -> None:
    slices = a_series_of_its_own(2, patient_id="D-SESSION")
    study = clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)})["studies"][0]
    consult = accepted_consult(clinician, specialist, study, "通话中会话过期？")
    here, there = both_in_room(browser, installation, consult["id"], PATIENCE_MS)
    face = there.locator("video[data-participant-id]:not([data-self])")
    expect(face).to_be_visible(timeout=PATIENCE_MS)

    here.context.clear_cookies()
    path = f"/api/consults/{consult['id']}"
    specialist.post(f"{path}/events", {"event": "hold", "version": specialist.get(path)["version"]})

    dialog = here.get_by_role("dialog", name=said("auth", "over.title"))
    expect(dialog).to_be_visible(timeout=PATIENCE_MS)
    take_pictures(here, PICTURES, "en")
    expect(face).to_be_visible()  # whoever left is gone from the others' screens at once

    password = dialog.get_by_label(said("auth", "login.password"), exact=True)
    sign_in = dialog.locator("button[type=submit]")
    password.fill("not the password")
    sign_in.click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    password.fill(PASSWORD)
    sign_in.click()
    expect(dialog).to_be_hidden()
    expect(here.locator("video[data-participant-id]:not([data-self])")).to_be_visible()
    expect(face).to_be_visible()
