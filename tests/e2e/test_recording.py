"""A consult is recorded, as its two sides see it. Pictures of it lie in test-results/recording/."""

import pytest
from playwright.sync_api import Browser, expect

from inference.phantoms.chest import chest_ct
from tests.dicom_builders import as_bytes
from tests.e2e.chromium import REPOSITORY, said
from tests.e2e.pages import accepted_consult, both_in_room, take_pictures
from tests.installation_server import Client, Installation, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

PICTURES = REPOSITORY / "test-results" / "recording"
PATIENCE_MS = 120_000


def test_the_other_side_is_asked_sees_the_mark_and_finds_the_recording_with_the_consult(
    browser: Browser, installation: Installation, clinician: Client, specialist: Client
) -> None:
    slices, _ = chest_ct(29, slices=12, rows=128, patient_name="ROOM^RECORDED", patient_id="D-RECORD")
    study = clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)})["studies"][0]
    consult_id = accepted_consult(clinician, specialist, study, "能否录制？May we record?")["id"]
    here, there = both_in_room(browser, installation, consult_id, PATIENCE_MS)
    for page in (here, there):
        expect(page.locator("[data-status=connected]")).to_be_visible()

    here.get_by_role("button", name=said("room", "recording.ask")).click()
    expect(here.locator("[data-recording=asking]")).to_be_visible()
    expect(there.get_by_role("dialog").get_by_text(said("room", "recording.consent"))).to_be_visible()
    take_pictures(there, PICTURES, "asked-zh")
    there.get_by_role("button", name=said("room", "recording.yes")).click()
    for page, language in ((here, "en"), (there, "zh")):
        expect(page.locator("[data-recording=on]")).to_be_visible()
        take_pictures(page, PICTURES, f"on-{language}")
    recordings = f"/api/consults/{consult_id}/recordings"
    wait_until(lambda: any(one["duration_ms"] > 1_000 for one in clinician.get(recordings)), "it is kept")

    here.locator("[data-recording=on]").click()
    here.get_by_role("menuitem", name=said("room", "recording.pause")).click()
    expect(there.locator("[data-recording=paused]")).to_be_visible()
    take_pictures(here, PICTURES, "paused-en")
    here.locator("[data-recording=paused]").click()
    expect(here.get_by_role("menuitem", name=said("room", "recording.resume"))).to_be_visible()
    here.get_by_role("menuitem", name=said("room", "recording.stop")).click()
    expect(there.get_by_text(said("room", "recording.ended.stopped"))).to_be_visible()
    wait_until(lambda: clinician.get(recordings)[0]["status"] == "kept", "it is over")

    for page, language in ((here, "en"), (there, "zh")):
        page.goto(f"{installation.url}/consults/{consult_id}")
        file = page.locator("a[download][href*='/parts/1']")
        expect(file).to_be_visible()
        file.scroll_into_view_if_needed()
        take_pictures(page, PICTURES, f"kept-{language}")
    with here.expect_download() as download:
        here.locator("a[download][href*='/parts/1']").click()
    with open(download.value.path(), "rb") as file:
        assert file.read(4) == b"\x1a\x45\xdf\xa3", "the beginning of EBML"
