"""Faces in a room: small beside the images, one of them large on request, each in the size that fills it. The
pictures it takes lie in test-results/faces/."""

import re

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


# Names of the picture's controls over which the faces lie.
COVERED = """() => {
  const dock = document.querySelector("[data-testid=faces]");
  const faces = dock.getBoundingClientRect();
  return [...document.querySelectorAll("main button, main input")]
    .filter((one) => !dock.contains(one) && one.checkVisibility())
    .filter((one) => {
      const { left, top, right, bottom } = one.getBoundingClientRect();
      return left < faces.right && right > faces.left && top < faces.bottom && bottom > faces.top;
    })
    .map((one) => one.getAttribute("aria-label") ?? one.textContent);
}"""


def put_at_rest(page: Page, x: float, y: float) -> None:
    """Drag the faces by their grip to here, in pixels of the window."""
    page.get_by_title(said("room", "move")).hover()
    page.mouse.down()
    page.mouse.move(x, y, steps=3)
    page.mouse.up()


def test_faces_lie_over_no_control_of_the_picture_and_stay_where_they_were_put(
    browser: Browser, installation: Installation, clinician: Client, specialist: Client
) -> None:
    slices, _ = chest_ct(24, slices=12, rows=64, patient_id="D-FACE-PLANES")
    study = clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)})["studies"][0]
    consult = accepted_consult(clinician, specialist, study, "Which plane?")
    page = open_page(browser, installation, "clinician", *SIZES[0], "en", PATIENCE_MS)
    page.goto(f"{installation.url}/room/{consult['id']}")
    go_in(page)
    faces, viewer = page.get_by_test_id("faces"), page.get_by_test_id("study-viewer")
    expect(faces.locator("video")).to_be_visible()
    expect(viewer).to_have_attribute("data-ready", "true")
    page.keyboard.press("8")
    expect(page.locator("[data-layout=mpr][data-ready=true]")).to_be_visible()
    for width, height in (*SIZES, (844, 390), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(f"() => ({COVERED})().length === 0")
        slab = page.get_by_role("button", name=re.compile("^Slab")).locator("visible=true").first
        at = slab.bounding_box()
        assert at is not None
        put_at_rest(page, at["x"] + at["width"] / 2, at["y"] + at["height"] / 2)
        page.wait_for_function(f"() => ({COVERED})().length === 0")

    left_of = "document.querySelector('[data-testid=faces]').getBoundingClientRect().left"

    def lie_at_the_left() -> bool:
        put_at_rest(page, 1, 300)
        return bool(page.evaluate(left_of) < 100)

    wait_until(lie_at_the_left, "faces that are dragged to the left lie there", 60)
    page.reload()
    go_in(page)
    expect(viewer).to_have_attribute("data-ready", "true")
    page.wait_for_function(f"() => {left_of} < 100")
    # Who does not drag presses it: to the next corner, clockwise.
    page.get_by_title(said("room", "move")).click()
    page.wait_for_function(f"() => {left_of} > 1000")
    page.context.close()


def frames(page: Page) -> int:
    return sum(entry.get("framesDecoded", 0) for entry in statistics(page, "inbound-rtp"))


def _stands_still(page: Page) -> int | None:
    before = frames(page)
    page.wait_for_timeout(1_000)
    return before if frames(page) == before else None
