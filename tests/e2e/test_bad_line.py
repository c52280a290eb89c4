"""What the pages say of a line: before the call in words and figures, in the room in a word each way, and in
a sentence when a picture had to give way. The pictures it takes lie in test-results/line/."""

import re

import pytest
from playwright.sync_api import Browser, expect

from inference.phantoms.chest import chest_ct
from tests.dicom_builders import as_bytes
from tests.e2e.chromium import REPOSITORY, TELL_LOSS, said
from tests.e2e.pages import SIZES, accepted_consult, go_in, open_page, take_pictures
from tests.installation_server import Client, Installation

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

PICTURES = REPOSITORY / "test-results" / "line"
PATIENCE_MS = 120_000


@pytest.fixture(scope="module")
def consult_id(installation: Installation, clinician: Client, specialist: Client) -> str:
    slices, _ = chest_ct(22, slices=12, rows=128, patient_name="LINE^THIN", patient_id="D-LINE")
    study = clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)})["studies"][0]
    question = "网络较差时的会诊。A consult on a thin line."
    return str(accepted_consult(clinician, specialist, study, question)["id"])


def test_the_line_is_told_of_before_the_call_and_in_it(
    browser: Browser, installation: Installation, consult_id: str
) -> None:
    width, height = SIZES[0]
    here = open_page(browser, installation, "clinician", width, height, "en", PATIENCE_MS)
    there = open_page(browser, installation, "specialist", width, height, "zh-CN", PATIENCE_MS)
    for page in (here, there):
        page.add_init_script(TELL_LOSS)
        page.goto(f"{installation.url}/room/{consult_id}")
    for page, name in ((here, "door-en"), (there, "door-zh")):
        # Which of them says how busy this machine is.
        verdict = re.compile("good|small|still|speech")
        expect(page.get_by_test_id("line-check")).to_have_attribute("data-verdict", verdict, timeout=60_000)
        take_pictures(page, PICTURES, name)
        go_in(page)

    word = here.locator("[data-line-out]")
    expect(word).to_have_attribute("data-line-out", "good", timeout=PATIENCE_MS)
    expect(there.locator("[data-line-out]")).to_be_visible()
    expect(here.locator("video[data-participant-id]:not([data-self])")).to_be_visible()
    take_pictures(here, PICTURES, "room-good-en")

    here.evaluate("window.lossTold = 0.33")
    expect(word).to_have_attribute("data-level", "audio-only", timeout=30_000)
    expect(word).to_have_attribute("data-line-out", "poor")
    expect(here.get_by_role("alert").get_by_text(said("room", "line.level.audio-only"))).to_be_visible()
    expect(there.get_by_text(said("room", "line.stillPicture"))).to_be_visible(timeout=30_000)
    expect(there.locator("figure [data-line]")).to_have_attribute("data-line", "poor")
    take_pictures(there, PICTURES, "room-still-zh")
    take_pictures(here, PICTURES, "room-poor-en")
    word.hover()
    expect(here.get_by_text(said("room", "line.fact.lossOut"))).to_be_visible()
    here.screenshot(path=PICTURES / "figures-en.png")
    there.locator("[data-line-out]").hover()
    expect(there.get_by_text(said("room", "line.fact.rtt"))).to_be_visible()
    there.screenshot(path=PICTURES / "figures-zh.png")

    # It stays with the consult, for both.
    for page in (here, there):
        page.goto(f"{installation.url}/consults/{consult_id}")
    for page, name in ((here, "consult-en"), (there, "consult-zh")):
        calls = page.get_by_role("listitem").filter(has_text=said("room", "line.of.poor"))
        expect(calls).to_have_count(1)
        take_pictures(page, PICTURES, name)
