"""A still picture from the room into the record, as its two sides see it. Pictures of it lie in
test-results/stills/."""

import re

import pytest
from playwright.sync_api import Browser, expect

from inference.phantoms.chest import chest_ct
from tests.dicom_builders import as_bytes
from tests.e2e.chromium import REPOSITORY, said
from tests.e2e.pages import accepted_consult, both_in_room, take_pictures
from tests.installation_server import Client, Installation, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

PICTURES = REPOSITORY / "test-results" / "stills"
PATIENCE_MS = 120_000

TOLD = re.compile("takes a still picture of your camera")
NATURAL_SIZE = (
    "image => image.complete && image.naturalWidth > 0 ? [image.naturalWidth, image.naturalHeight] : null"
)


def test_a_still_of_the_other_sides_camera_is_told_kept_and_shown_in_its_size(
    browser: Browser, installation: Installation, clinician: Client, specialist: Client
) -> None:
    slices, _ = chest_ct(31, slices=12, rows=128, patient_name="STILL^TAKEN", patient_id="D-STILL")
    study = clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)})["studies"][0]
    consult_id = accepted_consult(clinician, specialist, study, "皮疹？ Rash?")["id"]
    here, there = both_in_room(browser, installation, consult_id, PATIENCE_MS)
    expect(there.locator("video[data-participant-id]:not([data-self])")).to_be_visible(timeout=PATIENCE_MS)

    there.keyboard.press("/")
    finder = there.get_by_test_id("viewfinder")
    wait_until(lambda: finder.evaluate("video => video.videoWidth >= 640"), "the largest size comes")
    take_pictures(there, PICTURES, "aim-zh")
    size = finder.evaluate("video => [video.videoWidth, video.videoHeight]")
    there.get_by_role("dialog").get_by_role("button", name=said("still", "press")).click()
    expect(here.get_by_text(TOLD)).to_be_visible(timeout=PATIENCE_MS)
    taken = there.get_by_test_id("taken-still")
    expect(taken).to_be_visible(timeout=PATIENCE_MS)
    assert wait_until(lambda: taken.evaluate(NATURAL_SIZE), "it is loaded") == size
    there.get_by_label(said("still", "what")).fill("右前臂皮疹 rash")
    there.get_by_label(said("still", "site")).select_option("upper-limb")
    take_pictures(there, PICTURES, "review-zh")
    there.get_by_role("dialog").get_by_role("button", name=said("still", "keep")).click()
    expect(there.get_by_text(said("still", "kept"))).to_be_visible(timeout=PATIENCE_MS)

    here.get_by_role("button", name=said("still", "take")).click()
    here.get_by_label(said("still", "whose")).select_option(label="My camera")
    here.get_by_role("dialog").get_by_role("button", name=said("still", "press")).click()
    own = here.get_by_test_id("taken-still")
    expect(own).to_be_visible(timeout=PATIENCE_MS)
    own_size = wait_until(lambda: own.evaluate(NATURAL_SIZE), "it is loaded")
    take_pictures(here, PICTURES, "review-en")
    here.get_by_role("dialog").get_by_role("button", name=said("still", "keep")).click()
    expect(here.get_by_text(said("still", "kept"))).to_be_visible(timeout=PATIENCE_MS)

    for page, language in ((here, "en"), (there, "zh")):
        page.goto(f"{installation.url}/consults/{consult_id}")
        small = page.locator("[data-still-id]")
        expect(small).to_have_count(2, timeout=PATIENCE_MS)
        small.first.scroll_into_view_if_needed()
        take_pictures(page, PICTURES, f"list-{language}")
        for number, wanted in enumerate((size, own_size)):
            small.nth(number).click()
            large = page.get_by_test_id("large-still")
            wait_until(lambda shown=large: shown.evaluate(NATURAL_SIZE), "it is loaded")
            assert large.evaluate(NATURAL_SIZE) == wanted
            take_pictures(page, PICTURES, f"large-{number}-{language}")
            page.keyboard.press("Escape")
            expect(large).to_be_hidden()
