"""Faces in a room: small beside the images, one of them large on request, each in the size that fills it. The
pictures it takes lie in test-results/faces/."""

import pytest
from playwright.sync_api import Browser, Page, expect

from inference.phantoms.chest import chest_ct
from tests.dicom_builders import as_bytes
from tests.e2e.chromium import KEEP_PEER_CONNECTIONS, REPOSITORY, said, statistics
from tests.e2e.pages import SIZES, accepted_consult, go_in, open_page, take_pictures
from tests.installation_server import Client, Installation
from tests.room_in_browsers import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

PICTURES = REPOSITORY / "test-results" / "faces"
PATIENCE_MS = 120_000


def width_received(page: Page) -> int | None:
    pictures = [entry for entry in statistics(page, "inbound-rtp") if entry["kind"] == "video"]
    return pictures[0].get("frameWidth") if pictures else None


def test_a_face_is_small_until_it_is_wanted_large_and_comes_in_that_size(
    browser: Browser, installation: Installation, clinician: Client, specialist: Client
) -> None:
    slices, _ = chest_ct(23, slices=12, rows=128, patient_name="FACE^LARGE", patient_id="D-FACE")
    study = clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)})["studies"][0]
    consult = accepted_consult(clinician, specialist, study, "谁在发言？Who speaks?")
    width, height = SIZES[0]
    here = open_page(browser, installation, "clinician", width, height, "en", PATIENCE_MS)
    there = open_page(browser, installation, "specialist", width, height, "zh-CN", PATIENCE_MS)
    for page in (here, there):
        page.add_init_script(KEEP_PEER_CONNECTIONS)
        page.goto(f"{installation.url}/room/{consult['id']}")
        go_in(page)

    face = here.locator("video[data-participant-id]:not([data-self])")
    expect(face).to_be_visible(timeout=PATIENCE_MS)
    wait_until(lambda: width_received(here) == 320, "a small face comes in the small size", 60)
    take_pictures(here, PICTURES, "small-en")

    for page in (here, there):
        page.get_by_role("button", name=said("room", "largeFace")).click()
    large = here.locator("figure[data-large]")
    expect(large.locator("video")).to_be_visible()
    wait_until(lambda: width_received(here) == 640, "a large face comes in the large size", 60)
    keep = large.get_by_role("button")
    keep.click()
    expect(keep).to_have_attribute("aria-pressed", "true")
    take_pictures(here, PICTURES, "large-en")
    take_pictures(there, PICTURES, "large-zh")

    here.get_by_role("button", name=said("room", "hideFaces")).click()
    expect(face).to_be_hidden()
    still = wait_until(lambda: _stands_still(here), "faces that are folded away do not come", 60)
    here.get_by_role("button", name=said("room", "showFaces")).click()
    wait_until(lambda: frames(here) > still, "they come when they are shown again", 60)


def frames(page: Page) -> int:
    return sum(entry.get("framesDecoded", 0) for entry in statistics(page, "inbound-rtp"))


def _stands_still(page: Page) -> int | None:
    before = frames(page)
    page.wait_for_timeout(1_000)
    return before if frames(page) == before else None
