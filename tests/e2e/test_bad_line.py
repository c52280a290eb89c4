"""What the pages say of a line: before the call in words and figures, in the room in a word each way, and in
a sentence when a picture had to give way. The pictures it takes lie in test-results/line/."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from inference.phantoms.chest import chest_ct
from tests.dicom_builders import as_bytes
from tests.e2e.chromium import REPOSITORY, TELL_LOSS, chromium, said
from tests.installation_server import PASSWORD, Client, Installation

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

PICTURES = REPOSITORY / "test-results" / "line"
PATIENCE_MS = 120_000
SIZES = [(1366, 768), (390, 844)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def consult_id(installation: Installation, clinician: Client, specialist: Client) -> str:
    slices, _ = chest_ct(22, slices=12, rows=128, patient_name="LINE^THIN", patient_id="D-LINE")
    study = clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)})["studies"][0]
    consult = clinician.post(
        "/api/consults",
        {
            "patient_id": study["patient"]["id"],
            "question": "网络较差时的会诊。A consult on a thin line.",
            "urgency": "urgent",
            "specialty": "radiology",
            "legal_role": "consultation",
            "study_instance_uids": [study["study_instance_uid"]],
            "consent": {"given": True, "method": "written"},
        },
    )
    specialist.post(f"/api/consults/{consult['id']}/events", {"event": "accept", "version": 1})
    return str(consult["id"])


def at_the_door(
    browser: Browser, installation: Installation, username: str, language: str, room: str
) -> Page:
    context = browser.new_context(locale=language, permissions=["camera", "microphone"])
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.add_init_script(TELL_LOSS)
    page.goto(installation.url + "/login")
    page.get_by_label(said("auth", "login.username")).fill(username)
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name=said("auth", "login.submit")).click()
    page.wait_for_url(re.compile(r"/$"))
    context.request.patch(
        installation.url + "/api/me", data={"language": language}, headers={"X-Teleconsult": "1"}
    )
    page.goto(f"{installation.url}/room/{room}")
    return page


def pictures(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, f"{name}: {overflow} pixels too wide at {width}"
        page.screenshot(path=PICTURES / f"{name}-{width}.png")
    page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})


def test_the_line_is_told_of_before_the_call_and_in_it(
    browser: Browser, installation: Installation, consult_id: str
) -> None:
    here = at_the_door(browser, installation, "clinician", "en", consult_id)
    there = at_the_door(browser, installation, "specialist", "zh-CN", consult_id)
    for page, name in ((here, "door-en"), (there, "door-zh")):
        # Which of them says how busy this machine is.
        verdict = re.compile("good|small|still|speech")
        expect(page.get_by_test_id("line-check")).to_have_attribute("data-verdict", verdict, timeout=60_000)
        pictures(page, name)
        page.get_by_role("button", name=re.compile(f"^({said('room', 'join').pattern})$")).click()

    word = here.locator("[data-line-out]")
    expect(word).to_have_attribute("data-line-out", "good", timeout=PATIENCE_MS)
    expect(there.locator("[data-line-out]")).to_be_visible()
    expect(here.locator("video[data-participant-id]:not([data-self])")).to_be_visible()
    pictures(here, "room-good-en")

    here.evaluate("window.lossTold = 0.33")
    expect(word).to_have_attribute("data-level", "audio-only", timeout=30_000)
    expect(word).to_have_attribute("data-line-out", "poor")
    expect(here.get_by_role("alert").get_by_text(said("room", "line.level.audio-only"))).to_be_visible()
    expect(there.get_by_text(said("room", "line.stillPicture"))).to_be_visible(timeout=30_000)
    pictures(there, "room-still-zh")
    pictures(here, "room-poor-en")
    word.hover()
    expect(here.get_by_text(said("room", "line.fact.lossOut"))).to_be_visible()
    here.screenshot(path=PICTURES / "figures-en.png")
    there.locator("[data-line-out]").hover()
    expect(there.get_by_text(said("room", "line.fact.rtt"))).to_be_visible()
    there.screenshot(path=PICTURES / "figures-zh.png")
